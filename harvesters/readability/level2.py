"""Level 2: can a machine read the values? L2-01 to L2-06."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from catalog.errors import Label
from harvesters.readability.result import Check, Look, Result
from harvesters.readability.sheet import is_number, shown
from harvesters.readers.grid import cell_address

_UNITS = (
    "人|件|円|千円|百万円|億円|万|千|kg|km|m|g|t|ha|㎡|個|台|回|本|枚|箇所|か所|世帯|戸|社|校|棟|隻|機|両|組|点|冊|食|泊"
    "|日|月|年|時間|分|秒|歳|才|度|号|丁目"
)
_WITH_UNIT = re.compile(rf"([\d,.]+)\s*({_UNITS})$")
_WITH_PERCENT = re.compile(r"([\d,.]+)\s*(%|％)$")
_WITH_NOTE = re.compile(r"^([\d,.]+)\s*[(（].*[)）]$")
_LOOSE = re.compile(r"^[\s\-ー−▲△▼]*[\d,]+\.?\d*\s*$")
_STRICT = re.compile(r"^[\s\-ー−]*[\d,]+\.?\d*\s*$")
_TRIANGLE = re.compile(r"^[▲△▼]\s*[\d,]+\.?\d*\s*$")
_NO_DIGIT = re.compile(r"^[^\d]+$")
_PERCENT = re.compile(r"^[\s\-ー−▲△▼]*[\d,.]+\s*(%|％)\s*$")

#: what is wrong with a text in a column of numbers, the first that fits
_IMPURE = (
    (_TRIANGLE, Label("負の数が▲や△で書かれている", "A negative number is written with ▲ or △")),
    (_WITH_UNIT, Label("数値に単位が付いている", "A number with its unit")),
    (_WITH_PERCENT, Label("数値に%が付いている", "A number with a percent sign")),
    (_WITH_NOTE, Label("数値に注が付いている", "A number with a note")),
)
_TEXT = Label("数値の列に文字列がある", "Text in a column of numbers")


def pure_numbers(look: Look) -> Result:
    """L2-01: units, notes and ▲ in columns of numbers."""
    numeric = {column for column in look.columns if _is_numeric(look, column)}
    percent = {column for column in numeric if _share(map(_PERCENT.match, look.body(column))) >= 0.5}
    result = Result("L2-01", 0.85)

    def judge(text: str, column: int) -> Label | None:
        text = text.strip()
        if column not in numeric or not text or _STRICT.match(text) or _NO_DIGIT.match(text):
            return None
        if column in percent and _PERCENT.match(text):
            return None
        return next((what for pattern, what in _IMPURE if pattern.match(text)), _TEXT)

    for row, column, text, what in look.cells(judge, body_only=True):
        if not is_number(look.sheet.value(row, column)):
            result.add(look.breach(row, column, what, text))
    return result


def _is_numeric(look: Look, column: int) -> bool:
    kind = look.table.layout.kinds.get(column, "mixed")
    if kind != "mixed":
        return kind == "numeric"
    layout = look.table.layout
    cells = [one for one in look.sheet.column(column, layout.top, layout.bottom) if shown(one).strip()]
    return _share(is_number(one) or _numeric_text(shown(one).strip()) for one in cells) > 0.5


def _numeric_text(text: str) -> bool:
    return any(one.match(text) for one in (_LOOSE, _WITH_UNIT, _WITH_PERCENT, _WITH_NOTE))


def _share(said: Iterable[object]) -> float:
    answers = [bool(one) for one in said]
    return sum(answers) / len(answers) if answers else 0.0


_REPEAT_MARKS = frozenset({"〃", "同上", "同左", "同右", "〇", "仝", "ヽ", "々"})


def nothing_left_out(look: Look) -> Result:
    """L2-02: repeat marks and blanks in the columns that name the rows."""
    stubs = look.table.layout.stubs
    result = Result("L2-02", 0.7 if stubs else 0.0)
    for column in stubs:
        seen = False
        cells = look.sheet.column(column, look.table.layout.top, look.table.layout.bottom)
        for row, value in enumerate(cells, look.table.layout.top):
            text = shown(value).strip()
            if text in _REPEAT_MARKS:
                result.add(look.breach(row, column, Label("省略の記号", "A repeat mark"), text))
            elif not text and seen:
                result.add(look.breach(row, column, Label("行を表す値が空白", "The row has no name"), None, "warning"))
            seen = seen or (bool(text) and text not in _REPEAT_MARKS)
    return result


def unique_names(look: Look) -> Result:
    """L2-03: merged, missing and repeated column names."""
    header = look.table.layout.header
    if not header:
        return Result("L2-03", 0.4)
    result = Result("L2-03", 0.95)
    names: dict[str, list[int]] = {}
    merged: dict[str, Label] = {}
    for column in look.columns:
        place = _merged_header(look, column)
        if place is not None:
            merged[place] = Label("見出しの結合で列を区別できない", "A merged header names several columns")
            continue
        parts = dict.fromkeys(filter(None, (look.sheet.text(row, column) for row in header)))
        if parts:
            names.setdefault("_".join(parts), []).append(column)
        elif look.body(column):
            result.add(look.breach(header[-1], column, Label("項目名が空", "The name is empty")))
    for place, what in merged.items():
        result.add(look.breach_at(place, what))
    for name, columns in names.items():
        what = Label(f"同じ項目名が{len(columns)}列にある", f"{len(columns)} columns have this name")
        for column in columns if len(columns) > 1 else ():
            result.add(look.breach(header[-1], column, what, name))
    return result


def _merged_header(look: Look, column: int) -> str | None:
    """Return the merged range if a cell of the column's header belongs to one that begins elsewhere."""
    for row in look.table.layout.header:
        master = look.sheet.masters.get((row, column))
        if master is not None and master != (row, column):
            return next(str(one) for one in look.sheet.merges if (one.top, one.left) == master)
    return None


