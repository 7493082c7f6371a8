"""Level 1: can a machine read the table at all? L1-01 to L1-15."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from catalog.errors import Label
from harvesters.readability.layout import ColumnKind
from harvesters.readability.result import Check, Look, Result
from harvesters.readability.rules import Severity
from harvesters.readability.sheet import column_name
from harvesters.readers.grid import column_letters

_LINE = {"1": Label("空白の行", "Blank row"), "2": Label("空白の列", "Blank column")}


def file_format(_: Look) -> Result:
    """L1-01: only files that open as tables come here."""
    return Result("L1-01", 1.0)


def one_table(look: Look) -> Result:
    """L1-02: several tables are told once, at the first."""
    result = Result("L1-02", 0.85)
    sure = [one for one in look.tables if one.confidence >= 0.5] or list(look.tables)
    if len(sure) > 1 and sure[0].area[:2] == look.area[:2]:
        what = Label(f"{len(sure)}つの表のうちの1つ", f"One of {len(sure)} tables")
        for one in sure:
            result.add(look.breach_at(str(one.area), what, "warning"))
    return result


def not_cut(look: Look) -> Result:
    """L1-03: blank rows and columns inside the table or between the tables."""
    result = Result("L1-03", 0.85)
    area, sheet = look.area, look.sheet
    if area.height > 2:
        for row in range(area.top, area.bottom + 1):
            if not any(map(_visible, sheet.rows[row][area.left : area.right + 1])):
                result.add(look.breach_at(f"行{row + 1}", _LINE["1"]))
        for column in look.columns:
            if not any(map(_visible, sheet.column(column, area.top, area.bottom))) and not _covered(look, column):
                result.add(look.breach_at(column_name(column), _LINE["2"]))
    for row in _rows_between(look):
        result.add(look.breach_at(f"行{row + 1}", Label("表と表の間の空白の行", "Blank row between tables")))
    result.confidence = 0.9 if result.total else 0.85
    return result


def _visible(value: object) -> bool:
    return value is not None and str(value).strip() != ""


def _covered(look: Look, column: int) -> bool:
    """Return whether every cell of a column belongs to a merge that begins in another column."""
    masters = look.sheet.masters
    return all(
        masters.get((row, column), (row, column))[1] != column for row in range(look.area.top, look.area.bottom + 1)
    )


def _rows_between(look: Look) -> Iterator[int]:
    ordered = sorted(look.tables, key=lambda one: one.area[:2])
    if len(ordered) < 2 or ordered[0].area[:2] != look.area[:2]:
        return
    for upper, lower in pairwise(ordered):
        for row in range(upper.area.bottom + 1, lower.area.top):
            if not any(map(_visible, look.sheet.rows[row])):
                yield row


def nothing_outside(look: Look) -> Result:
    """L1-04: cells outside the tables."""
    result = Result("L1-04", 0.9)
    for one in look.others:
        result.add(look.breach(one.row, one.column, _OUTSIDE[one.what], str(one.value).strip(), "warning"))
    return result


_OUTSIDE = {
    "title": Label("表の外の題名", "A title outside the table"),
    "total": Label("表の外の合計", "A total outside the table"),
    "note": Label("表の外の注記", "A note outside the table"),
    "source": Label("表の外の出典", "A source outside the table"),
    "isolated": Label("表の外のセル", "A cell outside the table"),
}


def named_columns(look: Look) -> Result:
    """L1-05: a column with values and no name, or names that only count."""
    result = Result("L1-05", 0.8)
    rows = look.table.layout.header or (look.area.top,)
    covered = set(_covered_by_header(look, rows))
    layout = look.table.layout
    for column in look.columns:
        if column in covered or not any(map(_visible, look.sheet.column(column, layout.top, layout.bottom))):
            continue
        if not any(look.sheet.text(row, column) for row in rows):
            result.add(look.breach(rows[0], column, Label("項目名がない", "The column has no name")))
    for column, name in _counting(look, rows[-1]):
        what = Label("項目名がただの連番", "The names only count the columns")
        result.add(look.breach(rows[-1], column, what, name))
    result.confidence = 0.85 if result.total else 0.8
    return result


def _covered_by_header(look: Look, rows: tuple[int, ...]) -> Iterator[int]:
    for one in look.sheet.merges:
        above = one.top < rows[0] <= one.bottom
        if (above or any(one.top <= row <= one.bottom for row in rows)) and look.sheet.text(one.top, one.left):
            yield from range(one.left, one.right + 1)


def _counting(look: Look, row: int) -> list[tuple[int, str]]:
    names = [(column, look.sheet.text(row, column)) for column in look.columns]
    if len(names) < 2 or not all(re.fullmatch(r"[+-]?\d+(\.0*)?", name) for _, name in names):
        return []
    numbers = [int(float(name)) for _, name in names]
    return names if all(b - a == 1 for a, b in pairwise(numbers)) else []


#: columns of addresses, where a full-width space parts street and house
_ADDRESS = re.compile(r"(住所|所在地|address|addr|勤務地|居所|連絡先住所|本籍|現住所|送付先)", re.IGNORECASE)
#: full-width spaces that mean something: after list marks, note marks, 「第5表」 and section numbers
_MEANT = re.compile(
    "^[ア-ンa-zａ-ｚ①-⑳（(][）)]?\u3000|^※\\d*\u3000|^第[０-９0-9一二三四五六七八九十]+\u3000|^\u3000+〃$"
    "|^\u3000+[○●・◯]\u3000?|^\\[.+?\\]\u3000?[0-9０-９]|^[\u2160-\u217f][．.]\u3000?|^[0-9０-９]+[．.]\u3000"
    "|^\u3000{2,}[0-9０-９]+[．.]"
)
_UNIT_EXPRESSION = re.compile("\\([A-Za-z]\\)/\\([A-Za-z]\\)\u3000")
#: share of white space from which on line breaks inside a cell are for looks
_BREAKS_FOR_LOOKS = 0.10


def no_layout_spaces(look: Look) -> Result:
    """L1-06: spaces and line breaks for looks."""
    rows = look.table.layout.header or (look.area.top,)
    addresses = {one for one in look.columns if any(_ADDRESS.search(look.sheet.text(row, one)) for row in rows)}
    return look.same_everywhere("L1-06", 0.95, lambda text, column: _spaces(text, column in addresses))


def _spaces(text: str, is_address: bool) -> Label | None:
    meant = _MEANT.search(text) or _UNIT_EXPRESSION.search(text)
    if not meant:
        bare = text.rstrip("\n")
        if bare != bare.strip():
            return Label("前後に空白がある", "Spaces before or after the value")
        if not is_address and "\u3000" in text:
            return Label("全角スペースがある", "A full-width space")
        if not is_address and re.search("[ \u3000]{2,}", text.strip()):
            return Label("空白が続いている", "Several spaces in a row")
    inner = text.rstrip("\r\n")
    spaces = sum(map(str.isspace, text)) / max(len(text), 1)
    if ("\n" in inner or "\r" in inner) and spaces > _BREAKS_FOR_LOOKS:
        return Label("セルの中に改行がある", "A line break inside the cell")
    return None


_TWO_FIGURES = re.compile(r"^\s*\d+（\d+）\s*$")
_THOUSANDS = re.compile(r"^\d{1,3}(,\d{3})*(\.\d+)?$")
_LISTING_COMMA = re.compile(r"(?<!\d),(?!\d)")


def one_value_a_cell(look: Look) -> Result:
    """L1-07: several values in a cell."""
    kinds = look.table.layout.kinds
    result = look.same_everywhere("L1-07", 0.82, lambda text, column: _several(text, kinds.get(column)))
    result.confidence = 0.78 if result.total else 0.82
    return result


def _several(text: str, kind: ColumnKind | None) -> Label | None:
    if not text.strip():
        return None
    if len([one for one in text.split("\n") if one.strip()]) >= 2:
        return Label("改行で区切った複数の値", "Values parted by line breaks")
    if _TWO_FIGURES.match(text):
        return Label("括弧の中にもう1つの数値", "A second figure in brackets")
    if text.count("、") >= 2 or text.count("・") >= 2:
        return Label("「、」や「・」で並べた値", "Values listed with 、 or ・")
    comma = Label("カンマで区切った複数の値", "Values parted by commas")
    if _LISTING_COMMA.search(text) and not _THOUSANDS.fullmatch(text.strip()):
        return comma
    if kind != "numeric":
        compact = re.sub(r"（[^）]*）", "", re.sub(r"\s+", "", text))
        if "," in compact and not _THOUSANDS.fullmatch(compact):
            return comma
    return None


#: units in one character, which everybody uses
_UNIT_SIGNS = frozenset("㎡㎥㎢㎠㎝㎞㎜㎏㎎㎍㎅㎄㎃㎖㎗㎘㏄㏊")
_ROMAN_CODE = re.compile(r"^[Ⅰ-ⅿ][ー－\-][０-９0-9]+$")
#: first and last character -> what they are
_RANGES = (
    ("①", "⑳", Label("丸数字", "Circled numbers")),
    ("㉑", "㉟", Label("丸数字", "Circled numbers")),
    ("㊱", "㊿", Label("丸数字", "Circled numbers")),
    ("Ⅰ", "ⅿ", Label("ローマ数字", "Roman numerals")),
    ("㈠", "㉃", Label("機種依存記号", "Platform-dependent signs")),
    ("㊀", "㋿", Label("機種依存記号", "Platform-dependent signs")),
    ("㌀", "㏿", Label("機種依存記号", "Platform-dependent signs")),
    ("\ufe30", "\ufe4f", Label("機種依存記号", "Platform-dependent signs")),
    ("〜", "〜", Label("波ダッシュ", "Wave dash")),
    ("～", "～", Label("全角チルダ", "Full-width tilde")),
)


def plain_characters(look: Look) -> Result:
    """L1-08: fails only in CP932, where the bytes mean other characters elsewhere; else it is told and tolerated."""
    result = look.same_everywhere("L1-08", 0.95, lambda text, _: _platform_dependent(text))
    result.tolerated = look.sheet.scan is None or look.sheet.scan.encoding != "cp932"
    return result


def _platform_dependent(text: str) -> Label | None:
    if text.isascii() or _ROMAN_CODE.match(text.strip()):
        return None
    for one in text:
        if one in _UNIT_SIGNS:
            continue
        for first, last, what in _RANGES:
            if first <= one <= last:
                return Label(f"{what.ja}「{one}」", f"{what.en}: {one}")
    return None


def no_objects(look: Look) -> Result:
    """L1-10: pictures, charts and shapes over the table."""
    marks = look.sheet.marks
    if marks is None:
        return Result("L1-10", 0.0)
    result = Result("L1-10", 1.0)
    for one in marks.drawn:
        if look.table.doubtful or look.area.holds(one.row, one.column):
            what = Label(f"表の上の{_OBJECTS[one.what].ja}", f"{_OBJECTS[one.what].en} over the table")
            result.add(look.breach(one.row, one.column, what, one.name or None))
    return result


_OBJECTS = {
    "image": Label("画像", "A picture"),
    "chart": Label("グラフ", "A chart"),
    "shape": Label("図形", "A shape"),
    "connector": Label("線", "A line"),
}


def no_meaning_by_looks(look: Look) -> Result:
    """L1-11: some cells of a column's body look different."""
    if look.sheet.marks is None:
        return Result("L1-11", 0.0)
    result = Result("L1-11", 0.75)
    for column in look.columns:
        for what in _different_looks(look, column):
            result.add(look.breach_at(column_name(column), what, "warning"))
    return result


