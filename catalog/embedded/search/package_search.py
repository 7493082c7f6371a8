"""``package_search``: check the parameters, find the packages, count the facets.

Order of events: parameters are read into a :class:`Request`; the query, the filters and what the caller may see
become one condition; three statements answer it: the count, the page, and the facets together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.embedded import validators as v
from catalog.embedded.callers import Caller
from catalog.embedded.errors import SearchError, SearchQueryError
from catalog.embedded.licenses import all_licenses
from catalog.embedded.packages import answer
from catalog.embedded.registry import Call, flag
from catalog.embedded.search.conditions import Condition, condition_for
from catalog.embedded.search.index import fields_of
from catalog.embedded.validation import MISSING, Invalid, Schema, Scope, validate
from catalog.errors import Label

ROWS_MAX = 1000
#: the query and all its filters together hold at most so many values; SQLite takes expressions 1,000 deep
MAX_VALUES = 800
DEFAULT_SORT = "score desc, metadata_modified desc"

#: weight of a hit in title, name, tags, communities, notes, rest
WEIGHTS = "10.0, 8.0, 4.0, 2.0, 1.0, 0.5"

#: CKAN's parameters that tune Solr's ranking; accepted and without effect here
_RANKING = frozenset({"qf", "bf", "boost", "tie", "defType", "mm", "df", "wt", "extras", "use_default_schema"})
#: a query that wants packages by one of these says itself which types it wants; others find neither releases nor
#: services, whose types break the pages of a CKAN that harvests them without knowing them (docs/adr/0111)
_NAMING_TYPES = re.compile(r"(?<![-\w])(?:dataset_type|shihyo_release_of|shihyo_service_digest):")
_FLAGS = frozenset({"include_private", "include_drafts", "include_deleted"})

_SORT_COLUMNS = {
    "id": "package.id",
    "name": "package.name",
    "title": "package.title",
    "title_string": "package.title",
    "metadata_created": "package.metadata_created",
    "metadata_modified": "package.metadata_modified",
    "score": "score",
}
_SORT_PART = re.compile(r"\s*([^\s,]+)\s+(asc|desc)\s*", re.IGNORECASE)


def _texts(value: Any, scope: Scope) -> list[str]:
    """Read one text, or a list of texts as repeated parameters make it."""
    values = value if isinstance(value, list) else [value]
    return [v.text(item, scope) for item in values if item not in (None, "")]


def _field_list(value: Any, scope: Scope) -> list[str]:
    """Read ``id,name`` or ``["id", "name"]``."""
    return [part for item in _texts(value, scope) for part in re.split(r"[\s,]+", item) if part]


def _json_list(value: Any, _scope: Scope) -> list[str]:
    """Read a list, or a list as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise Invalid(Label("JSONとして読めません", "Could not parse as valid JSON")) from error
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid(Label("文字列のリストにしてください", "Not a list of strings"))
    return list(dict.fromkeys(value))


def _page_size(value: Any, scope: Scope) -> int:
    number = v.natural(10 if value is MISSING or value is None else value, scope)
    return min(number, ROWS_MAX)


SCHEMA: Schema = {
    "q": (v.optional, v.text),
    "fq": (v.optional, _texts),
    "fq_list": (v.optional, _texts),
    "fl": (v.optional_text, _field_list),
    "rows": (_page_size,),
    "start": (v.optional, v.natural),
    "sort": (v.optional_text, v.text),
    "facet": (v.optional, v.boolean),
    "facet.mincount": (v.optional, v.natural),
    "facet.limit": (v.optional, v.integer),
    "facet.field": (v.optional_text, _json_list),
}


@dataclass(frozen=True, slots=True)
class Request:
    """The parameters of a search."""

    #: the query; empty finds everything
    q: str
    #: filters, all of which must hold
    filters: tuple[str, ...]
    #: fields to answer; None for whole packages
    fields: tuple[str, ...] | None
    #: packages to answer
    rows: int
    #: packages to leave out before
    start: int
    #: as given, or the default
    sort: str
    #: fields to count values of
    facet_fields: tuple[str, ...]
    #: values with fewer packages are left out
    facet_mincount: int
    #: values for each field; a negative one is no limit
    facet_limit: int
    #: also private ones that the caller may see
    include_private: bool
    #: states to find unless a filter names them
    states: tuple[str, ...]


