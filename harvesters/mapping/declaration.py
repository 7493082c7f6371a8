"""The declaration of a mapping: what harvest.yml says about the columns of a table, parsed once.

A *field* is a column of the observation table. Where its value comes from is written in one of these ways::

    kpi-12                                   the same for every observation (short for {const: kpi-12})
    {const: kpi-12}                          the same
    {column: 団体コード}                      a column, by its heading; * stands for anything
    {columns: [都道府県名, 市区町村名]}        several columns, joined
    {from: heading}                          the heading of a value column (with columns_as); level: 1 is its first row
    {from: sheet}  {from: title}  {from: file}
                                             the name of the sheet, the text above the table, the name of the file

each with ``codes: {text of the source: code}`` and, for times, ``as``. A long table has one value column; a wide one
has several, and ``columns_as`` says what each of them is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from catalog.errors import ConfigurationError, Label, Place
from catalog.model.area import FiveDigits
from harvesters.mapping.times import FORMS
from harvesters.options import OptionType, check_keys, unknown_value
from harvesters.readers.percent import Scale

#: fields of numbers
NUMBERS = ("numerator", "denominator", "n", "n_eff", "ci_lower", "ci_upper")
#: fields of days
DAYS = ("numerator_date", "denominator_date")
#: fields of free text
TEXTS = ("ci_method", "note")
#: fields of codes that every observation has
CODES = ("indicator", "definition", "area", "period")
#: all fields but value, unit and breakdowns
FIELDS = (*CODES, *NUMBERS, *DAYS, "status", *TEXTS)
#: where a field may come from besides a column
ORIGINS = ("heading", "sheet", "title", "file")

_SOURCE_KEYS = ("const", "column", "columns", "from", "level", "codes", "as", "digits")
_MEASURE_KEYS = (*_SOURCE_KEYS[:5], "unit", "percent", "multiply", "blank")
_BREAKDOWN_KEYS = (*_SOURCE_KEYS, "title", "labels")
_VALUE_COLUMN_KEYS = ("column", "columns", *FIELDS, "unit", "percent", "multiply", "breakdowns")
_MAPPING_KEYS = (*FIELDS, "value", "breakdowns", "columns_as", "only")
_ONLY_KEYS = ("column", "values", "except")
_RESERVED = frozenset({"value", "unit", "obs_status", "area_code", "indicator_id", "definition_id", *FIELDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSource:
    """Where a field comes from: exactly one of ``const``, ``columns`` and ``origin``."""

    #: the value of every observation
    const: str | None = None
    #: headings of columns, ``*`` for anything; the texts of several are joined
    columns: tuple[str, ...] = ()
    #: one of :data:`ORIGINS`
    origin: str | None = None
    #: row of a heading, from 1; None for all
    level: int | None = None
    #: text of the source -> code; the empty text is an empty cell
    codes: Mapping[str, str] = field(default_factory=dict)
    #: how a time is written: a key of :data:`harvesters.mapping.times.FORMS`
    form: str | None = None
    #: what five-digit area codes of the column are
    digits: FiveDigits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The value: where it is and in what unit."""

    #: where it comes from; None if it is computed, or stands in the columns of ``columns_as``
    source: FieldSource | None = None
    #: where the unit comes from
    unit: FieldSource | None = None
    #: how percentages are written; None is found by looking
    percent: Scale | None = None
    #: what numbers are multiplied by
    multiply: Decimal = Decimal(1)
    #: what an empty cell is: an observation without a value, or none
    blank: str = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """A dimension of the dataset's own."""

    #: name of its column, such as ``sex``
    id: str
    #: where its code comes from
    source: FieldSource
    #: what it is called; None if the product knows
    title: Label | None = None
    #: code -> label, for codes that no list of the product has
    labels: Mapping[str, Label] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueColumns:
    """Columns of a wide table that hold values, and what these are about."""

    #: heading, ``*`` for anything
    heading: str
    #: whether several columns may have it
    several: bool
    #: field -> where it comes from, before what the mapping says of all
    fields: Mapping[str, FieldSource] = field(default_factory=dict)
    #: unit of its values; None for that of the mapping
    unit: FieldSource | None = None
    #: how its percentages are written; None for what the mapping says
    percent: Scale | None = None
    #: what its numbers are multiplied by; None for what the mapping says
    multiply: Decimal | None = None
    #: dimension -> where its code comes from
    breakdowns: Mapping[str, FieldSource] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """A condition that wanted rows fulfil."""

    #: heading of the column
    column: str
    #: the texts that are wanted; empty if all but ``excluded`` are
    values: tuple[str, ...] = ()
    #: the texts that are not wanted
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """What the columns of a table mean."""

    #: field -> where it comes from
    fields: Mapping[str, FieldSource]
    #: the value
    value: Measure
    #: the dataset's own dimensions, in column order
    breakdowns: tuple[Breakdown, ...] = ()
    #: the value columns of a wide table; empty for a long one
    value_columns: tuple[ValueColumns, ...] = ()
    #: conditions that rows fulfil all of
    only: tuple[Only, ...] = ()

    def sources_of(self, name: str) -> list[FieldSource]:
        """Return every way in which a field is declared, in the mapping or for some columns."""
        found = [one.fields[name] for one in self.value_columns if name in one.fields]
        return [*found, self.fields[name]] if name in self.fields else found


