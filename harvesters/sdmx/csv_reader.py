"""SDMX-CSV, 1.0 and 2.0: one row an observation, one column a component.

1.0 begins with ``DATAFLOW``, 2.0 with ``STRUCTURE``, ``STRUCTURE_ID`` and mostly ``ACTION``. With ``labels=both``
headings and cells are ``id: name``; with ``labels=name`` a column of names follows. A row that a 2.0 message deletes is
no observation.

References
----------
SDMX-CSV field guide, 1.0 (SDMX 2.1, 2017) and 2.0.0 (SDMX 3.0, 2021), https://github.com/sdmx-twg/sdmx-csv
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from catalog.errors import InputError, Label, Place
from harvesters.findings import Findings, Level, Rule, row_place
from harvesters.mapping.records import Cell
from harvesters.readers.delimited import read_csv
from harvesters.readers.table import Row
from harvesters.sdmx.cells import VALUE, Observations

ROW_WIDTH = Rule(
    "sdmx-row-width",
    Level.REJECTED,
    Label("列の数が見出しと違う行", "Rows with another number of cells than the header"),
    Label("途中で切れていないか確かめ、再実行してください", "Check that it is whole, and run it again"),
)
DELETED = Rule(
    "sdmx-deleted",
    Level.REJECTED,
    Label("削除を告げる行（ACTION が D）", "Rows that say that an observation is deleted (ACTION is D)"),
    Label(
        "差分ではなく全件を返すURLにしてください（公開済みの値は消しません）",
        "Ask for all data instead of updates; what is published stays",
    ),
)
RULES = (ROW_WIDTH, DELETED)

_FIRST = frozenset({"DATAFLOW", "STRUCTURE"})
_HEADING = re.compile(r"(?P<id>[A-Za-z][A-Za-z0-9_@$-]*)(?:\[.?\])?(?P<named>: .*)?")
_ACTION, _DELETE = "ACTION", "D"


def read_sdmx_csv(path: Path, *, name: str, largest: int, findings: Findings) -> Observations:
    """Read an SDMX-CSV message.

    Raises
    ------
    InputError
        If it is no SDMX-CSV.
    """
    delimiter = _delimiter(path)
    table = read_csv(path, name=name, columns=(), largest=largest, delimiter=delimiter, encoding="utf-8")
    headings = [_HEADING.fullmatch(one) for one in table.columns]
    ids = [match["id"] if match else column for match, column in zip(headings, table.columns, strict=True)]
    if len(ids) < 2 or (ids[0] not in _FIRST and VALUE not in ids):
        raise _no_sdmx(name, table.columns)
    named = frozenset(column for match, column in zip(headings, table.columns, strict=True) if match and match["named"])
    by_column = dict(zip(table.columns, ids, strict=True))
    return Observations(tuple(ids), _rows(table.rows, by_column, named, name, findings))


def _delimiter(path: Path) -> str:
    with path.open("rb") as file:
        header = file.readline(1 << 16)
    return max(",;\t", key=lambda one: header.count(one.encode()))


def _rows(
    rows: Iterator[Row], ids: Mapping[str, str], named: frozenset[str], name: str, findings: Findings
) -> Iterator[dict[str, Cell]]:
    for row in rows:
        if row.ragged:
            findings.add(ROW_WIDTH, row_place(name, row.number))
            continue
        cells = {
            ids[column]: (text.partition(": ")[0] if column in named else text) or None
            for column, text in row.cells.items()
        }
        if cells.get(_ACTION) == _DELETE:
            findings.add(DELETED, row_place(name, row.number))
            continue
        yield dict(cells)


def _no_sdmx(name: str, columns: tuple[str, ...]) -> InputError:
    return InputError(
        "SDMX-CSVではありません（見出しに DATAFLOW も STRUCTURE も OBS_VALUE もない）",
        "It is no SDMX-CSV: no heading is DATAFLOW, STRUCTURE or OBS_VALUE",
        next_step=Label(
            "データを返すURLか確かめてください。SDMXでない表なら kind: csv で読めます",
            "Check that the URL answers with data; a table that is no SDMX is read by kind: csv",
        ),
        place=Place(file=name, cell="row 1"),
        value=", ".join(columns)[:80],
    )
