"""Checks that a table must pass before it becomes a release.

Order of events: columns and types first, because nothing else can be asked of a table that has other columns; then one
scan counts, for every rule at once, the rows that break it; only for rules that are broken the rows are fetched.

A rule of severity ``error`` keeps the table out of the catalogue; a ``warning`` is told and goes through, because it
says something about the source and not about our reading of it.

References
----------
Data Package v2, Table Schema constraints; SDMX guideline on observation status 2.0 (2019) for values and statuses;
machine-readability rule L1-06, L1-14, L2-04 (STANDARDS 2.1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import CheckFailed, InvalidPeriod, Label
from catalog.formats import has_repeated_key
from catalog.formats.known import different
from catalog.model import Column, Dataset, DataStructure, parse_period
from catalog.model.codelist import CodeList, nearest
from catalog.releases.scratch import open_scratch

Severity = Literal["error", "warning"]

#: rows of one rule that become findings; the rest is counted
NAMED_ROWS = 1000

#: column with the number of the row, in queries
_ROW = "__row"

#: unknown codes of one column for which a nearest known one is looked up
_NAMED_CODES = 20

#: code of the unit percent
PERCENT = "PT"

#: type of a column -> its type in queries
_SQL_TYPES = {"string": "VARCHAR", "number": "DOUBLE", "integer": "BIGINT", "date": "DATE"}

#: texts with line breaks, tabs or other signs that control, or with spaces around them
_UNTIDY = r"[\x00-\x1f\x7f]|^[\s　]|[\s　]$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row, or one column, that breaks a rule."""

    #: name of the rule, such as ``duplicate-key``
    rule: str
    #: error keeps the table out; warning is told
    severity: Severity
    #: what is wrong, naming the value
    what: Label
    #: the column it is about, or None if it is about the row
    column: str | None = None
    #: the offending value, as JSON
    value: Any = None
    #: row in the table, the first is 1; None if it is about the whole table
    row: int | None = None
    #: dimension -> code of that row
    key: Mapping[str, str | None] = field(default_factory=dict)
    #: how many rows break this rule in this column; findings name the first thousand
    total: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "what": self.what.to_dict(),
            "column": self.column,
            "value": self.value,
            "row": self.row,
            "key": dict(self.key),
            "total": self.total,
        }