def _different_looks(look: Look, column: int) -> Iterator[Label]:
    rows = range(look.table.layout.top, look.area.bottom + 1)
    looks = [look.sheet.style(row, column) for row in rows if look.sheet.text(row, column)]
    if len(looks) < 2:
        return
    fonts, fills = {one.font for one in looks}, {one.fill for one in looks}
    if fonts - {None, "000000", "FF000000"} and len(fonts) >= 2:
        yield Label("一部のセルだけ文字の色が違う", "Some cells have another colour of type")
    if len(fills - {None, "FFFFFF", "FFFFFFFF"}) >= 2:
        yield Label("背景の色が何種類もある", "Several background colours")
    if 0 < sum(one.bold for one in looks) < len(looks):
        yield Label("一部のセルだけ太字", "Only some cells are bold")
    if 0 < sum(one.italic for one in looks) < len(looks):
        yield Label("一部のセルだけ斜体", "Only some cells are italic")


def no_merges(look: Look) -> Result:
    """L1-12: merges in the body force 0; in the header they are tolerated here and judged by L2-03."""
    result = Result("L1-12", 1.0, tolerated=True, severity=Severity.MAJOR)
    for one in look.sheet.merges:
        if not look.area.meets(one):
            continue
        header = look.table.layout.header
        inside = bool(header) and all(row in header for row in range(one.top, one.bottom + 1))
        if not inside:
            result.tolerated, result.severity = False, Severity.FATAL
        what = Label("見出しの結合", "Merged header") if inside else Label("データの結合", "Merged cells")
        result.add(look.breach_at(str(one), what, "info" if inside else "error"))
    if not result.total:
        result.severity = None
    return result


