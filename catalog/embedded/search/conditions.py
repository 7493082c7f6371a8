"""Turn a query in Solr's syntax into an SQL condition on ``package``.

Order of events: the text is bounded and parsed by luqum into a tree; each leaf becomes a condition (full text, a
value of a field, a range); each operation combines its parts as Lucene does: ``+`` must, ``-`` and ``NOT`` must not,
``OR`` one of, and without a sign all.

A query without a colon is what a person types into a box: it never fails, and what cannot be parsed is taken as
words. That is CKAN's behaviour (its dismax parser); one with a colon that cannot be parsed is a search error.

References
----------
Solr reference guide, "Standard Query Parser"; luqum 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from luqum.exceptions import ParseError
from luqum.thread import parse
from luqum.tree import (
    AndOperation,
    BaseApprox,
    Boost,
    FieldGroup,
    From,
    Group,
    Item,
    Not,
    OrOperation,
    Phrase,
    Plus,
    Prohibit,
    Range,
    SearchField,
    To,
    UnknownOperation,
    Word,
)

from catalog.embedded.errors import SearchError
from catalog.embedded.search.dates import read_date
from catalog.embedded.search.tokens import fold, match_expression
from catalog.errors import Label

#: a longer query is refused
MAX_LENGTH = 20_000
#: a query with brackets deeper than this is refused
MAX_DEPTH = 50
#: a query with more words than this is refused
MAX_LEAVES = 500
#: a word with more wildcards than this is refused: each one multiplies the work
MAX_WILDCARDS = 4

#: field -> column of the full-text index; the empty one is all of them
TEXT_COLUMNS = {"text": "", "title": "title", "notes": "notes", "title_ngram": "title", "name_ngram": "name"}
DATE_FIELDS = frozenset({"metadata_created", "metadata_modified"})
NUMBER_FIELDS = frozenset({"num_resources", "num_tags"})
#: fields whose values are texts: found by a part of them, in any case
CONTAINED_FIELDS = frozenset({"res_name", "res_description", "author", "maintainer"})

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PIECE = re.compile(r"\\.|[*?]|[^\\*?]+", re.DOTALL)
_GLOB = {"*": "*", "?": "?"}
_OPERATORS = frozenset({"AND", "OR", "NOT"})


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL expression on ``package``."""

    #: SQL with question marks
    sql: str
    #: what stands for the question marks
    values: tuple[Any, ...] = ()
    #: full-text expressions that must or may hold, for the ranking
    ranked: tuple[str, ...] = ()


EVERYTHING = Condition("1")
NOTHING = Condition("0")


def syntax_error(text: str, reason: object) -> SearchError:
    """Return the refusal of a query; it names the query and nothing of the machine."""
    shown = text if len(text) <= 200 else f"{text[:200]}…"
    return SearchError(
        Label(f"検索式「{shown}」を読めません（{reason}）", f"the query {shown!r} cannot be parsed ({reason})"),
        value=shown,
    )


def condition_for(text: str) -> Condition:
    """Return the condition for a query (``q`` or ``fq``).

    Raises
    ------
    SearchError
        If the query cannot be parsed or is too long, or asks for what is not supported.
    """
    _check_bounds(text)
    if not text.strip() or text.strip() in {"*", '""', "''"}:
        return EVERYTHING
    try:
        return _translate(_parsed(text), "text", _Budget(text))
    except SearchError:
        if ":" in text:
            raise
        return _all_words(text)


def _parsed(text: str) -> Item:
    try:
        return parse(text)
    except ParseError as error:
        raise syntax_error(text, error) from error


def _check_bounds(text: str) -> None:
    if text.lstrip().startswith("{!"):
        raise syntax_error(text, "local parameters are not supported")
    if len(text) > MAX_LENGTH:
        raise syntax_error(text, f"longer than {MAX_LENGTH}")
    depth = deepest = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise syntax_error(text, f"brackets deeper than {MAX_DEPTH}")


