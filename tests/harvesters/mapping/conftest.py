"""What the tests of mapped tables share: a mapper over a file or rows, read in either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import Label
from catalog.model import Agent
from harvesters import Context, Contribution, HarvestSource
from harvesters.mapping import Mapper, read_mapping, records_of_rows
from harvesters.readers.declared import Declared

#: a mapping that most tests begin with
CARDS = {
    "indicator": "kpi-12",
    "definition": "kpi-12.issued",
    "area": {"column": "団体コード"},
    "period": {"column": "年度", "as": "fiscal-year"},
    "value": {"column": "率", "unit": "PT", "percent": "points"},
}


@dataclass(frozen=True)
class Mapped:
    """What became of a file."""

    contribution: Contribution
    context: Context

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The observations without what is null."""
        return [{k: v for k, v in row.items() if v is not None} for row in self.contribution.table.to_pylist()]

    @property
    def values(self) -> dict[tuple[str, ...], float | None]:
        """Area, period and breakdowns -> value."""
        names = self.contribution.dataset.structure.key[2:]
        return {tuple(row[one] for one in names): row["value"] for row in self.contribution.table.to_pylist()}

    @property
    def counts(self) -> dict[str, int]:
        """Rule -> number of findings, detections left out."""
        return {id: n for id, n in self.context.findings.counts.items() if not id.startswith("detected")}

    def found(self, rule: str) -> list[tuple[str | None, str | None]]:
        """Return cell and value of the findings of a rule."""
        return [(one.place.cell, one.value) for one in self.context.findings.examples[rule]]


@pytest.fixture
def cards() -> dict[str, Any]:
    """Return the mapping that most tests begin with."""
    return dict(CARDS)


@pytest.fixture
def make_mapping_context(make_context, make_source) -> Callable[..., Context]:
    """Return a function that makes the context of a mapped source."""

    def make(mapping: dict[str, Any], kind: str = "csv", **options: Any) -> Context:
        source: HarvestSource = make_source(kind, path=Path("x"), **{"max_rejected": 1.0, **options})
        publisher = Agent("chiba-city", Label("千葉市", "Chiba City"), "https://www.city.chiba.jp/")
        return make_context(
            HarvestSource(
                **{
                    **{name: getattr(source, name) for name in HarvestSource.__slots__},
                    "publisher": publisher,
                    "options": {**source.options, "mapping": read_mapping(mapping)},
                }
            )
        )

    return make


@pytest.fixture
def map_file(make_mapping_context) -> Callable[..., Mapped]:
    """Return a function that maps a file, by rows or (``bulk``) by columns."""

    def run(path: Path, mapping: dict[str, Any], *, bulk: bool = False, **options: Any) -> Mapped:
        context = make_mapping_context(mapping, **options)
        mapper = Mapper(context)
        mapper.bulk_from = 0 if bulk else 10**15
        declared = Declared.of(context.source.options)
        [found] = mapper.file_contributions(path, name=path.name, declared=declared, object=path.name)
        return Mapped(found, context)

    return run


@pytest.fixture
def map_rows(make_mapping_context) -> Callable[..., Mapped]:
    """Return a function that maps rows."""

    def run(columns: Sequence[str], rows: Sequence[Sequence[Any]], mapping: dict[str, Any], **options: Any) -> Mapped:
        context = make_mapping_context(mapping, **options)
        records = records_of_rows("answer.json", columns, rows)
        [found] = Mapper(context).contributions(records, object="answer.json")
        return Mapped(found, context)

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a text file."""

    def make(text: str, name: str = "表.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return make
