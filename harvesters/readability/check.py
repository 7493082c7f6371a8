"""Check one file against all rules."""

from __future__ import annotations

from pathlib import Path

from catalog.errors import Label
from harvesters.readability import advice, level1, level2, level3
from harvesters.readability.report import ReadabilityReport, SheetReport, TableReport
from harvesters.readability.result import Breach, Check, Described, Look, Result
from harvesters.readability.rules import NOT_OF_COLUMNS, RULES, Kind
from harvesters.readability.sheet import Sheet, TextScan
from harvesters.readability.sheets import MOST_TEXT, Opened, open_sheets
from harvesters.readability.tables import Table, find_tables, whole_table, with_declared_header

#: bytes that a file may have, packed and unpacked
LARGEST = 500_000_000

_CHECKS: dict[str, Check] = {**level1.CHECKS, **level2.CHECKS, **level3.CHECKS, **advice.CHECKS}
_KINDS = {"csv": Kind.CSV, "tsv": Kind.CSV, "parquet": Kind.PARQUET}


def check_file(
    path: Path,
    *,
    name: str | None = None,
    largest: int = LARGEST,
    values: bool = True,
    described: Described | None = None,
    most_text: int = MOST_TEXT,
) -> ReadabilityReport:
    """Judge a file by the government's machine-readability rule.

    Parameters
    ----------
    path
        A file of any kind; what it is is told by its bytes.
    name
        What people call it; the name of ``path`` if None.
    largest
        Bytes that it may have, packed and unpacked.
    values
        False if no value of a cell may stand in the report: places alone.
    described
        What is said about the file beside it, for the rules that ask for that.
    most_text
        Bytes of a text file that are judged; the report says so if there are more.

    Returns
    -------
    ReadabilityReport
        Scores of levels 1 to 3, and every finding with sheet, cell and what to do. A file that machines cannot read as
        a table has 0 at level 1 and no other score.

    Raises
    ------
    InputError
        If it is empty, damaged or locked.
    TooLarge
        If it is larger than a limit.

    References
    ----------
    「行政データにおける機械可読性に関するルール」 (Digital Agency, 2026-03-31).
    """
    called = name or path.name
    opened = open_sheets(path, name=called, largest=largest, most_text=most_text)
    return ReadabilityReport(
        name=called,
        bytes=path.stat().st_size,
        format=opened.format,
        sheets=tuple(_check_sheet(one, opened.format, described) for one in opened.sheets),
        encoding=_encoding(opened),
        refused=None if opened.readable else _refused(opened.format),
        values=values,
        cut=opened.cut,
    )


def _refused(kind: str) -> Result:
    result = Result("L1-01", 1.0)
    result.add(Breach("", "", Label(f"形式が{kind}", f"The format is {kind}")))
    return result


def _encoding(opened: Opened) -> Label | None:
    scan: TextScan | None = opened.sheets[0].scan if opened.sheets else None
    if scan is None:
        return None
    mark = Label("BOMあり", "with a byte order mark") if scan.bom else Label("BOMなし", "without byte order mark")
    return Label(f"文字コード {scan.encoding}、{mark.ja}", f"Encoding {scan.encoding}, {mark.en}")


def _check_sheet(sheet: Sheet, kind: str, described: Described | None) -> SheetReport:
    tables, others = ([whole_table(sheet)], []) if kind == "parquet" else find_tables(sheet)
    if described and kind != "parquet":
        tables = [with_declared_header(sheet, one, described.names) for one in tables]
    reports = []
    for table in tables:
        look = Look(kind, sheet, table, tuple(tables), tuple(others), described)
        reports.append(_check_table(look, table))
    return SheetReport(sheet.name, sheet.height, sheet.width, sheet.hidden, tuple(reports), tuple(others))


def _check_table(look: Look, table: Table) -> TableReport:
    kind = _KINDS.get(look.format, Kind.EXCEL)
    applied = [rule.id for rule in RULES.values() if rule.kind in (Kind.ANY, kind)]
    if kind is Kind.PARQUET:
        applied = [one for one in applied if one not in NOT_OF_COLUMNS]
    results = tuple(_CHECKS[one](look) for one in applied)
    names = tuple(name for _, name in look.names())
    return TableReport(table.area, table.confidence, table.layout, results, names)
