"""A mapping laid on the columns of one table: which cells are read by which reader, what each value column is about.

A wide table has one :class:`Series` a value column, a long table has one. What is the same for all rows of a table (a
constant, a heading, the name of the sheet) is read here, once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from catalog.errors import ConfigurationError, InputError, Label, Place
from catalog.model.indicator import Indicator
from catalog.reference import Reference
from harvesters.findings import Findings
from harvesters.mapping.declaration import (
    DAYS,
    NUMBERS,
    TEXTS,
    FieldSource,
    Only,
    TableMapping,
    ValueColumns,
)
from harvesters.mapping.fields import (
    AreaReader,
    CodeReader,
    Codes,
    DayReader,
    FieldReader,
    GroupCodeReader,
    NumberReader,
    Outcome,
    PeriodReader,
    TextReader,
)
from harvesters.mapping.records import Records
from harvesters.readers.markers import Legend
from harvesters.readers.percent import Scale

_PLACEHOLDER = re.compile(r"\{(heading|\d)\}")


@dataclass(frozen=True, slots=True)
class Read:
    """Cells that are read in every row."""

    #: numbers of the columns; several are joined
    columns: tuple[int, ...]
    #: what stands between joined texts that are numbers
    joiner: str
    #: reads them
    reader: FieldReader


#: what a field is: the same for all rows, or the number of a read
Binding = Outcome | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One observation a row: what its fields are."""

    #: field or breakdown -> what it is; ``value`` is missing if it is computed
    bindings: Mapping[str, Binding]
    #: how percentages are written; None is found by looking
    percent: Scale | None
    #: what numbers are multiplied by
    multiply: Decimal
    #: what an empty value is: ``missing`` or ``skip``
    blank: str
    #: number of the value column, for places; None if it is computed
    column: int | None


@dataclass(slots=True)
class Plan:
    """How the rows of a table become observations."""

    #: the table
    records: Records
    #: the cells that are read
    reads: list[Read] = field(default_factory=list)
    #: the observations of a row
    series: list[Series] = field(default_factory=list)
    #: conditions on rows, each with its column
    only: list[tuple[int, Only]] = field(default_factory=list)
    #: columns whose total words are codes and no totals of rows
    total_codes: set[int] = field(default_factory=set)
    #: column of the areas; None if it is the same for all rows
    area: int | None = None


