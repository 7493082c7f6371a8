"""A workbook of 100,000 rows to observations, beside calamine alone and openpyxl reading the same cells."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import duckdb
import openpyxl

from benchmarks.harvest import Cost, cost
from benchmarks.long_table import SOURCE, write_long_table
from benchmarks.report import Result, middle

ROWS = 100_000
ROUNDS = 3

_CALAMINE = """
import sys
from python_calamine import CalamineWorkbook
rows = CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).to_python()
assert len(rows) > 100_000
"""
_OPENPYXL = """
import sys
import openpyxl
sheet = openpyxl.load_workbook(sys.argv[1], read_only=True).worksheets[0]
assert sum(1 for _ in sheet.iter_rows(values_only=True)) > 100_000
"""
#: pandas is here for the tests alone, and pyarrow imports it wherever it finds it
_NO_PANDAS = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name == "pandas":
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Absent())
"""
_OURS = f"""
{_NO_PANDAS}
from pathlib import Path
from benchmarks.ingest_steps import observations
assert observations(Path(sys.argv[2]), "workbook").num_rows == 100_000
"""
_NOTHING = f"{_NO_PANDAS}\nimport benchmarks.ingest_steps"


def measure() -> Result:
    """Measure all readers, interleaved, and return the table of medians."""
    with tempfile.TemporaryDirectory(prefix="shihyo-workbook-") as folder:
        _prepare(Path(folder))
        rounds = [_round(Path(folder)) for _ in range(ROUNDS)]
    return Result(
        "Reading a workbook",
        f"An XLSX with one sheet of {ROWS:,} rows and 7 columns. Ours: from the file to the observation table, with "
        "detection, mapping, checks of every cell and order of the key; the parser runs in a bounded process. "
        f"{ROUNDS} interleaved rounds, medians; each in a new process, its start included; the start alone is a row of "
        "its own; without pandas, which only the tests bring. "
        f"Load of the machine at the end: {os.getloadavg()[0]:.1f}.",
        ("reader", "seconds", "CPU s", "peak MB", "times calamine"),
        tuple(_row(name, [one[name] for one in rounds], [one[_LIMIT] for one in rounds]) for name in rounds[0]),
    )


_LIMIT = "calamine alone, cells only"


def _prepare(folder: Path) -> None:
    (folder / "workbook").mkdir()
    write_long_table(folder / "data.csv", ROWS)
    with duckdb.connect() as connection:
        table = connection.execute(f"FROM read_csv('{folder}/data.csv', types = {{'団体コード': 'VARCHAR'}})")
        names = [one[0] for one in table.description or ()]
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("表")
        sheet.append(names)
        for row in table.fetchall():
            sheet.append(row)
    book.save(folder / "workbook" / "data.xlsx")
    entry = SOURCE.format(name="workbook", path="workbook").replace("kind: csv", "kind: excel")
    (folder / "harvest.yml").write_text("version: 1\nsources:" + entry, "utf-8")


def _round(folder: Path) -> dict[str, Cost]:
    file = str(folder / "workbook" / "data.xlsx")
    return {
        _LIMIT: _cost(_CALAMINE, file),
        "openpyxl, read-only, cells only": _cost(_OPENPYXL, file),
        "the start of our process": _cost(_NOTHING),
        "ours, to observations": _cost(_OURS, file, str(folder / "home")),
    }


def _cost(script: str, *arguments: str) -> Cost:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")}
    return cost([sys.executable, "-c", script, *arguments], environ)


def _row(name: str, costs: list[Cost], limits: list[Cost]) -> tuple[str, ...]:
    return (
        name,
        f"{middle([one.seconds for one in costs]):.2f}",
        f"{middle([one.cpu for one in costs]):.2f}",
        f"{middle([one.peak for one in costs]):.0f}",
        f"{middle([one.seconds / limit.seconds for one, limit in zip(costs, limits, strict=True)]):.2f}",
    )
