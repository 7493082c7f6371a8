"""What people call areas: every way to write one, and which areas a text may mean.

A ward or district is called by its short name (中央区), which many cities have. Whose it is follows from the area that
a source is about, never from a guess: names that may mean several areas keep all of them, and the caller reports the
candidates. Areas that exist one after the other under one name (浜松市天竜区 has two codes) are told apart by the time
that the figures are of.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from catalog.errors import Label
from catalog.model.area import LOCAL, Area, AreaList, area_key

#: name as :func:`~catalog.model.area.area_key` writes it -> the areas that it may mean, in the order of the list
AreaNames = Mapping[str, tuple[Area, ...]]


def names_below(areas: AreaList, code: str) -> AreaNames:
    """Return every way to name the areas below one: 中央区, 千葉市中央区, Chuo Ward, 121011, 12101.

    A name that something directly below has means that, whatever is called so further down.

    Raises
    ------
    UnknownCode
        If there is no such area.
    """
    names: dict[str, tuple[Area, ...]] = {}
    above: Sequence[Area] = (areas.get(code),)
    while above:
        below = [child for one in above for child in areas.children(one.code)]
        found = _collect((name, one) for one in below for name in (*_names(areas, one), one.code, one.name_en or ""))
        standard = _collect((one.standard_code, one) for one in below if one.level != LOCAL)
        names = {**standard, **found, **names}
        above = below
    return names


def names_anywhere(areas: AreaList) -> AreaNames:
    """Return the names of all areas, with their prefecture before them and alone."""
    prefectures = {one.code[:2]: one.name_ja for one in areas.at_level("prefecture")}

    def named() -> Iterator[tuple[str, Area]]:
        for one in areas:
            yield from ((name, one) for name in _names(areas, one))
            if one.level not in {"country", "prefecture"}:
                whole = prefectures.get(one.code[:2], "")
                yield from ((whole + name, one) for name in (one.name_ja, (one.district or "") + one.name_ja))

    return _collect(named())


def distinct_names(some: Iterable[Area], areas: AreaList) -> dict[str, Label]:
    """Return the names of areas that are shown together; those that are alike say what tells them apart.

    That is the area above (Kita Ward of Osaka City and of Sakai City), or the last day of what is not in force.

    Returns
    -------
    dict
        Code -> name, in the order of ``some``.
    """
    shown = tuple(some)
    alike = {lang: Counter(one.name.in_language(lang) for one in shown) for lang in ("ja", "en")}
    return {
        one.code: Label(_told_apart(one, "ja", alike["ja"], areas), _told_apart(one, "en", alike["en"], areas))
        for one in shown
    }


def _told_apart(area: Area, lang: str, alike: Mapping[str, int], areas: AreaList) -> str:
    name = area.name.in_language(lang)
    if alike[name] < 2:
        return name
    above = areas.find(area.parent) if area.parent else None
    whole = above.name.in_language(lang) if above else ""
    named = name if name.startswith(whole) else f"{name}（{whole}）" if lang == "ja" else f"{name}, {whole}"
    if area.valid_to is None:
        return named
    return named + (f"（{area.valid_to} まで）" if lang == "ja" else f" (until {area.valid_to})")


def existing(candidates: Iterable[Area], first: date, last: date) -> tuple[Area, ...]:
    """Return the areas that exist on some day from ``first`` to ``last``."""
    return tuple(one for one in candidates if one.exists_during(first, last))


def describe_candidates(candidates: Sequence[Area]) -> Label:
    """Return which areas a text may mean, with the time of those that are not in force."""
    return Label(
        "、".join(
            f"{one.code} {one.name_ja}" + (f"（{one.valid_to} まで）" if one.valid_to else "") for one in candidates
        ),
        ", ".join(
            f"{one.code} {one.name_ja}" + (f" (until {one.valid_to})" if one.valid_to else "") for one in candidates
        ),
    )


def _names(areas: AreaList, area: Area) -> set[str]:
    above = areas.find(area.parent) if area.parent else None
    names = {area.name_ja, area.name_ja.removeprefix(above.name_ja if above else "")}
    return {*names, *((area.district + area.name_ja,) if area.district else ())}


def _collect(named: Iterable[tuple[str, Area]]) -> dict[str, tuple[Area, ...]]:
    found: dict[str, dict[str, Area]] = defaultdict(dict)
    for name, one in named:
        found[area_key(name)][one.code] = one
    found.pop("", None)
    return {name: tuple(ones.values()) for name, ones in found.items()}
