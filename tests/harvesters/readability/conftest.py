"""Files to be judged: CSVs from text, workbooks from rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from harvesters.readability import ReadabilityReport, check_file

Judge = Callable[..., ReadabilityReport]


@pytest.fixture
def judge_csv(tmp_path: Path) -> Judge:
    """Return a function that judges a text as a CSV file."""

    def judge(text: str, *, encoding: str = "utf-8", name: str = "data.csv", **options: Any) -> ReadabilityReport:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return check_file(path, **options)

    return judge


@pytest.fixture
def judge_workbook(tmp_path: Path) -> Judge:
    """Return a function that judges rows as a workbook; ``change`` may alter the sheet before it is saved."""

    def judge(
        rows: Sequence[Sequence[object]], change: Callable[[Any], None] = lambda _: None, **options: Any
    ) -> ReadabilityReport:
        book = Workbook()
        sheet = book.active
        for row in rows:
            sheet.append(list(row))
        change(sheet)
        path = tmp_path / "data.xlsx"
        book.save(path)
        return check_file(path, **options)

    return judge
