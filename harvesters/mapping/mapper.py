"""The mapper: records of a source -> the observations of one dataset, as its configuration declares.

Order of events: the mapping is checked against the reference data; each table is bound to it (columns are found by
their headings); rows are read; observations are assembled, checked and sorted. What cannot be used is a finding with
its place, and nothing is dropped in silence.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from catalog.errors import ConfigurationError, InputError, Label, Place
from catalog.model import COUNTRY, Dataset, DataStructure, parse_period
from catalog.reference import Reference
from harvesters.base import Context, Contribution
from harvesters.findings import Findings
from harvesters.mapping.assembly import Assembly
from harvesters.mapping.binding import Binder, Plan
from harvesters.mapping.bulk import read_bulk, records_of_plain
from harvesters.mapping.columns import ReadTable, Slice
from harvesters.mapping.description import breakdown_codes, describe, dimension, mapping_of
from harvesters.mapping.memory import garbage_search_paused
from harvesters.mapping.records import Records, records_of_table
from harvesters.mapping.rows import read_rows
from harvesters.mapping.rules import MAPPED
from harvesters.mapping.scratch import Scratch
from harvesters.mapping.totals import check_totals
from harvesters.readers.bundle import Member, unpacked
from harvesters.readers.declared import LARGEST_FILE, Declared, open_tables
from harvesters.readers.detected import as_findings
from harvesters.readers.markers import LEGENDS
from harvesters.readers.plain import Untidy, is_parquet, is_text, must_be_plain, open_plain
from harvesters.readers.shape import note_shape

#: bytes that a file may unpack to
LARGEST_PLAIN = 4_000_000_000
#: ends of the names of files that are tables
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".pq"})


class Mapper:
    """Maps the records of one source.

    Parameters
    ----------
    context
        Of the source; its options include those of :data:`~harvesters.mapping.MAPPING_OPTIONS`.

    Raises
    ------
    ConfigurationError
        If the mapping is missing, or names an indicator, area, unit or code that does not exist.
    """

    #: bytes from which a plain table is read column by column
    bulk_from = 1_000_000

    def __init__(self, context: Context) -> None:
        self._context = context
        self._source, self._reference = context.source, context.reference
        options = self._source.options
        self.mapping = mapping_of(self._source)
        self._codes = breakdown_codes(self.mapping, self._reference)
        self._binder = Binder(
            mapping=self.mapping,
            reference=self._reference,
            area=options["area"],
            legend=LEGENDS[options["legend"]].extended(options["markers"] or {}),
            codes=self._codes,
        )
        try:
            self._binder.check()
        except ConfigurationError as error:
            key = f"{self._source.name}.{error.context['key']}"
            error.context["key"] = key
            error.place = Place(file=self._source.file.name, cell=key)
            raise

    def dataset(self) -> Dataset:
        """Return the dataset as it is known before anything is read; codes that are found later are added."""
        return describe(self._source, self.mapping, self._reference)

    @garbage_search_paused()
    def contributions(
        self, records: Records | Sequence[Records], *, object: str, issued: str | None = None
    ) -> list[Contribution]:
        """Return what records add to the dataset: one contribution with all their periods.

        Parameters
        ----------
        records
            The tables of one object.
        object
            Its name.
        issued
            When the figures became known, ISO 8601 with offset; the last day of the last period if None.

        Raises
        ------
        InputError
            If a column is not there, too many rows cannot be used, or no row can.
        """
        tables = [records] if isinstance(records, Records) else list(records)
        assembly = self._assembly(Scratch())
        for one in tables:
            plan = self._binder.bind(one, self._context.findings)
            assembly.add(plan, [_whole(read_rows(plan))])
        return [self._contribution(assembly, object, issued)]

    @garbage_search_paused()
    def file_contributions(
        self, path: Path, *, name: str, declared: Declared, object: str, issued: str | None = None
    ) -> list[Contribution]:
        """Return what a file adds: any table file, or an archive or gzip of such files.

        A large plain table (one header row, nothing but rows) is read column by column, everything else as people lay
        out tables. Of several tables those with the columns of the mapping are used; the others are reported.

        Parameters
        ----------
        path, name
            The file, and what people call it.
        declared
            What the source says of how its files are written.
        object
            Name of the object.
        issued
            As for :meth:`contributions`.

        Raises
        ------
        InputError, TooLarge
            If it cannot be read, no table has the columns, too many rows cannot be used, or no row can.
        """
        with (
            tempfile.TemporaryDirectory(prefix="shihyo-") as folder,
            unpacked(path, name=name, largest=LARGEST_PLAIN) as members,
        ):
            assembly = self._assembly(Scratch(Path(folder) / "arrays"))
            for one in self._tables_among(members):
                self._add_file(one, declared, Path(folder), assembly)
            return [self._contribution(assembly, object, issued)]

    def _tables_among(self, members: Sequence[Member]) -> list[Member]:
        """Return the members of an archive that are tables; the others are reported."""
        if len(members) == 1:
            return list(members)
        tables = [one for one in members if PurePosixPath(one.name).suffix.lower() in TABLE_SUFFIXES]
        for one in members:
            if one not in tables:
                self._context.findings.add(MAPPED["member-unused"], Place(file=one.name))
        return tables or list(members)

    def _add_file(self, member: Member, declared: Declared, folder: Path, assembly: Assembly) -> None:
        large = member.path.stat().st_size > LARGEST_FILE and is_text(member.path)
        try:
            if self._add_plain(member, declared, folder, assembly):
                return
        except Untidy as error:
            if large:
                raise error.error from error
        if large:
            raise must_be_plain(member.name, "the first rows")
        findings = self._context.findings
        tables = open_tables(member.path, name=member.name, declared=declared, findings=findings)
        plans = self._bind_all([records_of_table(one, name=member.name) for one in tables])
        for plan in plans:
            rows = read_rows(plan)
            assembly.add(plan, [_whole(rows)])
            if rows.totals and plan.records.sheet is not None:
                check_totals(plan, findings)

    def _add_plain(self, member: Member, declared: Declared, folder: Path, assembly: Assembly) -> bool:
        """Add a Parquet file or a large plain table; False if the file is neither."""
        small = member.path.stat().st_size < self.bulk_from
        if not (is_parquet(member.path) or (not small and is_text(member.path))):
            return False
        plain = open_plain(
            member.path,
            name=member.name,
            folder=folder,
            layout=declared.layout,
            encoding=declared.encoding,
            delimiter=declared.delimiter,
        )
        if plain is None:
            return False
        told, headings = Findings(), [one for one in plain.columns if one]
        try:
            plan = self._binder.bind(records_of_plain(plain), told)
        except InputError:
            note_shape(member.name, None, headings)
            raise
        slices = read_bulk(plan, plain, assembly.scratch)
        note_shape(member.name, None, headings)
        self._context.findings.extend(as_findings(plain.detected))
        self._context.findings.merge(told)
        assembly.add(plan, slices)
        return True

    def _bind_all(self, tables: Sequence[Records]) -> list[Plan]:
        """Return the plans of the tables that have the columns; the others are reported if one has them."""
        plans: list[Plan] = []
        failures: list[tuple[Records, InputError]] = []
        for one in tables:
            told = Findings()
            try:
                plans.append(self._binder.bind(one, told))
                self._context.findings.merge(told)
            except InputError as error:
                failures.append((one, error))
        if not plans:
            raise failures[0][1]
        for one, failure in failures:
            place, title = one.place(None, None), one.title or None
            self._context.findings.add(MAPPED["table-unused"], place, title, detail=failure.what)
        return plans

    def _assembly(self, scratch: Scratch) -> Assembly:
        names = [one.id for one in self.mapping.breakdowns]
        return Assembly(names, self._reference, self._context.findings, self._context.tally, scratch)

    def _contribution(self, assembly: Assembly, object: str, issued: str | None) -> Contribution:
        if assembly.is_empty:
            raise _nothing(object)
        dataset = self._describe(assembly)
        before = replace(self._context.tally)
        table = assembly.finish(dataset.structure.names, dataset.structure.arrow_schema())
        tally = self._context.tally
        self._check_share(tally.rejected - before.rejected, tally.read - before.read, object)
        places = (assembly.places,) if assembly.places is not None else ()
        issued = issued or _issued(assembly)
        return Contribution(dataset=dataset, table=table, issued=issued, object=object, places=places)

    def _describe(self, assembly: Assembly) -> Dataset:
        dataset, reference = self.dataset(), self._reference
        breakdowns = tuple(
            dimension(one, assembly.used(one.id), self._codes[one.id].met, reference) for one in self.mapping.breakdowns
        )
        return replace(
            dataset,
            indicators=tuple(sorted({*dataset.indicators, *assembly.used("indicator_id")})),
            spatial=dataset.spatial or _common_area(self._reference, assembly.used("area_code")),
            structure=DataStructure(breakdowns),
        )

    def _check_share(self, rejected: int, read: int, object: str) -> None:
        limit = self._source.options["max_rejected"]
        if rejected <= limit * read:
            return
        raise InputError(
            f"{read}行のうち{rejected}行が使えません（上限は{limit:.0%}）",
            f"{rejected} of {read} rows cannot be used, more than {limit:.0%}",
            next_step=Label(
                "報告の指摘を直してください。そのまま公開してよければ options の max_rejected を上げてください",
                "Correct what the report names; if it may be published as it is, raise max_rejected in the options",
            ),
            place=Place(file=object),
            value=rejected,
            limit=limit,
        )


def _whole(table: ReadTable) -> Slice:
    return lambda: table


def _nothing(object: str) -> InputError:
    return InputError(
        "観測値になる行が一つもありません",
        "Not one row became an observation",
        next_step=Label(
            "報告の指摘と、options の mapping を確かめてください",
            "Check the findings of the report, and mapping in the options",
        ),
        place=Place(file=object),
    )


def _issued(assembly: Assembly) -> str:
    end = max(parse_period(one).end for one in assembly.used("period"))
    return f"{end.isoformat()}T00:00:00+09:00"


def _common_area(reference: Reference, codes: set[str]) -> tuple[str, ...]:
    """Return the smallest area that all areas lie in."""
    above = [_above(reference, one) for one in sorted(codes)]
    common = [one for one in above[0] if all(one in each for each in above)]
    return (common[0],) if common else (COUNTRY,)


def _above(reference: Reference, code: str) -> list[str]:
    """Return an area and those above it, the smallest first."""
    found, area = [], reference.areas.find(code)
    while area is not None:
        found.append(area.code)
        area = reference.areas.find(area.parent) if area.parent else None
    return found
