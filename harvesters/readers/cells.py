"""What a cell says: numbers, percentages and days, as people write them.

======================  ==================================================================
cell                    number
======================  ==================================================================
``1,391`` ``１，３９１``  1391
``12人`` ``1,234件``     12 (人), 1234 (件); refused where the column has another unit (:mod:`.units`)
``▲3`` ``△3`` ``-3``     -3
``50.2%`` ``５０．２％``  50.2 (%)
0.502 shown as 50.2%    50.2 (%)
``-`` ``…`` ``X``        what the source's legend says
``123p`` ``r45``         123 provisional, 45 revised, if the legend has ``p`` and ``r``
======================  ==================================================================

What is none of these is a complaint, never a zero: ``1,23`` ``12/3`` ``約100`` ``#N/A``, a date where a number should
be, a formula that was never computed. Repairs are counted.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from catalog.errors import InvalidPeriod, Label
from harvesters.findings import Findings, Level, Rule
from harvesters.readers.characters import put_right
from harvesters.readers.eras import Bare, ReadTime, read_moment, read_time
from harvesters.readers.grid import Grid, Value, show
from harvesters.readers.markers import BESIDE_NUMBERS, STATUSES, Legend, is_marker
from harvesters.readers.units import PATTERN, PERCENT, ColumnUnit, Unit, find_unit, usual_unit

#: full-width forms of ASCII; NFKC would also make 1 of ①, which is a footnote
_WIDE = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20}
_NUMBER = re.compile(
    r"(?P<before>[a-z*#])?\s*(?P<sign>[▲△+-])?\s*"
    r"(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<decimals>\.\d+)?\s*"
    rf"(?P<unit>{PATTERN})?\s*(?P<after>[a-z*#])?"
)
#: what stands for a minus sign; not the long vowel of パーセント
_MINUS = re.compile(r"(?<![ァ-ヺｦ-ﾟ])[−‐‑‒–—―─ーｰ]")
_ERRORS = frozenset({"#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})


def _rule(id: str, level: Level, ja: str, en: str, next_ja: str, next_en: str) -> Rule:
    return Rule(id, level, Label(ja, en), Label(next_ja, next_en))


REPAIRED = _rule(
    "cell-number-repaired",
    Level.REPAIRED,
    "数字だけでないセルを数として読んだ",
    "Cells that were more than a number, read as one",
    "対応は要りません。数字だけにすると機械可読性が上がります（L2-01）",
    "Nothing needs to be done; plain numbers would be more machine-readable (L2-01)",
)
NOT_A_NUMBER = _rule(
    "cell-not-a-number",
    Level.REJECTED,
    "数として読めないセル",
    "Cells that are no number",
    "数字だけにしてください。記号なら options の markers で意味を指定してください",
    "Write a plain number; if it is a marker, say what it means in the option markers",
)
UNKNOWN_MARKER = _rule(
    "cell-marker-unknown",
    Level.REJECTED,
    "凡例にない記号",
    "Markers that the legend does not have",
    "資料の凡例を見て、options の markers で意味を指定してください（例: {'-': nil}）",
    "Look it up in the legend of the source and say what it means in the option markers, such as {'-': nil}",
)
FORMULA_ERROR = _rule(
    "cell-formula-error",
    Level.REJECTED,
    "計算式がエラーになっているセル",
    "Cells whose formula failed",
    "表計算ソフトで開き、計算式を直してください",
    "Open it in your spreadsheet and correct the formula",
)
UNCOMPUTED = _rule(
    "cell-formula-uncomputed",
    Level.REJECTED,
    "計算式はあるが計算結果が保存されていないセル",
    "Cells with a formula whose result was not saved",
    "表計算ソフトで開いて保存し直すか、値の貼り付けにしてください",
    "Open it in your spreadsheet and save it again, or paste values",
)
UNIT_CONTRADICTS = _rule(
    "unit-contradicts",
    Level.REJECTED,
    "列の単位と違う単位の付いたセル",
    "Cells with a unit that is not that of their column",
    "値を確かめ、列の単位で数字だけを書いてください。列の単位の設定が誤りなら設定を直してください"
    "（mapping の value の unit、千人などの桁は multiply）",
    "Check the value and write a plain number in the unit of the column; if the configuration of the column is wrong, "
    "correct it (unit of value in the mapping; multiply for scales such as 千人)",
)
NOT_A_DAY = _rule(
    "cell-not-a-date",
    Level.REJECTED,
    "年月日として読めないセル",
    "Cells that are no date",
    "令和5年4月1日、R5.4.1、2023-04-01 のように書いてください",
    "Write it like 令和5年4月1日, R5.4.1 or 2023-04-01",
)
DAY_REPAIRED = _rule(
    "cell-date-repaired",
    Level.REPAIRED,
    "終わった元号で書かれた年月日",
    "Dates written in an era that had ended",
    "正しい元号に直してください",
    "Write them in the right era",
)
RULES = (
    REPAIRED,
    NOT_A_NUMBER,
    UNKNOWN_MARKER,
    FORMULA_ERROR,
    UNCOMPUTED,
    UNIT_CONTRADICTS,
    NOT_A_DAY,
    DAY_REPAIRED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNumber:
    """A number as a cell says it."""

    #: the number; a percentage in percent. None if the cell says that there is none, or is empty
    value: Decimal | None
    #: SDMX status that the cell implies; None for a plain number and for an empty cell
    status: str | None = None
    #: unit as written behind it; ``%`` also if only the format of the cell shows it
    unit: str | None = None
    #: what the text had besides the number; None if nothing
    repair: Label | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the cell was empty, which is not zero and no marker."""
        return self.value is None and self.status is None


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a cell cannot be read."""

    #: the rule that it falls under
    rule: Rule
    #: the value as it stands there
    value: str
    #: what is the matter with this value in particular; None if the rule says it all
    detail: Label | None = None


EMPTY = ReadNumber(value=None)


def read_number(value: Value, legend: Legend, *, shown_as_percent: bool = False) -> ReadNumber | Complaint:
    """Read a cell as a number.

    Parameters
    ----------
    value
        The cell.
    legend
        What markers mean in this source.
    shown_as_percent
        Whether the sheet shows 0.502 as 50.2%; the number is then 50.2 with unit ``%``.
    """
    if value is None:
        return EMPTY
    if isinstance(value, bool | date | datetime | time) or (isinstance(value, float) and not math.isfinite(value)):
        return Complaint(NOT_A_NUMBER, show(value))
    if isinstance(value, float):
        number = _shortest(value)
        return ReadNumber(value=number * 100, unit="%") if shown_as_percent else ReadNumber(value=number)
    return _read_text(value, legend)


def _shortest(value: float) -> Decimal:
    """Return the number that a spreadsheet shows: 15 digits, so that 38.800000000000004 is 38.8."""
    return Decimal(f"{value:.15g}")


#: what a text looks like that is no number -> why it is none, the first that fits
_HINTS = tuple(
    (re.compile(pattern, re.IGNORECASE), Label(ja, en))
    for pattern, ja, en in (
        (
            r"[+-]?\d+(?:\.\d*)?e[+-]?\d+",
            "指数の形では下の桁が失われている。元の数をすべての桁で書いてください",
            "with an exponent the last digits are lost; write all digits of the number",
        ),
        (
            r"\(\s*[\d,.]+\s*%?\)",
            "かっこ付きの数は負の数とも注とも読める。負なら -12.3 のように書いてください",
            "in brackets it may be negative or a note; if it is negative write it like -12.3",
        ),
        (
            r"[▲△-]?\s*[\d,.]+\s*%?\s*(?:[*※]\s*\d*|注\s*\d*|\([^\d].*\)|\(注?\d+\)|[¹²³⁴-⁹①-⑳]+)",
            "数の後ろに注の印がある。印を消し、注は別の列に書いてください",
            "a note mark stands behind the number; delete it and put the note in a column of its own",
        ),
        (r"[▲△-]?\d+\s[\d\s,.]*", "数の中に空白がある", "there is a space inside the number"),
        (
            r"(?:約|およそ|ほぼ).*|.*(?:以上|以下|未満|超|程度|前後)|[\d,.]+\s*[~〜～-]\s*[\d,.]+.*",
            "概数や幅で、一つの数ではない",
            "it is approximate or a range, not one number",
        ),
        (
            r"[\d,.]*(?:[lio|][\d,.]+|\d[lio|][\d,.]*)",
            "数字の代わりに英字（l、I、O など）がある",
            "there is a letter in place of a digit (l, I, O)",
        ),
        (
            r"[▲△-]?\d[\d,]*(?:[,。、]\d+)(?:\.\d+)?",
            "桁区切りが3桁ごとでない、または小数点が点でない",
            "separators are not between threes of digits, or the decimal point is none",
        ),
    )
)


#: a longer text is no number with something beside it
_LONGEST_HINTED = 60


def _hint(narrow: str) -> Label | None:
    if len(narrow) > _LONGEST_HINTED:
        return None
    return next((label for pattern, label in _HINTS if pattern.fullmatch(narrow)), None)


def _read_text(text: str, legend: Legend) -> ReadNumber | Complaint:
    stripped, changed = put_right(text.strip())
    stripped = stripped.strip()
    if not stripped:
        return EMPTY
    if stripped.upper() in _ERRORS:
        return Complaint(FORMULA_ERROR, stripped)
    meaning = legend.find(stripped)
    if meaning is not None and meaning not in BESIDE_NUMBERS:
        number, status = STATUSES[meaning]
        return ReadNumber(value=number, status=status)
    narrow = _MINUS.sub("-", stripped).translate(_WIDE).lower()
    match = _NUMBER.fullmatch(narrow)
    if match is None:
        hint = _hint(narrow)
        return Complaint(UNKNOWN_MARKER if is_marker(stripped) and hint is None else NOT_A_NUMBER, stripped, hint)
    return _build(stripped, match, legend, changed)


def _build(text: str, match: re.Match[str], legend: Legend, changed: Label | None) -> ReadNumber | Complaint:
    parts = match.groupdict()
    flags = [one for one in (parts["before"], parts["after"]) if one]
    meanings = [legend.find(one) for one in flags]
    if any(one not in BESIDE_NUMBERS for one in meanings):
        known = all(is_marker(one) for one in flags)
        return Complaint(UNKNOWN_MARKER, text) if known else Complaint(NOT_A_NUMBER, text, _hint(match[0]))
    sign = -1 if parts["sign"] in {"▲", "△", "-"} else 1
    number = sign * Decimal(parts["digits"].replace(",", "") + (parts["decimals"] or ""))
    status = STATUSES[meanings[0]][1] if meanings and meanings[0] else None
    return ReadNumber(value=number, status=status, unit=_unit(parts["unit"]), repair=_repair(text, parts, changed))


def _unit(word: str | None) -> str | None:
    """Return a unit as it is written, and ``%`` for whatever means percent."""
    found = find_unit(word) if word else None
    return "%" if found == Unit(PERCENT) else word


def _repair(text: str, parts: Mapping[str, str | None], changed: Label | None) -> Label | None:
    done = [
        label
        for holds, label in (
            (text.translate(_WIDE) != text, Label("全角", "full width")),
            ("," in (parts["digits"] or ""), Label("桁区切り", "thousands separator")),
            (parts["sign"] in {"▲", "△"}, Label(f"{parts['sign']}は負", f"{parts['sign']} is minus")),
            (bool(parts["unit"]), Label(f"単位「{parts['unit']}」", f"unit {parts['unit']}")),
        )
        if holds
    ]
    done += [changed] if changed else []
    if not done:
        return None
    return Label("、".join(one.ja for one in done), ", ".join(one.en for one in done))


@dataclass(frozen=True, slots=True)
class CellReader:
    """Reads cells of a grid and reports what it meets."""

    #: the sheet
    grid: Grid
    #: what markers mean
    legend: Legend
    #: takes complaints and repairs
    findings: Findings

    def number(self, row: int, column: int, *units: ColumnUnit) -> ReadNumber | None:
        """Return the number in a cell; None, which is reported, if it cannot be read or has not its column's units."""
        if (row, column) in self.grid.uncomputed:
            self.findings.add(UNCOMPUTED, self.grid.place(row, column))
            return None
        value = self.grid.value(row, column)
        read = read_number(value, self.legend, shown_as_percent=(row, column) in self.grid.percent)
        if isinstance(read, Complaint):
            self.findings.add(read.rule, self.grid.place(row, column), read.value, detail=read.detail)
            return None
        for one in units:
            if (wrong := one.contradiction(read.unit)) is not None:
                self.findings.add(UNIT_CONTRADICTS, self.grid.place(row, column), show(value), detail=wrong)
                return None
        if read.repair is not None:
            self.findings.add(REPAIRED, self.grid.place(row, column), show(value), detail=read.repair)
        return read

    def with_usual(self, rows: Iterable[int], columns: Iterable[int], *units: ColumnUnit) -> list[ColumnUnit]:
        """Return units of cells and the one that most of them have, if they have different ones that fit ``units``."""
        quiet, numbers = CellReader(self.grid, self.legend, Findings()), list(rows)
        read = [quiet.number(row, column, *units) for column in columns for row in numbers]
        found = usual_unit(Counter(one.unit for one in read if one is not None and one.unit is not None))
        return [*units, found] if found else list(units)

    def moment(self, row: int, column: int, *, bare: Bare | None = None) -> ReadTime | None:
        """Return the time in a cell; None if it is empty, or cannot be read, which is reported."""
        value = self.grid.value(row, column)
        if isinstance(value, date):
            return read_moment(value)
        text = show(value)
        if not text:
            return None
        try:
            read = read_time(text, bare=bare)
        except InvalidPeriod as error:
            self.findings.add(NOT_A_DAY, self.grid.place(row, column), text, detail=error.what)
            return None
        if read.repair is not None:
            self.findings.add(DAY_REPAIRED, self.grid.place(row, column), text, detail=read.repair)
        return read
