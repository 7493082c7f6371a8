"""Actions on resources: the files and addresses of a package.

A resource is changed by saving its package with one resource replaced, in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from catalog.embedded.errors import NotFound, ValidationError
from catalog.embedded.files import StagedFile
from catalog.embedded.packages import answer, get_package, may_read, need_edit, not_found, save
from catalog.embedded.registry import Call, action, denied, flag, need
from catalog.embedded.resources import OF_THE_FILE, Uploads, complete_address
from catalog.embedded.schemas import PAGE, RESOURCE
from catalog.embedded.search.conditions import Condition
from catalog.embedded.validation import check, validate
from catalog.embedded.validators import MISSING_VALUE
from catalog.errors import Label

#: fields of a resource that ``resource_search`` looks into
SEARCHABLE = (
    "cache_url",
    "created",
    "description",
    "format",
    "hash",
    "id",
    "last_modified",
    "mimetype",
    "mimetype_inner",
    "name",
    "package_id",
    "resource_type",
    "size",
    "url",
    "url_type",
)


def find_resource(db: sqlite3.Connection, resource_id: Any) -> sqlite3.Row | None:
    """Return the row of a resource together with ``package_id`` and ``position``."""
    row: sqlite3.Row | None = db.execute("SELECT * FROM resource WHERE id = ?", (str(resource_id),)).fetchone()
    return row


def _get_with_package(call: Call, resource_id: Any) -> tuple[sqlite3.Row, sqlite3.Row]:
    row = find_resource(call.db, resource_id)
    if row is None:
        raise NotFound(Label("リソースが見つかりません", "Resource was not found."))
    package = call.db.execute("SELECT * FROM package WHERE id = ?", (row["package_id"],)).fetchone()
    return row, package


@action()
def resource_show(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """リソースを返す。 Return a resource.

    :param id: リソースのid。 The id of the resource.
    :rtype: dictionary
    """
    row = find_resource(call.db, need(given, "id"))
    if row is None:
        raise not_found()
    _, package = _get_with_package(call, row["id"])
    if not may_read(call, package):
        raise denied(call, f"リソース {row['id']} の閲覧", f"read resource {row['id']}")
    resource: dict[str, Any] = answer(call, package["document"])["resources"][row["position"]]
    return resource


@action()
def resource_view_list(call: Call, given: dict[str, Any]) -> list[Any]:
    """リソースの表示の一覧を返す。常に空。 Return the views of a resource; there are none here.

    :param id: リソースのid。 The id of the resource.
    :rtype: list
    """
    resource_show(call, given)
    return []


@action(writes=True)
def resource_create(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """データセットにリソースを加える。 Add a resource to a dataset.

    :param package_id: データセットの名前かid。 The name or id of the dataset.
    :param url: アドレス。 The address (optional).
    :param upload: ファイル。 A file (optional, multipart).
    :rtype: dictionary

    Further parameters are kept and returned.
    """
    package = get_package(call, need(given, "package_id"))
    key = given["package_id"]
    refusal = denied(call, f"データセット {key} にリソースを加える", f"create resources on dataset {key}")
    need_edit(call, package, refusal)
    resources = orjson.loads(package["document"])["resources"]
    return _save(call, package, [*resources, _checked(call, package, given)], len(resources))


def _checked(call: Call, package: sqlite3.Row, given: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in given.items() if key not in {"upload", "clear_upload"}}
    checked, errors = check(RESOURCE, plain, call.scope(package), keep_unknown=True)
    if errors:
        raise ValidationError(errors)
    return {**checked, "url_type": ""} if flag(given.get("clear_upload")) else checked


def _save(call: Call, package: sqlite3.Row, resources: list[dict[str, Any]], position: int) -> dict[str, Any]:
    new: dict[int, StagedFile] = {position: call.upload} if call.upload else {}
    own = {**orjson.loads(package["document"]), "resources": resources}
    resource: dict[str, Any] = save(call, own, package, Uploads(new))["resources"][position]
    return resource


@action(writes=True)
def resource_update(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """リソースを置き換える。 Replace a resource; what is not given becomes empty.

    :param id: リソースのid。 The id of the resource.
    :param upload: 新しいファイル。 A new file (optional, multipart).
    :rtype: dictionary
    """
    row, package = _get_to_edit(call, need(given, "id"))
    resources = orjson.loads(package["document"])["resources"]
    resources[row["position"]] = _checked(call, package, given)
    return _save(call, package, resources, row["position"])


@action(writes=True)
def resource_patch(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """リソースの一部を変える。 Change some fields of a resource and leave the others.

    :param id: リソースのid。 The id of the resource.
    :param upload: 新しいファイル。 A new file (optional, multipart).
    :rtype: dictionary
    """
    row, package = _get_to_edit(call, need(given, "id"))
    before = answer(call, package["document"])["resources"][row["position"]]
    if call.upload:
        before = {key: value for key, value in before.items() if key not in OF_THE_FILE}
    return resource_update(call, {**before, **given})


def _get_to_edit(call: Call, resource_id: Any) -> tuple[sqlite3.Row, sqlite3.Row]:
    row, package = _get_with_package(call, resource_id)
    need_edit(call, package, denied(call, f"リソース {row['id']} の編集", f"edit resource {row['id']}"))
    return row, package


@action(writes=True)
def resource_delete(call: Call, given: dict[str, Any]) -> None:
    """リソースを削除する。 Delete a resource.

    :param id: リソースのid。 The id of the resource.
    """
    row = find_resource(call.db, need(given, "id"))
    if row is None:
        raise not_found()
    _, package = _get_with_package(call, row["id"])
    need_edit(call, package, denied(call, f"リソース {row['id']} の削除", f"delete resource {row['id']}"))
    document = orjson.loads(package["document"])
    kept = [item for item in document["resources"] if item["id"] != row["id"]]
    save(call, {**document, "resources": kept}, package)


@action()
def resource_search(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """公開データセットのリソースを探す。 Find resources of public datasets.

    :param query: ``項目:文字列``、またはそのリスト。 ``field:text`` or a list of them; all must hold.
    :param order_by: 並べ替えの項目。 A field to sort by (optional).
    :param limit: 最大件数。 At most so many (optional).
    :param offset: 飛ばす件数。 Leave out so many before (optional).
    :rtype: dictionary with ``count`` and ``results``
    """
    if given.get("query") is None:
        raise ValidationError({"query": [MISSING_VALUE]})
    page = validate(PAGE, given, call.scope())
    where = _resource_condition(given["query"])
    source = (
        "FROM resource JOIN package ON package.id = resource.package_id"
        f" WHERE package.state = 'active' AND package.private = 0 AND {where.sql}"
    )
    order = given.get("order_by")
    by = f"json_extract(resource.document, '$.{order}'), " if order in SEARCHABLE else ""
    count = call.db.execute(f"SELECT count(*) {source}", where.values).fetchone()[0]
    rows = call.db.execute(
        f"SELECT resource.document {source} ORDER BY {by}package.seq, resource.position LIMIT ? OFFSET ?",
        (*where.values, page.get("limit", -1), page.get("offset", 0)),
    )
    return {"count": count, "results": [_resource_answer(call, row["document"]) for row in rows]}


def _resource_answer(call: Call, document: str) -> dict[str, Any]:
    resource: dict[str, Any] = orjson.loads(document)
    complete_address(call, resource)
    return resource


def _resource_condition(query: Any) -> Condition:
    parts = [_resource_term(term) for term in (query if isinstance(query, list) else [query])]
    return Condition(" AND ".join(sql for sql, _ in parts) or "1", tuple(value for _, value in parts))


def _resource_term(term: Any) -> tuple[str, str]:
    field, colon, text = str(term).partition(":")
    if not colon:
        raise ValidationError({"query": [Label("<項目>:<文字列> にしてください", "Must be <field>:<value> pair(s)")]})
    if field not in SEARCHABLE:
        allowed = ", ".join(SEARCHABLE)
        raise ValidationError(
            {
                "query": [
                    Label(
                        f"項目「{field}」は探せません（{allowed}）",
                        f'Field "{field}" not recognised in resource_search. Known: {allowed}',
                    )
                ]
            }
        )
    found = f"lower(coalesce(json_extract(resource.document, '$.{field}'), ''))"
    # the beginning of a digest, a part of anything else
    sign = "= 1" if field == "hash" else "> 0"
    return f"instr({found}, lower(?)) {sign}", text
