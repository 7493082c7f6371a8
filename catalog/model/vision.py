"""The vision: five Smarts with their target states, the example themes, the roadmap and the steps of roll-out.

The tree is Smart -> target state -> indicator. The vision knows ids of indicators only;
:class:`~catalog.model.indicator.IndicatorSet` has the indicators themselves. Every node points to its page in the
source document; labels are the document's own, summaries are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from catalog.errors import Label
from catalog.model.codelist import unknown_code
from catalog.model.indicator import OVERALL, SourceDocument

Node = TypeVar("Node")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """A state of the city that the vision wants, and the direction that leads there."""

    #: ``living-1``...
    id: str
    #: id of its Smart
    smart: str
    #: 目指す姿, in our words
    summary: Label
    #: 方向性, in our words
    direction: Label
    #: page of the draft vision
    page: int
    #: ids of the indicators that hang on it; empty if the draft has none for it
    indicators: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the target state as JSON."""
        return {
            "id": self.id,
            "smart": self.smart,
            "summary": self.summary.to_dict(),
            "direction": self.direction.to_dict(),
            "page": self.page,
            "indicators": list(self.indicators),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Smart:
    """One of the five fields in which the city becomes smart."""

    #: living, working, learning, town or cityhall
    id: str
    #: official label, such as 暮らしがスマート！
    label: Label
    #: what it is about, in our words
    summary: Label
    #: page of the draft vision
    page: int
    #: its target states, in the order of the document
    target_states: tuple[TargetState, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the Smart with its target states as JSON."""
        return {
            "id": self.id,
            "label": self.label.to_dict(),
            "summary": self.summary.to_dict(),
            "page": self.page,
            "target_states": [one.to_dict() for one in self.target_states],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorGroup:
    """A heading under which indicators stand: one for each Smart, and one for the smart city as a whole."""

    #: id of the Smart, or ``overall``
    id: str
    #: the document's heading, such as 総合 or 暮らし
    label: Label

    @property
    def smart(self) -> str | None:
        """Id of the Smart; None for the group that is no Smart."""
        return None if self.id == OVERALL else self.id

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON."""
        return {"id": self.id, "label": self.label.to_dict(), "smart": self.smart}


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """An example of what can be done, as the figure of the five Smarts names it."""

    #: ``push-services``...
    id: str
    #: official label
    label: Label
    #: page of the draft vision
    page: int

    def to_dict(self) -> dict[str, Any]:
        """Return the theme as JSON."""
        return {"id": self.id, "label": self.label.to_dict(), "page": self.page}


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """A point in time of the roadmap."""

    #: ``now``, ``5``, ``10`` or ``20``
    id: str
    #: official label, such as ５年後
    label: Label
    #: years from the vision
    years: int

    def to_dict(self) -> dict[str, Any]:
        """Return the horizon as JSON."""
        return {"id": self.id, "label": self.label.to_dict(), "years": self.years}


@dataclass(frozen=True, slots=True)
class RoadmapItem:
    """What is to be the usual state of things at a horizon."""

    #: id of the horizon
    horizon: str
    #: what it is, in our words
    summary: Label

    def to_dict(self) -> dict[str, Any]:
        """Return the item as JSON."""
        return {"horizon": self.horizon, "summary": self.summary.to_dict()}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> RoadmapItem:
        """Inverse of :meth:`to_dict`."""
        return cls(raw["horizon"], Label.from_dict(raw["summary"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadmapTrack:
    """One line of the roadmap."""

    #: technology-use, technology-trials or data-linkage
    id: str
    #: official label
    label: Label
    #: page of the draft vision
    page: int
    #: its items, by horizon
    items: tuple[RoadmapItem, ...]

    def items_at(self, horizon: str) -> tuple[RoadmapItem, ...]:
        """Return the items of one horizon."""
        return tuple(one for one in self.items if one.horizon == horizon)

    def to_dict(self) -> dict[str, Any]:
        """Return the track as JSON."""
        return {
            "id": self.id,
            "label": self.label.to_dict(),
            "page": self.page,
            "items": [one.to_dict() for one in self.items],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Roadmap:
    """The roadmap: three tracks up to the tenth year, and one image of the twentieth that they share."""

    #: page of the draft vision
    page: int
    #: how the items were placed
    note: Label
    #: now, 5, 10 and 20 years
    horizons: tuple[Horizon, ...]
    #: the tracks
    tracks: tuple[RoadmapTrack, ...]
    #: what all tracks lead to; the document ties it to no single track
    shared: tuple[RoadmapItem, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the roadmap as JSON."""
        return {
            "page": self.page,
            "note": self.note.to_dict(),
            "horizons": [one.to_dict() for one in self.horizons],
            "tracks": [one.to_dict() for one in self.tracks],
            "shared": [one.to_dict() for one in self.shared],
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Roadmap:
        """Inverse of :meth:`to_dict`."""
        return cls(
            page=raw["page"],
            note=Label.from_dict(raw["note"]),
            horizons=tuple(Horizon(**_labelled(one)) for one in raw["horizons"]),
            tracks=tuple(
                RoadmapTrack(**{**_labelled(one), "items": tuple(map(RoadmapItem.from_dict, one["items"]))})
                for one in raw["tracks"]
            ),
            shared=tuple(map(RoadmapItem.from_dict, raw["shared"])),
        )


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """What one aspect looks like in a step."""

    #: services, organisation, users, administration or data_platform
    id: str
    #: official label of the row
    label: Label
    #: what holds in this step, in our words
    summary: Label

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON."""
        return {"id": self.id, "label": self.label.to_dict(), "summary": self.summary.to_dict()}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> RolloutRow:
        """Inverse of :meth:`to_dict`."""
        return cls(raw["id"], Label.from_dict(raw["label"]), Label.from_dict(raw["summary"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutStep:
    """One of the three steps from one area to the whole city."""

    #: 1, 2 or 3
    number: int
    #: official label
    label: Label
    #: page of the draft vision
    page: int
    #: one row an aspect
    rows: tuple[RolloutRow, ...]

    def get_row(self, id: str) -> RolloutRow:
        """Return the row of an aspect.

        Raises
        ------
        UnknownCode
            If there is none.
        """
        return _get(Label("行", "row"), {one.id: one for one in self.rows}, id)

    def to_dict(self) -> dict[str, Any]:
        """Return the step as JSON."""
        return {
            "number": self.number,
            "label": self.label.to_dict(),
            "page": self.page,
            "rows": [one.to_dict() for one in self.rows],
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> RolloutStep:
        """Inverse of :meth:`to_dict`."""
        return cls(**{**_labelled(raw), "rows": tuple(map(RolloutRow.from_dict, raw["rows"]))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Vision:
    """The root of the tree."""

    #: where it comes from
    source: SourceDocument
    #: the Smarts, in the order of the document
    smarts: tuple[Smart, ...]
    #: the headings of the indicators, in the order of the document
    groups: tuple[IndicatorGroup, ...]
    #: the example themes of the figure
    themes: tuple[Theme, ...]
    #: the roadmap
    roadmap: Roadmap
    #: the steps of roll-out
    steps: tuple[RolloutStep, ...]

    @property
    def target_states(self) -> tuple[TargetState, ...]:
        """The target states of all Smarts, in the order of the document."""
        return tuple(state for smart in self.smarts for state in smart.target_states)

    def get_smart(self, id: str) -> Smart:
        """Return the Smart of exactly this id.

        Raises
        ------
        UnknownCode
            If there is none; ``overall`` is a group, no Smart.
        """
        return _get(Label("スマート", "Smart"), {one.id: one for one in self.smarts}, id)

    def get_target_state(self, id: str) -> TargetState:
        """Return the target state of exactly this id.

        Raises
        ------
        UnknownCode
            If there is none.
        """
        return _get(Label("目指す姿", "target state"), {one.id: one for one in self.target_states}, id)

    def get_group(self, id: str) -> IndicatorGroup:
        """Return the group of indicators of exactly this id.

        Raises
        ------
        UnknownCode
            If there is none.
        """
        return _get(Label("分類", "indicator group"), {one.id: one for one in self.groups}, id)

    def get_step(self, number: int) -> RolloutStep:
        """Return a step of roll-out.

        Raises
        ------
        UnknownCode
            If there is none.
        """
        return _get(Label("STEP", "step"), {str(one.number): one for one in self.steps}, str(number))

    def target_states_of(self, indicator_id: str) -> tuple[TargetState, ...]:
        """Return the target states that an indicator hangs on; empty for an overall or unknown one."""
        return tuple(one for one in self.target_states if indicator_id in one.indicators)

    def target_states_without_indicators(self) -> tuple[TargetState, ...]:
        """Return the target states that no indicator tells of."""
        return tuple(one for one in self.target_states if not one.indicators)

    def to_dict(self) -> dict[str, Any]:
        """Return the vision as JSON."""
        return {
            "source": self.source.to_dict(),
            "smarts": [one.to_dict() for one in self.smarts],
            "groups": [one.to_dict() for one in self.groups],
            "themes": [one.to_dict() for one in self.themes],
            "roadmap": self.roadmap.to_dict(),
            "steps": [one.to_dict() for one in self.steps],
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any], hanging: Mapping[str, tuple[str, ...]] | None = None) -> Vision:
        """Inverse of :meth:`to_dict`.

        Parameters
        ----------
        raw
            The vision; in the reference data a target state names no indicators and takes the page of its Smart.
        hanging
            Target state -> ids of the indicators that hang on it, where ``raw`` does not say.
        """
        return cls(
            source=SourceDocument.from_dict(raw["source"]),
            smarts=tuple(_smart(one, hanging or {}) for one in raw["smarts"]),
            groups=tuple(IndicatorGroup(id=one["id"], label=Label.from_dict(one["label"])) for one in raw["groups"]),
            themes=tuple(Theme(**_labelled(one)) for one in raw["themes"]),
            roadmap=Roadmap.from_dict(raw["roadmap"]),
            steps=tuple(RolloutStep.from_dict(one) for one in raw["steps"]),
        )


def _smart(raw: dict[str, Any], hanging: Mapping[str, tuple[str, ...]]) -> Smart:
    states = tuple(
        TargetState(
            id=one["id"],
            smart=raw["id"],
            summary=Label.from_dict(one["summary"]),
            direction=Label.from_dict(one["direction"]),
            page=one.get("page", raw["page"]),
            indicators=tuple(one.get("indicators", hanging.get(one["id"], ()))),
        )
        for one in raw["target_states"]
    )
    summary = Label.from_dict(raw["summary"])
    return Smart(**{**_labelled(raw), "summary": summary, "target_states": states})


def _labelled(raw: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "label": Label.from_dict(raw["label"])}


def _get(what: Label, known: Mapping[str, Node], id: str) -> Node:
    if id not in known:
        raise unknown_code(what, id, known)
    return known[id]