def read_request(call: Call, given: Mapping[str, Any]) -> Request:
    """Read the parameters.

    Raises
    ------
    ValidationError
        If a value cannot be used.
    SearchQueryError
        If a parameter is not known.
    """
    values = validate(SCHEMA, {key: value for key, value in given.items() if key in SCHEMA}, call.scope())
    unknown = sorted(
        key for key in given if key not in SCHEMA and key not in _RANKING | _FLAGS and not key.startswith("ext_")
    )
    if unknown:
        raise SearchQueryError(
            Label(f"検索パラメーター {unknown} はありません", f"Invalid search parameters: {unknown}"),
            value=unknown,
            allowed=sorted((*SCHEMA, *_FLAGS)),
        )
    sort = values.get("sort")
    states = ["active"]
    states += ["draft"] if flag(given.get("include_drafts")) else []
    states += ["deleted"] if flag(given.get("include_deleted")) else []
    fields = values.get("fl")
    return Request(
        q=values.get("q", ""),
        filters=(*values.get("fq", ()), *values.get("fq_list", ())),
        fields=tuple(fields) if fields else None,
        rows=values["rows"],
        start=values.get("start", 0),
        sort=DEFAULT_SORT if sort in (None, "rank") else sort,
        facet_fields=tuple(values.get("facet.field", ())) if values.get("facet", True) else (),
        facet_mincount=values.get("facet.mincount", 1),
        facet_limit=_facet_limit(values.get("facet.limit")),
        include_private=flag(given.get("include_private")),
        states=tuple(states),
    )


def _facet_limit(value: int | None) -> int:
    return 50 if value is None else value


def visible(caller: Caller) -> Condition:
    """Return the condition for packages the caller may see (:func:`catalog.embedded.packages.may_read`)."""
    if caller.sysadmin:
        return Condition("1")
    readable, editable = caller.communities_with("read"), caller.communities_with("update_dataset")
    sql = (
        "(package.state = 'active' AND package.private = 0"
        f" OR package.state <> 'draft' AND package.owner_org IN ({_marks(readable)})"
        f" OR package.owner_org IN ({_marks(editable)}))"
    )
    return Condition(sql, (*readable, *editable))


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def search(call: Call, request: Request) -> dict[str, Any]:
    """Answer a search as CKAN does: count, results, facets."""
    query = condition_for(request.q)
    where = _all_of(query, *_filters(call, request))
    order = order_by(request.sort)
    count = call.db.execute(f"SELECT count(*) FROM package WHERE {where.sql}", where.values).fetchone()[0]  # noqa: S608
    facets = _facets(call, request, where)
    return {
        "count": count,
        "facets": facets,
        "results": _page(call, request, query, where, order) if request.rows else [],
        "sort": request.sort,
        "search_facets": {field: _display(call, field, values) for field, values in facets.items()},
    }


def _filters(call: Call, request: Request) -> Iterable[Condition]:
    yield visible(call.caller)
    if not request.include_private:
        yield Condition("package.private = 0")
    if not any("+state" in text for text in request.filters):
        yield Condition(f"package.state IN ({_marks(request.states)})", request.states)
    if not any(_NAMING_TYPES.search(text) for text in (request.q, *request.filters)):
        yield Condition("package.type NOT IN ('release', 'service')")
    yield from (condition_for(text) for text in request.filters)


def _all_of(*conditions: Condition) -> Condition:
    if sum(len(condition.values) for condition in conditions) > MAX_VALUES:
        raise SearchError(Label("検索条件が多すぎます", "the query and its filters have too many terms together"))
    sql = " AND ".join(condition.sql for condition in conditions)
    return Condition(sql, tuple(value for condition in conditions for value in condition.values))


def order_by(sort: str) -> str:
    """Return the SQL order for ``title asc, metadata_modified desc``; ties are in the order of creation.

    Raises
    ------
    SearchQueryError
        If a part has no field or no direction.
    """
    parts = [_order_part(part) for part in sort.split(",")]
    return ", ".join([*parts, "package.seq ASC"])


