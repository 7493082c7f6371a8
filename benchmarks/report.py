"""Tables of results, with what they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Result:
    """One table of measurements."""

    #: headline
    title: str
    #: what was done, how often
    method: str
    #: column titles
    columns: tuple[str, ...]
    #: cells, as text
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return the table with its method and machine as Markdown."""
        line = "|".join(("", *(f" {one} " for one in self.columns), ""))
        rule = "|".join(("", *("---" for _ in self.columns), ""))
        rows = ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join((f"# {self.title}", "", self.method, "", _machine(), "", line, rule, *rows, ""))

    def write(self, name: str) -> str:
        """Write the table to ``results/<name>.md`` and return it."""
        text = self.markdown()
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.md").write_text(text, "utf-8")
        return text


def _machine() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("granian", "Flask", "duckdb", "pyarrow"))
    day = datetime.now(UTC).date().isoformat()
    return (
        f"Measured {day}: {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {libraries}."
    )


def middle(values: Sequence[float]) -> float:
    """Return the median of the rounds."""
    return median(values)
