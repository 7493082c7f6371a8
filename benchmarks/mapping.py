"""A plain CSV of a mapped source: to the observation table, and to a published release.

The limit in the same round is DuckDB: the same file into Parquet sorted by the same four columns, unchecked. The table
is mapped, checked row by row and sorted; the release adds its own checks, the report on machine readability, its files,
its difference and its publication.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.harvest import Cost, cost
from benchmarks.report import Result, middle
from catalog.reference import load_reference

ROUNDS = 3
#: rows -> whether a release is published too
SIZES = {100_000: True, 1_000_000: True, 10_000_000: False}

_LIMIT = """
import duckdb, sys
duckdb.sql(f"COPY (FROM read_csv('{sys.argv[1]}', types={{'団体コード': 'VARCHAR'}}) ORDER BY 1, 2, 3, 4) "
           f"TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)")
"""
_MAP = """
import os
import sys
from pathlib import Path
from catalog.reference import load_reference
from catalog.settings import Settings
from harvesters import Context, Findings, load_sources
from harvesters.base import Tally
from harvesters.mapping import Mapper
from harvesters.readers import Declared
settings = Settings.from_environ(os.environ)
[source] = load_sources(settings.harvest_file, settings)
context = Context(source=source, reference=load_reference(), fetcher=None, findings=Findings(), tally=Tally())
path = Path(sys.argv[1])
Mapper(context).file_contributions(path, name=path.name, declared=Declared.of(source.options), object=path.name)
"""
_SOURCE = """
version: 1
organisations:
  city: {{title: {{ja: 市, en: City}}, url: "https://city.example.jp/"}}
sources:
  - name: figures
    kind: csv
    title: {{ja: 数値, en: Figures}}
    path: {path}
    organisation: city
    options:
      synthetic: true
      mapping:
        indicator: kpi-12
        definition: kpi-12.issued
        area: {{column: 団体コード}}
        period: {{column: 年度, as: fiscal-year}}
        value: {{column: 率, unit: PT, percent: points}}
        numerator: {{column: 枚数}}
        denominator: {{column: 人口}}
        breakdowns: {{sex: {{column: 性別}}, age: {{column: 年齢}}}}
"""


def measure() -> Result:
    """Measure all sizes, interleaved, and return the table of medians."""
    rows = []
    for size, published in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = write_figures(Path(folder) / "figures.csv", size)
            rounds = [_round(path, published=published) for _ in range(ROUNDS)]
        limits = [one["limit"] for one in rounds]
        rows += [_row(size, name, [one[name] for one in rounds], limits) for name in rounds[0]]
    return Result(
        "A CSV of a mapped source",
        f"Seven columns: area, fiscal year, sex, age, rate, numerator, denominator. {ROUNDS} rounds, medians; each in "
        "a process of its own, start included. The limit is DuckDB's unchecked CSV to sorted Parquet.",
        ("rows", "what", "seconds", "CPU s", "peak MB", "times the limit"),
        tuple(rows),
    )


def write_figures(path: Path, rows: int) -> Path:
    """Write a CSV with about this many rows, no two with the same key; the same each time."""
    areas = [one.code for one in load_reference().areas]
    numbers = random.Random(rows)
    ages = [f"{low}～{low + 4}歳" for low in range(0, 65, 5)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("団体コード,年度,性別,年齢,率,枚数,人口\n")
        for number in range(-(-rows // len(areas))):
            year, sex, age = 1880 + number // 39, "男女計"[number % 3], ages[number // 3 % 13]
            for area in areas:
                part, whole = numbers.randrange(1, 1000), numbers.randrange(1000, 2000)
                file.write(f"{area},{year}年度,{sex},{age},{100 * part / whole:.1f},{part},{whole}\n")
    return path


def _round(path: Path, *, published: bool) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "harvest.yml").write_text(_SOURCE.format(path=path), "utf-8")
        environ = os.environ | {
            "SHIHYO_HOME": str(home / "home"),
            "SHIHYO_HARVEST_FILE": str(home / "harvest.yml"),
            "SHIHYO_MAX_UPLOAD_MB": "2000",
        }
        costs = {
            "limit": cost([sys.executable, "-c", _LIMIT, str(path), str(home / "limit.parquet")], environ),
            "observation table": cost([sys.executable, "-c", _MAP, str(path)], environ),
        }
        if published:
            shihyo = [str(Path(sys.executable).with_name("shihyo")), "harvest", "run", "--json"]
            costs["published release"] = cost(shihyo, environ)
        return costs


def _row(size: int, name: str, costs: list[Cost], limits: list[Cost]) -> tuple[str, ...]:
    ratio = middle([one.seconds / limit.seconds for one, limit in zip(costs, limits, strict=True)])
    return (
        f"{size:,}",
        name,
        f"{middle([one.seconds for one in costs]):.2f}",
        f"{middle([one.cpu for one in costs]):.2f}",
        f"{middle([one.peak for one in costs]):.0f}",
        f"{ratio:.1f}",
    )