def nothing_hidden(look: Look) -> Result:
    """L1-13: hidden rows and columns of the whole sheet."""
    rows, columns = look.sheet.hidden_rows, look.sheet.hidden_columns
    if rows is None or columns is None:
        return Result("L1-13", 0.0)
    result = Result("L1-13", 1.0)
    for first, last in _runs(row + 1 for row in rows if row < look.sheet.height):
        where = f"行{first}" if first == last else f"行{first}-{last}"
        result.add(look.breach_at(where, Label("非表示の行", "Hidden rows")))
    for first, last in _runs(column for column in columns if column < look.sheet.width):
        where = column_name(first) if first == last else f"{column_name(first)}-{column_letters(last)}"
        result.add(look.breach_at(where, Label("非表示の列", "Hidden columns")))
    return result


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for one in sorted(numbers):
        if runs and one == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], one)
        else:
            runs.append((one, one))
    return runs


def one_line_a_record(look: Look) -> Result:
    """L1-14: records over several lines."""
    return _from_scan(look, "L1-14", ("multiline", "unclosed"))


def quoted_commas(look: Look) -> Result:
    """L1-15: quotes that are not closed or not doubled, rows of another width."""
    return _from_scan(look, "L1-15", ("quote", "unclosed", "width"))


def _from_scan(look: Look, rule_id: str, kinds: tuple[str, ...]) -> Result:
    scan = look.sheet.scan
    if scan is None:
        return Result(rule_id, 0.0)
    result = Result(rule_id, 0.85 if scan.ended_early else 1.0)
    for one in scan.broken:
        if one.what not in kinds or not look.area.top <= one.row <= look.area.bottom:
            continue
        lines = f"{one.first_line}" if one.first_line == one.last_line else f"{one.first_line}-{one.last_line}"
        what = _BROKEN[one.what]
        place = f"{lines}行目"
        said = Label(
            f"{place}: {what.ja}".format(fields=one.fields, expected=one.expected),
            f"Line {lines}: {what.en}".format(fields=one.fields, expected=one.expected),
        )
        where = f"{one.row + 1}:{one.row + 1}" if one.column is None else f"{column_letters(one.column)}{one.row + 1}"
        result.add(look.breach_at(where, said, "warning" if one.what == "width" else "error"))
    result.total = sum(scan.counts.get(kind, 0) for kind in kinds)
    return result


_BROKEN = {
    "multiline": Label("1件が何行にもわたる", "a record over several lines"),
    "unclosed": Label('「"」が閉じていない', "a quote is not closed"),
    "quote": Label('囲まれていない値に「"」がある', "a quote in a value that is not quoted"),
    "width": Label("{fields}列ある（見出しは{expected}列）", "{fields} columns, the header has {expected}"),
}

CHECKS: dict[str, Check] = {
    "L1-01": file_format,
    "L1-02": one_table,
    "L1-03": not_cut,
    "L1-04": nothing_outside,
    "L1-05": named_columns,
    "L1-06": no_layout_spaces,
    "L1-07": one_value_a_cell,
    "L1-08": plain_characters,
    "L1-10": no_objects,
    "L1-11": no_meaning_by_looks,
    "L1-12": no_merges,
    "L1-13": nothing_hidden,
    "L1-14": one_line_a_record,
    "L1-15": quoted_commas,
}
