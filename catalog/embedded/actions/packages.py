"""Actions on packages (datasets)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from catalog.embedded.errors import NotFound, ValidationError
from catalog.embedded.packages import (
    answer,
    change_stored,
    find_package,
    get_group_reference,
    get_package,
    need_edit,
    not_found,
    save,
)
from catalog.embedded.registry import Call, action, denied, need, need_sysadmin
from catalog.embedded.schemas import AUTOCOMPLETE, PACKAGE_CREATE, PACKAGE_UPDATE, PAGE
from catalog.embedded.search.index import remove_package
from catalog.embedded.search.package_search import read_request, search, visible
from catalog.embedded.search.tokens import fold
from catalog.embedded.validation import Schema, check, joined_tag_errors, validate
from catalog.embedded.validators import MISSING_VALUE
from catalog.errors import Label


@action()
def package_list(call: Call, given: dict[str, Any]) -> list[str]:
    """公開データセットの名前を返す。 Return the names of the public datasets.

    :param limit: 最大件数。 At most so many (optional).
    :param offset: 飛ばす件数。 Leave out so many before (optional).
    :rtype: list of strings
    """
    page = validate(PAGE, given, call.scope())
    rows = call.db.execute(
        "SELECT name FROM package WHERE state = 'active' AND private = 0 ORDER BY name LIMIT ? OFFSET ?",
        (page.get("limit") or -1, page.get("offset", 0)),
    )
    return [row["name"] for row in rows]


@action()
def current_package_list_with_resources(call: Call, given: dict[str, Any]) -> list[dict[str, Any]]:
    """公開データセットを新しい順に返す。 Return the datasets, most recently modified first.

    :param limit: 最大件数。 At most so many (optional).
    :param offset: 飛ばす件数。 Leave out so many before (optional).
    :rtype: list of dictionaries
    """
    page = validate(PAGE, given, call.scope())
    parameters = {"rows": page.get("limit"), "start": page.get("offset", 0), "include_private": call.caller.sysadmin}
    results: list[dict[str, Any]] = search(call, read_request(call, parameters))["results"]
    return results


@action()
def package_show(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """データセットとそのリソースを返す。 Return a dataset and its resources.

    :param id: 名前かid。 The name or the id.
    :rtype: dictionary
    """
    return answer(call, get_package(call, given.get("id") or need(given, "name_or_id"))["document"])


@action()
def package_search(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """データセットを探す。 Find datasets.

    :param q: 検索語か検索式。 Words, or a query in Solr's syntax (optional).
    :param fq: 絞り込みの検索式。 A filter query (optional).
    :param fq_list: 絞り込みの検索式のリスト。 Several of them (optional).
    :param sort: 並べ替え。例 ``title asc``。 The order (optional).
    :param rows: 件数、最大1000。 At most so many (default 10, at most 1000).
    :param start: 飛ばす件数。 Leave out so many before (default 0).
    :param facet.field: 値ごとに数える項目のJSONリスト。 Fields to count values of, as a JSON list.
    :param facet.limit: 項目ごとの値の数。 Values for each field (default 50, -1 for all).
    :param facet.mincount: これより少ない値は省く。 Leave out rarer values (default 1).
    :param fl: 返す項目。 Fields to answer instead of whole datasets (optional).
    :param include_private: 閲覧できる非公開のものも。 Also private ones the caller may see.
    :param include_drafts: 編集できる下書きも。 Also drafts the caller may edit.
    :param include_deleted: 削除済みも。 Also deleted ones the caller may see.
    :rtype: dictionary with ``count``, ``results``, ``facets``, ``search_facets`` and ``sort``
    """
    return search(call, read_request(call, given))


@action()
def package_autocomplete(call: Call, given: dict[str, Any]) -> list[dict[str, str]]:
    """名前か題名に文字列を含むデータセットを返す。 Return datasets whose name or title contains a text.

    :param q: 文字列。 The text.
    :param limit: 最大件数。 At most so many (default 10).
    :rtype: list of dictionaries
    """
    values = validate(AUTOCOMPLETE, given, call.scope())
    wanted, seen = fold(values["q"]), visible(call.caller)
    rows = call.db.execute(
        "SELECT DISTINCT package.seq, name, title FROM package JOIN term ON term.package = package.seq"  # noqa: S608
        f" WHERE field IN ('name', 'title') AND instr(folded, ?) AND package.state = 'active' AND {seen.sql}"
        " ORDER BY length(title), name LIMIT ?",
        (wanted, *seen.values, values.get("limit", 10)),
    )
    return [_match(wanted, row) for row in rows]


def _match(wanted: str, row: sqlite3.Row) -> dict[str, str]:
    in_name = wanted in row["name"]
    return {
        "name": row["name"],
        "title": row["title"],
        "match_field": "name" if in_name else "title",
        "match_displayed": row["name"] if in_name else f"{row['title']} ({row['name']})",
    }


@action(writes=True)
def package_create(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """データセットを作る。 Create a dataset.

    :param name: 名前。英小文字、数字、-、_ の2〜100文字。 2 to 100 of a-z, 0-9, - and _.
    :param owner_org: 組織の名前かid。 The name or id of the organisation.
    :param title: 題名。 The title (optional).
    :param resources: リソースのリスト。 The resources (optional).
    :param tags: ``{"name": ...}`` のリスト。 The tags (optional).
    :param extras: ``{"key": ..., "value": ...}`` のリスト。 Further metadata (optional).
    :param groups: ``{"name": ...}`` のリスト。 The groups (optional).
    :rtype: dictionary
    """
    _need_create(call, given)
    return save(call, _checked(call, PACKAGE_CREATE, given, None), None)


def _need_create(call: Call, given: Mapping[str, Any]) -> None:
    if not call.caller.may_somewhere("create_dataset"):
        raise denied(call, "パッケージ作成", "create packages")
    _need_groups(call, given, frozenset())
    owner = given.get("owner_org")
    if owner and not call.caller.may("create_dataset", _community_id(call.db, owner)):
        raise denied(call, "この組織にデータセットを加える", "add dataset to this organization")


def _community_id(db: sqlite3.Connection, name_or_id: Any) -> str | None:
    key = str(name_or_id)
    row = db.execute("SELECT id FROM community WHERE id = ? OR name = ?", (key, key)).fetchone()
    return row["id"] if row else None


def _need_groups(call: Call, given: Mapping[str, Any], present: frozenset[str]) -> None:
    groups = given.get("groups")
    for item in groups if isinstance(groups, list) else ():
        if not isinstance(item, dict) or not (item.get("id") or item.get("name")):
            continue
        group = get_group_reference(call.db, item)
        if group["id"] not in present and not call.caller.may("manage_group", group["id"]):
            raise denied(call, "これらのグループの編集", "edit these groups")


def _checked(call: Call, schema: Schema, given: Mapping[str, Any], existing: sqlite3.Row | None) -> dict[str, Any]:
    checked, errors = check(schema, _with_listed_tags(given), call.scope(existing))
    errors |= _duplicate_extras(checked)
    if errors:
        raise ValidationError(joined_tag_errors(errors))
    return checked


def _with_listed_tags(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is given with the tags of ``tag_string`` among the tags."""
    plain = {key: value for key, value in given.items() if key != "tag_string"}
    parts = [part.strip() for part in str(given.get("tag_string") or "").split(",") if part.strip()]
    tags = plain.get("tags") or []
    if not parts or not isinstance(tags, list):
        return plain
    return {**plain, "tags": [*tags, *({"name": part} for part in parts)]}


