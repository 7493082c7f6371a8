"""Guards that look at the inputs: their headings and sheets, and whether anything came at all.

An input is held against itself as it was last used; a new one (the file of the next month) against the newest of its
series, which are the objects whose names differ in dates and numbers only. Years and months in headings are not
compared, so that a table that moves on by a year has not changed its form.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from catalog.database.holds import KnownShape
from catalog.errors import Label, Place
from harvesters.guards.declared import EMPTY_SOURCE, EXAMPLES_KEPT, SCHEMA_CHANGE, GuardExample, Limits, Trip
from harvesters.readers.shape import Shape

_TIMES = re.compile(r"(?:19|20)\d{2}|(?:令和|平成|昭和|[RHS])\s*(?:\d+|元)|\d+(?=\s*(?:年度?|月|日|期|四半期))", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenShape:
    """The shape of an input in this run."""

    #: the object and the sha256 of its bytes
    object: str
    sha256: str
    #: sheet -> headings
    shape: Shape
    #: the datasets that it contributed to; empty if it could not be read, or is a code book
    datasets: tuple[str, ...]
    #: why it could not be read, or None
    error: Mapping[str, str] | None = None


def series_of(name: str) -> str:
    """Return the name of an object without what changes from one to the next: ``#/all_localgovs.csv``."""
    return re.sub(r"\d+", "#", unicodedata.normalize("NFKC", name))


def changed_shapes(seen: Iterable[SeenShape], known: Mapping[str, KnownShape], limits: Limits) -> dict[str, Trip]:
    """Return object -> what the guard says about its form, for those whose form has changed."""
    if not limits.is_on(SCHEMA_CHANGE):
        return {}
    strict = limits.limit(SCHEMA_CHANGE) == "any"
    newest = {one.series: one for one in sorted(known.values(), key=lambda each: each.object)}
    trips = {}
    for one in seen:
        before = known.get(one.object) or newest.get(series_of(one.object))
        if before is not None and (trip := _compare(one, before, strict=strict)) is not None:
            trips[one.object] = trip
    return trips


def empty_trip(dataset: str, published: int, gone: Collection[str], limits: Limits) -> Trip | None:
    """Return what the guard says about a dataset that is published and to which nothing came."""
    if not limits.is_on(EMPTY_SOURCE) or not published:
        return None
    return Trip(
        guard=EMPTY_SOURCE,
        what=Label(
            f"公開済みの観測値は {published} 個ありますが、今回は0個です。公開済みの値は消しません",
            f"{published} observations are published and none came now; what is published stays",
        ),
        figures={"before": published, "after": 0, "dataset": dataset},
        examples=tuple(GuardExample(place=Place(file=name)) for name in sorted(gone)[:EXAMPLES_KEPT]),
        total=len(gone),
    )


def _fold(heading: str) -> str:
    return _TIMES.sub("#", re.sub(r"\s+", "", unicodedata.normalize("NFKC", heading)))


def _missing(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return the headings that stand in ``before`` more often than in ``after``, as they are written there."""
    left = Counter(_fold(one) for one in after)
    missing = []
    for one in before:
        left[_fold(one)] -= 1
        if left[_fold(one)] < 0:
            missing.append(one)
    return missing


def _compare(seen: SeenShape, before: KnownShape, *, strict: bool) -> Trip | None:
    gone, new = _differences(seen.shape, before.shape)
    if not gone and not (strict and new):
        return None
    named = [name for _, name in gone]
    # Headings of a file that could not be read may be no headings at all but somebody's answers.
    fresh = [name for _, name in new] if seen.error is None else []
    reads = Label("", "")
    if seen.error is not None:
        reads = Label(f"このままでは読めません: {seen.error['ja']}", f"It cannot be read so: {seen.error['en']}")
    return Trip(
        guard=SCHEMA_CHANGE,
        what=Label(
            f"{seen.object} の形が前回（{before.object}）と違います。なくなったもの {len(gone)}: {_list(named)}、"
            f"増えたもの {len(new)}: {_list(fresh)}。{reads.ja}".rstrip("。")
            + "。",
            f"{seen.object} does not have the form of the last time ({before.object}); gone {len(gone)}: "
            f"{_list(named)}; new {len(new)}: {_list(fresh)}. {reads.en}".rstrip(),
        ),
        figures={
            "object": seen.object,
            "compared_with": before.object,
            "before": sum(map(len, before.shape.values())),
            "after": sum(map(len, seen.shape.values())),
            "gone": named,
            "new": fresh,
            "readable": seen.error is None,
        },
        examples=tuple(
            [GuardExample(place=Place(file=seen.object, sheet=sheet or None), before=name) for sheet, name in gone]
            + [
                GuardExample(place=Place(file=seen.object, sheet=sheet or None), after=name)
                for sheet, name in (new if seen.error is None else ())
            ]
        )[:EXAMPLES_KEPT],
        total=len(gone) + len(fresh),
    )


def _differences(after: Shape, before: Mapping[str, list[str]]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return (sheet, heading) of what is gone and of what is new; a whole sheet by its own name."""
    then = {_fold(sheet): (sheet, names) for sheet, names in before.items()}
    now = {_fold(sheet): (sheet, names) for sheet, names in after.items()}
    gone = [(sheet, sheet) for key, (sheet, _) in then.items() if key not in now]
    new = [(sheet, sheet) for key, (sheet, _) in now.items() if key not in then]
    for key in then.keys() & now.keys():
        gone += [(then[key][0], name) for name in _missing(then[key][1], now[key][1])]
        new += [(now[key][0], name) for name in _missing(now[key][1], then[key][1])]
    return gone, new


def _list(names: Sequence[str]) -> str:
    return "、".join(names[:5]) + (" …" if len(names) > 5 else "") if names else "―"