def read_mapping(raw: Any) -> TableMapping:
    """Parse the option ``mapping``.

    Raises
    ------
    ConfigurationError
        If a key is unknown or missing or a value cannot be used; its key is relative to ``mapping``.
    """
    entries = _checked(raw, _MAPPING_KEYS, "mapping")
    value_columns = tuple(
        _value_columns(one, f"columns_as[{i}]") for i, one in enumerate(_list(entries.get("columns_as"), "columns_as"))
    )
    mapping = TableMapping(
        fields={name: _source(entries[name], name) for name in FIELDS if name in entries},
        value=_measure(entries.get("value", {})),
        breakdowns=tuple(_breakdowns(entries.get("breakdowns", {}))),
        value_columns=value_columns,
        only=tuple(_only(one, f"only[{i}]") for i, one in enumerate(_list(entries.get("only"), "only"))),
    )
    _check_complete(mapping)
    return mapping


MAPPING = OptionType(
    "mapping", Label("列と項目の対応（docs/harvesting.md）", "what the columns are (docs/harvesting.md)"), read_mapping
)


def _check_complete(mapping: TableMapping) -> None:
    for name in ("indicator", "period"):
        if not mapping.sources_of(name):
            raise _problem(name, Label(f"{name} がありません", f"{name} is missing"))
    counted = all(mapping.sources_of(name) for name in ("numerator", "denominator"))
    if mapping.value.source is None and not mapping.value_columns and not counted:
        what = Label(
            "value の列も、計算に使う numerator と denominator の列もありません",
            "There is neither a column of values nor one of numerators and one of denominators",
        )
        raise _problem("value", what)
    if mapping.value.source is not None and mapping.value_columns:
        what = Label("value の列と columns_as は同時に使えません", "Give either a column of values or columns_as")
        raise _problem("value.column", what)
    without_unit = [one for one in mapping.value_columns if one.unit is None]
    if mapping.value.unit is None and (without_unit or not mapping.value_columns):
        raise _problem("value.unit", Label("単位 unit がありません（% は PT）", "unit is missing; PT is percent"))
    declared = {one.id for one in mapping.breakdowns}
    for i, one in enumerate(mapping.value_columns):
        for name in one.breakdowns:
            if name not in declared:
                raise unknown_value(
                    name, sorted(declared), file="", key=f"columns_as[{i}].breakdowns", what=Label("区分", "breakdown")
                )


def _source(raw: Any, key: str) -> FieldSource:
    if not isinstance(raw, Mapping):
        return FieldSource(const=_text(raw, key))
    entries = _checked(raw, _SOURCE_KEYS, key)
    return _field_source(entries, key)


def _field_source(entries: Mapping[str, Any], key: str) -> FieldSource:
    given = [name for name in ("const", "column", "columns", "from") if name in entries]
    if len(given) != 1:
        what = Label(
            "const、column、columns、from のどれか一つが必要です", "It needs one of const, column, columns and from"
        )
        raise _problem(key, what)
    columns: tuple[str, ...] = (_text(entries["column"], f"{key}.column"),) if "column" in entries else ()
    if "columns" in entries:
        columns = tuple(_text(one, f"{key}.columns") for one in _list(entries["columns"], f"{key}.columns"))
    return FieldSource(
        const=_text(entries["const"], f"{key}.const") if "const" in entries else None,
        columns=columns,
        origin=_one_of(entries.get("from"), ORIGINS, f"{key}.from"),
        level=_level(entries.get("level"), f"{key}.level"),
        codes=_texts_by_text(entries.get("codes", {}), f"{key}.codes"),
        form=_one_of(entries.get("as"), tuple(FORMS), f"{key}.as"),
        digits=_one_of(entries.get("digits"), get_args(FiveDigits), f"{key}.digits"),  # type: ignore[arg-type]
    )


def _measure(raw: Any) -> Measure:
    entries = _checked(raw, _MEASURE_KEYS, "value")
    placed = any(name in entries for name in ("const", "column", "columns", "from"))
    return Measure(
        source=_field_source({k: v for k, v in entries.items() if k in _SOURCE_KEYS}, "value") if placed else None,
        unit=_source(entries["unit"], "value.unit") if "unit" in entries else None,
        percent=_scale(entries.get("percent"), "value.percent"),
        multiply=_factor(entries.get("multiply", 1), "value.multiply"),
        blank=_one_of(entries.get("blank", "missing"), ("missing", "skip"), "value.blank") or "missing",
    )


