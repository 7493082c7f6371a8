"""Actions on tags. All tags are free: there are no vocabularies."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from catalog.embedded.errors import NotFound
from catalog.embedded.registry import Call, action, flag, need, texts
from catalog.embedded.schemas import AUTOCOMPLETE
from catalog.embedded.search.package_search import read_request, search
from catalog.embedded.search.tokens import fold
from catalog.embedded.validation import validate
from catalog.errors import Label

#: tags of datasets that everybody may see
_PUBLIC = (
    "SELECT tag.* FROM tag WHERE EXISTS (SELECT 1 FROM term JOIN package ON package.seq = term.package"
    " WHERE field = 'tags' AND value = tag.name AND state = 'active' AND private = 0) ORDER BY name"
)


def _matching(call: Call, wanted: Iterable[str]) -> list[sqlite3.Row]:
    folded = [fold(text.strip()) for text in wanted]
    return [row for row in call.db.execute(_PUBLIC) if all(text in fold(row["name"]) for text in folded)]


def _tag_dict(row: sqlite3.Row) -> dict[str, Any]:
    return {"id": row["id"], "name": row["name"], "vocabulary_id": None, "display_name": row["name"]}


@action()
def tag_list(call: Call, given: dict[str, Any]) -> list[Any]:
    """公開データセットに付いたタグを返す。 Return the tags of public datasets.

    :param query: 含まれる文字列。 A text in the name (optional).
    :param all_fields: 名前だけでなく全項目。 All fields instead of names (default false).
    :rtype: list of strings or of dictionaries
    """
    rows = _matching(call, texts(given.get("query") or given.get("q")))
    return [_tag_dict(row) for row in rows] if flag(given.get("all_fields")) else [row["name"] for row in rows]


@action()
def tag_show(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """タグを返す。 Return a tag.

    :param id: 名前かid。 The name or the id.
    :param include_datasets: データセットも。 Also its datasets (default false).
    :rtype: dictionary
    """
    key = str(need(given, "id"))
    row = next((row for row in call.db.execute(_PUBLIC) if key in (row["name"], row["id"])), None)
    if row is None:
        raise NotFound(Label("見つかりません", "Not found"))
    found = _tag_dict(row)
    if flag(given.get("include_datasets")):
        request = read_request(call, {"fq": f'+tags:"{row["name"]}"', "rows": 1000})
        found["packages"] = search(call, request)["results"]
    return found


@action()
def tag_autocomplete(call: Call, given: dict[str, Any]) -> list[str]:
    """文字列を含むタグを返す。 Return the tags that contain a text.

    :param query: 文字列。 The text (``q`` also works).
    :param limit: 最大件数。 At most so many (default 10).
    :rtype: list of strings
    """
    text = given.get("q") or given.get("query") or ""
    values = validate(AUTOCOMPLETE, {**given, "q": text}, call.scope())
    return [row["name"] for row in _matching(call, [values["q"]])[: values.get("limit", 10)]] if text else []
