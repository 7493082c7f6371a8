"""Datasets, their releases and files."""

from __future__ import annotations

from marshmallow import Schema, fields

from openapi.fields import StrictSchema, bilingual, boolean, integer, nested, optional, several, string, strings
from openapi.fields import links as member_links


class AgentSchema(StrictSchema):
    """An organisation."""

    name = string("CKANの組織名", "CKAN organisation name")
    label = bilingual("名称", "Name")
    url = string("ページ", "Page", allow_none=True)
    email = string("問い合わせ先", "Where questions go", allow_none=True)


class LicenseSchema(StrictSchema):
    """A licence."""

    id = string("CKANのライセンスID", "CKAN licence id")
    label = bilingual("名称", "Name")
    url = string("条文のURL", "URL of its text")
    note = optional()


class ColumnSchema(StrictSchema):
    """A column of a dataset's observation table."""

    name = string("列名", "Physical name")
    role = string("dimension、measure、attribute", "dimension, measure or attribute")
    type = string("Data Package の型", "Data Package type")
    label = bilingual("名称", "Title")
    description = bilingual("意味、空の意味", "What it is, what null means")


class CodeSchema(StrictSchema):
    """A code with what it stands for."""

    code = string("コード", "Code")
    label = bilingual("名称", "What it stands for")


class DimensionSchema(StrictSchema):
    """A breakdown dimension of a dataset."""

    id = string("次元のID。同じ名前のパラメーターで絞り込める", "Id; a parameter of the same name selects its codes")
    label = bilingual("名称", "Title")
    codes = several(CodeSchema, "コード、表示順", "Its codes, in order of presentation")


class FileSchema(StrictSchema):
    """A file of a release."""

    name = string("ファイル名", "File name")
    title = bilingual("何のためのものか", "What it is for")
    format = string("形式", "Format")
    media_type = string("メディアタイプ", "Media type")
    bytes = integer("大きさ", "Size in bytes")
    sha256 = string("内容のsha256", "sha256 of the bytes")
    encoding = string("文字コード", "Character encoding", allow_none=True)
    bom = fields.Boolean(required=True, allow_none=True, metadata={"description": "BOMの有無 / Byte order mark"})
    url = string("この版のURL。内容は変わらない", "URL in this version; its bytes never change")


class ChangesSchema(StrictSchema):
    """What a release changed against the one before, in observations."""

    added = integer("増えた数", "Added")
    changed = integer("変わった数", "Changed")
    removed = integer("なくなった数", "Removed")
    revised = integer("変わったうち、値が変わった数", "Of the changed ones, those whose value differs")


class ReasonSchema(Schema):
    """Why a version is what it is."""

    class Meta:
        """A rule may say more."""

        unknown = "include"

    part = string("major、minor、patch", "major, minor or patch")
    rule = string("規則", "Rule")
    ja = string("日本語の説明", "In Japanese")
    en = string("英語の説明", "In English")


class ReleaseSummarySchema(StrictSchema):
    """A release in short."""

    version = string("版", "Version")
    sequence = integer("通し番号", "Place in the chain of releases")
    digest = string("リリースを名指すsha256", "The sha256 that names the release")
    issued = string("公表日時", "When the figures became known")
    observations = integer("観測値の数", "Number of observations")
    temporal = strings("最初と最後の期間", "First and last period", allow_none=True)
    links = member_links()


class OriginSchema(StrictSchema):
    """A raw input."""

    name = string("名称", "Name")
    sha256 = string("内容のsha256", "sha256 of its bytes")
    bytes = integer("大きさ", "Size in bytes")
    fetched = string("取得日時", "When it was fetched")
    etag = string("取得時のETag", "ETag when it was fetched", allow_none=True)
    last_modified = string("取得時のLast-Modified", "Last-Modified when it was fetched", allow_none=True)


class RollbackSchema(StrictSchema):
    """An earlier release that was published again."""

    restored = string("戻したリリースのdigest", "Digest of the release whose observations these are")
    restored_sequence = integer("その通し番号", "Its place in the chain")
    restored_version = string("その版", "Its version")
    withdrawn = string("取り下げたリリースのdigest", "Digest of the release that is withdrawn by this")
    withdrawn_sequence = integer("その通し番号", "Its place in the chain")
    withdrawn_version = string("その版", "Its version")
    reason = string("理由", "Why")


class ProvenanceSchema(StrictSchema):
    """How a release came to be."""

    origins = several(OriginSchema, "もとの資料", "Raw inputs")
    source = string("収集元", "Harvest source")
    activity = string("作ったプログラム", "What made it")
    citation = string("出典", "Citation")
    rollback = nested(
        RollbackSchema,
        "前のリリースへ戻したリリースにだけある",
        "Only of releases that bring an earlier one back",
        required=False,
    )


class OmissionSchema(StrictSchema):
    """A file that releases have and this one does not."""

    name = string("あるはずの名称", "The name that it would have")
    why = bilingual("理由と、代わりに使うもの", "Why, and what to take instead")


class ReleaseSchema(ReleaseSummarySchema):
    """A release: one immutable publication of a dataset."""

    dataset = string("データセット名", "Name of the dataset")
    parent = string("前のリリースのdigest", "Digest of the release before", allow_none=True)
    reasons = several(ReasonSchema, "版がこうなった理由", "Why the version is what it is")
    changes = nested(ChangesSchema, "前のリリースとの違い", "What changed against the release before")
    files = several(FileSchema, "ファイル", "Files")
    omitted = several(
        OmissionSchema, "この版にはないファイルとその理由", "Files that this release does not have, and why"
    )
    provenance = nested(ProvenanceSchema, "由来", "Where it came from")


class DatasetSchema(StrictSchema):
    """A dataset."""

    name = string("CKANの名前。変わらない", "CKAN name; never changes")
    title = bilingual("題名", "Title")
    description = bilingual("説明", "What it is")
    publisher = nested(AgentSchema, "公表者", "Publisher")
    creator = nested(AgentSchema, "作成者", "Who produced the figures")
    contact = nested(AgentSchema, "問い合わせ先", "Who answers questions")
    license = nested(LicenseSchema, "ライセンス", "Licence")
    citation = bilingual("出典の示し方", "How to cite the source")
    landing_page = string(
        "もとのページ。架空の値には元がないので、このカタログのページ",
        "Page of the source; made-up figures have none, and this catalogue's own page stands for it",
    )
    keywords = strings("キーワード", "Keywords")
    indicators = strings("値を持つ指標", "Indicators that it holds")
    frequency = string("更新頻度（SDMX CL_FREQ）", "SDMX CL_FREQ code of the updates")
    spatial = strings("覆う地域", "Areas that it covers")
    areas = strings("独自の地区のコード（国の一覧にない地域）", "Codes of local areas, which no national list has")
    synthetic = boolean("架空の値か", "Whether its figures are made up")
    columns = several(ColumnSchema, "列", "Columns, in order")
    dimensions = several(DimensionSchema, "内訳の次元", "Breakdown dimensions")
    current = nested(ReleaseSummarySchema, "最新のリリース", "The current release")
    links = member_links()
