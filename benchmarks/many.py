"""A thousand small sources in one run: everything new, then nothing new.

Each source is a folder with a CSV of a hundred rows and a declared mapping, and makes a dataset of its own. Memory is
flat if a run of ten times as many sources takes the same.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.harvest import Cost, cost
from benchmarks.long_table import SOURCE, write_long_table
from benchmarks.report import Result

SOURCES = (100, 1_000)
ROWS = 100


def measure() -> Result:
    """Measure both numbers of sources and return the table."""
    rows = [row for number in SOURCES for row in _measure(number)]
    return Result(
        "Many small sources in one run",
        f"`shihyo harvest run` over sources of kind `csv` with {ROWS} rows each, one dataset a source, published to "
        "the embedded catalogue in one process; its start included. One round. "
        f"Load of the machine at the end: {os.getloadavg()[0]:.1f}.",
        ("sources", "run", "seconds", "ms a source", "CPU s", "CPU ms a source", "peak MB"),
        tuple(rows),
    )


def _measure(number: int) -> list[tuple[str, ...]]:
    with tempfile.TemporaryDirectory(prefix="shihyo-many-") as folder:
        home = Path(folder)
        (home / "table").mkdir()
        write_long_table(home / "table" / "data.csv", ROWS)
        sources = "".join(SOURCE.format(name=f"source-{one:04d}", path="table") for one in range(number))
        (home / "harvest.yml").write_text("version: 1\nsources:" + sources, "utf-8")
        environ = os.environ | {"SHIHYO_HOME": str(home / "home"), "SHIHYO_HARVEST_FILE": str(home / "harvest.yml")}
        command = [str(Path(sys.executable).with_name("shihyo")), "harvest", "run", "--json"]
        return [_row(number, name, cost(command, environ)) for name in ("everything new", "nothing new")]


def _row(number: int, name: str, run: Cost) -> tuple[str, ...]:
    return (
        f"{number:,}",
        name,
        f"{run.seconds:.1f}",
        f"{1000 * run.seconds / number:.0f}",
        f"{run.cpu:.1f}",
        f"{1000 * run.cpu / number:.0f}",
        f"{run.peak:.0f}",
    )
