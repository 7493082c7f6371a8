"""XLSX, XLS and ODS: sheets as grids, through python-calamine in a process of its own.

Order of events: the archive is checked (:mod:`harvesters.readers.archive`); a child process with limits on memory and
time parses it (:mod:`harvesters.readers.workbook_child` says why); its answer becomes grids. What the child is told
and what it answers goes through pipes; nothing is written to disk.
"""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from catalog.errors import InputError, Label, Place, TooLarge
from harvesters.readers.archive import check_archive, encrypted
from harvesters.readers.extent import find_wide_sheet
from harvesters.readers.grid import Grid, Merge, Value

#: what ZIP files begin with: XLSX and ODS
ZIP_MAGIC = b"PK\x03\x04"
#: what OLE2 files begin with: XLS, and XLSX with a password
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: cells of all sheets of a workbook, empty ones between full ones included
MOST_CELLS = 8_000_000
#: merged ranges of a sheet
MOST_MERGES = 100_000
#: memory that the parser may use, in bytes
MOST_MEMORY = 2_000_000_000
#: processor time that the parser may use, in seconds
MOST_SECONDS = 60

_CHILD = Path(__file__).with_name("workbook_child.py")
#: signal that ended the child -> what that means: SIGABRT, SIGXCPU, SIGKILL
_ENDS = {-6: "memory", -24: "time", -9: "memory"}
_MOMENTS: dict[str, Any] = {"date": date, "datetime": datetime, "time": time}


def read_workbook(
    path: Path, *, name: str, largest: int, cells: int = MOST_CELLS, memory: int = MOST_MEMORY
) -> list[Grid]:
    """Read all sheets of a workbook.

    Parameters
    ----------
    path, name
        The file, and what people call it.
    largest
        Bytes that it may have, packed and unpacked.
    cells, memory
        Limits of the parser.

    Returns
    -------
    list of Grid
        The sheets with cells, in the order of the workbook, hidden ones too; charts are left out.

    Raises
    ------
    InputError
        If it is damaged, locked, or no workbook.
    TooLarge
        If it is larger than a limit, or would be when unpacked.
    """
    if path.stat().st_size > largest:
        raise _too_large(
            name, Label(f"{largest // 1_000_000}MBを超えています", f"It is larger than {largest // 1_000_000} MB")
        )
    with path.open("rb") as file:
        start = file.read(len(OLE_MAGIC))
    if start.startswith(ZIP_MAGIC):
        check_archive(path, name=name, largest=largest)
    try:
        answer = _parse(path, name, cells, memory)
        if "error" in answer:
            raise _translate(answer["error"], answer["detail"], name)
    except (InputError, TooLarge) as error:
        raise _too_wide(path, name, cells) or error from error
    for one in answer["sheets"]:
        _check_merges(one, name)
    return [_grid(one, name) for one in answer["sheets"]]


def _parse(path: Path, name: str, cells: int, memory: int) -> dict[str, Any]:
    wanted = {"path": str(path.resolve()), "memory": memory, "seconds": MOST_SECONDS, "cells": cells}
    try:
        done = subprocess.run(  # noqa: S603 - our own file, by the interpreter that runs us
            [sys.executable, "-I", "-X", "utf8", str(_CHILD)],
            input=json.dumps(wanted).encode(),
            capture_output=True,
            timeout=2 * MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _translate("time", "", name) from error
    if done.returncode:
        raise _translate(_ENDS.get(done.returncode, "unreadable"), "", name)
    answer: dict[str, Any] = marshal.loads(done.stdout)  # noqa: S302 - written by our own child
    return answer


def _translate(code: str, detail: str, name: str) -> InputError | TooLarge:
    if code == "password":
        return encrypted(name)
    if code == "cells":
        return _too_large(
            name, Label(f"シートの範囲が広すぎます（{detail}）", f"A sheet spans too many cells ({detail})")
        )
    if code == "memory":
        return _too_large(
            name,
            Label(
                "開くのに必要なメモリが上限を超えます。遠く離れたセルに値がありませんか",
                "It needs more memory than allowed; is there a value in a cell far away?",
            ),
        )
    if code == "time":
        return _too_large(name, Label("開くのに時間がかかりすぎます", "It takes too long to open"))
    return InputError(
        "表計算ソフトのファイルとして読めません",
        "It cannot be read as a workbook",
        next_step=Label(
            "表計算ソフトで開き、xlsx形式で保存し直してください", "Open it in your spreadsheet and save it as xlsx"
        ),
        place=Place(file=name),
        reason=detail,
    )


def _too_wide(path: Path, name: str, cells: int) -> TooLarge | None:
    """Return what an ODS is refused for whose sheets reach too far, with the cell to delete; None if that is not it."""
    found = find_wide_sheet(path, cells)
    if found is None:
        return None
    return TooLarge(
        f"シートの範囲が広すぎます（{found.rows}行×{found.columns}列、上限{cells}セル）。"
        f"値は{found.last}の行・列まであります",
        f"A sheet spans too many cells ({found.rows} x {found.columns}, at most {cells}): "
        f"there are values up to the row and column of {found.last}",
        next_step=Label(
            "表から離れた行と列を選んで削除し（値を消すだけでなく）、保存し直してください",
            "Select the rows and columns far from the table, delete them (not only their values) and save it again",
        ),
        place=Place(file=name, sheet=found.sheet, cell=found.last),
    )


def _too_large(name: str, what: Label) -> TooLarge:
    return TooLarge(
        what.ja,
        what.en,
        next_step=Label(
            "使わないシート・行・列を消して保存し直してください",
            "Delete unused sheets, rows and columns and save it again",
        ),
        place=Place(file=name),
    )


def _grid(raw: dict[str, Any], name: str) -> Grid:
    rows: list[list[Value]] = raw["rows"]
    for row, column, kind, text in raw["moments"]:
        rows[row][column] = _MOMENTS[kind].fromisoformat(text)
    return Grid(
        file=name,
        sheet=raw["name"],
        rows=rows,
        merges=tuple(Merge(*first, *last) for first, last in raw["merged"]),
        hidden_rows=_known(raw["hidden_rows"]),
        hidden_columns=_known(raw["hidden_columns"]),
        visible=raw["visible"],
        percent=frozenset(map(tuple, raw["percent"])),
        uncomputed=frozenset(map(tuple, raw["empty_formulas"])),
    )


def _check_merges(raw: dict[str, Any], name: str) -> None:
    """Refuse ranges that overlap so much that spreading their values would take for ever; Excel allows no overlap."""
    height, width = len(raw["rows"]), max(map(len, raw["rows"]), default=0)
    covered = sum(
        max(0, min(bottom, height - 1) - top + 1) * max(0, min(right, width - 1) - left + 1)
        for (top, left), (bottom, right) in raw["merged"]
    )
    if len(raw["merged"]) > MOST_MERGES or covered > 2 * height * width:
        what = Label(f"結合セルが重なり合っています（{raw['name']}）", f"Merged cells overlap ({raw['name']})")
        raise _too_large(name, what)


def _known(places: list[int] | None) -> frozenset[int] | None:
    return None if places is None else frozenset(places)
