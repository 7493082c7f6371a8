"""The steps of building a release, each beside pyarrow writing the same table as CSV without any of our rules.

The table has the shape of the municipal card statistics: 1,741 areas and 35 periods, 60,935 observations, made here.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv

from benchmarks.report import Result, middle
from catalog.errors import Label
from catalog.formats import code_labels, write_csv, write_excel_csv, write_parquet
from catalog.model import CC_BY, Agent, Dataset, DataStructure
from catalog.reference import load_reference
from catalog.releases import check_table, diff_tables

ROUNDS = 7
PERIODS = 35


def measure() -> Result:
    """Measure all steps, interleaved, and return the table of medians."""
    dataset = made_dataset()
    table = made_table(dataset.structure)
    with tempfile.TemporaryDirectory() as folder:
        steps = _steps(dataset, table, Path(folder))
        rounds = [{name: _seconds(step) for name, step in steps.items()} for _ in range(ROUNDS)]
    rows = tuple(_row(name, rounds) for name in rounds[0])
    return Result(
        "Building a release",
        f"{table.num_rows:,} observations, {ROUNDS} interleaved rounds in one process, medians.",
        ("step", "ms", "µs a row", "times the limit"),
        tuple((name, ms, f"{1000 * float(ms) / table.num_rows:.2f}", ratio) for name, ms, ratio in rows),
    )


def _steps(dataset: Dataset, table: pa.Table, folder: Path) -> dict[str, Callable[[], object]]:
    reference = load_reference()
    labels = code_labels(reference)
    structure = dataset.structure
    older = table.slice(0, table.num_rows - table.num_rows // PERIODS)
    return {
        "pyarrow's CSV (the limit)": lambda: arrow_csv.write_csv(table, folder / "limit.csv"),
        "CSV for programs": lambda: write_csv(table, structure, folder / "a.csv"),
        "CSV for Excel": lambda: write_excel_csv(table, structure, labels, folder / "b.csv"),
        "Parquet": lambda: write_parquet(table, structure, folder / "c.parquet", {}),
        "checks": lambda: check_table(dataset, table, reference.codelists, areas=[one.code for one in reference.areas]),
        "difference to the release before": lambda: diff_tables(older, table, structure),
    }


def _seconds(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def _row(name: str, rounds: list[dict[str, float]]) -> tuple[str, str, str]:
    limit = "pyarrow's CSV (the limit)"
    return (
        name,
        f"{1000 * middle([one[name] for one in rounds]):.1f}",
        f"{middle([one[name] / one[limit] for one in rounds]):.1f}",
    )


def made_dataset() -> Dataset:
    """Return a dataset of made-up figures."""
    agent = Agent("benchmark", Label("計測", "Benchmark"))
    return Dataset(
        name="benchmark",
        title=Label("計測用の表", "Table of a benchmark"),
        description=Label("計測用に作った値", "Made for a benchmark"),
        publisher=agent,
        creator=agent,
        contact=agent,
        license=CC_BY,
        citation=Label("なし", "none"),
        landing_page="http://localhost/",
        keywords=(),
        indicators=("kpi-12",),
        frequency="M",
        spatial=("000000",),
        structure=DataStructure(),
        synthetic=True,
    )


def made_table(structure: DataStructure, more: int = 0) -> pa.Table:
    """Return its 60,935 observations; ``more`` is added to each numerator."""
    areas = [area.code for area in load_reference().areas if area.is_municipality]
    days = [date(2019 + month // 12, month % 12 + 1, 1) for month in range(PERIODS)]
    rows = [
        {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": area,
            "period": day.isoformat(),
            "value": round(100 * (place + step + more) / 4000, 1),
            "unit": "PT",
            "numerator": float(place + step + more),
            "denominator": 4000.0,
            "numerator_date": day,
            "denominator_date": date(2019, 1, 1),
            "obs_status": "A",
        }
        for place, area in enumerate(sorted(areas))
        for step, day in enumerate(days)
    ]
    return structure.table(rows)