#: more distinct values than this are no choices; fewer rows than this tell nothing
_MOST_CHOICES, _FEWEST_ROWS = 20, 20
#: how often a variant may occur at most, and how like a common choice it must be
_RARE, _RARE_SHARE, _LIKE = 2, 0.05, 0.75
_SUFFIX = re.compile(r"(?<=\S)[\s\u3000]*[※＊＃#（(「【].*$")


def _choices(look: Look) -> Iterator[tuple[int, Counter[str]]]:
    """Yield the columns of choices with how often each occurs."""
    for column in look.columns:
        if look.table.layout.kinds.get(column) in ("numeric", "date", "empty"):
            continue
        values = Counter(look.body(column))
        if values.total() >= _FEWEST_ROWS and len(values) <= _MOST_CHOICES:
            yield column, values


def _first(look: Look, column: int, text: str) -> int:
    layout = look.table.layout
    cells = look.sheet.column(column, layout.top, layout.bottom)
    return next(row for row, value in enumerate(cells, layout.top) if shown(value).strip() == text)


def one_way_of_writing(look: Look) -> Result:
    """L2-04: a rare choice that is almost a common one."""
    columns = list(_choices(look))
    result = Result("L2-04", 0.7 if columns else 0.0)
    for column, values in columns:
        rare = [one for one, n in values.items() if n <= _RARE and n / values.total() <= _RARE_SHARE]
        common = [one for one in values if one not in rare]
        for one in rare:
            like = next((other for other in common if _alike(one, other)), None)
            if like is not None:
                what = Label("ほかの選択肢と似た表記", "Almost the same as another choice")
                result.add(look.breach(_first(look, column, one), column, what, f"{one} / {like}", "warning"))
    return result


def _alike(one: str, other: str) -> bool:
    a, b = (_SUFFIX.sub("", unicodedata.normalize("NFKC", text)).strip() for text in (one, other))
    return a == b or (min(len(a), len(b)) >= 2 and SequenceMatcher(None, a, b).ratio() >= _LIKE)


def other_apart(look: Look) -> Result:
    """L2-05: 「その他」 with its details in the same cell."""
    columns = list(_choices(look))
    result = Result("L2-05", 0.8 if columns else 0.0)
    for column, values in columns:
        others = {one: n for one, n in values.items() if "その他" in one}
        if len(others) < 2:
            continue
        for one, times in others.items():
            if times < 3:
                what = Label("「その他」の内容が同じセルにある", "'Other' with its details in one cell")
                result.add(look.breach(_first(look, column, one), column, what, one, "warning"))
    return result


def no_formulas(look: Look) -> Result:
    """L2-06: formulas and lost references."""
    if look.sheet.marks is None:
        return Result("L2-06", 0.0)
    result = Result("L2-06", 1.0)
    for one in look.sheet.marks.formulas:
        if look.area.holds(one.row, one.column):
            lost = Label("参照先のない数式", "A formula that lost what it refers to")
            what = lost if one.text == "#REF!" else Label("数式が残っている", "A formula")
            result.add(look.breach_at(cell_address(one.row, one.column), what, value=one.text[:50] or None))
    return result


CHECKS: dict[str, Check] = {
    "L2-01": pure_numbers,
    "L2-02": nothing_left_out,
    "L2-03": unique_names,
    "L2-04": one_way_of_writing,
    "L2-05": other_apart,
    "L2-06": no_formulas,
}