def _duplicate_extras(checked: Mapping[str, Any]) -> dict[str, list[Label]]:
    seen: set[str] = set()
    for item in checked.get("extras", []):
        if item.get("deleted"):
            continue
        key = item["key"]
        if key in seen:
            return {"extras_validation": [Label(f"キー「{key}」の重複", f'Duplicate key "{key}"')]}
        seen.add(key)
    return {}


@action(writes=True)
def package_update(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """データセットを置き換える。 Replace a dataset; what is not given becomes empty, but resources are kept.

    :param id: 名前かid。 The name or the id.
    :rtype: dictionary

    The other parameters are those of ``package_create``.
    """
    key = given.get("id") or given.get("name")
    if not key:
        raise ValidationError({"id": [MISSING_VALUE]})
    row = find_package(call.db, key)
    if row is None:
        raise NotFound(Label("パッケージが見つかりません", "Package was not found."))
    need_edit(call, row)
    return update(call, row, given)


def update(call: Call, row: sqlite3.Row, given: Mapping[str, Any]) -> dict[str, Any]:
    """Replace a package by what is given, after checking it."""
    before = orjson.loads(row["document"])
    _need_groups(call, given, frozenset(group["id"] for group in before["groups"]))
    own = _checked(call, PACKAGE_UPDATE, {**given, "id": row["id"]}, row)
    own.setdefault("resources", before["resources"])
    return save(call, own, row)


@action(writes=True)
def package_patch(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """データセットの一部を変える。 Change some fields of a dataset and leave the others.

    :param id: 名前かid。 The name or the id.
    :rtype: dictionary

    The other parameters are those of ``package_create``.
    """
    row = get_package_to_edit(call, need(given, "id"))
    return update(call, row, {**answer(call, row["document"]), **given, "id": row["id"]})


def get_package_to_edit(call: Call, key: Any) -> sqlite3.Row:
    """Return the row of a package that the caller may edit."""
    row = find_package(call.db, key)
    if row is None:
        raise not_found()
    need_edit(call, row)
    return row


@action(writes=True)
def package_delete(call: Call, given: dict[str, Any]) -> None:
    """データセットを削除済みにする。 Mark a dataset as deleted; ``dataset_purge`` removes it for good.

    :param id: 名前かid。 The name or the id.
    """
    row = get_package_to_edit(call, need(given, "id"))
    if row["state"] != "deleted":
        change_stored(call, row, {"state": "deleted", "groups": []})


@action(writes=True)
def dataset_purge(call: Call, given: dict[str, Any]) -> None:
    """データセットを跡形なく消す。 Remove a dataset for good (sysadmins).

    :param id: 名前かid。 The name or the id.
    """
    row = find_package(call.db, need(given, "id"))
    if row is None:
        raise NotFound(Label("データセットが見つかりません", "Dataset was not found"))
    need_sysadmin(call, "データセットを消去する", "purge datasets")
    remove_package(call.db, row["seq"])
    call.db.execute("DELETE FROM member WHERE table_name = 'package' AND table_id = ?", (row["id"],))
    call.db.execute("DELETE FROM package WHERE seq = ?", (row["seq"],))
