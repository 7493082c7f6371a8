"""Labels of groups as surveys print them -> codes: wards, ages, sexes, modes, industries, sizes, departments.

========  =====================================  ==============================
role      label                                  code
========  =====================================  ==============================
area      中央区, 千葉市中央区, 121011           ``121011`` (of the surveyed city, in the surveyed period)
age       18～29歳, 30代, 70歳以上, 20歳未満     ``Y18T29`` ``Y30T39`` ``Y_GE70`` ``Y_LT20``
sex       男性, 女, その他・回答しない           ``M`` ``F`` ``_O``
mode      郵送, WEB                              ``MAIL`` ``WEB``
industry  製造業, 卸売・小売業                   ``E`` ``I`` (日本標準産業分類)
size      1～19人, 100人以上                     ``E1T19`` ``E_GE100``
any       無回答, 不明, empty                    ``_U``
========  =====================================  ==============================

Codes of age and sex follow SDMX CL_AGE and CL_SEX. What is not understood is not guessed: it is reported, and the
option ``codes`` says what it is. Roles without a standard take a code made of the label, which stays as long as the
label does.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from catalog.errors import Label
from catalog.model import TOTAL, Dimension, Period
from catalog.model.area import Area, area_key
from catalog.model.area_names import AreaNames, describe_candidates, existing, names_below
from catalog.reference import Reference

#: code of people who did not say, or whose group is not known (SDMX)
UNKNOWN = "_U"

#: role -> title of its dimension; ``area`` is a column of every table and no dimension
TITLES = {
    "age": Label("年齢階級", "Age group"),
    "sex": Label("性別", "Sex"),
    "mode": Label("回答方法", "Mode of response"),
    "industry": Label("業種", "Industry"),
    "size": Label("従業者規模", "Number of employees"),
    "department": Label("所管課", "Department"),
}
#: role -> headings that it is found by, as :func:`fold_label` writes them
HEADINGS = {
    "area": (
        *("区", "居住区", "お住まいの区", "行政区", "地区", "住所", "居住地", "居住地区", "お住まいの地区", "地域"),
        *("町丁目", "町丁", "学校区", "学区", "小学校区", "中学校区", "生活圏", "行政センター"),
    ),
    "age": ("年代", "年齢", "年齢階級", "年齢層", "年齢別", "年代別"),
    "sex": ("性別", "性"),
    "mode": ("回答方法", "回答方式", "回収方法", "調査方法", "回答手段"),
    "industry": ("業種", "産業", "業種別"),
    "size": ("規模", "従業者規模", "従業員規模", "従業員数", "従業者数", "規模別"),
    "department": ("所管課", "担当課", "所属", "部署", "課名", "所管"),
}
_UNKNOWN_LABEL = Label("無回答・不明", "Not answered or unknown")
_UNKNOWN_TEXTS = frozenset({"", "無回答", "不明", "回答なし", "未回答", "未記入", "不詳", "わからない", "na", "99"})

_SEXES = {
    "m": ("男性", "男", "male", "m"),
    "f": ("女性", "女", "female", "f"),
    "_o": ("その他", "その他・回答しない", "その他・無回答", "どちらでもない", "other"),
}
_SEX_LABELS = {
    "M": Label("男性", "Male"),
    "F": Label("女性", "Female"),
    "_O": Label("その他・回答しない", "Other or not stated"),
}
_MODES = {
    "MAIL": (Label("郵送", "Mail"), ("郵送", "紙", "郵便", "調査票")),
    "WEB": (Label("ウェブ", "Web"), ("web", "ウェブ", "インターネット", "オンライン", "ネット", "電子申請")),
    "PHONE": (Label("電話", "Telephone"), ("電話",)),
    "VISIT": (Label("訪問", "Visit"), ("訪問", "訪問面接", "面接", "留置", "訪問留置")),
}
_INDUSTRIES = {
    "A": (Label("農業・林業", "Agriculture and forestry"), ("農業,林業", "農林業", "農業・林業")),
    "B": (Label("漁業", "Fisheries"), ("漁業",)),
    "C": (Label("鉱業・採石業・砂利採取業", "Mining and quarrying"), ("鉱業,採石業,砂利採取業", "鉱業")),
    "D": (Label("建設業", "Construction"), ("建設業",)),
    "E": (Label("製造業", "Manufacturing"), ("製造業",)),
    "F": (Label("電気・ガス・熱供給・水道業", "Electricity, gas, heat and water"), ("電気・ガス・熱供給・水道業",)),
    "G": (Label("情報通信業", "Information and communications"), ("情報通信業",)),
    "H": (
        Label("運輸業・郵便業", "Transport and postal services"),
        ("運輸業,郵便業", "運輸業", "運輸・郵便業", "運輸業・郵便業"),
    ),
    "I": (Label("卸売業・小売業", "Wholesale and retail trade"), ("卸売業,小売業", "卸売・小売業", "卸売業・小売業")),
    "J": (Label("金融業・保険業", "Finance and insurance"), ("金融業,保険業", "金融・保険業", "金融業・保険業")),
    "K": (
        Label("不動産業・物品賃貸業", "Real estate and leasing"),
        ("不動産業,物品賃貸業", "不動産業", "不動産・物品賃貸業"),
    ),
    "L": (
        Label("学術研究・専門・技術サービス業", "Research, professional and technical services"),
        ("学術研究,専門・技術サービス業",),
    ),
    "M": (
        Label("宿泊業・飲食サービス業", "Accommodation and food services"),
        ("宿泊業,飲食サービス業", "宿泊・飲食サービス業", "飲食・宿泊業"),
    ),
    "N": (Label("生活関連サービス業・娯楽業", "Personal services and amusement"), ("生活関連サービス業,娯楽業",)),
    "O": (Label("教育・学習支援業", "Education and learning support"), ("教育,学習支援業", "教育・学習支援業")),
    "P": (Label("医療・福祉", "Medical care and welfare"), ("医療,福祉", "医療・福祉")),
    "Q": (Label("複合サービス事業", "Compound services"), ("複合サービス事業",)),
    "R": (
        Label("サービス業（他に分類されないもの）", "Services not elsewhere classified"),
        ("サービス業(他に分類されないもの)",),
    ),
}


@dataclass(frozen=True, slots=True)
class Group:
    """A group of respondents, companies or procedures."""

    #: its code
    code: str
    #: its label
    label: Label


def fold_label(text: str) -> str:
    """Return a label as it is compared: NFKC, lower case, no spaces, one kind of wave dash."""
    narrow = re.sub(r"\s", "", unicodedata.normalize("NFKC", text.translate(_WAVES))).lower()
    return narrow.replace("、", ",")


_WAVES = str.maketrans(dict.fromkeys("〜～∼", "~"))


def _ranges(unit: str) -> tuple[tuple[re.Pattern[str], Callable[..., tuple[int | None, int | None]]], ...]:
    """Return the ways to write a range of whole numbers, each with how it becomes (first, last)."""
    return tuple(
        (re.compile(pattern.replace("U", unit)), read)
        for pattern, read in (
            (r"満?(\d{1,6})U?[~\-–―]+(\d{1,6})U?", lambda a, b: (a, b)),
            (r"満?(\d{1,6})U?以上(\d{1,6})U?未満", lambda a, b: (a, b - 1)),
            (r"満?(\d{1,6})U?(?:以上|~)", lambda a: (a, None)),
            (r"満?(\d{1,6})U?超", lambda a: (a + 1, None)),
            (r"満?(\d{1,6})U?代(?:以上|~)", lambda a: (a, None)),
            (r"[~]?(\d{1,3})U?代(?:以下|まで)", lambda a: (None, a + 9)),
            (r"[~]?(\d{1,6})U?未満", lambda a: (None, a - 1)),
            (r"[~]?(\d{1,6})U?以下", lambda a: (None, a)),
            (r"(\d{1,3})U?代", lambda a: (a, a + 9)),
            (r"(\d{1,6})U", lambda a: (a, a)),
        )
    )


#: an age in years, and the codes of groups of ages
_YEARS = re.compile(r"(\d{1,4})(?:\.0+)?[歳年]?")
_SPAN = re.compile(r"(\d+)?[~\-–](\d+)?")
#: from here on a number is a year of birth and no age
_FIRST_YEAR = 1000
_AGE_CODE = re.compile(r"Y(?:(\d+)T(\d+)|_GE(\d+)|_LT(\d+))")
_AGES = _ranges("(?:歳|才)")
_SIZES = _ranges("(?:人|名)")


def _range(
    text: str, forms: tuple[tuple[re.Pattern[str], Callable[..., tuple[int | None, int | None]]], ...]
) -> tuple[int | None, int | None] | None:
    for pattern, read in forms:
        match = pattern.fullmatch(text)
        if match:
            first, last = read(*(int(one) for one in match.groups()))
            return (first, last) if first is None or last is None or first <= last else None
    return None


def _range_group(text: str, prefix: str, unit: Label) -> Group | None:
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    bounds = _range(plain, _AGES if prefix == "Y" else _SIZES)
    if bounds is None:
        return None
    first, last = bounds
    if first is None and last is not None:
        return Group(f"{prefix}_LT{last + 1}", Label(f"{last + 1}{unit.ja}未満", f"under {last + 1} {unit.en}"))
    if last is None:
        return Group(f"{prefix}_GE{first}", Label(f"{first}{unit.ja}以上", f"{first} {unit.en} and over"))
    if first == last:
        return Group(f"{prefix}{first}", Label(f"{first}{unit.ja}", f"{first} {unit.en}"))
    return Group(f"{prefix}{first}T{last}", Label(f"{first}-{last}{unit.ja}", f"{first}-{last} {unit.en}"))


def _age(text: str) -> Group | None:
    return _range_group(text, "Y", Label("歳", "years"))


def _size(text: str) -> Group | None:
    return _range_group(text, "E", Label("人", "employees"))


def _age_group(years: int, codes: Iterable[str]) -> Group | None:
    """Return the group of an age in years among those that are declared, or None."""
    for code in codes:
        match = _AGE_CODE.fullmatch(code)
        if match is None:
            continue
        first, last, least, below = (None if one is None else int(one) for one in match.groups())
        if (first is not None and last is not None and first <= years <= last) or (
            years >= least if least is not None else below is not None and years < below
        ):
            return _range_of_code(first, last, least, below)
    return None


def _range_of_code(first: int | None, last: int | None, least: int | None, below: int | None) -> Group | None:
    if least is not None:
        return _age(f"{least}歳以上")
    return _age(f"{below}歳未満" if below is not None else f"{first}~{last}歳")


def _sex(text: str) -> Group | None:
    code = next((one.upper() for one, names in _SEXES.items() if text in names), None)
    return Group(code, _SEX_LABELS[code]) if code else None


def _listed(table: Mapping[str, tuple[Label, tuple[str, ...]]]) -> Callable[[str], Group | None]:
    names = {fold_label(name): Group(code, label) for code, (label, known) in table.items() for name in known}
    return names.get


_READERS: dict[str, Callable[[str], Group | None]] = {
    "age": _age,
    "sex": _sex,
    "mode": _listed(_MODES),
    "industry": _listed(_INDUSTRIES),
    "size": _size,
}
#: roles whose unknown labels get a code made of the label, because no list can have them all
_OPEN_ROLES = frozenset({"industry", "department", "mode"})


@dataclass(slots=True)
class GroupReader:
    """Reads the labels of one role, and remembers the groups that it met."""

    #: a key of :data:`HEADINGS`
    role: str
    #: labels that the configuration explains, folded -> code
    declared: Mapping[str, str] = field(default_factory=dict)
    #: areas below the surveyed one by name; for the role ``area``
    areas: AreaNames = field(default_factory=dict)
    #: the areas by code; for the role ``area``
    listed: Mapping[str, Area] = field(default_factory=dict)
    #: first and last day that the labels are of: areas of other times are not meant
    days: tuple[date, date] = (date.min, date.max)
    #: code -> label, in the order of appearance
    met: dict[str, Label] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        role: str,
        reference: Reference,
        area: str,
        codes: Mapping[str, Mapping[str, str]] | None,
        period: Period | None = None,
    ) -> GroupReader:
        """Return a reader for a role within an area and a period, with the codes that the configuration declares."""
        declared = {fold_label(text): code for text, code in (codes or {}).get(role, {}).items()}
        if role != "area":
            return cls(role, declared)
        listed = {one.code: one for one in reference.areas.within(area)}
        days = (period.start, period.end) if period else (date.min, date.max)
        return cls(role, declared, names_below(reference.areas, area), listed, days)

    def find(self, text: str) -> Group | None:
        """Return the group of a label, or None if it is not understood."""
        found = self._look_up(fold_label(text), text.strip())
        if found is not None:
            self.met.setdefault(found.code, found.label)
        return found

    def explain(self, text: str) -> Label | None:
        """Return which areas a label that is not understood may mean, or None if no area has that name."""
        candidates = self.areas.get(area_key(text), ())
        if not candidates:
            return None
        named = describe_candidates(self._meant(text) or candidates)
        if self._meant(text):
            return Label(
                f"どれとも決められません: {named.ja}。options の codes の area に書いてください",
                f"it may mean any of {named.en}; say which in the option codes, under area",
            )
        return Label(f"この時点にはない地域です: {named.ja}", f"there is no such area at that time: {named.en}")

    def find_mentioned(self, text: str) -> str | None:
        """Return the code of the only area that a running text names; None if it names none or several."""
        key = area_key(text)
        said = [name for name in self.areas if not name.isascii() and name in key]
        whole = [one for one in said if not any(one != other and one in other for other in said)]
        codes = {one.code for name in whole for one in self._meant(name)}
        return codes.pop() if len(codes) == 1 else None

    def _meant(self, text: str) -> tuple[Area, ...]:
        return existing(self.areas.get(area_key(text), ()), *self.days)

    def _area(self, folded: str, text: str) -> Group | None:
        """Return the area of a label: as declared, unless that one is of another time; then by its name."""
        declared, meant = self.declared.get(folded), self._meant(text)
        named = self._meant(declared or "") if declared not in self.listed else ()
        declared = named[0].code if len(named) == 1 else declared
        known = self.listed.get(declared or "")
        if declared is not None and (known is None or known.exists_during(*self.days) or len(meant) != 1):
            return Group(declared, Label(text, text))
        return Group(meant[0].code, Label(text, text)) if len(meant) == 1 else _unknown(folded)

    def _look_up(self, folded: str, text: str) -> Group | None:
        if self.role == "area":
            return self._area(folded, text)
        if folded in self.declared:
            return self._declared(self.declared[folded], text)
        if self.role == "age" and (years := _YEARS.fullmatch(folded)):
            number = int(years[1])
            by_code = _age_group(number, self.declared.values()) if number < _FIRST_YEAR else None
            return self._in_span(number) or by_code
        reader = _READERS.get(self.role)
        return (reader(folded) if reader else None) or _unknown(folded) or self._made(folded, text)

    def _in_span(self, number: int) -> Group | None:
        """Return the group of a number, such as a year of birth, in a declared span of numbers (``1954-1963``)."""
        for text, code in self.declared.items():
            span = _SPAN.fullmatch(text)
            if span and int(span[1] or 0) <= number <= int(span[2] or number):
                return self._declared(code, code)
        return None

    def _declared(self, code: str, text: str) -> Group:
        """Return a declared group; instead of a code, a label that is understood by itself may be declared."""
        match = _AGE_CODE.fullmatch(code) if self.role == "age" else None
        known = _label_of(self.role, code)
        if match is not None:
            first, last, least, below = (None if one is None else int(one) for one in match.groups())
            return _range_of_code(first, last, least, below) or Group(code, Label(text, text))
        reader = None if known else _READERS.get(self.role)
        found = reader(fold_label(code)) if reader else None
        return found or Group(code, known or Label(text, text))

    def _made(self, folded: str, text: str) -> Group | None:
        if self.role not in _OPEN_ROLES:
            return None
        return Group(f"X{hashlib.sha256(folded.encode()).hexdigest()[:8].upper()}", Label(text, text))

    def dimension(self) -> Dimension:
        """Return the dimension with the total and the groups that were met, sorted by what they mean."""
        ordered = sorted(self.met.items(), key=lambda one: (one[0] == UNKNOWN, _order(one[0])))
        return Dimension(self.role, TITLES[self.role], {TOTAL: Label("総数", "Total"), **dict(ordered)})


def _label_of(role: str, code: str) -> Label | None:
    """Return the label of a standard code; None if the role has no list or the list has no such code."""
    if code == UNKNOWN:
        return _UNKNOWN_LABEL
    labels = {"sex": _SEX_LABELS, "mode": {key: label for key, (label, _) in _MODES.items()}}
    return labels.get(role, {}).get(code)


def _unknown(folded: str) -> Group | None:
    return Group(UNKNOWN, _UNKNOWN_LABEL) if folded in _UNKNOWN_TEXTS else None


def _order(code: str) -> tuple[int, str]:
    """Return where a code stands: ranges by their first number, an open beginning before them."""
    numbers = re.findall(r"\d+", code) if re.fullmatch(r"[YE](?:_[A-Z]{2})?\d+(?:T\d+)?", code) else []
    return (-1 if "_LT" in code else int(numbers[0]) if numbers else 0, code)
