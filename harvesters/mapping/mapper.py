"""The mapper: records of a source -> the observations of one dataset, as its configuration declares.

Order of events: the mapping is checked against the reference data; each table is bound to it (columns are found by
their headings); rows are read; observations are assembled, checked and sorted. What cannot be used is a finding with
its place, and nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catalog.errors import ConfigurationError, InputError, Label, Place
from catalog.model import COUNTRY, Dataset, DataStructure, parse_period
from catalog.reference import Reference
from harvesters.base import Context, Contribution
from harvesters.mapping.assembly import Assembly
from harvesters.mapping.binding import Binder
from harvesters.mapping.description import breakdown_codes, describe, dimension, mapping_of
from harvesters.mapping.records import Records
from harvesters.mapping.rows import read_rows
from harvesters.readers.markers import LEGENDS


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
        assembly = self._assembly()
        for one in tables:
            plan = self._binder.bind(one, self._context.findings)
            assembly.add(plan, read_rows(plan))
        return [self._contribution(assembly, object, issued)]

    def _assembly(self) -> Assembly:
        names = [one.id for one in self.mapping.breakdowns]
        return Assembly(names, self._reference, self._context.findings, self._context.tally)

    def _contribution(self, assembly: Assembly, object: str, issued: str | None) -> Contribution:
        if assembly.is_empty:
            raise _nothing(object)
        dataset = self._describe(assembly)
        before = replace(self._context.tally)
        table = assembly.finish(dataset.structure.names, dataset.structure.arrow_schema())
        tally = self._context.tally
        self._check_share(tally.rejected - before.rejected, tally.read - before.read, object)
        return Contribution(dataset=dataset, table=table, issued=issued or _issued(assembly), object=object)

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