@dataclass(slots=True, kw_only=True)
class Binder:
    """Lays a mapping on tables; readers are shared by all tables of a source."""

    #: the mapping
    mapping: TableMapping
    #: indicators, areas, code lists
    reference: Reference
    #: the area that the source declares, or None
    area: str | None
    #: what markers mean
    legend: Legend
    #: breakdown -> its codes
    codes: Mapping[str, Codes]
    _readers: dict[tuple[str, int], FieldReader] = field(default_factory=dict)

    def reader(self, name: str, source: FieldSource) -> FieldReader:
        """Return the reader of a field from a source."""
        key = (name, id(source))
        if key not in self._readers:
            self._readers[key] = self._make(name, source)
        return self._readers[key]

    def _make(self, name: str, source: FieldSource) -> FieldReader:
        indicators = self.reference.indicator_set.indicators
        lists = self.reference.codelists
        if name == "indicator":
            named = bool(self.mapping.sources_of("definition"))
            return CodeReader(source, {one.id: one for one in indicators if named or len(one.definitions) == 1})
        if name == "definition":
            return CodeReader(source, {id: None for one in indicators for id in one.definition_ids})
        if name == "area":
            return AreaReader(source, self.reference.areas, self.area)
        if name == "period":
            return PeriodReader(source)
        if name == "unit":
            return CodeReader(source, lists["unit"].labels)
        if name == "status":
            return CodeReader(source, lists["obs_status"].labels, required=False)
        if name in DAYS:
            return DayReader(source)
        if name in TEXTS:
            return TextReader(source)
        if name == "value" or name in NUMBERS:
            return NumberReader(source, self.legend)
        return GroupCodeReader(source, self.codes[name])

    def constant(self, name: str, source: FieldSource) -> Outcome:
        """Return what a declared constant is.

        Raises
        ------
        ConfigurationError
            If it cannot be used; names the nearest that can.
        """
        reader, text = self.reader(name, source), str(source.const)
        found = reader.read(text)
        if not found.usable and isinstance(reader, GroupCodeReader):
            found = reader.named(text)
        if not found.usable:
            indicator = self.reference.indicator_set.find_indicator(text) if name == "indicator" else None
            raise _several_definitions(indicator) if indicator else _unusable(name, text, found)
        return Outcome(value=found.value, status=found.status, unit=found.unit)

    def check(self) -> None:
        """Refuse constants and codes that do not exist, before anything is read.

        Raises
        ------
        ConfigurationError
            For the first such value; names the nearest one that exists.
        """
        for columns in (None, *self.mapping.value_columns):
            for name, source in self._sources(columns).items():
                for text in (*((source.const,) if source.const is not None else ()), *source.codes.values()):
                    self.constant(name, FieldSource(const=text, form=source.form))

    def bind(self, records: Records, findings: Findings) -> Plan:
        """Return how the rows of a table become observations.

        Raises
        ------
        InputError
            If a column is not there; names the nearest one and those that are.
        """
        plan = Plan(records)
        plan.only = [(records.get_column(one.column), one) for one in self.mapping.only]
        plan.total_codes = {column for column, _ in plan.only}
        for columns, number in self._value_columns(records):
            series = self._series(plan, columns, number, findings)
            if series is not None:
                plan.series.append(series)
        if not plan.series:
            raise InputError(
                "mapping の columns_as に当てはまる列がありません",
                "No column fits columns_as of the mapping",
                next_step=Label(
                    f"columns_as を直してください。今の見出し: {'、'.join(records.columns)}",
                    f"Correct columns_as. Headings: {', '.join(records.columns)}",
                ),
                place=records.place(None, None),
                allowed=list(records.columns),
            )
        return plan

    def _value_columns(self, records: Records) -> list[tuple[ValueColumns | None, int | None]]:
        if not self.mapping.value_columns:
            return [(None, None)]
        found: list[tuple[ValueColumns | None, int | None]] = []
        for one in self.mapping.value_columns:
            numbers = records.find_columns(one.heading) if one.several else [records.get_column(one.heading)]
            found += [(one, number) for number in numbers]
        return found

    def _series(
        self, plan: Plan, columns: ValueColumns | None, number: int | None, findings: Findings
    ) -> Series | None:
        """Return the series of a value column; None if its heading cannot be read, which is reported."""
        bindings: dict[str, Binding] = {}
        for name, source in self._sources(columns).items():
            bound = self._bind(plan, name, source, number)
            if isinstance(bound, Outcome) and bound.rule is not None:
                findings.add(bound.rule, plan.records.place(None, number), self._origin_text(plan, source, number))
            if isinstance(bound, Outcome) and not bound.usable:
                return None
            bindings[name] = bound
        if number is not None:
            bindings["value"] = self._read(plan, "value", _VALUE, (number,))
        if "definition" not in bindings:
            self._add_definition(bindings)
        value = self.mapping.value
        return Series(
            bindings=bindings,
            percent=(columns.percent if columns else None) or value.percent,
            multiply=(columns.multiply if columns and columns.multiply is not None else value.multiply),
            blank=value.blank,
            column=self._column_of(plan, bindings.get("value")),
        )

    def _column_of(self, plan: Plan, binding: Binding | None) -> int | None:
        return plan.reads[binding].columns[0] if isinstance(binding, int) else None

    def _sources(self, columns: ValueColumns | None) -> dict[str, FieldSource]:
        """Return field -> source: what is said of the value columns before what is said of all."""
        mapping = self.mapping
        found = {**mapping.fields, **{one.id: one.source for one in mapping.breakdowns}}
        unit, value = mapping.value.unit, mapping.value.source
        if columns is not None:
            found |= {**columns.fields, **columns.breakdowns}
            unit = columns.unit or unit
        if unit is not None:
            found["unit"] = unit
        if value is not None:
            found["value"] = value
        if "area" not in found:
            found["area"] = FieldSource(const=self._declared_area())
        return found

    def _declared_area(self) -> str:
        if self.area is None:
            raise ConfigurationError(
                "地域が指定されていません",
                "No area is declared",
                next_step=Label(
                    "mapping の area に列を、または options の area に団体コードを書いてください",
                    "Name its column as area in the mapping, or give the code as area in the options",
                ),
                place=Place(cell="options.mapping.area"),
                key="options.mapping.area",
            )
        return self.area

    def _bind(self, plan: Plan, name: str, source: FieldSource, number: int | None) -> Binding:
        if source.const is not None:
            return self.constant(name, source)
        if source.origin is not None:
            return self._read_origin(plan, name, source, number)
        columns = tuple(plan.records.get_column(_filled(one, plan, number)) for one in source.columns)
        if name == "area":
            plan.area = columns[0]
        if name in self.codes:
            plan.total_codes.update(columns)
        return self._read(plan, name, source, columns)

    def _read(self, plan: Plan, name: str, source: FieldSource, columns: tuple[int, ...]) -> int:
        read = Read(columns, "" if name == "area" else "-", self.reader(name, source))
        for number, one in enumerate(plan.reads):
            if one.columns == columns and one.reader is read.reader:
                return number
        plan.reads.append(read)
        return len(plan.reads) - 1

    def _read_origin(self, plan: Plan, name: str, source: FieldSource, number: int | None) -> Outcome:
        text = self._origin_text(plan, source, number)
        found = self.reader(name, source).read(text)
        if not found.usable and source.origin != "heading":
            assert found.rule is not None
            detail = found.detail or found.rule.title
            raise InputError(
                f"{name}: {detail.ja}（{text}）",
                f"{name}: {detail.en} ({text})",
                next_step=found.rule.next_step,
                place=plan.records.place(None, None),
                value=text,
            )
        return found

    def _origin_text(self, plan: Plan, source: FieldSource, number: int | None) -> str:
        records = plan.records
        if source.origin != "heading":
            return {"sheet": records.sheet or "", "title": records.title, "file": records.name}[str(source.origin)]
        return _heading(records, number, source.level)

    def _add_definition(self, bindings: dict[str, Binding]) -> None:
        """Bind the only definition of a constant indicator; of others it is looked up for each row."""
        indicator = bindings["indicator"]
        if isinstance(indicator, Outcome):
            found = self.reference.indicator_set.get_indicator(str(indicator.value))
            bindings["definition"] = Outcome(value=found.definitions[0].id)