def _breakdowns(raw: Any) -> list[Breakdown]:
    found = []
    for id, one in _checked(raw, None, "breakdowns").items():
        key = f"breakdowns.{id}"
        if id in _RESERVED or not id.isascii() or not id.replace("_", "a").isalnum() or id != id.lower():
            what = Label(f"「{id}」は区分の名前に使えません", f"{id!r} cannot be the name of a breakdown")
            raise _problem(key, what)
        entries = _checked(one, _BREAKDOWN_KEYS, key) if isinstance(one, Mapping) else {"const": one}
        title = entries.get("title")
        found.append(
            Breakdown(
                id=id,
                source=_field_source({k: v for k, v in entries.items() if k in _SOURCE_KEYS}, key),
                title=_label(title, f"{key}.title") if title is not None else None,
                labels={
                    code: _label(label, f"{key}.labels.{code}")
                    for code, label in _checked(entries.get("labels", {}), None, f"{key}.labels").items()
                },
            )
        )
    return found


def _value_columns(raw: Any, key: str) -> ValueColumns:
    entries = _checked(raw, _VALUE_COLUMN_KEYS, key)
    given = [name for name in ("column", "columns") if name in entries]
    if len(given) != 1:
        raise _problem(key, Label("column か columns のどちらか一つが必要です", "It needs either column or columns"))
    breakdowns = _checked(entries.get("breakdowns", {}), None, f"{key}.breakdowns")
    return ValueColumns(
        heading=_text(entries[given[0]], f"{key}.{given[0]}"),
        several=given == ["columns"],
        fields={name: _source(entries[name], f"{key}.{name}") for name in FIELDS if name in entries},
        unit=_source(entries["unit"], f"{key}.unit") if "unit" in entries else None,
        percent=_scale(entries.get("percent"), f"{key}.percent"),
        multiply=_factor(entries["multiply"], f"{key}.multiply") if "multiply" in entries else None,
        breakdowns={id: _source(one, f"{key}.breakdowns.{id}") for id, one in breakdowns.items()},
    )


def _only(raw: Any, key: str) -> Only:
    entries = _checked(raw, _ONLY_KEYS, key)
    if "column" not in entries or ("values" in entries) == ("except" in entries):
        raise _problem(key, Label("column と、values か except が必要です", "It needs column, and values or except"))
    return Only(
        column=_text(entries["column"], f"{key}.column"),
        values=tuple(_text(one, f"{key}.values") for one in _list(entries.get("values"), f"{key}.values")),
        excluded=tuple(_text(one, f"{key}.except") for one in _list(entries.get("except"), f"{key}.except")),
    )


def _checked(raw: Any, allowed: Sequence[str] | None, key: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise _problem(key, Label("名前と値の組ではありません", "It is not a mapping"))
    if allowed is not None:
        check_keys(raw, allowed, file="", key=key)
    return raw


def _list(raw: Any, key: str) -> list[Any]:
    if raw is None:
        return []
    if isinstance(raw, Mapping | str | int | float):
        return [raw]
    if not isinstance(raw, list | tuple) or not raw:
        raise _problem(key, Label("並びではありません", "It is not a list"))
    return list(raw)


def _text(raw: Any, key: str) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | date) or not str(raw).strip():
        raise _problem(
            key, Label(f"{raw!r} は使えません。文字列にしてください", f"{raw!r} cannot be used; give a text")
        )
    return str(raw)


def _texts_by_text(raw: Any, key: str) -> dict[str, str]:
    return {str(text): _text(code, f"{key}.{text}") for text, code in _checked(raw, None, key).items()}


def _label(raw: Any, key: str) -> Label:
    entries = _checked(raw, ("ja", "en"), key)
    if set(entries) != {"ja", "en"}:
        raise _problem(key, Label("ja と en の両方が必要です", "It needs both ja and en"))
    return Label(_text(entries["ja"], f"{key}.ja"), _text(entries["en"], f"{key}.en"))


def _one_of(raw: Any, allowed: Sequence[str], key: str) -> str | None:
    if raw is None:
        return None
    text = _text(raw, key)
    if text not in allowed:
        raise unknown_value(text, allowed, file="", key=key, what=Label("値", "value"))
    return text


def _scale(raw: Any, key: str) -> Scale | None:
    return _one_of(raw, get_args(Scale), key)  # type: ignore[return-value]


def _level(raw: Any, key: str) -> int | None:
    if raw is not None and (isinstance(raw, bool) or not isinstance(raw, int) or raw < 1):
        raise _problem(
            key, Label(f"{raw!r} は使えません。1以上の整数にしてください", f"{raw!r} is no number from 1 on")
        )
    return raw


def _factor(raw: Any, key: str) -> Decimal:
    try:
        factor = Decimal(str(raw))
    except InvalidOperation:
        factor = Decimal("NaN")
    if isinstance(raw, bool) or not factor.is_finite() or factor == 0:
        raise _problem(key, Label(f"{raw!r} は使えません。0でない数にしてください", f"{raw!r} is no number but 0"))
    return factor


def _problem(key: str, what: Label) -> ConfigurationError:
    return ConfigurationError(
        f"「{key}」: {what.ja}",
        f"{key}: {what.en}",
        next_step=Label("docs/harvesting.md の mapping の例に合わせてください", "See mapping in docs/harvesting.md"),
        place=Place(cell=key),
        key=key,
    )