#: column -> its different texts: they are few, the rows many
Texts = Mapping[str, "pa.Array[Any]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _RowRule:
    """A rule that one row breaks by itself or together with others; ``sql`` is true for rows that break it."""

    name: str
    sql: str
    text: Label
    column: str | None = None
    #: the expression whose value the finding shows
    shown: str = "NULL"
    severity: Severity = "error"
    #: value -> what it was probably meant to be
    hints: Mapping[str, str] = field(default_factory=dict)


def check_table(
    dataset: Dataset,
    table: pa.Table,
    codelists: Mapping[str, CodeList],
    *,
    areas: Collection[str] | None = None,
) -> list[Finding]:
    """Check an observation table.

    Parameters
    ----------
    dataset
        The dataset with its structure and its indicators.
    table
        Any table; if columns or types differ from the structure, nothing else is checked.
    codelists
        The code lists of the reference data; ``obs_status`` and ``unit`` are used.
    areas
        The area codes that exist; None if that is not to be checked.

    Returns
    -------
    list of Finding
        Empty if all is well; by rule in the order of this module, then by row.
    """
    structure = dataset.structure
    findings = list(_columns(structure, table))
    if findings:
        return findings
    texts = {one.name: different(table, one.name) for one in structure.columns if one.type == "string"}
    rules = [
        *_column_rules(structure, table, texts),
        *_code_rules(dataset, texts, codelists, areas),
        *_period_rules(texts["period"]),
        *(_duplicate_rules(structure) if has_repeated_key(table, structure) is not False else ()),
        *_status_rules(codelists["obs_status"]),
        *_RATE_RULES,
    ]
    return _apply(rules, structure, table, texts)


def require_passed(dataset: Dataset, findings: Sequence[Finding]) -> None:
    """Raise if a finding is an error.

    Raises
    ------
    CheckFailed
        Names the first finding; ``context`` has all of them.
    """
    errors = [one for one in findings if one.severity == "error"]
    if not errors:
        return
    first = errors[0]
    number = sum({(one.rule, one.column): one.total for one in errors}.values())
    where = Label(f"{first.row}行目: ", f"row {first.row}: ") if first.row else Label("", "")
    raise CheckFailed(
        f"データセット {dataset.name} の表に{number}件の誤りがあります。{where.ja}{first.what.ja}",
        f"The table of {dataset.name} has {number} errors; {where.en}{first.what.en}",
        next_step=Label("誤りを直してからもう一度実行してください", "Correct them and run it again"),
        rule=first.rule,
        value=first.value,
        findings=[one.to_dict() for one in errors],
    )


def _columns(structure: DataStructure, table: pa.Table) -> Iterator[Finding]:
    expected = structure.arrow_schema()
    for name in (one for one in structure.names if one not in table.column_names):
        yield _column_finding("column-missing", name, Label(f"列「{name}」がありません", f"Column {name!r} is missing"))
    for name in (one for one in table.column_names if one not in structure.names):
        text = Label(f"列「{name}」は構造にありません", f"Column {name!r} is not in the structure")
        yield _column_finding("column-unknown", name, text)
    if set(table.column_names) != set(structure.names):
        return
    if tuple(table.column_names) != structure.names:
        text = Label("列の順が構造と違います", "Columns are not in the order of the structure")
        yield _column_finding("column-order", table.column_names[0], text)
    for name in structure.names:
        have, want = table.schema.field(name).type, expected.field(name).type
        if have != want:
            text = Label(f"列「{name}」の型は {want} のはずが {have} です", f"Column {name!r} is {have}, not {want}")
            yield _column_finding("column-type", name, text, str(have))


def _column_finding(rule: str, name: str, what: Label, value: Any = None) -> Finding:
    return Finding(rule=rule, severity="error", what=what, column=name, value=value)


def _column_rules(structure: DataStructure, table: pa.Table, texts: Texts) -> Iterator[_RowRule]:
    for column in structure.columns:
        name, nulls = _name(column.name), table.column(column.name).null_count
        if column.required and nulls:
            text = Label("必須の「{column}」が空です", "{column} is required and is empty")
            yield _RowRule(name="required", column=column.name, sql=f"{name} IS NULL", text=text)
        if column.type == "string":
            yield from _text_rules(column, texts[column.name])
        if nulls == table.num_rows:
            continue
        if column.type == "number":
            text = Label("「{column}」の {value} は数ではありません", "{column} {value} is not a number")
            yield _RowRule(
                name="not-finite", column=column.name, sql=f"NOT isfinite({name})", shown=f"{name}::VARCHAR", text=text
            )
        if "minimum" in column.constraints:
            low = column.constraints["minimum"]
            text = Label(f"「{{column}}」の {{value}} は {low} より小さい", f"{{column}} {{value}} is below {low}")
            yield _RowRule(name="minimum", column=column.name, sql=f"{name} < {low}", shown=name, text=text)


def _text_rules(column: Column, texts: pa.Array[Any]) -> Iterator[_RowRule]:
    """Yield the rules that one of the different texts of a column breaks."""
    name = _name(column.name)
    if _any(pc.match_substring_regex(texts, f"^$|{_UNTIDY}")):
        layout = Label(
            "「{column}」の「{value}」は空か、改行・タブ・前後の空白を含みます",
            "{column} {value!r} is empty or has line breaks, tabs or spaces around it",
        )
        sql = f"({name} = '' OR regexp_matches({name}, '{_UNTIDY}'))"
        yield _RowRule(name="layout", column=column.name, sql=sql, shown=name, text=layout)
    pattern = column.constraints.get("pattern")
    if pattern and _any(pc.invert(pc.match_substring_regex(texts, rf"\A(?:{pattern})\z"))):
        text = Label("「{column}」の「{value}」は決まりの形ではありません", "{column} {value!r} does not have its form")
        sql = f"NOT regexp_full_match({name}, {_literal(pattern)})"
        yield _RowRule(name="pattern", column=column.name, sql=sql, shown=name, text=text)


def _any(flags: pa.Array[Any]) -> bool:
    return bool(pc.any(flags, min_count=0).as_py())


def _code_rules(
    dataset: Dataset, texts: Texts, codelists: Mapping[str, CodeList], areas: Collection[str] | None
) -> Iterator[_RowRule]:
    known: dict[str, Collection[str]] = {
        "indicator_id": dataset.indicators,
        "unit": codelists["unit"].ids,
        **{one.id: one.codes for one in dataset.structure.breakdowns},
        "obs_status": codelists["obs_status"].ids,
    }
    if areas is not None:
        known["area_code"] = frozenset(areas) | {one.code for one in dataset.areas}
    for name, codes in known.items():
        used = {one for one in texts[name].to_pylist() if one is not None}
        unknown = sorted(used - set(codes))
        if unknown:
            yield _RowRule(
                name="code-unknown",
                column=name,
                sql=_is_one_of(name, unknown),
                shown=_name(name),
                text=Label(
                    "「{column}」のコード「{value}」は一覧にありません", "{column} has the unknown code {value!r}"
                ),
                hints={code: near for code in unknown[:_NAMED_CODES] if (near := nearest(code, codes))},
            )


def _is_one_of(column: str, texts: Sequence[str]) -> str:
    return f"{_name(column)} IN ({', '.join(_literal(one) for one in texts)})"


def _period_rules(periods: pa.Array[Any]) -> Iterator[_RowRule]:
    wrong = [one for one in periods.to_pylist() if one is not None and not _is_period(one)]
    if wrong:
        text = Label("「{value}」は時点・期間として読めません", "{value!r} is not a period")
        yield _RowRule(
            name="period", column="period", sql=_is_one_of("period", sorted(wrong)), shown="period", text=text
        )


def _is_period(text: str) -> bool:
    try:
        parse_period(text)
    except InvalidPeriod:
        return False
    return True


def _duplicate_rules(structure: DataStructure) -> Iterator[_RowRule]:
    key = ", ".join(_name(name) for name in structure.key)
    text = Label("同じキーの行がもう1つあります", "Another row has the same key")
    yield _RowRule(name="duplicate-key", sql=f"count(*) OVER (PARTITION BY {key}) > 1", text=text)


def _status_rules(statuses: CodeList) -> Iterator[_RowRule]:
    without = ", ".join(_literal(one.code) for one in statuses if one.value == "forbidden")
    with_value = ", ".join(_literal(one.code) for one in statuses if one.value == "required")
    yield _RowRule(
        name="missing-needs-reason",
        column="obs_status",
        sql=f"value IS NULL AND obs_status IN ({with_value})",
        shown="obs_status",
        text=Label(
            "値が空なのに状態が「{value}」です。欠測の理由を O・M・L・H・Q・K などで示してください",
            "The value is missing but the status is {value}; say why with O, M, L, H, Q or K",
        ),
    )
    yield _RowRule(
        name="value-with-missing-status",
        column="obs_status",
        sql=f"value IS NOT NULL AND obs_status IN ({without})",
        shown="obs_status",
        text=Label(
            "値があるのに状態が欠測の「{value}」です", "There is a value but the status {value} says it is missing"
        ),
    )


_IS_RATE = f"unit = '{PERCENT}' AND numerator IS NOT NULL AND denominator IS NOT NULL"
#: digits behind the point of a number as it is printed
_DIGITS = "CASE WHEN value = trunc(value) THEN 0 ELSE length(split_part(value::VARCHAR, '.', 2)) END"
#: column with the most digits that a value of the definition is printed with; of the view ``observations`` only
_PRINTED = "__printed__"
_RECOMPUTED = "100 * numerator / denominator"
#: room for the error of float64 arithmetic, far below any printed digit
_EPSILON = "1e-9"

_RATE_RULES = (
    _RowRule(
        name="percent-range",
        column="value",
        sql=f"unit = '{PERCENT}' AND NOT (value BETWEEN 0 AND 100)",
        shown="value",
        text=Label("割合 {value} が 0 から 100 の間にありません", "Percentage {value} is not within 0 to 100"),
    ),
    _RowRule(
        name="numerator-above-denominator",
        column="numerator",
        sql=f"{_IS_RATE} AND numerator > denominator",
        shown="numerator",
        text=Label("分子 {value} が分母より大きい", "Numerator {value} is larger than the denominator"),
    ),
    _RowRule(
        name="count-negative",
        column="numerator",
        sql="numerator < 0 OR denominator < 0",
        shown="least(numerator, denominator)",
        text=Label("分子か分母が負です（{value}）", "Numerator or denominator is negative ({value})"),
    ),
    _RowRule(
        name="denominator-zero",
        column="denominator",
        sql=f"{_IS_RATE} AND denominator = 0 AND value IS NOT NULL",
        shown="value",
        text=Label("分母が0なのに割合 {value} があります", "There is a percentage {value} over a denominator of 0"),
    ),
    _RowRule(
        name="interval",
        column="ci_lower",
        sql="ci_lower > ci_upper OR value NOT BETWEEN ci_lower AND ci_upper",
        shown="value",
        text=Label("値 {value} が信頼区間の外にあります", "Value {value} lies outside its interval"),
    ),
    _RowRule(
        name="rate-differs",
        column="value",
        severity="warning",
        sql=f"{_IS_RATE} AND denominator > 0 AND value IS NOT NULL"
        f" AND abs(value - {_RECOMPUTED}) > 0.5 * pow(10, -({_PRINTED})) + {_EPSILON}",
        shown=f"value || ' ≠ ' || round({_RECOMPUTED}, 4)",
        text=Label(
            "値と、分子÷分母の計算結果が違います（{value}）", "Value and numerator / denominator differ ({value})"
        ),
    ),
)


def _apply(rules: Sequence[_RowRule], structure: DataStructure, table: pa.Table, texts: Texts) -> list[Finding]:
    with open_scratch() as connection:
        connection.register("given", table.append_column(_ROW, pa.array(np.arange(1, table.num_rows + 1))))
        connection.execute(f"CREATE TEMP VIEW observed AS SELECT {_columns_sql(structure, table, texts)} FROM given")  # noqa: S608
        printed = _printed_digits(connection)
        connection.execute(f"CREATE TEMP VIEW observations AS SELECT *, {printed} AS {_PRINTED} FROM observed")  # noqa: S608
        flags = ", ".join(f"coalesce({rule.sql}, false) AS r{number}" for number, rule in enumerate(rules))
        counts = ", ".join(f"count(*) FILTER (WHERE r{number})" for number in range(len(rules)))
        connection.execute(f"CREATE TEMP VIEW flagged AS SELECT {flags} FROM observations")  # noqa: S608
        totals = connection.execute(f"SELECT {counts} FROM flagged").fetchone() or ()  # noqa: S608
        return [
            finding
            for rule, total in zip(rules, totals, strict=True)
            if total
            for finding in _findings(connection, rule, total, structure)
        ]


def _columns_sql(structure: DataStructure, table: pa.Table, texts: Texts) -> str:
    """Return the columns; one with the same text in all rows, or with nothing, is said once and not read."""
    names = [_name(_ROW)]
    for column in structure.columns:
        name, different = _name(column.name), texts.get(column.name, ())
        if table.num_rows and table.column(column.name).null_count == table.num_rows:
            names.append(f"NULL::{_SQL_TYPES[column.type]} AS {name}")
        elif len(different) == 1 and (text := different[0].as_py()).isprintable():
            names.append(f"{_literal(text)} AS {name}")
        else:
            names.append(name)
    return ", ".join(names)


def _printed_digits(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the expression for the most digits that a rate of the row's definition is printed with."""
    rates = f"SELECT DISTINCT definition_id, value FROM observed WHERE {_IS_RATE} AND value IS NOT NULL"  # noqa: S608
    sql = f"SELECT definition_id, max({_DIGITS}) FROM ({rates}) GROUP BY ALL"  # noqa: S608
    known = [
        f"WHEN {_literal(id)} THEN {digits}" for id, digits in connection.execute(sql).fetchall() if id is not None
    ]
    return f"CASE definition_id {' '.join(known)} END" if known else "NULL"


def _findings(
    connection: duckdb.DuckDBPyConnection, rule: _RowRule, total: int, structure: DataStructure
) -> Iterator[Finding]:
    key = ", ".join(_name(name) for name in structure.key)
    sql = f"""
        SELECT * EXCLUDE (broken) FROM (
            SELECT {_ROW}, {rule.shown} AS shown, {key}, coalesce({rule.sql}, false) AS broken FROM observations
        ) WHERE broken ORDER BY {_ROW} LIMIT {NAMED_ROWS}
    """  # noqa: S608
    titles = {one.name: one.label for one in structure.columns}
    title = titles.get(rule.column or "", Label("", ""))
    for row, shown, *codes in connection.execute(sql).fetchall():
        yield Finding(
            rule=rule.name,
            severity=rule.severity,
            what=_what(rule, title.ja, shown),
            column=rule.column,
            value=shown,
            row=row,
            key=dict(zip(structure.key, codes, strict=True)),
            total=total,
        )


def _what(rule: _RowRule, title: str, shown: Any) -> Label:
    near = rule.hints.get(shown)
    hint = Label(f"（{near} のことではありませんか）", f" (did you mean {near}?)") if near else Label("", "")
    return Label(
        rule.text.ja.format(column=title, value=shown) + hint.ja,
        rule.text.en.format(column=rule.column, value=shown) + hint.en,
    )


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