_VALUE = FieldSource()


def _heading(records: Records, number: int | None, level: int | None) -> str:
    if number is None:
        return ""
    path = (records.headings or tuple((one,) for one in records.columns))[number]
    if level is None:
        return " ".join(path)
    return path[level - 1] if level <= len(path) else ""


def _filled(heading: str, plan: Plan, number: int | None) -> str:
    """Return a heading with ``{1}`` replaced by the first heading of the value column, ``{heading}`` by all."""

    def fill(match: re.Match[str]) -> str:
        return _heading(plan.records, number, None if match[1] == "heading" else int(match[1]))

    return _PLACEHOLDER.sub(fill, heading)


def _several_definitions(indicator: Indicator) -> ConfigurationError:
    listed = ", ".join(indicator.definition_ids)
    return ConfigurationError(
        f"{indicator.id} には定義が{len(indicator.definitions)}つあります",
        f"{indicator.id} has {len(indicator.definitions)} definitions",
        next_step=Label(f"どれかを definition に書いてください: {listed}", f"Name one as definition: {listed}"),
        place=Place(cell="options.mapping.definition"),
        key="options.mapping.definition",
        value=indicator.id,
        allowed=list(indicator.definition_ids),
    )


def _unusable(name: str, value: str, found: Outcome) -> ConfigurationError:
    detail = found.detail or (found.rule.title if found.rule else Label("使えません", "cannot be used"))
    return ConfigurationError(
        f"mapping の {name} の値「{value}」は使えません: {detail.ja}",
        f"The value {value!r} of {name} in the mapping cannot be used: {detail.en}",
        next_step=Label("harvest.yml の mapping を直してください", "Correct mapping in harvest.yml"),
        place=Place(cell=f"options.mapping.{name}"),
        key=f"options.mapping.{name}",
        value=value,
    )
