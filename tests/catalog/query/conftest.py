"""Releases made by hand, and an engine of each kind over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from catalog.model import DataStructure, Dimension, Label
from catalog.query.duckdb import DuckDBEngine
from catalog.query.engine import Engine
from catalog.query.sqlite import SqliteEngine, ensure_index
from catalog.reference import Reference, load_reference

Rows = list[dict[str, Any]]
MakeEngine = Callable[[Path, DataStructure], Engine]

SEX = Dimension(
    "sex", Label("性別", "Sex"), {"_T": Label("計", "Total"), "M": Label("男", "Male"), "F": Label("女", "Female")}
)


@pytest.fixture(scope="session")
def structure() -> DataStructure:
    """Return a structure with one breakdown."""
    return DataStructure((SEX,))


@pytest.fixture(scope="session")
def reference() -> Reference:
    """Return the reference data of the product."""
    return load_reference()


@pytest.fixture(scope="session")
def rows() -> Rows:
    """Return twenty-three observations: two definitions of kpi-13, kpi-12 for three areas, a missing value."""
    found = [
        {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": area,
            "period": period,
            "sex": sex,
            "value": None if (area, period, sex) == ("121011", "2021-04-01", "M") else round(10 + rank * 1.1, 1),
            "unit": "PT",
            "numerator": float(rank),
            "denominator_date": date(2020, 1, 1),
            "n": None if rank % 3 else rank,
            "obs_status": "M" if (area, period, sex) == ("121011", "2021-04-01", "M") else "A",
        }
        for rank, (area, period, sex) in enumerate(
            (area, period, sex)
            for area in ("121002", "121011", "011002")
            for period in ("2020-04-01", "2021-04-01", "2021-12-01")
            for sex in ("_T", "M")
        )
    ]
    for definition, period in (
        ("kpi-13.available", "FY2020"),
        ("kpi-13.available", "FY2021"),
        ("kpi-13.done", "FY2019"),
        ("kpi-13.done", "FY2020"),
        ("kpi-13.done", "2021-Q1"),
    ):
        found.append(
            {
                "indicator_id": "kpi-13",
                "definition_id": definition,
                "area_code": "000000",
                "period": period,
                "sex": "_T",
                "value": 48.9,
                "unit": "PT",
                "obs_status": "A",
                "note": "改行\nと,カンマ",
            }
        )
    return found


def write(rows: Rows, structure: DataStructure, target: Path) -> Path:
    """Write rows as the Parquet file of a release, sorted by the key."""
    table = structure.table(rows).sort_by([(name, "ascending") for name in structure.key])
    pq.write_table(table, target)
    return target


@pytest.fixture(scope="session")
def write_parquet() -> Callable[[Rows, DataStructure, Path], Path]:
    """Return the function that writes rows as the Parquet file of a release."""
    return write


@pytest.fixture(scope="session")
def parquet(rows: Rows, structure: DataStructure, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Parquet file of the release."""
    return write(rows, structure, tmp_path_factory.mktemp("release") / "release.parquet")


def _sqlite(parquet: Path, structure: DataStructure) -> Engine:
    return SqliteEngine(ensure_index(parquet, structure, parquet.stem, parquet.parent / "index"), structure)


@pytest.fixture(scope="session", params=[_sqlite, DuckDBEngine], ids=["sqlite", "duckdb"])
def make_engine(request: pytest.FixtureRequest) -> MakeEngine:
    """Return the function that opens a release with one kind of engine."""
    make: MakeEngine = request.param
    return make


@pytest.fixture(scope="session")
def engine(make_engine: MakeEngine, parquet: Path, structure: DataStructure) -> Iterator[Engine]:
    """Return an engine over the release."""
    with make_engine(parquet, structure) as engine:
        yield engine
