"""Parts of a package by path: compare, keep and change them, as ``package_revise`` does.

A path is keys joined by ``__``: names of fields, places in a list (negative ones count from its end), or five or more
first characters of the id of an item of a list, such as ``resources__19cfad__description``. A pattern is a path with a
sign: ``-`` removes a part and ``+`` keeps it, ``*`` stands for all of a level, and the first pattern that fits counts.

References
----------
https://docs.ckan.org/en/2.12/api/#ckan.logic.action.update.package_revise (2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from catalog.errors import Label

#: path of an item in a pattern that means all of them
_ALL = "*"
#: so many characters of a key are the beginning of an id; fewer are a place
_SHORTEST_ID = 5
_EXTEND = "extend"

Pattern = tuple[bool, Sequence[str]]


class PartError(Exception):
    """A path leads nowhere, or a value does not fit where it should go; ``label`` says it to people."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(en)
        self.label = Label(ja, en)


def differing(found: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Yield the paths at which ``wanted`` states something else than is ``found``; what it does not state may be."""
    if isinstance(wanted, dict):
        items: Sequence[tuple[Any, Any]] = sorted(wanted.items())
        fits = isinstance(found, dict)
    elif isinstance(wanted, list):
        items, fits = list(enumerate(wanted)), isinstance(found, list)
    else:
        items, fits = (), found == wanted
    if not fits:
        yield path
        return
    for key, value in items:
        inner = f"{path}__{key}" if path else str(key)
        if key in found if isinstance(found, dict) else key < len(found):
            yield from differing(found[key], value, inner)
        else:
            yield inner


def part_at(content: Any, path: str) -> Any:
    """Return the part at a path.

    Raises
    ------
    PartError
        If there is none.
    """
    for number, key in enumerate(keys := path.split("__")):
        place = _place(content, key)
        if place is None:
            there = "__".join(keys[: number + 1])
            raise PartError(f"{there} はありません", f"There is no {there}")
        content = content[place]
    return content


def _place(content: Any, key: str) -> Any:
    """Return the key or index of a part of ``content``; None if it has no such part."""
    if isinstance(content, dict):
        return key if key in content else None
    if not isinstance(content, list):
        return None
    if len(key) >= _SHORTEST_ID:
        ids = (str(item.get("id", "")) if isinstance(item, dict) else "" for item in content)
        return next((place for place, id in enumerate(ids) if id.startswith(key)), None)
    try:
        place = range(len(content))[int(key)]
    except (ValueError, IndexError):
        return None
    return place


def patterns_of(texts: Sequence[str]) -> list[Pattern]:
    """Read patterns; True at the head of those that keep."""
    return [(text.strip().startswith("+"), text.strip().lstrip("+-").split("__")) for text in texts]


def kept(content: Any, patterns: Sequence[Pattern]) -> Any:
    """Return ``content`` without what the patterns remove."""
    if isinstance(content, dict):
        return {key: kept(one, inner) for key, one in content.items() if (inner := _inner(patterns, {key})) is not None}
    if isinstance(content, list):
        places = [(one, _inner(patterns, _names(content, place))) for place, one in enumerate(content)]
        return [kept(one, inner) for one, inner in places if inner is not None]
    return content


def _names(items: Sequence[Any], place: int) -> set[str]:
    """Return the keys of the given patterns that may mean an item: its places, and the beginnings of its id."""
    id = str(items[place].get("id", "")) if isinstance(items[place], dict) else ""
    beginnings = {id[:end] for end in range(_SHORTEST_ID, len(id) + 1)}
    return {str(place), str(place - len(items)), *beginnings}


def _inner(patterns: Sequence[Pattern], names: set[str]) -> list[Pattern] | None:
    """Return the patterns for what is inside a part that stays; None if the part goes."""
    for keep, path in patterns:
        if path[0] == _ALL or (path[0] in names and len(path) == 1):
            if keep:
                break
            return None
    return [(keep, path[1:]) for keep, path in patterns if path[0] in names and len(path) > 1]


def merge(content: Any, change: Any, path: str = "") -> Any:
    """Return ``content`` with the change in it: dictionaries and lists item by item, everything else replaced.

    Raises
    ------
    PartError
        If a list or dictionary should become something else.
    """
    if isinstance(content, dict):
        _need(change, dict, path)
        merged = {key: merge(content[key], one, _join(path, key)) for key, one in change.items() if key in content}
        return {**content, **change, **merged}
    if isinstance(content, list):
        _need(change, list, path)
        merged_items = [merge(one, new, _join(path, place)) for place, (one, new) in enumerate(zip(content, change))]  # noqa: B905 - either may be longer
        return [*merged_items, *content[len(change) :], *change[len(content) :]]
    return change


def merge_at(content: dict[str, Any], path: str, change: Any) -> dict[str, Any]:
    """Return ``content`` with a change at a path; one that ends in ``extend`` adds items to a list.

    Raises
    ------
    PartError
        If the path leads nowhere, or the change does not fit there.
    """
    stem, _, last = path.rpartition("__")
    found = part_at(content, stem) if stem else content
    if last == _EXTEND and isinstance(found, list):
        _need(change, list, stem)
        new: Any = [*found, *change]
    elif isinstance(found, dict):
        new = {**found, last: merge(found[last], change, path) if last in found else change}
    elif isinstance(found, list):
        new = _with(found, [last], merge(part_at(found, last), change, path))
    else:
        raise PartError(f"{stem} はリストか辞書ではありません", f"Expected a list or a dictionary for {stem}")
    merged: dict[str, Any] = _with(content, stem.split("__") if stem else [], new)
    return merged


def _with(content: Any, keys: Sequence[str], new: Any) -> Any:
    """Return ``content`` with another part at a path that exists."""
    if not keys:
        return new
    place = _place(content, keys[0])
    inner = _with(content[place], keys[1:], new)
    if isinstance(content, dict):
        return {**content, place: inner}
    return [inner if number == place else one for number, one in enumerate(content)]


def _join(path: str, key: Any) -> str:
    return f"{path}__{key}" if path else str(key)


def _need(value: Any, kind: type, path: str) -> None:
    if not isinstance(value, kind):
        what = Label("リスト", "a list") if kind is list else Label("辞書", "a dictionary")
        raise PartError(f"{path} は{what.ja}にしてください", f"Expected {what.en} for {path}")
