"""What the configuration may say about how a file is written; all of it is found by looking where nothing is said.

Every kind of source that reads tables as people make them has these options, next to its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from catalog.errors import InputError, Label, Place
from harvesters.findings import Findings
from harvesters.options import INTEGER, TEXT, Option, OptionType
from harvesters.readers import cells, source_file, tables
from harvesters.readers.detected import LAYOUT, Detected
from harvesters.readers.grid import Grid
from harvesters.readers.markers import LEGENDS, Legend, Meaning, fold_marker
from harvesters.readers.percent import Scale
from harvesters.readers.shape import note_shape
from harvesters.readers.source_file import SourceFile, read_file
from harvesters.readers.tables import FoundTable, Layout, find_tables

#: largest file that is read, packed and unpacked, in bytes
LARGEST_FILE = 200_000_000


def _markers(raw: Any) -> dict[str, Meaning]:
    if not isinstance(raw, Mapping) or not raw:
        raise TypeError
    return {fold_marker(str(marker)): Meaning(meaning) for marker, meaning in raw.items()}


MARKERS = OptionType(
    "markers",
    Label(
        f"記号と意味の対応（意味: {', '.join(Meaning)}）",
        f"markers with their meanings, such as {{'-': nil}}; meanings: {', '.join(Meaning)}",
    ),
    _markers,
)

#: options of every kind that reads tables: where they are
LAYOUT_OPTIONS = (
    Option(
        name="encoding",
        type=TEXT,
        default=None,
        help=Label(
            "文字コード（utf-8、cp932、utf-16 など）。なければ自動判定",
            "Encoding of text files; found by looking if absent",
        ),
    ),
    Option(
        name="delimiter",
        type=TEXT,
        default=None,
        help=Label("列の区切り。なければ自動判定", "Separator of columns; found by looking if absent"),
        allowed=(",", "\t", ";", "|"),
    ),
    Option(
        name="sheet",
        type=TEXT,
        default=None,
        help=Label(
            "読むシートの名前（* は任意の文字列）。なければ表示されている全シート",
            "Sheet to read, * for anything; all that are shown if absent",
        ),
    ),
    Option(
        name="first_row",
        type=INTEGER,
        default=None,
        help=Label(
            "見出しの最初の行（1から数える）。これより上は表題",
            "First row of the header, from 1; what is above is title",
        ),
    ),
    Option(
        name="header_rows",
        type=INTEGER,
        default=None,
        help=Label("見出しの行数。なければ自動判定", "Number of header rows; found by looking if absent"),
    ),
    Option(
        name="hidden",
        type=TEXT,
        default="keep",
        help=Label(
            "非表示の行を読む（keep）か読み飛ばす（skip）か", "Whether hidden rows are read (keep) or left out (skip)"
        ),
        allowed=("keep", "skip"),
    ),
)
#: options of every kind that reads figures: what cells mean
FIGURE_OPTIONS = (
    Option(
        name="legend",
        type=TEXT,
        default="default",
        help=Label("記号の凡例", "Legend of the markers"),
        allowed=tuple(LEGENDS),
    ),
    Option(
        name="markers",
        type=MARKERS,
        default=None,
        help=Label(
            "凡例に加える記号、または凡例と違う意味の記号", "Markers beside those of the legend, or with other meanings"
        ),
    ),
    Option(
        name="percent",
        type=TEXT,
        default=None,
        help=Label(
            "割合の表し方: points（50.2）か fraction（0.502）。なければ自動判定",
            "Percentages as points (50.2) or fraction (0.502); found by looking if absent",
        ),
        allowed=("points", "fraction"),
    ),
)
OPTIONS = (*LAYOUT_OPTIONS, *FIGURE_OPTIONS)
#: rules of every kind that reads tables
LAYOUT_RULES = (*source_file.RULES, *tables.RULES, *LAYOUT.values())
#: rules of every kind that reads figures
FIGURE_RULES = cells.RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The options of a source that say how its files are written."""

    #: encoding of text files, or None
    encoding: str | None = None
    #: separator of columns, or None
    delimiter: str | None = None
    #: sheet to read, or None for all that are shown
    sheet: str | None = None
    #: where the header is
    layout: Layout = field(default_factory=Layout)
    #: what markers mean
    legend: Legend = LEGENDS["default"]
    #: how percentages are written, or None
    percent: Scale | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Declared:
        """Return what the options of a source say; kinds that read no figures lack those of figures."""
        return cls(
            encoding=options["encoding"],
            delimiter=options["delimiter"],
            sheet=options["sheet"],
            layout=Layout(options["header_rows"], options["first_row"], options["hidden"] == "skip"),
            legend=LEGENDS[options.get("legend", "default")].extended(options.get("markers") or {}),
            percent=options.get("percent"),
        )


def open_tables(
    path: Path, *, name: str, declared: Declared, findings: Findings, largest: int = LARGEST_FILE
) -> list[FoundTable]:
    """Read a file and find its tables; what was detected or repaired goes to the findings.

    Returns
    -------
    list of FoundTable
        Of all sheets that are read, in their order; at least one.

    Raises
    ------
    InputError
        If it cannot be read, or has no table.
    """
    file = read_file(path, name=name, largest=largest, encoding=declared.encoding, delimiter=declared.delimiter)
    file.report(findings)
    found = [find_tables(one, declared.layout) for one in _chosen(file, declared, findings)]
    for one in found:
        findings.extend([*(each.finding for each in one.detected), *one.findings])
    result = [table for one in found for table in one.tables]
    for table in result:
        note_shape(name, table.grid.sheet, [column.name for column in table.columns if column.path])
    if not result:
        raise InputError(
            "表が見つかりません",
            "There is no table in it",
            next_step=Label("正しいファイル・シートか確かめてください", "Check that it is the right file and sheet"),
            place=Place(file=name, sheet=declared.sheet),
        )
    return result


def _chosen(file: SourceFile, declared: Declared, findings: Findings) -> list[Grid]:
    shown = [one for one in file.iter_visible() if one.height]
    if declared.sheet is not None:
        fitting = [one for one in shown if fnmatchcase(one.sheet or "", declared.sheet)]
        return fitting if "*" in declared.sheet and fitting else [file.get_grid(declared.sheet)]
    if len(shown) > 1:
        names = "、".join(one.sheet or "" for one in shown)
        evidence = Label("表示されている全シート", "All sheets that are shown")
        findings.extend([Detected(what="sheet", value=names, evidence=evidence, place=Place(file=file.name)).finding])
    return shown
