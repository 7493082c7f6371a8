"""``shihyo harvest run`` on the full source files: first run, run again, plan.

The limit in the same round is DuckDB: the same municipal files read into one Parquet file, unchecked, unsorted.
It does a small part of the work; the ratio says what releases, checks, publishing and the reports cost beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Result, middle

ROUNDS = 3
SHARED = Path(os.environ.get("SHIHYO_SHARED", Path(__file__).parents[2] / "shared"))

_LIMIT = """
import duckdb, sys
duckdb.sql(f"COPY (FROM read_csv('{sys.argv[1]}/*/all_localgovs.csv', union_by_name=true, all_varchar=true)) "
           f"TO '{sys.argv[2]}' (FORMAT parquet)")
"""
_SOURCES = """
version: 1
sources:
  - {{name: mynumber, kind: mynumber, title: {{ja: 全件, en: all}}, path: {data}/mynumber}}
  - {{name: procedures, kind: procedures, title: {{ja: 全件, en: all}},
     path: {data}/procedures/procedures_2025-07-29.parquet}}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command cost."""

    #: wall clock, seconds
    seconds: float
    #: processor time of it and its children, seconds
    cpu: float
    #: peak resident memory, megabytes
    peak: float


def measure() -> Result:
    """Measure all commands, interleaved, and return the table of medians."""
    data = SHARED / "data"
    if not data.is_dir():
        sys.exit(f"{data} is missing: set SHIHYO_SHARED to the folder of the shared input files")
    rounds = [_round(data) for _ in range(ROUNDS)]
    rows = tuple(_row(name, [one[name] for one in rounds], [one["limit"] for one in rounds]) for name in rounds[0])
    return Result(
        "Harvest of the full source files",
        f"35 releases of 1,741 municipalities, 35 of the prefectures, 34 by age and sex (60,935 + 1,645 + 2,238 "
        f"observations in the last ones) and 75,071 procedures, published to the embedded catalogue in one process. "
        f"{ROUNDS} rounds, medians; each run in a new process, its start included.",
        ("command", "seconds", "CPU s", "peak MB", "times the limit"),
        rows,
    )


def _round(data: Path) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "harvest.yml").write_text(_SOURCES.format(data=data), "utf-8")
        environ = os.environ | {"SHIHYO_HOME": str(home / "home"), "SHIHYO_HARVEST_FILE": str(home / "harvest.yml")}
        shihyo = [str(Path(sys.executable).with_name("shihyo")), "harvest"]
        limit = [sys.executable, "-c", _LIMIT, str(data / "mynumber"), str(home / "limit.parquet")]
        return {
            "limit": cost(limit, environ),
            "`harvest run`, everything new": cost([*shihyo, "run", "--json"], environ),
            "`harvest run`, nothing new": cost([*shihyo, "run", "--json"], environ),
            "`harvest plan`, nothing new": cost([*shihyo, "plan", "--json"], environ),
        }


def cost(command: list[str], environ: dict[str, str]) -> Cost:
    """Run a command in a new process and return what it cost."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1024 * _RSS_UNIT))


#: ru_maxrss is in kibibytes on Linux and in bytes on macOS
_RSS_UNIT = 1024 if sys.platform == "darwin" else 1


def _row(name: str, costs: list[Cost], limits: list[Cost]) -> tuple[str, ...]:
    return (
        "DuckDB, unchecked, municipal files only (the limit)" if name == "limit" else name,
        f"{middle([one.seconds for one in costs]):.2f}",
        f"{middle([one.cpu for one in costs]):.2f}",
        f"{middle([one.peak for one in costs]):.0f}",
        f"{middle([one.seconds / limit.seconds for one, limit in zip(costs, limits, strict=True)]):.1f}",
    )
