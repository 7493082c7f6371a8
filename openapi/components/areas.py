"""Areas."""

from __future__ import annotations

from openapi.fields import NameSchema, StrictSchema, nested, string, strings
from openapi.fields import links as member_links


class AreaSchema(StrictSchema):
    """An area."""

    code = string("全国地方公共団体コード（6桁）", "6-digit local-government code")
    standard_code = string("標準地域コード（5桁）", "5-digit standard area code")
    name = nested(NameSchema, "名称", "Name")
    kana = string("よみ", "Reading", allow_none=True)
    district = string("郡", "District", allow_none=True)
    level = string("階層", "Level")
    parent = string("上の地域", "The area above", allow_none=True)
    valid_from = string("この名称とコードの始まり", "First day of this code and name", allow_none=True)
    valid_to = string("終わり", "Last day", allow_none=True)
    links = member_links()


class AreaDetailSchema(AreaSchema):
    """An area with what is directly below it."""

    children = strings("直下の地域のコード", "Codes of the areas directly below")
