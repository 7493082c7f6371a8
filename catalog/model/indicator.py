"""Indicators: what is measured, by which definition, and which two may be held against each other.

An :class:`IndicatorSet` is versioned as a whole and is data: another city brings its own file. An indicator is in one
group: the id of a Smart, or :data:`OVERALL`, which is a group of indicators but no Smart. A subjective indicator (what
people feel) and an objective one (what they do or have) form an :class:`IndicatorPair`; the pair says whether the
difference of the two means anything.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from catalog.errors import Label
from catalog.model.codelist import unknown_code
from catalog.model.period import Period, parse_period

#: the group of indicators that stand for the smart city as a whole; no Smart
OVERALL = "overall"

Kind = Literal["subjective", "objective"]
Collection = Literal["citizen_survey", "company_survey", "register"]
Direction = Literal["up", "down"]
TopicMatch = Literal["exact", "near", "loose"]
Comparability = Literal["A", "B", "C"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """The document that a vision or an indicator set comes from."""

    #: its title
    title: Label
    #: who issued it
    issuer: Label
    #: state of the document and what became of it
    note: Label
    #: page about it, not the document itself
    landing_page: str

    def cite(self, page: int) -> Label:
        """Return the pointer to a page, numbered as the document numbers the pages of the draft vision."""
        return Label(f"{self.title.ja} 原案{page}ページ", f"{self.title.en}, page {page} of the draft vision")

    def to_dict(self) -> dict[str, Any]:
        """Return the document as JSON."""
        return {
            "title": self.title.to_dict(),
            "issuer": self.issuer.to_dict(),
            "note": self.note.to_dict(),
            "landing_page": self.landing_page,
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> SourceDocument:
        """Inverse of :meth:`to_dict`."""
        labels = {key: Label.from_dict(raw[key]) for key in ("title", "issuer", "note")}
        return cls(**labels, landing_page=raw["landing_page"])


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorDefinition:
    """One way to measure an indicator; values of two definitions are not comparable."""

    #: ``<indicator id>.<word>``, the ``definition_id`` of observations
    id: str
    #: short name
    label: Label
    #: what is counted over the line
    numerator: Label
    #: what is counted under the line
    denominator: Label
    #: code of the list ``unit``
    unit: str
    #: first period that is measured so; None if not recorded
    valid_from: Period | None
    #: last period; None if it is still measured so
    valid_to: Period | None
    #: what a reader must know; None if there is nothing
    note: Label | None

    def to_dict(self) -> dict[str, Any]:
        """Return the definition as JSON."""
        return {
            "id": self.id,
            "label": self.label.to_dict(),
            "numerator": self.numerator.to_dict(),
            "denominator": self.denominator.to_dict(),
            "unit": self.unit,
            "valid_from": str(self.valid_from) if self.valid_from else None,
            "valid_to": str(self.valid_to) if self.valid_to else None,
            "note": self.note.to_dict() if self.note else None,
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> IndicatorDefinition:
        """Inverse of :meth:`to_dict`; ``valid_from``, ``valid_to`` and ``note`` may be absent."""
        labels = {key: Label.from_dict(raw[key]) for key in ("label", "numerator", "denominator")}
        first, last = raw.get("valid_from"), raw.get("valid_to")
        return cls(
            **labels,
            id=raw["id"],
            unit=raw["unit"],
            valid_from=parse_period(first) if first else None,
            valid_to=parse_period(last) if last else None,
            note=Label.from_dict(raw["note"]) if raw.get("note") else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A named quantity that tells how the vision comes true."""

    #: ``kpi-01``...
    id: str
    #: number in the source document
    number: int
    #: official label in Japanese, our translation
    label: Label
    #: its group: the id of a Smart, or :data:`OVERALL`
    smart: str
    #: what people feel, or what they do or have
    kind: Kind
    #: how it is collected
    collection: Collection
    #: what it measures, in our words
    definition: Label
    #: what is counted over the line
    numerator: Label
    #: what is counted under the line
    denominator: Label
    #: code of the list ``unit``
    unit: str
    #: whether more is better (up) or less (down)
    direction: Direction
    #: whom or what it is about
    population: Label
    #: who answers for it
    owner: Label
    #: ids of the target states that it hangs on; empty for :data:`OVERALL`
    target_states: tuple[str, ...]
    #: how it is measured, at least one
    definitions: tuple[IndicatorDefinition, ...]
    #: name of the dataset that serves it; None if there is none yet
    primary_dataset: str | None
    #: why there are no figures yet; None exactly if there is a dataset
    no_data_reason: Label | None

    def get_definition(self, id: str) -> IndicatorDefinition:
        """Return one of its definitions.

        Raises
        ------
        UnknownCode
            If the indicator has no such definition.
        """
        for one in self.definitions:
            if one.id == id:
                return one
        raise unknown_code(Label(f"{self.id} の定義", f"definition of {self.id}"), id, self.definition_ids)

    @property
    def definition_ids(self) -> tuple[str, ...]:
        """Ids of its definitions, in order."""
        return tuple(one.id for one in self.definitions)

    def to_dict(self) -> dict[str, Any]:
        """Return the indicator as JSON."""
        return {
            "id": self.id,
            "number": self.number,
            **{key: getattr(self, key) for key in _INDICATOR_TEXTS},
            **{key: getattr(self, key).to_dict() for key in _INDICATOR_LABELS},
            "target_states": list(self.target_states),
            "definitions": [one.to_dict() for one in self.definitions],
            "primary_dataset": self.primary_dataset,
            "no_data_reason": self.no_data_reason.to_dict() if self.no_data_reason else None,
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Indicator:
        """Inverse of :meth:`to_dict`; a definition takes what it does not say from the indicator."""
        inherited = {key: raw[key] for key in ("label", "numerator", "denominator", "unit")}
        reason = raw.get("no_data_reason")
        labels: dict[str, Any] = {key: Label.from_dict(raw[key]) for key in _INDICATOR_LABELS}
        return cls(
            id=raw["id"],
            number=raw["number"],
            **{key: raw[key] for key in _INDICATOR_TEXTS},
            **labels,
            target_states=tuple(raw["target_states"]),
            definitions=tuple(IndicatorDefinition.from_dict({**inherited, **one}) for one in raw["definitions"]),
            primary_dataset=raw.get("primary_dataset"),
            no_data_reason=Label.from_dict(reason) if reason else None,
        )


_INDICATOR_TEXTS = ("smart", "kind", "collection", "unit", "direction")
_INDICATOR_LABELS = ("label", "definition", "numerator", "denominator", "population", "owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorPair:
    """A subjective and an objective indicator held against each other, and what that may mean."""

    #: numbers of the two, subjective first: ``5-4``
    id: str
    #: id of the subjective indicator
    subjective: str
    #: id of the objective indicator
    objective: str
    #: group of both
    smart: str
    #: whether both are about the same people
    same_population: bool
    #: whether the same respondents answer both, so that the samples are paired
    same_respondents: bool
    #: how close the two subjects are
    topic_match: TopicMatch
    #: A: the difference can be read as a gap; B: compare directions only; C: not comparable
    comparability: Comparability
    #: why
    note: Label

    def to_dict(self) -> dict[str, Any]:
        """Return the pair as JSON."""
        return {**{key: getattr(self, key) for key in _PAIR_TEXTS}, "note": self.note.to_dict()}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> IndicatorPair:
        """Inverse of :meth:`to_dict`."""
        return cls(**{key: raw[key] for key in _PAIR_TEXTS}, note=Label.from_dict(raw["note"]))


_PAIR_TEXTS = (
    "id",
    "subjective",
    "objective",
    "smart",
    "same_population",
    "same_respondents",
    "topic_match",
    "comparability",
)


@dataclass(frozen=True, slots=True)
class KindCounts:
    """How many indicators of a set are of each kind; counted, never stated."""

    #: number of subjective indicators
    subjective: int
    #: number of objective indicators
    objective: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSet:
    """The indicators of one vision, versioned as a whole."""

    #: ``chiba-vision-draft-v0``
    id: str
    #: version of the set
    version: str
    #: its name
    label: Label
    #: where it comes from
    source: SourceDocument
    #: who hung the indicators on the target states, and on what grounds
    target_state_note: Label
    #: the indicators, by number
    indicators: tuple[Indicator, ...]
    #: the pairs
    pairs: tuple[IndicatorPair, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all indicators, by number."""
        return tuple(one.id for one in self.indicators)

    def find_indicator(self, id: str) -> Indicator | None:
        """Return the indicator of exactly this id, or None."""
        return next((one for one in self.indicators if one.id == id), None)

    def get_indicator(self, id: str) -> Indicator:
        """Return the indicator of exactly this id.

        Raises
        ------
        UnknownCode
            If there is none; names the known ids and the nearest.
        """
        found = self.find_indicator(id)
        if found is None:
            raise unknown_code(Label("指標", "indicator"), id, self.ids)
        return found

    def get_definition(self, id: str) -> IndicatorDefinition:
        """Return the definition of exactly this id, of whatever indicator.

        Raises
        ------
        UnknownCode
            If there is none; names the known ids and the nearest.
        """
        definitions = {one.id: one for indicator in self.indicators for one in indicator.definitions}
        if id not in definitions:
            raise unknown_code(Label("定義", "definition"), id, definitions)
        return definitions[id]

    def get_pair(self, id: str) -> IndicatorPair:
        """Return the pair of exactly this id.

        Raises
        ------
        UnknownCode
            If there is none; names the known ids and the nearest.
        """
        pairs = {one.id: one for one in self.pairs}
        if id not in pairs:
            raise unknown_code(Label("対", "pair"), id, pairs)
        return pairs[id]

    def pairs_of(self, indicator_id: str) -> tuple[IndicatorPair, ...]:
        """Return the pairs that an indicator is part of."""
        return tuple(one for one in self.pairs if indicator_id in (one.subjective, one.objective))

    def in_group(self, group: str) -> tuple[Indicator, ...]:
        """Return the indicators of a Smart or of :data:`OVERALL`, by number."""
        return tuple(one for one in self.indicators if one.smart == group)

    def on_target_state(self, target_state: str) -> tuple[Indicator, ...]:
        """Return the indicators that hang on a target state, by number."""
        return tuple(one for one in self.indicators if target_state in one.target_states)

    def count_kinds(self) -> KindCounts:
        """Count the subjective and the objective indicators."""
        counts = Counter(one.kind for one in self.indicators)
        return KindCounts(counts["subjective"], counts["objective"])

    def smarts_without_subjective(self) -> tuple[str, ...]:
        """Return the ids of the Smarts that have indicators but no subjective one, by first number."""
        groups = dict.fromkeys(one.smart for one in self.indicators if one.smart != OVERALL)
        felt = {one.smart for one in self.indicators if one.kind == "subjective"}
        return tuple(group for group in groups if group not in felt)

    def to_dict(self) -> dict[str, Any]:
        """Return the set as JSON."""
        return {
            "id": self.id,
            "version": self.version,
            "label": self.label.to_dict(),
            "source": self.source.to_dict(),
            "target_state_note": self.target_state_note.to_dict(),
            "indicators": [one.to_dict() for one in self.indicators],
            "pairs": [one.to_dict() for one in self.pairs],
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> IndicatorSet:
        """Inverse of :meth:`to_dict`."""
        return cls(
            id=raw["id"],
            version=raw["version"],
            label=Label.from_dict(raw["label"]),
            source=SourceDocument.from_dict(raw["source"]),
            target_state_note=Label.from_dict(raw["target_state_note"]),
            indicators=tuple(Indicator.from_dict(one) for one in raw["indicators"]),
            pairs=tuple(IndicatorPair.from_dict(one) for one in raw["pairs"]),
        )