def _all_words(text: str) -> Condition:
    words = [word for word in re.split(r"[\s()\"]+", text) if word and word not in _OPERATORS]
    budget = _Budget(text)
    return _combine([_full_text(word, "", budget) for word in words], [], [])


class _Budget:
    """Counts the leaves of a query, so that it stays within what SQLite takes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.left = MAX_LEAVES

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise syntax_error(self.text, f"more than {MAX_LEAVES} terms")


def _translate(item: Item, field: str, budget: _Budget) -> Condition:
    for kind, translate in _TRANSLATIONS.items():
        if isinstance(item, kind):
            return translate(item, field, budget)
    raise syntax_error(budget.text, f"{type(item).__name__} is not supported")


def _operation(item: Item, field: str, budget: _Budget) -> Condition:
    must: list[Condition] = []
    must_not: list[Condition] = []
    should: list[Condition] = []
    plain = should if isinstance(item, OrOperation) else must
    for child in item.children:
        target = must if isinstance(child, Plus) else must_not if isinstance(child, Prohibit | Not) else plain
        inner = child.children[0] if isinstance(child, Plus | Prohibit | Not) else child
        target.append(_translate(inner, field, budget))
    return _combine(must, must_not, should)


def _combine(must: Sequence[Condition], must_not: Sequence[Condition], should: Sequence[Condition]) -> Condition:
    """Return one condition for the clauses of a Boolean query, as Lucene combines them."""
    parts = [condition.sql for condition in must]
    values = [value for condition in must for value in condition.values]
    if should and not must:
        parts.append("(" + " OR ".join(condition.sql for condition in should) + ")")
        values += [value for condition in should for value in condition.values]
    parts += [f"NOT {condition.sql}" for condition in must_not]
    values += [value for condition in must_not for value in condition.values]
    ranked = tuple(expression for condition in (*must, *should) for expression in condition.ranked)
    return Condition(f"({' AND '.join(parts)})" if parts else "1", tuple(values), ranked)


def _field_group(item: FieldGroup, field: str, budget: _Budget) -> Condition:
    """Translate ``field:(a b)``: one of the values, unless there are signs or the field is full text, as in Solr."""
    inner = item.children[0]
    plain = isinstance(inner, UnknownOperation) and all(isinstance(child, Word | Phrase) for child in inner.children)
    if plain and field not in TEXT_COLUMNS:
        return _combine([], [], [_translate(child, field, budget) for child in inner.children])
    return _translate(inner, field, budget)


def _inside(item: Item, field: str, budget: _Budget) -> Condition:
    return _translate(item.children[0], field, budget)


def _negated(item: Item, field: str, budget: _Budget) -> Condition:
    return _combine([], [_inside(item, field, budget)], [])


def _fielded(item: SearchField, _field: str, budget: _Budget) -> Condition:
    return _translate(item.expr, _unescape(item.name), budget)


def _word(item: Word, field: str, budget: _Budget) -> Condition:
    if field == "*" or item.value == "*":
        return EVERYTHING if field in {"*", "text"} else _has_field(field, budget)
    return _leaf(item.value, field, budget, phrase=False)


def _phrase(item: Phrase, field: str, budget: _Budget) -> Condition:
    return _leaf(item.value[1:-1], field, budget, phrase=True)


def _leaf(raw: str, field: str, budget: _Budget, *, phrase: bool) -> Condition:
    plain = _unescape(raw)
    if field in TEXT_COLUMNS:
        return _full_text(plain, TEXT_COLUMNS[field], budget, phrase=phrase)
    budget.spend()
    if field in DATE_FIELDS and plain != "*":
        return Condition(f"package.{field} = ?", (_date(plain, budget),))
    if not phrase and _has_wildcard(raw):
        return _in_term("field = ? AND value GLOB ?", field, _glob(raw, budget))
    if field in CONTAINED_FIELDS or field.startswith("extras_"):
        return _in_term("field = ? AND instr(folded, ?)", field, fold(plain))
    return _in_term("field = ? AND value = ?", field, plain)


def _full_text(term: str, column: str, budget: _Budget, *, phrase: bool = False) -> Condition:
    budget.spend()
    expression = match_expression(term, column, prefix=not phrase)
    if expression is None:
        # punctuation alone has nothing to find, so it does not narrow the search
        return EVERYTHING
    sql = "package.seq IN (SELECT rowid FROM package_text WHERE package_text MATCH ?)"
    return Condition(sql, (expression,), (expression,))


def _in_term(where: str, *values: Any) -> Condition:
    return Condition(f"package.seq IN (SELECT package FROM term WHERE {where})", values)  # noqa: S608 - own text


def _has_field(field: str, budget: _Budget) -> Condition:
    budget.spend()
    if field in DATE_FIELDS:
        return EVERYTHING
    # notes are in the full-text index alone
    if field == "notes":
        return Condition("json_extract(package.document, '$.notes') <> ''")
    return _in_term("field = ?", field)


def _range(item: Range, field: str, budget: _Budget) -> Condition:
    low = _bound(item.low, ">=" if item.include_low else ">", field, budget)
    high = _bound(item.high, "<=" if item.include_high else "<", field, budget)
    return _bounded([bound for bound in (low, high) if bound], field, budget)


def _open_range(item: From | To, field: str, budget: _Budget) -> Condition:
    sign = ("<", ">")[isinstance(item, From)] + ("=" if item.include else "")
    bound = _bound(item.a, sign, field, budget)
    return _bounded([bound] if bound else [], field, budget)


def _bound(item: Item, sign: str, field: str, budget: _Budget) -> tuple[str, Any] | None:
    text = _unescape(str(item).strip().strip('"'))
    if text == "*":
        return None
    if field in DATE_FIELDS:
        return sign, _date(text, budget)
    return sign, _number(text, budget) if field in NUMBER_FIELDS else text


def _bounded(bounds: list[tuple[str, Any]], field: str, budget: _Budget) -> Condition:
    budget.spend()
    if field in DATE_FIELDS:
        sql = " AND ".join(f"package.{field} {sign} ?" for sign, _ in bounds) or "1"
        return Condition(f"({sql})", tuple(value for _, value in bounds))
    column = "CAST(value AS INTEGER)" if field in NUMBER_FIELDS else "value"
    sql = "".join(f" AND {column} {sign} ?" for sign, _ in bounds)
    return _in_term(f"field = ?{sql}", field, *(value for _, value in bounds))


def _date(text: str, budget: _Budget) -> str:
    try:
        return read_date(text)
    except ValueError as error:
        raise syntax_error(budget.text, f"{text} is no date") from error


def _number(text: str, budget: _Budget) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise syntax_error(budget.text, f"{text} is no number") from error


def _unescape(raw: str) -> str:
    return _ESCAPED.sub(r"\1", raw)


def _has_wildcard(raw: str) -> bool:
    return any(piece in _GLOB for piece in _PIECE.findall(raw))


def _glob(raw: str, budget: _Budget) -> str:
    pieces = _PIECE.findall(re.sub(r"(?<!\\)\*+", "*", raw))
    if sum(piece == "*" for piece in pieces) > MAX_WILDCARDS:
        raise syntax_error(budget.text, f"more than {MAX_WILDCARDS} wildcards in a word")
    return "".join(_GLOB.get(piece) or _literal(_unescape(piece)) for piece in pieces)


def _literal(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


_TRANSLATIONS: dict[Any, Callable[[Any, str, _Budget], Condition]] = {
    SearchField: _fielded,
    Word: _word,
    Phrase: _phrase,
    Range: _range,
    From: _open_range,
    To: _open_range,
    Group: _inside,
    FieldGroup: _field_group,
    Boost: _inside,
    BaseApprox: _inside,
    Plus: _inside,
    Prohibit: _negated,
    Not: _negated,
    OrOperation: _operation,
    AndOperation: _operation,
    UnknownOperation: _operation,
}
