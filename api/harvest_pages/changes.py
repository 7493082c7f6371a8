"""The changes of one dataset as tables and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from api.harvest_pages.plots import NARROW, WIDE, draw_spread, draw_trend
from api.harvest_pages.words import Words, number, percent, signed
from catalog.errors import Label
from catalog.model import base_columns
from harvesters.publishing.changes import KINDS, ChangedFigure, Changes
from harvesters.publishing.trends import Trend

#: fewer comparisons than this are read in the table, not in a histogram
_FEWEST = 8
#: changes that a picture numbers
_NUMBERED = 5

KIND_LABELS = {
    "revised": Label("改訂される値", "Revised values"),
    "removed": Label("なくなる観測値", "Observations that go"),
    "changed": Label("値は同じで、付記が変わる観測値", "Same value, other attributes"),
    "added": Label("追加される観測値", "Added observations"),
}
_SPREADS = {
    "revised": Label("改訂の大きさ（公開中の値からの変化）", "How big the revisions are, from what is published"),
    "added": Label("追加の大きさ（一つ前の時点からの変化）", "How added values differ from the period before"),
}
_NOT_COMPARED = {
    "first": Label("前の時点がない", "no period before"),
    "no_value": Label("どちらかに値がない（秘匿など）", "no value on one side (suppressed and the like)"),
    "unit": Label("単位が違う", "another unit"),
    "break": Label("系列の断絶", "break of the series"),
    "zero": Label("0を含むか符号が違う", "zero, or another sign"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One observation in words."""

    #: what it is about, and by its codes
    what: Label
    codes: str
    #: what it was (of an added one: in the period before, which ``when`` names) and would be
    before: Label
    when: Label | None
    after: Label
    #: the difference and the relative one; None if they cannot be compared
    difference: str | None
    relative: Label | None
    #: unit of the values and of the difference; a changed unit is told
    unit: Label
    change_unit: Label
    #: attributes that differ, in words
    attributes: Sequence[tuple[Label, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The observations of one kind."""

    kind: str
    title: Label
    rows: Sequence[Row]
    #: all of them, and how many are not in the table
    total: int
    rest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture with what it says in words."""

    title: Label
    codes: str
    drawings: Sequence[Markup]
    notes: Sequence[Label] = ()
    #: numbered changes: what, relative change
    numbered: Sequence[tuple[Label, Label]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetChanges:
    """What changes in a dataset."""

    tables: Sequence[Table]
    trends: Sequence[Picture]
    #: marks that the trends use
    marks: frozenset[str]
    totals_only: bool
    spreads: Sequence[Picture]
    #: what is missing or unknown: kind, what, codes, value
    absent: Sequence[tuple[str, Label, str, Label]]
    #: file with all rows
    listed_in: str | None
    #: why it cannot be shown, as JSON
    error: Mapping[str, Any] | None


def show_changes(changes: Changes, words: Words, anchor: str) -> DatasetChanges:
    """Return the tables and pictures of what was seen of a dataset; ``anchor`` begins the ids of its pictures."""
    synthetic = bool(changes.dataset and changes.dataset.synthetic)
    points = [point for trend in changes.trends for point in trend.points]
    marks = (
        {one.kind for one in points}
        | {"gap" for one in points if one.is_gap}
        | {"break" for one in points if one.status == "B"}
    )
    return DatasetChanges(
        tables=[_table(kind, changes, words) for kind in KINDS if changes.counts.get(kind)],
        trends=list(_trends(changes.trends, words, anchor, synthetic=synthetic)),
        marks=frozenset(marks),
        totals_only=changes.totals_only,
        spreads=[]
        if changes.trends and not changes.totals_only
        else list(_spreads(changes, words, anchor, synthetic=synthetic)),
        absent=[
            (one.kind, words.key(one.key), words.codes(one.key), words.value((one.before or {}).get("value")))
            for one in changes.absent
        ],
        listed_in=changes.listed_in,
        error=changes.error,
    )


def _table(kind: str, changes: Changes, words: Words) -> Table:
    rows, total = changes.rows[kind], changes.counts[kind]
    return Table(
        kind=kind,
        title=KIND_LABELS[kind],
        rows=[_row(one, words) for one in rows],
        total=total,
        rest=total - len(rows),
    )


def _row(one: ChangedFigure, words: Words) -> Row:
    added = one.kind == "added"
    before = words.value(one.earlier) if added else words.value(one.before, one.before_status)
    units = [words.unit(code) for code in dict.fromkeys([one.before_unit, one.after_unit]) if code]
    return Row(
        what=words.key(one.key),
        codes=words.codes(one.key),
        before=before,
        when=words.period(one.earlier_period) if one.earlier_period else None,
        after=words.value(one.after, one.after_status) if one.kind != "removed" else words.value(None),
        difference=None if one.difference is None else signed(one.difference),
        relative=None if one.ratio is None else percent(one.ratio),
        unit=Label(" → ".join(each.ja for each in units), " → ".join(each.en for each in units)),
        change_unit=words.change_unit(one.after_unit),
        attributes=list(_attributes(one, words)),
    )


def _attributes(one: ChangedFigure, words: Words) -> Iterator[tuple[Label, str, str]]:
    titles = {column.name: column.label for column in base_columns()}
    if one.before_status and one.after_status and one.before_status != one.after_status:
        said = [words.status(code) for code in (one.before_status, one.after_status)]
        before, after = (f"{each.ja} / {each.en}" for each in said)
        yield titles["obs_status"], before, after
    for name, (old, new) in one.attributes.items():
        yield titles.get(name, Label(name, name)), _plain(old), _plain(new)


def _plain(value: Any) -> str:
    if value is None:
        return "―"
    return number(value) if isinstance(value, int | float) else str(value)


def _trends(trends: Sequence[Trend], words: Words, anchor: str, *, synthetic: bool) -> Iterator[Picture]:
    tops: dict[tuple[str, str], float] = {}
    for one in trends:
        values = [value for point in one.points for value in (point.before, point.after) if value is not None]
        group = one.key["definition_id"], one.unit
        tops[group] = max([tops.get(group, 0.0), *values])
    for index, one in enumerate(trends, 1):
        top = tops[one.key["definition_id"], one.unit]
        drawn = draw_trend(one, words, top=top, key=f"{anchor}-t{index}", synthetic=synthetic)
        notes = (
            [Label("値が一つもありません（秘匿など）", "There is no value at all (suppressed and the like)")]
            if not drawn
            else []
        )
        if one.other_unit:
            notes.append(
                Label(
                    f"単位の違う{one.other_unit}件は描いていません", f"{one.other_unit} in another unit are not drawn"
                )
            )
        yield Picture(
            title=words.key(one.key, period=False),
            codes=words.codes(one.key),
            drawings=[drawn] if drawn else [],
            notes=notes,
        )


def _spreads(changes: Changes, words: Words, anchor: str, *, synthetic: bool) -> Iterator[Picture]:
    for kind, spread in changes.spreads.items():
        if spread.compared < _FEWEST:
            continue
        numbered = [one for one in changes.rows[kind] if one.ratio not in (None, 1.0)][:_NUMBERED]
        drawings = [
            draw_spread(
                spread, numbered, frame, key=f"{anchor}-{kind}-{place}", name=_SPREADS[kind], synthetic=synthetic
            )
            for place, frame in enumerate((WIDE, NARROW))
        ]
        said = [
            Label(
                f"比べた{spread.compared:,}件: 増加{spread.up:,}、減少{spread.down:,}、同じ{spread.equal:,}",
                f"{spread.compared:,} compared: {spread.up:,} greater, {spread.down:,} less, {spread.equal:,} equal",
            )
        ]
        left = [(_NOT_COMPARED[why], count) for why, count in spread.left_out.items()]
        if left:
            said.append(
                Label(
                    "比べられず、描いていないもの: " + "、".join(f"{why.ja} {count:,}件" for why, count in left),
                    "Not comparable and not drawn: " + ", ".join(f"{why.en} {count:,}" for why, count in left),
                )
            )
        if spread.logarithmic:
            said.append(Label("横軸は倍率（対数目盛）", "The axis is of ratios, logarithmic"))
        yield Picture(
            title=_SPREADS[kind],
            codes="",
            drawings=drawings,
            notes=said,
            numbered=[(words.key(one.key), percent(one.ratio or 1.0)) for one in numbered],
        )
