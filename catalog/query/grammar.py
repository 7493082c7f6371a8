"""The query grammar: plain parameters to an :class:`~catalog.query.question.ObservationQuery` and back.

===================  ==========================================================================================
parameter            value
===================  ==========================================================================================
``indicator``        ids of indicators
``definition``       ids of definitions
``area``             local-government codes; five digits and lost zeros are read and the repair is reported
a breakdown's name   its codes: ``sex=M,F``, ``age=_T``
``time``             see :mod:`catalog.query.time`
``fields``           columns of the answer, in order
``sort``             columns to sort by, ``-column`` for descending; the key follows, so that the order is total
``limit``            1 to 10,000 rows, 1,000 if it is not given
``cursor``           where the next page begins, as the API gave it
``version``          ``1.4.2``, ``1.4.*``, ``1.*``, ``latest``
``as_of``            what was known then: an ISO 8601 date and time; a date alone means the end of that day
===================  ==========================================================================================

A comma means *or*, different parameters are combined with *and*. A breakdown that is not named is not restricted: its
total (``_T``) and its parts all come. Nothing is ignored: an unknown parameter or value is an error that names it, what
is allowed and what is nearest.

The canonical form of a query has its parameters sorted, its codes sorted and without repetition, and no defaults: two
requests that mean the same have the same canonical form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, timezone
from urllib.parse import quote

from catalog.errors import InvalidPeriod, Label, ShihyoError, VersionError
from catalog.model.observation import DataStructure
from catalog.model.version import VersionSelector, parse_selector
from catalog.query.cursor import Cursor, decode_cursor, fingerprint
from catalog.query.question import (
    DEFAULT_LIMIT,
    MOST_ROWS,
    Coverage,
    ObservationQuery,
    ReleaseChoice,
    Repair,
    SortTerm,
)
from catalog.query.rejection import Rejection, from_error, rejected, unknown_parameter, unknown_value
from catalog.query.time import TimeFilter, parse_time
from catalog.reference import Reference

#: parameter -> column, of the dimensions that every dataset has; a breakdown's parameter is named like its column
DIMENSIONS = {"indicator": "indicator_id", "definition": "definition_id", "area": "area_code"}
#: parameters that choose the release
RELEASE_PARAMETERS = ("version", "as_of")
#: parameters beside the dimensions
OTHER_PARAMETERS = ("time", "fields", "sort", "limit", "cursor", *RELEASE_PARAMETERS)

#: times are in Japan's zone unless they say otherwise
JAPAN = timezone(timedelta(hours=9))


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query with how it was read."""

    #: the query
    query: ObservationQuery
    #: its canonical form, without limit and cursor
    canonical: tuple[tuple[str, str], ...]
    #: values that were read as something else than was written
    repairs: tuple[Repair, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Short name of what is asked, whatever the page."""
        return fingerprint(encode_pairs(self.canonical))

    def page_parameters(self, *, explicit: bool = False) -> list[tuple[str, str]]:
        """Return ``limit`` as a parameter, if it is not the default or has to be ``explicit``."""
        limit = self.query.limit
        return [("limit", str(limit))] if limit is not None and (explicit or limit != DEFAULT_LIMIT) else []


@dataclass(slots=True)
class _Reading:
    """One request while it is read: what is known, what is wrong with it, what was repaired."""

    structure: DataStructure
    coverage: Coverage
    reference: Reference
    rejections: list[Rejection] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)


def parse_query(
    parameters: Mapping[str, str],
    structure: DataStructure,
    coverage: Coverage,
    reference: Reference,
    *,
    fixed: Mapping[str, str] | None = None,
    others: Collection[str] = (),
) -> ParsedQuery:
    """Parse the parameters of a request for observations.

    Parameters
    ----------
    parameters
        Name -> value as they came, without the ``others``' meaning being looked at.
    structure, coverage
        Of the release that is asked.
    reference
        Indicators, areas and code lists.
    fixed
        Dimension parameters that the path gives; the request may not name them.
    others
        Further parameters that the caller reads itself.

    Raises
    ------
    QueryError
        Everything that is wrong with the request; ``context["errors"]`` has one item for each.
    """
    reading = _Reading(structure, coverage, reference)
    fixed = fixed or {}
    columns = {**DIMENSIONS, **{one.id: one.id for one in structure.breakdowns}}
    allowed = {*columns, *OTHER_PARAMETERS, *others} - set(fixed)
    reading.rejections += [unknown_parameter(name, allowed) for name in parameters if name not in allowed]
    asked = {name: value for name, value in parameters.items() if name in allowed}
    codes = {
        column: _parse_codes(reading, name, {**asked, **fixed}[name])
        for name, column in sorted(columns.items())
        if name in asked or name in fixed
    }
    query = ObservationQuery(
        codes=codes,
        time=_parse_time(reading, asked.get("time")),
        fields=_parse_fields(reading, asked.get("fields")),
        sort=_parse_sort(reading, asked.get("sort")),
        limit=_parse_limit(reading, asked.get("limit")),
    )
    if reading.rejections:
        raise rejected(reading.rejections)
    parsed = ParsedQuery(query, canonical_parameters(query, structure, fixed), tuple(reading.repairs))
    return _resumed(parsed, asked.get("cursor"))


def parse_release(parameters: Mapping[str, str]) -> tuple[ReleaseChoice, tuple[Repair, ...]]:
    """Parse ``version``, ``as_of`` and what ``cursor`` says of the release.

    Raises
    ------
    QueryError
        If one of them cannot be read, or both ``version`` and ``as_of`` are given.
    """
    version, as_of = parameters.get("version"), parameters.get("as_of")
    if version is not None and as_of is not None:
        detail = Label("version と as_of は同時に使えません", "version and as_of cannot be used together")
        raise rejected([Rejection(parameter="as_of", value=as_of, detail=detail)])
    selector = _parse_version(version) if version is not None else None
    moment, repairs = _parse_as_of(as_of) if as_of is not None else (None, ())
    if "cursor" in parameters:
        return ReleaseChoice(digest=decode_cursor(parameters["cursor"]).digest), repairs
    return ReleaseChoice(selector=selector, as_of=moment), repairs


def canonical_parameters(
    query: ObservationQuery, structure: DataStructure, fixed: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Return the canonical form of a query, without limit and cursor: parameters sorted by name."""
    names = {column: name for name, column in DIMENSIONS.items()}
    pairs = {names.get(column, column): ",".join(codes) for column, codes in query.codes.items()}
    if query.time.terms:
        pairs["time"] = str(query.time)
    if query.fields != structure.names:
        pairs["fields"] = ",".join(query.fields)
    sort = _without_key_tail(query.sort, structure.key)
    if sort:
        pairs["sort"] = ",".join(map(str, sort))
    return tuple(sorted((name, value) for name, value in pairs.items() if name not in fixed))


def encode_pairs(pairs: Collection[tuple[str, str]]) -> str:
    """Return parameters as one text; comma, colon and asterisk stay readable (RFC 3986 allows them in a query)."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe=',:*')}" for name, value in pairs)


def resume_cursor(parsed: ParsedQuery, digest: str, resume: tuple[object, ...]) -> str:
    """Return the cursor of the page that begins behind a row of a release."""
    return Cursor(digest, parsed.fingerprint, resume).encode()


def _resumed(parsed: ParsedQuery, cursor: str | None) -> ParsedQuery:
    if cursor is None:
        return parsed
    decoded = decode_cursor(cursor)
    if decoded.fingerprint != parsed.fingerprint or len(decoded.after) != len(parsed.query.sort):
        detail = Label(
            "この cursor は別の問い合わせのものです。条件を変えるときは cursor を外してください",
            "This cursor belongs to another query. Leave it out when you change the query",
        )
        raise rejected([Rejection(parameter="cursor", value=cursor, detail=detail)])
    return replace(parsed, query=replace(parsed.query, after=decoded.after))


def _parse_codes(reading: _Reading, name: str, value: str) -> tuple[str, ...]:
    read = _CODE_READERS.get(name, _read_breakdown)
    codes = (read(reading, name, part.strip()) for part in value.split(","))
    return tuple(sorted({code for code in codes if code is not None}))


def _read_indicator(reading: _Reading, name: str, text: str) -> str | None:
    known = {*reading.reference.indicator_set.ids, *reading.coverage.codes["indicator_id"]}
    return _listed(reading, name, text, sorted(known))


def _read_definition(reading: _Reading, name: str, text: str) -> str | None:
    held = reading.coverage.codes["indicator_id"]
    indicators = [one for one in reading.reference.indicator_set.indicators if one.id in held]
    known = {id for one in indicators for id in one.definition_ids}
    return _listed(reading, name, text, sorted(known | set(reading.coverage.codes["definition_id"])))


def _read_breakdown(reading: _Reading, name: str, text: str) -> str | None:
    return _listed(reading, name, text, list(reading.structure.get_breakdown(name).codes))


def _read_area(reading: _Reading, name: str, text: str) -> str | None:
    held, areas = reading.coverage.codes["area_code"], reading.reference.areas
    if text in held:
        return text
    try:
        parsed = areas.parse_code(text)
    except ShihyoError as error:
        reading.rejections.append(from_error(name, text, error))
        return None
    if parsed.code not in areas and parsed.code not in held:
        reading.rejections.append(unknown_value(name, text, [*(one.code for one in areas), *held]))
        return None
    if parsed.note:
        reading.repairs.append(Repair(name, text, parsed.code, parsed.note))
    return parsed.code


#: dimension parameter -> how one of its codes is read; breakdowns have their own list
_CODE_READERS: dict[str, Callable[[_Reading, str, str], str | None]] = {
    "indicator": _read_indicator,
    "definition": _read_definition,
    "area": _read_area,
}


def _listed(reading: _Reading, name: str, text: str, known: Collection[str]) -> str | None:
    if text in known:
        return text
    reading.rejections.append(unknown_value(name, text, known))
    return None


def _parse_time(reading: _Reading, value: str | None) -> TimeFilter:
    try:
        return parse_time(value) if value is not None else TimeFilter()
    except InvalidPeriod as error:
        reading.rejections.append(from_error("time", str(value), error))
        return TimeFilter()


def _parse_fields(reading: _Reading, value: str | None) -> tuple[str, ...]:
    if value is None:
        return reading.structure.names
    names = [part.strip() for part in value.split(",")]
    return tuple(dict.fromkeys(one for one in names if _is_column(reading, "fields", one)))


def _parse_sort(reading: _Reading, value: str | None) -> tuple[SortTerm, ...]:
    parts = [part.strip() for part in value.split(",")] if value is not None else []
    terms = [SortTerm(part.removeprefix("-"), part.startswith("-")) for part in parts]
    named = {one.column: one for one in reversed(terms) if _is_column(reading, "sort", one.column)}
    first = [one for one in dict.fromkeys(terms) if named.get(one.column) == one]
    return (*first, *(SortTerm(column) for column in reading.structure.key if column not in named))


def _is_column(reading: _Reading, parameter: str, name: str) -> bool:
    return _listed(reading, parameter, name, reading.structure.names) is not None


def _without_key_tail(sort: tuple[SortTerm, ...], key: tuple[str, ...]) -> tuple[SortTerm, ...]:
    """Return the shortest list of terms that means the same order."""
    for length in range(len(sort)):
        named = {one.column for one in sort[:length]}
        if sort[length:] == tuple(SortTerm(column) for column in key if column not in named):
            return sort[:length]
    return sort


def _parse_limit(reading: _Reading, value: str | None) -> int:
    if value is None:
        return DEFAULT_LIMIT
    if re.fullmatch(r"[0-9]{1,5}", value) and 1 <= int(value) <= MOST_ROWS:
        return int(value)
    detail = Label(f"limit は 1 から {MOST_ROWS} までの整数です", f"limit is a whole number from 1 to {MOST_ROWS}")
    bound = str(MOST_ROWS) if re.fullmatch(r"[0-9]+", value) and int(value[:6]) > MOST_ROWS else None
    reading.rejections.append(Rejection(parameter="limit", value=value, detail=detail, did_you_mean=bound))
    return DEFAULT_LIMIT


def _parse_version(text: str) -> VersionSelector:
    try:
        return parse_selector(text)
    except VersionError as error:
        raise rejected([from_error("version", text, error)]) from error


def _parse_as_of(text: str) -> tuple[datetime, tuple[Repair, ...]]:
    """Read a moment; the offset defaults to Japan's and a plus sign that became a space is put back."""
    fixed = re.sub(r"(T[0-9:.]+) ([0-9]{2}:?[0-9]{2})$", r"\1+\2", text)
    try:
        moment = datetime.fromisoformat(fixed)
        if re.fullmatch(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", fixed):
            moment = datetime.combine(moment.date(), time(23, 59, 59), JAPAN)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=JAPAN)
        moment.astimezone(JAPAN)
    except (ValueError, OverflowError) as error:
        detail = Label(
            f"as_of の「{text}」は日時として読めません。2022-06-01T00:00:00+09:00 のように書いてください",
            f"{text!r} of as_of is not a date and time. Write it like 2022-06-01T00:00:00+09:00",
        )
        raise rejected([Rejection(parameter="as_of", value=text, detail=detail)]) from error
    used = moment.isoformat()
    return moment, () if used == text else (Repair("as_of", text, used, _AS_OF_READ),)


_AS_OF_READ = Label(
    "時差がなければ日本時間、日付だけならその日の終わりとして読みました",
    "without an offset it is Japan time; a date alone is the end of that day",
)
