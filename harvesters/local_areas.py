"""Areas that no national list has: 地区, 学校区, 町丁目, 生活圏, 行政センター.

A harvest file declares them once for all its sources, as a list or as the name of a CSV with the same columns::

    areas: areas.csv

    areas:
      - {code: 12101-higashi, name_ja: 東部地区, name_en: East, parent: "121011", valid_from: 2020-04-01}

==================================  ===================================================================================
column                              what it says
==================================  ===================================================================================
``code``                            first five digits of an area above it, then 2 to 34 letters, digits, ``-`` or ``_``
``name_ja``, ``name_en``            its name; without ``name_en`` the Japanese one is shown
``parent``                          the area that it is part of: a code of the national list, or another one declared
``valid_from``, ``valid_to``        first and last day; empty where that is not known or it is in force
==================================  ===================================================================================

From here on they are areas like any other: they are named in answers, pass the guard on unknown codes, and stand in
every release that has figures of them (:attr:`catalog.model.Dataset.areas`), which is how other nodes know them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalog.errors import ConfigurationError, InputError, Label, Place
from catalog.formats.columns import unique
from catalog.model.area import LOCAL, LOCAL_CODE, PARENT_LEVELS, Area, AreaList
from harvesters.base import Contribution
from harvesters.options import DATE, OptionType, read_value, unknown_value

_COLUMNS = ("code", "name_ja", "name_en", "parent", "valid_from", "valid_to")
_NEEDED = ("code", "name_ja", "parent")
#: largest table that is read, in bytes, and most areas of a file
_LARGEST_FILE, _MOST_AREAS = 5_000_000, 20_000


def _code(raw: Any) -> str:
    text = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
    if not isinstance(text, str) or not LOCAL_CODE.fullmatch(text.strip()):
        raise ValueError
    return text.strip()


def _name(raw: Any) -> str:
    if not isinstance(raw, str) or not re.fullmatch(r"[^\x00-\x1f\x7f]{1,100}", raw.strip()):
        raise ValueError
    return raw.strip()


def _parent(raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int) or not re.fullmatch(r"[0-9A-Za-z_-]{6,40}", str(raw)):
        raise ValueError
    return str(raw)


def _day(raw: Any) -> date:
    day: date = DATE.parse(raw.replace("/", "-") if isinstance(raw, str) else raw)
    return day


_CODE = OptionType(
    "code",
    Label(
        "上の地域の団体コードの先頭5桁に、2〜34字の英数字・ハイフン・下線を続けたもの（例: 12101-higashi）",
        "the first five digits of the code of an area above it, then 2 to 34 letters, digits, - or _ (12101-higashi)",
    ),
    _code,
)
_NAME = OptionType("name", Label("100字までの名称", "a name of up to 100 characters"), _name)
_PARENT = OptionType("parent", Label('地域のコード（例: "121011"）', 'the code of an area, such as "121011"'), _parent)
_DAY = OptionType("day", Label("2025-04-01 のような日付", "a day such as 2025-04-01"), _day)
_TYPES = {"code": _CODE, "name_ja": _NAME, "name_en": _NAME, "parent": _PARENT, "valid_from": _DAY, "valid_to": _DAY}


def read_local_areas(raw: Any, path: Path, national: AreaList) -> tuple[Area, ...]:
    """Return the areas that a harvest file declares.

    Parameters
    ----------
    raw
        What stands under ``areas``: a list of mappings, or the name of a CSV; None if nothing does.
    path
        The harvest file; the CSV is looked for below its folder.
    national
        The areas that exist anyway.

    Raises
    ------
    ConfigurationError
        If the table cannot be read, a code is malformed, repeats or is one of the national list, the parent is not
        known, or a day is no day; names file, row and column, the value and what to do.
    """
    if raw is None:
        return ()
    file, rows = (path.name, _listed(raw, path.name)) if isinstance(raw, list) else _table(raw, path)
    return _read_rows(rows, file, national)


def read_described_areas(raw: Any, name: str, national: AreaList) -> tuple[Area, ...]:
    """Return the areas that the description of a release of somebody else names; ``raw`` is what stands in it.

    Raises
    ------
    InputError
        If they break a rule that holds for areas of a harvest file.
    """
    rows = [_flat(one) for one in raw] if isinstance(raw, list) else []
    try:
        return _read_rows(_listed(rows, name), name, national)
    except ConfigurationError as error:
        step = Label("提供元に知らせてください", "Tell the owner of the source")
        raise InputError(error.what.ja, error.what.en, next_step=step, place=error.place) from error


def _flat(raw: Any) -> Any:
    if not isinstance(raw, Mapping) or not isinstance(names := raw.get("name"), Mapping):
        return raw
    kept = {key: value for key, value in raw.items() if key in _COLUMNS}
    return {**kept, **{f"name_{lang}": names.get(lang) for lang in ("ja", "en")}}


def _read_rows(rows: Iterable[tuple[str, Mapping[str, Any]]], file: str, national: AreaList) -> tuple[Area, ...]:
    found: dict[str, Area] = {}
    places: dict[str, str] = {}
    for where, row in rows:
        one = _area(row, file, where, national)
        if one.code in found:
            raise _wrong(file, f"{where}.code", one.code, _repeats(places[one.code]))
        found[one.code], places[one.code] = one, where
    everything = national.with_areas(found.values())
    for code, one in found.items():
        _check_parent(one, everything, file, places[code])
    return tuple(found.values())


def with_areas(contributions: Iterable[Contribution], areas: Sequence[Area]) -> Iterator[Contribution]:
    """Yield the contributions with the declared areas in the description of their datasets."""
    for one in contributions:
        yield replace(one, dataset=replace(one.dataset, areas=(*one.dataset.areas, *areas))) if areas else one


def areas_used(areas: Iterable[Area], table: pa.Table, spatial: Sequence[str]) -> tuple[Area, ...]:
    """Return the areas that a table or the extent of its dataset names, and those above, by code; the first wins."""
    known: dict[str, Area] = {}
    for one in areas:
        known.setdefault(one.code, one)
    wanted, used = [*unique(table["area_code"]).to_pylist(), *spatial] if known else [], set()
    while wanted:
        code = wanted.pop()
        if code in known and code not in used:
            used.add(code)
            wanted.append(known[code].parent)
    return tuple(known[code] for code in sorted(used))


def _listed(raw: list[Any], file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for i, row in enumerate(_bounded(raw, file)):
        if not isinstance(row, Mapping):
            rule = Label("code、name_ja、parent の組であること", "It is a mapping with code, name_ja and parent")
            raise _wrong(file, f"areas[{i}]", row, rule)
        yield f"areas[{i}]", row


def _table(raw: Any, path: Path) -> tuple[str, Iterator[tuple[str, Mapping[str, Any]]]]:
    if not isinstance(raw, str) or not raw.strip() or ".." in Path(raw).parts:
        rule = Label(
            "地域の並びか、定義ファイルのフォルダの中のCSVの名前",
            "A list of areas, or the name of a CSV beside the file",
        )
        raise _wrong(path.name, "areas", raw, rule)
    place = path.parent / raw
    text = _read(place, raw)
    lines = csv.reader(io.StringIO(text))
    head = [one.strip() for one in next(lines, [])]
    for one in head:
        if one not in _COLUMNS:
            raise unknown_value(one, _COLUMNS, file=raw, key="row 1", what=Label("列", "column"))
    return raw, _csv_rows(lines, head, raw)


def _read(place: Path, name: str) -> str:
    try:
        if place.stat().st_size > _LARGEST_FILE:
            raise _wrong(name, "", f"{place.stat().st_size} bytes", Label("5MBまでであること", "It has 5 MB at most"))
        content = place.read_bytes()
    except OSError as error:
        raise _wrong(name, "", error.strerror, Label("読めるファイルであること", "The file can be read")) from error
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _wrong(name, "", name, Label("UTF-8かShift_JISであること", "It is UTF-8 or Shift_JIS"))


def _csv_rows(lines: Iterable[list[str]], head: list[str], file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(_bounded(lines, file), 2):
        if len(line) > len(head):
            rule = Label(f"{len(head)}列であること", f"It has {len(head)} columns")
            raise _wrong(file, f"row {number}", ",".join(line), rule)
        if any(one.strip() for one in line):
            yield f"row {number}", {key: one.strip() for key, one in zip(head, line, strict=False) if one.strip()}


def _bounded(rows: Iterable[Any], file: str) -> Iterator[Any]:
    for number, row in enumerate(rows):
        if number >= _MOST_AREAS:
            raise _wrong(
                file, "areas", number, Label(f"{_MOST_AREAS}件までであること", f"There are {_MOST_AREAS} at most")
            )
        yield row


def _area(row: Mapping[str, Any], file: str, where: str, national: AreaList) -> Area:
    for key in row:
        if key not in _COLUMNS:
            raise unknown_value(str(key), _COLUMNS, file=file, key=where, what=Label("キー", "key"))
    for key in _NEEDED:
        if row.get(key) is None:
            raise _wrong(file, where, key, Label(f"「{key}」があること", f"It has {key}"))
    if (known := national.find(str(row["code"]))) is not None:
        raise _wrong(file, f"{where}.code", known.code, _taken(known))
    given = {
        key: read_value(_TYPES[key], value, file=file, key=f"{where}.{key}")
        for key, value in row.items()
        if value is not None
    }
    one = Area(**{"name_en": None, "kana": None, "district": None, "level": LOCAL, **given})
    if one.valid_from and one.valid_to and one.valid_to < one.valid_from:
        rule = Label("valid_from 以後の日であること", "It is not before valid_from")
        raise _wrong(file, f"{where}.valid_to", one.valid_to, rule)
    return one


def _check_parent(area: Area, everything: AreaList, file: str, where: str) -> None:
    key = f"{where}.parent"
    parent = everything.find(area.parent or "")
    if parent is None:
        near = [one.code for one in everything if one.code[:5] == (area.parent or "")[:5] and one.level != LOCAL]
        meant = Label(f"（{near[0]} のことでは？）", f" (did you mean {near[0]}?)") if near else Label("。", ".")
        rule = Label(f"国の一覧かこの表にある地域のコード{meant.ja}", f"A code of the list or of this table{meant.en}")
        raise _wrong(file, key, area.parent, rule)
    above = everything.above(area.code)
    if parent.level not in PARENT_LEVELS[LOCAL] or above[-1].level != "country":
        rule = Label(
            "都道府県・市区町村・区、または上の地区", "A prefecture, municipality or ward, or a larger local area"
        )
        raise _wrong(file, key, area.parent, rule)
    numbers = [one.standard_code for one in above if one.level != LOCAL and one.parent is not None]
    if area.standard_code not in numbers:
        rule = Label(
            f"先頭の5桁が上の地域のもの（{'、'.join(numbers)}）であること",
            f"It begins with the five digits of an area above it ({', '.join(numbers)})",
        )
        raise _wrong(file, f"{where}.code", area.code, rule)


def _repeats(first: str) -> Label:
    return Label(f"一度だけ現れること（{first} にもあります）", f"It occurs once (it is in {first}, too)")


def _taken(area: Area) -> Label:
    return Label(
        f"国の一覧にないコードであること（{area.code} は{area.name_ja}です）",
        f"It is no code of the national list ({area.code} is {area.name.en})",
    )


def _wrong(file: str, where: str, value: object, rule: Label) -> ConfigurationError:
    shown = str(value)[:80]
    return ConfigurationError(
        f"地域の表の「{shown}」は使えません: {rule.ja}",
        f"{shown!r} cannot be used in the table of areas: {rule.en}",
        next_step=Label(f"{file} を直してください", f"Correct {file}"),
        place=Place(file=file, cell=where or None),
        key=where,
        value=shown,
    )
