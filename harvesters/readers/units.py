"""Units behind numbers: which words there are, what they mean, and whether one fits the column that its cell is in.

A number with a unit that is not the unit of its column is another number: ``12人`` among percentages is not 12 %, and
``3.5千人`` among persons is not 3.5. Such a cell is refused; one whose unit agrees is read.

What a column's unit is comes from the configuration (a code of the list ``unit``, and what numbers are multiplied by),
or from its heading, or from most of its own cells. Words of scale (千, 百万, 億) agree where the configuration or the
heading says the same scale, and nowhere else.

References
----------
Codes: the product's list ``unit`` (catalog/reference/codelists/unit.csv); ``PT`` and ``PS`` are those of SDMX
CL_UNIT_MEASURE. Words and scales (千人, 百万円, 億円): 助数詞 and abbreviations of units as 日本統計年鑑 and the
yearbooks of prefectures print them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from catalog.errors import Label

PERCENT, POINTS = "PT", "PP"

#: code of the list ``unit``, or the word itself where the list has none -> words of the same meaning, the usual first
_WORDS: Mapping[str, tuple[str, ...]] = {
    PERCENT: ("%", "パーセント", "㌫"),
    POINTS: ("ポイント", "%ポイント", "pt", "pp"),
    "PS": ("人", "名"),
    "HH": ("世帯",),
    "CO": ("社", "企業"),
    "CARD": ("枚",),
    "PROC": ("手続",),
    "CASE": ("件",),
    "か所": ("か所", "ヶ所", "ヵ所", "カ所", "箇所"),
    "km2": ("km2", "㎢"),
    "m2": ("m2", "㎡"),
    **{
        one: (one,)
        for one in (
            *("円", "事業所", "か月", "団体", "施設", "品目", "時間", "km", "ha", "戸", "台", "回", "歳", "票", "点"),
            *("校", "日", "分"),
        )
    },
}
#: word of scale -> what it multiplies by
SCALES: Mapping[str, Decimal] = {
    one: Decimal(10) ** digits
    for one, digits in (
        *(("百", 2), ("千", 3), ("万", 4), ("十万", 5), ("百万", 6), ("千万", 7), ("億", 8)),
        *(("十億", 9), ("百億", 10), ("千億", 11), ("兆", 12)),
    )
}
_IDS = {word: id for id, words in _WORDS.items() for word in words}


def _longest_first(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=lambda one: (-len(one), one))))


#: a unit as it may stand behind a number: a scale, a word, or both
PATTERN = rf"(?:(?:{_longest_first(SCALES)})?(?:{_longest_first(_IDS)})|{_longest_first(SCALES)})"
_PARTS = re.compile(rf"(?P<scale>{_longest_first(SCALES)})?(?P<word>{_longest_first(_IDS)})?")
_IN_BRACKETS = re.compile(rf"[(\[](?:単位:?)?(?P<unit>{PATTERN})[)\]]$")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a word of a unit means."""

    #: code of the list ``unit``; the word itself where the list has none; empty for a scale alone
    id: str
    #: what numbers of it are multiplied by to be in that unit
    factor: Decimal = Decimal(1)


@lru_cache(maxsize=1024)
def find_unit(word: str) -> Unit | None:
    """Return what a word behind a number means (``千人`` is ``PS`` times 1000), or None if it is none."""
    match = _PARTS.fullmatch(word)
    if match is None or not word:
        return None
    return Unit(_IDS.get(match["word"] or "", ""), SCALES.get(match["scale"] or "", Decimal(1)))


def unit_in_heading(path: Sequence[str]) -> str | None:
    """Return the unit that headings, from top to bottom, name: in brackets at their end, or alone in the last row."""
    last = _narrow(path[-1]) if path else ""
    match = _IN_BRACKETS.search(last)
    if match is not None:
        return match["unit"]
    return last if len(path) > 1 and find_unit(last) is not None else None


