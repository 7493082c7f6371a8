"""Areas and their codes: 全国地方公共団体コード, six digits as text, the last one a check digit.

==============================  ==================================================================
text                            what :func:`parse_area_code` makes of it
==============================  ==================================================================
``121002``                      the code itself
``１２１００２``                ``121002``, full-width digits
``121002.0``                    ``121002``, a spreadsheet took the code for a number
``92011``                       ``092011``, the leading zero was lost
``12100``                       ``121002``, the five-digit standard area code (JIS X 0401/0402, e-Stat)
``1202``                        ``012025``, a standard area code that lost its leading zero
``12106``                       an error: ``012106`` (岩見沢市) and ``121061`` (千葉市美浜区) can be meant
==============================  ==================================================================

Check digit: with d1..d5, s = 6*d1 + 5*d2 + 4*d3 + 3*d4 + 2*d5; the digit is (11 - s mod 11) mod 10 (総務省
「全国地方公共団体コード仕様」).
The whole country has no official code; it is ``000000`` here, which fails the check digit on purpose.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from catalog.errors import InvalidAreaCode, Label
from catalog.model.codelist import unknown_code
from catalog.model.observation import COUNTRY

#: level -> the level above it; the code list ``level`` has the labels
PARENT_LEVELS: dict[str, tuple[str, ...]] = {
    "country": (),
    "prefecture": ("country",),
    "designated_city": ("prefecture",),
    "municipality": ("prefecture",),
    "designated_ward": ("designated_city",),
    "local_area": ("prefecture", "designated_city", "municipality", "designated_ward", "local_area"),
}
#: level of the areas that an installation declares for itself: 地区, 学校区, 町丁目, 生活圏
LOCAL = "local_area"
#: the levels whose areas are 基礎自治体 (1,741 of them, Tokyo's 23 special wards included)
MUNICIPAL_LEVELS = frozenset({"designated_city", "municipality"})

#: code of a local area: the standard area code of an area above it, then 2 to 34 letters, digits, ``-`` and ``_``;
#: with at least seven characters it is taken for no local-government code
LOCAL_CODE = re.compile(r"[0-9]{5}[0-9A-Za-z_-]{2,34}")

#: what a column's five-digit texts are: six-digit codes without their zero, or standard area codes
FiveDigits = Literal["lost_zero", "standard"]

_WEIGHTS = (6, 5, 4, 3, 2)
_LAST_PREFECTURE = 47
_FIRST_LOCAL_NUMBER = 100


def check_digit(digits: str) -> str:
    """Return the sixth digit of the code that begins with these five digits.

    Raises
    ------
    InvalidAreaCode
        If ``digits`` is not five ASCII digits.
    """
    if not re.fullmatch(r"[0-9]{5}", digits):
        raise _invalid(
            digits,
            Label("検査数字は5桁の数字から計算します", "A check digit is computed from five digits"),
            Label("先頭の5桁を渡してください", "Give the first five digits"),
        )
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return str((11 - total % 11) % 10)


@dataclass(frozen=True, slots=True)
class ParsedAreaCode:
    """A code with what had to be repaired to read it."""

    #: six digits
    code: str
    #: None, or keys of :data:`REPAIRS` joined by ``+`` in the order of repair
    repaired: str | None = None

    @property
    def note(self) -> Label | None:
        """What was repaired, for people; None if nothing was."""
        if self.repaired is None:
            return None
        done = [REPAIRS[key] for key in self.repaired.split("+")]
        return Label("、".join(one.ja for one in done), ", ".join(one.en for one in done))


#: repair -> what was done
REPAIRS = {
    "full_width": Label("全角数字を半角にしました", "full-width digits made half-width"),
    "spaces": Label("前後の空白を除きました", "spaces around it removed"),
    "decimal": Label("表計算ソフトが付けた「.0」を除きました", "the '.0' of a spreadsheet removed"),
    "lost_zero": Label("失われた先頭の0を補いました", "the lost leading zero put back"),
    "standard": Label(
        "5桁の標準地域コードに検査数字を付けました", "check digit added to a five-digit standard area code"
    ),
}


def parse_area_code(text: str, *, five_digits: FiveDigits | None = None, known: Container[str] = ()) -> ParsedAreaCode:
    """Read a code as people and spreadsheets write it.

    Parameters
    ----------
    text
        The code as it stands in the source.
    five_digits
        What five-digit texts of this column are, if that is known. Without it, a text that can be both is decided by
        ``known``, else refused.
    known
        Six-digit codes that exist; used only to decide between two readings.

    Raises
    ------
    InvalidAreaCode
        If the text is no code, its check digit is wrong, or two codes can be meant; ``context`` has ``value`` and,
        where they exist, ``expected`` (the code with the right check digit) or ``allowed`` (the two readings).
    """
    digits, repairs = _clean(text)
    if digits == COUNTRY:
        return _parsed(digits, repairs)
    if len(digits) == 6:
        return _parsed(_checked(text, digits), repairs)
    if len(digits) == 5 and five_digits == "lost_zero":
        return _parsed(_checked(text, f"0{digits}"), [*repairs, "lost_zero"])
    readings = _readings(digits)
    if five_digits == "standard":
        readings.pop("lost_zero", None)
    if len(readings) > 1:
        readings = {key: code for key, code in readings.items() if code in known} or readings
    if len(readings) != 1:
        raise _unreadable(text, sorted(readings.values()))
    [(repair, code)] = readings.items()
    return _parsed(code, [*repairs, repair])


def _parsed(code: str, repairs: list[str]) -> ParsedAreaCode:
    return ParsedAreaCode(code, "+".join(repairs) or None)


def _clean(text: str) -> tuple[str, list[str]]:
    repairs = []
    trimmed = text.strip()
    if trimmed != text:
        repairs.append("spaces")
    narrow = unicodedata.normalize("NFKC", trimmed)
    if narrow != trimmed:
        repairs.append("full_width")
    digits = re.sub(r"\.0+$", "", narrow)
    if digits != narrow:
        repairs.append("decimal")
    if not re.fullmatch(r"[0-9]+", digits):
        raise _unreadable(text, [])
    return digits, repairs


def _checked(text: str, digits: str) -> str:
    expected = digits[:5] + check_digit(digits[:5])
    if not _is_prefecture(digits):
        raise _unreadable(text, [])
    if digits != expected:
        raise _invalid(
            text,
            Label(
                f"団体コード「{text}」の検査数字が違います（正しければ {expected[5]}）",
                f"The check digit of area code {text!r} is wrong (expected {expected[5]})",
            ),
            Label(
                f"桁の写し間違いがないか確かめてください。最後の桁だけの誤りなら {expected} です",
                f"Look for a mistyped digit; if only the last one is wrong, the code is {expected}",
            ),
            expected=expected,
        )
    return digits


def _readings(digits: str) -> dict[str, str]:
    """Return repair -> code for every way to read four or five digits."""
    if len(digits) == 4 and _is_standard(f"0{digits}"):
        return {"lost_zero+standard": f"0{digits}" + check_digit(f"0{digits}")}
    if len(digits) != 5:
        return {}
    readings = {}
    restored = f"0{digits}"
    if _is_prefecture(restored) and restored[5] == check_digit(restored[:5]):
        readings["lost_zero"] = restored
    if digits == COUNTRY[:5]:
        readings["standard"] = COUNTRY
    elif _is_standard(digits):
        readings["standard"] = digits + check_digit(digits)
    return readings


def _is_prefecture(digits: str) -> bool:
    return 1 <= int(digits[:2]) <= _LAST_PREFECTURE


def _is_standard(digits: str) -> bool:
    local = int(digits[2:5])
    return _is_prefecture(digits) and (local == 0 or local >= _FIRST_LOCAL_NUMBER)


def _unreadable(text: str, readings: list[str]) -> InvalidAreaCode:
    if readings:
        both = ", ".join(readings)
        return _invalid(
            text,
            Label(f"団体コード「{text}」は {both} のどちらにも読めます", f"Area code {text!r} can mean {both}"),
            Label("6桁で書いてください", "Write it with six digits"),
            allowed=readings,
        )
    return _invalid(
        text,
        Label(f"「{text}」は全国地方公共団体コードではありません", f"{text!r} is not a local-government code"),
        Label(
            "6桁の数字（例: 121002）か、5桁の標準地域コード（例: 12100）にしてください",
            "Give six digits such as 121002, or a five-digit standard area code such as 12100",
        ),
    )


def _invalid(text: str, what: Label, next_step: Label, **context: Any) -> InvalidAreaCode:
    return InvalidAreaCode(what.ja, what.en, next_step=next_step, value=text, **context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A country, prefecture, municipality, ward, or local area that an installation declares."""

    #: six digits with check digit; ``000000`` is Japan; of a local area as :data:`LOCAL_CODE`
    code: str
    #: official name without the district: 酒々井町, 千葉市中央区
    name_ja: str
    #: English name with its kind: ``Shisui Town``; None if not recorded
    name_en: str | None
    #: reading in full-width katakana; None if not recorded
    kana: str | None
    #: 郡 (or island) that lists write before the name: 印旛郡; None if there is none
    district: str | None
    #: a key of :data:`PARENT_LEVELS`
    level: str
    #: code of the area above it; None for the country
    parent: str | None
    #: first day on which the code means this area under this name; None if not recorded
    valid_from: date | None = None
    #: last day; None if it is in force
    valid_to: date | None = None

    @property
    def standard_code(self) -> str:
        """Five-digit standard area code (e-Stat ``@area``); of a local area that of the area that its code names."""
        return self.code[:5]

    @property
    def name(self) -> Label:
        """The name in both languages; English falls back to Japanese where :attr:`name_en` is None."""
        return Label(self.name_ja, self.name_en or self.name_ja)

    @property
    def is_municipality(self) -> bool:
        """Whether it is one of the 1,741 basic local governments."""
        return self.level in MUNICIPAL_LEVELS

    def exists_during(self, first: date, last: date) -> bool:
        """Return whether the code means this area on some day from ``first`` to ``last``; as far as it is recorded."""
        return (self.valid_from or first) <= last and first <= (self.valid_to or last)

    def to_dict(self) -> dict[str, Any]:
        """Return the area as JSON; ``name.en`` is null where it is not recorded."""
        return {
            "code": self.code,
            "standard_code": self.standard_code,
            "name": {"ja": self.name_ja, "en": self.name_en},
            "kana": self.kana,
            "district": self.district,
            "level": self.level,
            "parent": self.parent,
            "valid_from": _text(self.valid_from),
            "valid_to": _text(self.valid_to),
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Area:
        """Inverse of :meth:`to_dict`."""
        return cls(
            code=raw["code"],
            name_ja=raw["name"]["ja"],
            name_en=raw["name"]["en"],
            kana=raw["kana"],
            district=raw["district"],
            level=raw["level"],
            parent=raw["parent"],
            valid_from=_date(raw["valid_from"]),
            valid_to=_date(raw["valid_to"]),
        )


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


@dataclass(frozen=True)
class AreaList:
    """All areas, in the order of their codes."""

    #: the areas
    areas: tuple[Area, ...]

    def __iter__(self) -> Iterator[Area]:
        return iter(self.areas)

    def __len__(self) -> int:
        return len(self.areas)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    @cached_property
    def _by_code(self) -> dict[str, Area]:
        return {one.code: one for one in self.areas}

    @cached_property
    def _by_parent(self) -> dict[str, tuple[Area, ...]]:
        below: dict[str, list[Area]] = {}
        for one in self.areas:
            if one.parent is not None:
                below.setdefault(one.parent, []).append(one)
        return {code: tuple(areas) for code, areas in below.items()}

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Area]:
        names: dict[tuple[str, str], Area] = {}
        for one in self.areas:
            if one.level not in {"country", "prefecture", LOCAL}:
                prefecture = area_key(self.get(one.code[:2] + "000" + check_digit(one.code[:2] + "000")).name_ja)
                for name in (one.name_ja, (one.district or "") + one.name_ja):
                    known = names.setdefault((prefecture, area_key(name)), one)
                    if known.valid_to is not None:
                        names[prefecture, area_key(name)] = one
        return names

    @cached_property
    def _prefectures(self) -> dict[str, Area]:
        return {area_key(one.name_ja): one for one in self.areas if one.level == "prefecture"}

    def find(self, code: str) -> Area | None:
        """Return the area of exactly this six-digit code, or None."""
        return self._by_code.get(code)

    def get(self, code: str) -> Area:
        """Return the area of exactly this six-digit code.

        Raises
        ------
        UnknownCode
            If there is none; names the nearest.
        """
        found = self.find(code)
        if found is None:
            raise unknown_code(Label("地域コード", "area code"), code, self._by_code)
        return found

    def parse_code(self, text: str, *, five_digits: FiveDigits | None = None) -> ParsedAreaCode:
        """Read a code with :func:`parse_area_code`; of two readings the one that exists is taken.

        The code of a local area is itself.

        Raises
        ------
        InvalidAreaCode
            As there; both readings of ``12106`` exist, so it stays an error unless ``five_digits`` is given.
        """
        if (local := self.find(text.strip())) is not None and local.level == LOCAL:
            return ParsedAreaCode(local.code)
        return parse_area_code(text, five_digits=five_digits, known=self._by_code)

    def with_areas(self, more: Iterable[Area]) -> AreaList:
        """Return the list with areas added, each behind those that it had; a code that it has stays as it is."""
        new = {one.code: one for one in more if one.code not in self}
        return AreaList((*self.areas, *(new[code] for code in sorted(new)))) if new else self

    def above(self, code: str) -> tuple[Area, ...]:
        """Return the areas above an area, the nearest first; empty for the country and for what is not in the list"""
        found: list[Area] = []
        one = self.find(code)
        while one is not None and one.parent is not None:
            one = self.find(one.parent)
            if one is None or one in found:
                break
            found.append(one)
        return tuple(found)

    def children(self, code: str) -> tuple[Area, ...]:
        """Return the areas directly below, in the order of their codes; empty if there are none.

        Raises
        ------
        UnknownCode
            If there is no such area.
        """
        return self._by_parent.get(self.get(code).code, ())

    def within(self, code: str) -> tuple[Area, ...]:
        """Return the area itself and everything below it, each parent before its children.

        Raises
        ------
        UnknownCode
            If there is no such area.
        """
        area = self.get(code)
        return (area, *(one for child in self.children(code) for one in self.within(child.code)))

    def at_level(self, *levels: str) -> tuple[Area, ...]:
        """Return the areas of these levels, in the order of their codes."""
        return tuple(one for one in self.areas if one.level in levels)

    def find_prefecture(self, name: str) -> Area | None:
        """Return the prefecture of this full name (千葉県), or None."""
        return self._prefectures.get(area_key(name))

    def find_municipality(self, prefecture_name: str, municipality_name: str) -> Area | None:
        """Return the municipality or ward of this name, or None; the one in force if two had it one after the other.

        The name may have its district before it (八重山郡与那国町, 三宅島三宅村); width, spaces and ヶ/ケ do not count.
        Names are unique in a prefecture only: 府中市 is in Tokyo and in Hiroshima.
        """
        return self._by_name.get((area_key(prefecture_name), area_key(municipality_name)))


def area_key(name: str) -> str:
    """Return a name as names are compared: width, spaces, case and ヶ/ケ do not count."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).replace("ヶ", "ケ").lower()
