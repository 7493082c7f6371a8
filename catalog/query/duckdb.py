"""Queries straight on the Parquet file of a release: nothing to build, slower for one series.

DuckDB runs in memory and only reads. Nothing is installed or loaded at run time: Parquet support is built in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from catalog.model.observation import DataStructure
from catalog.query.engine import SqlEngine, load_coverage
from catalog.query.question import Row

#: one request shall not take the whole machine
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class DuckDBEngine(SqlEngine):
    """Answers from the Parquet file of a release; each query has a cursor of its own."""

    source = "observation"

    def __init__(self, parquet: Path, structure: DataStructure) -> None:
        self.structure = structure
        self._dates = {one.name for one in structure.columns if one.type == "date"}
        self._database = duckdb.connect(":memory:", config=_CONFIG)
        self._database.read_parquet(str(parquet)).create_view(self.source)
        self.coverage = load_coverage(self)

    def express(self, column: str) -> str:
        """Return the SQL that reads a column as text, number or null."""
        return f'CAST("{column}" AS VARCHAR)' if column in self._dates else f'"{column}"'

    def fetch(self, statement: str, values: Sequence[Any]) -> list[Row]:
        """Run a statement and return all rows."""
        with closing(self._database.cursor()) as cursor:
            return cursor.execute(statement, list(values)).fetchall()

    def stream(self, statement: str, values: Sequence[Any], size: int) -> Iterator[list[Row]]:
        """Run a statement and yield its rows in lists."""
        with closing(self._database.cursor()) as cursor:
            cursor.execute(statement, list(values))
            while rows := cursor.fetchmany(size):
                yield rows

    def close(self) -> None:
        """Close the database."""
        self._database.close()