def _order_part(part: str) -> str:
    match = _SORT_PART.fullmatch(part)
    if not match or not re.fullmatch(r"[\w.\-]+", match[1]):
        raise SearchQueryError(
            Label(f"並べ替え「{part}」を読めません（例: title asc）", 'Invalid "sort" parameter'),
            value=part,
            allowed=sorted(_SORT_COLUMNS),
        )
    field, direction = match[1], match[2].upper()
    # any field may be sorted by, as in Solr; the grammar above leaves nothing that could break out of the quotes
    other = f"(SELECT min(value) FROM term WHERE field = '{field}' AND term.package = package.seq)"  # noqa: S608
    return f"{_SORT_COLUMNS.get(field, other)} {direction}"


def _page(call: Call, request: Request, query: Condition, where: Condition, order: str) -> list[Any]:
    ranking = "(SELECT 0 AS seq, 0 AS score WHERE 0)"
    values: tuple[str, ...] = ()
    if query.ranked:
        ranking = (
            f"(SELECT rowid AS seq, -bm25(package_text, {WEIGHTS}) AS score"  # noqa: S608 - own text
            " FROM package_text WHERE package_text MATCH ?)"
        )
        values = (" OR ".join(dict.fromkeys(f"({expression})" for expression in query.ranked)),)
    rows = call.db.execute(
        f"SELECT package.document, coalesce(ranking.score, 0) AS score FROM package"  # noqa: S608 - own text
        f" LEFT JOIN {ranking} AS ranking ON ranking.seq = package.seq"
        f" WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?",
        (*values, *where.values, request.rows, request.start),
    )
    if request.fields is None:
        return [answer(call, row["document"]) for row in rows]
    return [_only(row["document"], row["score"], request.fields) for row in rows]


#: fields of the index that hold one value for each package; all others answer a list with ``fl``
_MANY = frozenset({"tags", "groups", "res_name", "res_description", "res_format", "res_url", "res_type"})


def _only(document: str, score: float, wanted: tuple[str, ...]) -> dict[str, Any]:
    fields = fields_of(orjson.loads(document))
    found: dict[str, Any] = {key: values if key in _MANY else values[0] for key, values in fields.items() if values}
    if "*" in wanted:
        return found
    return {key: value for key, value in (found | {"score": score}).items() if key in wanted}


def _facets(call: Call, request: Request, where: Condition) -> dict[str, dict[str, int]]:
    facets: dict[str, dict[str, int]] = {field: {} for field in request.facet_fields}
    if not facets:
        return facets
    rows = call.db.execute(
        "SELECT field, value, count(package.seq) AS packages FROM term"  # noqa: S608 - own text
        f" LEFT JOIN package ON package.seq = term.package AND {where.sql}"
        f" WHERE field IN ({_marks(request.facet_fields)})"
        " GROUP BY field, value HAVING packages >= ? ORDER BY packages DESC, value",
        (*where.values, *request.facet_fields, request.facet_mincount),
    )
    for row in rows:
        values = facets[row["field"]]
        if request.facet_limit < 0 or len(values) < request.facet_limit:
            values[row["value"]] = row["packages"]
    return facets


def _display(call: Call, field: str, values: Mapping[str, int]) -> dict[str, Any]:
    names = _display_names(call, field, values)
    items = [
        {"name": value, "display_name": names.get(value) or value, "count": count} for value, count in values.items()
    ]
    return {"title": field, "items": sorted(items, key=lambda item: str(item["display_name"]), reverse=True)}


def _display_names(call: Call, field: str, values: Mapping[str, int]) -> dict[str, str]:
    if field == "license_id":
        return {key: item.title.in_language(call.lang) for key, item in all_licenses().items()}
    if field in {"organization", "groups"}:
        rows = call.db.execute(f"SELECT name, title FROM community WHERE name IN ({_marks(list(values))})", (*values,))  # noqa: S608
        return {row["name"]: row["title"] for row in rows}
    return {}
