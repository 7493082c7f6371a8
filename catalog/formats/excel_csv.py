"""The CSV for people: ``<dataset>_excel.csv``.

UTF-8 with byte order mark, so that Excel reads it right on a double click; Japanese names with units such as
「値（%）」; the name of an area, indicator or code in a column of its own beside the code. Records end in CRLF, every
text is quoted (LibreOffice keeps the leading zero of a quoted ``011002``), numbers and dates are not. A cell that has
no value is ``…``, the mark of Japanese statistics for "not available": a blank could be a zero that someone forgot, and
the sample checker of the machine-readability rule takes rows with blanks for rows of a header.

Guard against formulas: a spreadsheet runs a cell that starts with ``=``, ``+``, ``-``, ``@``, a tab or a line break
(also the full-width forms, in Japanese Excel) as a formula. Such a text gets an apostrophe in front, which spreadsheets
read as "this is text". Numbers are never touched: ``-3.2`` stays a number.

References
----------
Machine-readability rule L1-05, L1-07, L1-09, L1-15, L2-01 to L2-04, L3-01, L3-04 to L3-06, L3-08 (STANDARDS 2.1);
OWASP, CSV Injection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import CheckFailed, Label
from catalog.formats.cells import cell_texts
from catalog.formats.csv import iter_records, iter_slices, quote_all
from catalog.formats.known import different
from catalog.formats.labels import CodeLabels, all_labels
from catalog.model import COUNTRY, Column, DataStructure
from catalog.model.area import check_digit

BOM = b"\xef\xbb\xbf"

#: observations that Excel shows: 1,048,576 rows less the header; it leaves the rest out
MOST_ROWS = 1_048_575

#: what stands in a cell that has no value
NOTHING = "…"

#: a text that begins so is a formula to a spreadsheet
_FORMULA = "^[=+\\-@\t\r\n＝＋－＠]"

#: columns whose codes have a label -> header of the code, header of the label
_CODED = {
    "indicator_id": ("指標ID", "指標名"),
    "definition_id": ("定義ID", "定義名"),
    "area_code": ("全国地方公共団体コード", "地方公共団体名"),
    "unit": ("単位コード", "単位"),
    "obs_status": ("観測値の状態コード", "観測値の状態"),
}

#: columns that are measured in the unit of the row
_IN_UNIT = frozenset({"value", "ci_lower", "ci_upper"})

#: units that the sample checker of the machine-readability rule knows in a header (L3-04)
_KNOWN_UNITS = frozenset(
    ("%", "人", "件", "円", "千円", "百万円", "億円", "個", "台", "回", "枚", "世帯", "社", "点", "日", "年", "分")
)

#: headers that differ from the title of the column: periods are codes, and look like numbers where they are years
_HEADERS = {"period": "時点・期間コード"}

#: what a header says when the unit differs from row to row
_UNIT_IN_ROW = "単位の列による"

_PREFECTURE = "都道府県名"
_SYNTHETIC = ("データの種別", "架空のデータ（実際の値ではありません）")


@dataclass(frozen=True, slots=True)
class ReadableColumn:
    """One column of the file for people."""

    #: Japanese header, unique in the file
    header: str
    #: what its cells are: the column's own value, the label of its code, the prefecture of the area, the word synthetic
    content: Literal["value", "label", "prefecture", "synthetic"]
    #: the column of the observation table that it comes from; None for ``synthetic``
    column: Column | None

    @property
    def is_key(self) -> bool:
        """Whether it is a dimension itself, and not a label."""
        return self.content == "value" and self.column is not None and self.column.role == "dimension"


def write_excel_csv(
    table: pa.Table, structure: DataStructure, labels: CodeLabels, target: Path, *, synthetic: bool = False
) -> None:
    """Write the observation table for people.

    Parameters
    ----------
    table
        An observation table.
    structure
        The columns.
    labels
        Labels of the codes; a code that has none gets an empty cell.
    target
        The file to write; an existing one is overwritten.
    synthetic
        True if the figures are made up: a last column says so in every row.
    """
    with target.open("wb") as file:
        file.writelines(iter_excel_csv(table, structure, labels, synthetic=synthetic))


def iter_excel_csv(
    table: pa.Table, structure: DataStructure, labels: CodeLabels, *, synthetic: bool = False
) -> Iterator[bytes]:
    """Yield the file of :func:`write_excel_csv`, some thousand records at a time.

    Raises
    ------
    CheckFailed
        If two columns would have the same header, because a dimension is titled like another column.
    """
    known = all_labels(structure, labels)
    columns = readable_columns(structure, single_unit(table, known), synthetic=synthetic)
    headers = [one.header for one in columns]
    _check_unique(headers)
    shown = (
        pa.Table.from_arrays([_cells(some, one, known) for one in columns], names=headers)
        for some in iter_slices(table)
    )
    yield BOM
    yield from iter_records(headers, shown, _guard_and_quote, f'"{NOTHING}"')


def readable_columns(
    structure: DataStructure, unit: str | None, *, synthetic: bool = False
) -> tuple[ReadableColumn, ...]:
    """Return the columns of the file, in order; ``unit`` is the unit of all rows, None if they differ."""
    shown: list[ReadableColumn] = []
    for column in structure.columns:
        shown.append(ReadableColumn(_header(column, unit), "value", column))
        if column.name == "area_code":
            shown.append(ReadableColumn(_PREFECTURE, "prefecture", column))
        if _is_coded(column):
            shown.append(ReadableColumn(_label_header(column), "label", column))
    if synthetic:
        shown.append(ReadableColumn(_SYNTHETIC[0], "synthetic", None))
    return tuple(shown)


def _cells(table: pa.Table, shown: ReadableColumn, labels: CodeLabels) -> pa.ChunkedArray:
    if shown.column is None:
        return pa.chunked_array([pa.repeat(_SYNTHETIC[1], table.num_rows)])
    cells = table.column(shown.column.name)
    if shown.content == "prefecture":
        return _labels(pc.utf8_slice_codeunits(cells, 0, 2), _prefectures(labels))
    if shown.content == "label":
        return _labels(cells, labels.get(shown.column.name, {}))
    return cells


def _check_unique(headers: list[str]) -> None:
    twice = sorted({one for one in headers if headers.count(one) > 1})
    if twice:
        raise CheckFailed(
            f"見出し {twice} が2つの列に付きます（機械可読性ルール L2-03）",
            f"Headers {twice} would stand over two columns (machine-readability rule L2-03)",
            next_step=Label("次元の名称を変えてください", "Give the dimension another title"),
            value=twice,
        )


def _is_coded(column: Column) -> bool:
    return column.name in _CODED or (column.role == "dimension" and "enum" in column.constraints)


def _header(column: Column, unit: str | None) -> str:
    if column.name in _CODED:
        return _CODED[column.name][0]
    if _is_coded(column):
        return f"{column.label.ja}コード"
    if column.name in _IN_UNIT:
        # A unit that the checker does not know would be no unit to it; it lets the word 指標 pass.
        known = "" if unit in _KNOWN_UNITS else "指標の"
        return f"{known}{column.label.ja}（{unit or _UNIT_IN_ROW}）"
    return _HEADERS.get(column.name, column.label.ja)


def _label_header(column: Column) -> str:
    return _CODED[column.name][1] if column.name in _CODED else column.label.ja


def single_unit(table: pa.Table, labels: CodeLabels) -> str | None:
    """Return the Japanese name of the unit if all rows have the same, else None."""
    units = different(table, "unit").to_pylist()
    if len(units) != 1:
        return None
    known = labels.get("unit", {})
    return known[units[0]].ja if units[0] in known else str(units[0])


def _prefectures(labels: CodeLabels) -> dict[str, Label]:
    """Return the first two digits of an area code -> the prefecture."""
    areas = labels.get("area_code", {})
    numbers = {code[:2] for code in areas} - {COUNTRY[:2]}
    codes = {number: f"{number}000{check_digit(number + '000')}" for number in numbers}
    return {number: areas[code] for number, code in codes.items() if code in areas}


def _labels(codes: pa.ChunkedArray, labels: Mapping[str, Label]) -> pa.ChunkedArray:
    def name(distinct: pa.Array) -> pa.Array:
        found = [labels.get(code) for code in distinct.to_pylist()]
        return pa.array([one.ja if one else None for one in found], pa.string())

    return pa.chunked_array([cell_texts(codes, name)])


def _guard_and_quote(texts: pa.Array) -> pa.Array:
    guarded = pc.if_else(pc.match_substring_regex(texts, _FORMULA), pc.binary_join_element_wise("'", texts, ""), texts)
    return quote_all(guarded)