def _narrow(text: str) -> str:
    return re.sub(r"\s", "", "".join(chr(ord(one) - 0xFEE0) if "！" <= one <= "～" else one for one in text)).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnUnit:
    """The unit of a column."""

    #: as :class:`Unit` has it; None for a number of things, whatever they are: anything but percent and points
    id: str | None
    #: how people write it
    shown: str
    #: what its numbers are multiplied by; a scale behind a number must say the same
    factor: Decimal = Decimal(1)
    #: how it is known
    grounds: Label

    def contradiction(self, word: str | None) -> Label | None:
        """Return how a unit behind a number contradicts that of the column; None if it agrees, or there is none."""
        unit = find_unit(word) if word else None
        if unit is None or (self._has_kind(unit) and self._has_scale(unit)):
            return None
        return Label(
            f"セルの単位は「{word}」、列の単位は「{self.written}」（{self.grounds.ja}）",
            f"the cell says {word}, the column is in {self.written} ({self.grounds.en})",
        )

    @property
    def written(self) -> str:
        """The unit with what its numbers are multiplied by."""
        return self.shown if self.factor == 1 else f"{self.shown}×{self.factor:,f}"

    def agrees(self, other: ColumnUnit) -> bool:
        """Return whether another unit of the same column, such as that of its heading, says the same."""
        if other is self:
            return True
        same = Unit(other.id or "", other.factor)
        return self._has_kind(same) and self._has_scale(same)

    def _has_kind(self, unit: Unit) -> bool:
        if self.id is None:
            return unit.id not in {PERCENT, POINTS}
        return unit.id in {self.id, ""} or unit.id == _IDS.get(self.shown, self.shown)

    def _has_scale(self, unit: Unit) -> bool:
        return unit.factor == (self.factor if self.factor in SCALES.values() or unit.factor != 1 else 1)


DECLARED = Label("設定", "as configured")


def declared_unit(code: str, label: Label | None = None, factor: Decimal = Decimal(1)) -> ColumnUnit:
    """Return the unit of a column whose configuration, or whose kind of source, says it.

    Parameters
    ----------
    code
        Of the list ``unit``.
    label
        How the list shows it.
    factor
        What its numbers are multiplied by.
    """
    shown = label.ja if label else _WORDS.get(code, (code,))[0]
    return ColumnUnit(id=code, shown=shown, factor=factor, grounds=DECLARED)


#: of a column that counts people, companies or cases, where nobody said which
COUNTS = ColumnUnit(id=None, shown="件・人などの数", grounds=Label("人数・件数の列", "a column of counts"))
#: of a column of percentages
PERCENTAGES = ColumnUnit(id=PERCENT, shown="%", grounds=Label("割合の列", "a column of percentages"))


def heading_unit(path: Sequence[str]) -> ColumnUnit | None:
    """Return the unit that headings, from top to bottom, name; None if they name none."""
    word = unit_in_heading(path)
    unit = find_unit(word) if word else None
    if unit is None or not unit.id:
        return None
    heading = " / ".join(path)
    grounds = Label(f"見出し「{heading}」", f"its heading {heading}")
    return ColumnUnit(id=unit.id, shown=_WORDS[unit.id][0], factor=unit.factor, grounds=grounds)


def usual_unit(words: Mapping[str, int]) -> ColumnUnit | None:
    """Return the unit that most cells of a column have, if they have different ones; None if they agree.

    Parameters
    ----------
    words
        Unit behind a number -> cells that have it, in the order in which they were met.
    """
    cells: Counter[Unit] = Counter()
    for word, number in words.items():
        if (unit := find_unit(word)) is not None:
            cells[unit] += number
    if len(cells) < 2:
        return None
    unit, number = cells.most_common(1)[0]
    word = next(one for one in words if find_unit(one) == unit)
    grounds = Label(f"同じ列の{number}個のセルが「{word}」", f"{number} cells of the column say {word}")
    return ColumnUnit(id=unit.id, shown=_WORDS[unit.id][0] if unit.id else word, factor=unit.factor, grounds=grounds)
