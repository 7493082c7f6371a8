"""Level 3: can a machine understand the table? L3-01 to L3-09, as far as the table alone shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from catalog.errors import Label
from catalog.model.area import MUNICIPAL_LEVELS
from catalog.reference import load_reference
from harvesters.readability.result import Check, Look, Result
from harvesters.readability.rules import Severity
from harvesters.readability.sheet import Area, is_number, shown
from harvesters.readers.grid import cell_address

#: rows that are looked at to see what a column holds
_SAMPLE = 30


def names_first(look: Look) -> Result:
    """L3-01: the table begins in row 1, the body right below the header; three header rows cost less than a title."""
    result = Result("L3-01", 0.95)
    header, top = look.table.layout.header, look.area.top
    if top > 0:
        what = Label(f"表が{top + 1}行目から始まる", f"The table begins in row {top + 1}")
        result.add(look.breach_at(str(Area(0, 0, top - 1, 0)), what))
    if header and look.table.layout.top > header[-1] + 1:
        between = Area(header[-1] + 1, 0, look.table.layout.top - 1, 0)
        result.add(look.breach_at(str(between), Label("見出しとデータの間が空いている", "A gap below the header")))
    fatal = result.total > 0
    if len(header) >= 3:
        what = Label(f"見出しが{len(header)}行ある", f"The header has {len(header)} rows")
        result.add(look.breach_at(str(Area(header[0], 0, header[-1], 0)), what, "info"))
    result.severity = None if fatal or not result.total else Severity.MAJOR
    return result


_UNIT_IN_NAME = re.compile(
    r"[（(](人|件|円|千円|百万円|億円|万円|%|％|kg|km|m|cm|mm|g|t|ha|㎡|㎢|個|台|回|本|枚|箇所|か所|世帯|戸|社|校|棟|隻|機"
    r"|両|組|点|冊|食|泊|日|月|年|時間|分|秒|歳|才|度|kW|kWh|MW|GW|L|mL|dL)[）)]"
)
#: parts of Japanese names that imply a unit, or that the column needs none
_UNIT_WORDS = re.compile(
    "金額|価格|費用|コスト|売上|収入|支出|人口|人数|従業員数|利用者数|面積|距離|長さ|高さ|幅|重量|重さ|質量|割合|率|比率|構成比"
    "|年齢|年数|温度|気温|数$|コード|code|番号|No|ID|指数|指標|順位|ランク|フラグ|区分"
)
#: words of English names that need no unit
_UNITLESS = re.compile(
    r"(?:^|[_\-])(?:id|code|key|name|type|flag|status|index|sort|rank|order|level|class|year|month|date|number|count|cnt|num"
    r"|no|row|col|seq|version|is|has|will|can|use)(?:[_\-]|$)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[\s\-ー−▲△]*[\d,]+\.?\d*\s*")


def units(look: Look) -> Result:
    """L3-04: columns of numbers whose unit neither their name nor a description tells."""
    row = look.header_row
    result = Result("L3-04", 0.5 if row is None else 0.65)
    if row is None:
        return result
    for column in look.columns:
        if look.sheet.value(row, column) is None or not _holds_numbers(look, column):
            continue
        name = look.sheet.text(row, column)
        if not tells_unit(name) and not (look.described and name in look.described.units):
            what = Label("数値の列に単位がない", "A column of numbers without a unit")
            result.add(look.breach(row, column, what, name, "warning"))
    return result


def tells_unit(name: str) -> bool:
    """Return whether the name of a column tells its unit, implies it, or says that there is none."""
    if _UNIT_IN_NAME.search(name) or _UNIT_WORDS.search(name) or name.isdigit():
        return True
    return _UNITLESS.search(name) is not None


def _holds_numbers(look: Look, column: int) -> bool:
    layout = look.table.layout
    rows = look.sheet.column(column, layout.top, min(layout.bottom, layout.top + _SAMPLE - 1))
    cells = [one for one in rows if one is not None]
    numbers = sum(is_number(one) or _NUMBER.fullmatch(shown(one).strip()) is not None for one in cells)
    return bool(cells) and numbers / len(cells) >= 0.7


_TIME_NAME = re.compile(r"(年|月|日|時期|期間|時点|date|year|month|period)", re.IGNORECASE)
_ERA = re.compile(r"(明治|大正|昭和|平成|令和|M|T|S|H|R)\s*(\d{1,2})\s*(年|\.|-|/)")
_JIS_ERA = re.compile(r"^[MTSHR]\d{1,2}\.\d{1,2}\.\d{1,2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$")
_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$")
_WRITTEN = (
    ("fiscal", re.compile(r"(19|20)\d{2}\s*年度")),
    ("kanji", re.compile(r"^(19|20)\d{2}年\d{1,2}月(\d{1,2}日)?$")),
    ("slash", re.compile(r"^(19|20)\d{2}/\d{1,2}(/\d{1,2})?$")),
    ("hyphen", re.compile(r"^(19|20)\d{2}-\d{1,2}(-\d{1,2})?$")),
    ("other", re.compile(r"(19|20)\d{2}\s*(年|/|-|\.)")),
)
_AMBIGUOUS = re.compile(r"^(\d{2}/\d{1,2}/\d{1,2}|(明治|大正|昭和|平成|令和)\d{1,2})$")
_ERAS = Label("和暦で書かれている", "A Japanese era year")


def time_axis(look: Look) -> Result:
    """L3-05: Japanese eras, ambiguous dates, and several ways of writing in a column of dates."""
    row = look.header_row
    result = Result("L3-05", 0.5 if row is None else 0.75)
    if row is None:
        return result
    for column, name in look.names():
        if _ERA.match(name) and not _JIS_ERA.match(name) and not _ISO.match(name):
            result.add(look.breach(row, column, _ERAS, name, "warning"))
    times = {column for column, name in look.names() if _TIME_NAME.search(name)}
    for at, column, text, what in look.cells(lambda text, column: _bad_time(text, column, times), body_only=True):
        result.add(look.breach(at, column, what, text))
    for column, name in look.names():
        ways = (
            {_way(text) for text in set(look.body(column))} - {None, "era", "ambiguous"} if column in times else set()
        )
        if len(ways) > 1:
            what = Label("時点の書き方が混ざっている", "Dates are written in several ways")
            result.add(look.breach(row, column, what, name, "warning"))
    return result


def _bad_time(text: str, column: int, times: set[int]) -> Label | None:
    if column not in times:
        return None
    way = _way(text.strip())
    return _ERAS if way == "era" else Label("あいまいな日付", "An ambiguous date") if way == "ambiguous" else None


def _way(text: str) -> str | None:
    """Return how a date or period is written; None if it is none."""
    if _JIS_ERA.match(text):
        return "jis era"
    if _ISO.match(text):
        return "iso moment" if "T" in text else "iso date"
    if _ERA.search(text):
        return "era"
    if _AMBIGUOUS.match(text):
        return "ambiguous"
    return next((way for way, pattern in _WRITTEN if pattern.match(text)), None)


_AREA_NAME = re.compile(
    r"(都道府県|地域|地区|市区町村|自治体|所在地|住所|県|府|市|町|村|region|prefecture|city|address|団体コード)",
    re.IGNORECASE,
)


class _Names:
    """Names of prefectures and municipalities, official and short."""

    def __init__(self) -> None:
        areas = load_reference().areas
        prefectures = {one.name_ja for one in areas if one.level == "prefecture"}
        municipalities = {one.name_ja for one in areas if one.level in MUNICIPAL_LEVELS}
        self.codes = {one.code for one in areas}
        self.official = prefectures | municipalities
        self.short_prefectures = {_without_kind(one) for one in prefectures} - prefectures
        self.short_municipalities = {one[:-1] for one in municipalities} - municipalities
        self.all = self.official | self.short_prefectures | self.short_municipalities


def _without_kind(prefecture: str) -> str:
    return prefecture if prefecture == "北海道" else prefecture[:-1]


@cache
def _known() -> _Names:
    return _Names()


def area_names(look: Look) -> Result:
    """L3-06: short names of prefectures and municipalities, and names without a column of codes."""
    row = look.header_row
    if row is None:
        return Result("L3-06", 0.5)
    columns = {column: name for column, name in look.names() if _AREA_NAME.search(name)}
    columns = columns or {column: name for column, name in look.names() if _holds_areas(look, column)}
    result = Result("L3-06", 0.7 if columns else 0.6)
    told = any("コード" in name or "code" in name.lower() for name in columns.values())
    if not told and look.described:  # a described column of codes counts, whatever its name
        told = any(holds_area_codes(look, column) for column in look.columns)
    known = _known()
    for at, column, text, what in look.cells(lambda text, column: _area(text, column, columns), body_only=True):
        if text.strip() in known.official:
            if not told:
                told = True
                result.add(look.breach(at, column, what, text, "info"))
        else:
            result.add(look.breach(at, column, what, text, "warning"))
    return result


def _area(text: str, column: int, columns: dict[int, str]) -> Label | None:
    text, known = text.strip(), _known()
    if column not in columns:
        return None
    if text in known.short_prefectures:
        return Label("都道府県名が略されている", "A short name of a prefecture")
    if text in known.short_municipalities:
        return Label("市区町村名が略されている", "A short name of a municipality")
    return Label("地域コードの列がない", "There is no column of area codes") if text in known.official else None


def holds_area_codes(look: Look, column: int) -> bool:
    """Return whether a column has codes of local governments, as far as its first rows show."""
    texts = look.body(column, _SAMPLE)
    return bool(texts) and all(one in _known().codes for one in texts)


def _holds_areas(look: Look, column: int) -> bool:
    texts = look.body(column, _SAMPLE)
    return bool(texts) and sum(one in _known().all for one in texts) / len(texts) >= 0.5


#: a wide table has at least four columns, and three of the same kind of time
_FEWEST_COLUMNS, _MOST_COLUMNS, _FEWEST_TIMES = 4, 100, 3
_TIMES = (
    (re.compile(r"^(19|20)\d{2}\s*(年|年度)?$"), Label("年", "years")),
    (re.compile(r"^(\d{1,2})\s*月$"), Label("月", "months")),
    (re.compile(r"^(第?\d+[期回]|(上|下|前|後)半期?|[1-4]Q|Q[1-4]|[上下]期)$"), Label("期", "terms")),
    (
        re.compile(r"^(平成|令和|昭和)(\d{1,2}|元)\s*(年|年度)?$|^[RHS]\d{1,2}$"),
        Label("和暦の年", "Japanese era years"),
    ),
)
_NUMBERED = re.compile(r"^(.+?)[\s_\-]?(\d+)$")


def long_format(look: Look) -> Result:
    """L3-09: years, months or numbered items as columns."""
    row = look.header_row
    if row is None:
        return Result("L3-09", 0.5)
    if look.area.width < _FEWEST_COLUMNS:
        return Result("L3-09", 0.8)
    result = Result("L3-09", 0.7)
    if look.area.width > _MOST_COLUMNS:
        what = Label(f"{look.area.width}列もある", f"{look.area.width} columns")
        result.add(look.breach_at(_range(row, list(look.columns)), what))
    for columns, what in _wide(list(look.names())):
        result.add(look.breach_at(_range(row, columns), what, "warning"))
    return result


def _range(row: int, columns: list[int]) -> str:
    return f"{cell_address(row, columns[0])}:{cell_address(row, columns[-1])}"


def _wide(names: list[tuple[int, str]]) -> Iterator[tuple[list[int], Label]]:
    for pattern, kind in _TIMES:
        columns = [column for column, name in names if pattern.match(name)]
        if len(columns) >= _FEWEST_TIMES:
            yield columns, Label(f"{kind.ja}が列になっている", f"{kind.en.capitalize()} are columns")
            return
    groups: dict[str, list[int]] = {}
    for column, name in names if len(names) >= 5 else ():
        found = _NUMBERED.match(name)
        if found and not found.group(1).strip().isdigit():
            groups.setdefault(found.group(1).strip(), []).append(column)
    for columns in groups.values():
        if len(columns) >= 4:
            yield columns, Label("番号の付いた同じ項目が列に並ぶ", "Numbered columns of the same item")


CHECKS: dict[str, Check] = {
    "L3-01": names_first,
    "L3-04": units,
    "L3-05": time_axis,
    "L3-06": area_names,
    "L3-09": long_format,
}
