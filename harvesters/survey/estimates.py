"""Arrays of answers -> observations: shares with intervals, small groups withheld, pairs of questions.

Groups stand one beside the other and are never crossed: everybody; each ward; each age, sex and mode. For each
indicator and kind of group the parts and their total are one sum that a reader can do, and suppression is decided on
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import Label, Place
from catalog.model import TOTAL, Dimension
from catalog.model.indicator import Indicator, IndicatorPair
from harvesters.findings import Findings
from harvesters.statistics import (
    Additive,
    PairCounts,
    Proportion,
    count_pairs,
    estimate_proportion,
    kish_effective_size,
    mcnemar_test,
    paired_difference_interval,
    sampling_error_points,
    suppress,
)
from harvesters.survey.groups import UNKNOWN
from harvesters.survey.respondents import Respondents
from harvesters.survey.rules import SURVEY

#: digits behind the point of what is published
DIGITS = 6
#: name of the interval in ``ci_method``
WILSON, NEWCOMBE = "wilson", "newcombe-10"

#: the dimensions of the pairs
PAIR = Label("設問の組", "Pair of indicators")
ANSWERS = Dimension(
    "answers",
    Label("2つの答え", "The two answers"),
    {
        TOTAL: Label("両方に答えた人", "Answered both"),
        "BOTH": Label("実感も行動も肯定", "Feels and does"),
        "SUBJECTIVE_ONLY": Label("実感だけ肯定", "Feels only"),
        "OBJECTIVE_ONLY": Label("行動だけ肯定", "Does only"),
        "NEITHER": Label("どちらも否定", "Neither"),
        "DIFFERENCE": Label("実感の割合から行動の割合を引いた差", "Share that feels minus share that does"),
    },
)

_Key = tuple[str, str | None]
_EVERYBODY: _Key = ("", TOTAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How a wave was drawn and what of it may be published."""

    #: design effect beside that of the weights
    deff: float = 1.0
    #: people that the sample was drawn from; None if not declared
    population: int | None = None
    #: whether chance decided who was asked; otherwise there are no intervals
    probability: bool = True
    #: the smallest count of positive answers that is published
    threshold: int = 10
    #: bases below this are flagged U
    small_base: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """What is the same in all observations of a wave."""

    #: name of the file, for places
    file: str
    #: six-digit code of the surveyed area
    area: str
    #: period of the observations
    period: str
    #: the design
    design: Design
    #: indicator -> the question as it was asked
    wordings: Mapping[str, str]
    #: indicator -> what changed since the wave before; those are breaks
    breaks: Mapping[str, Label]


def observe(
    wave: Wave, respondents: Respondents, indicators: Sequence[Indicator], findings: Findings
) -> list[dict[str, Any]]:
    """Return the observations of the indicators that were asked.

    Returns
    -------
    list of dict
        Rows of the observation table, one for everybody and one for each group that exists in the data.
    """
    asked = [one for one in indicators if one.id in respondents.answers]
    return [row for one in asked for row in _Estimates(wave, respondents, one, findings).rows()]


@dataclass(frozen=True, slots=True)
class _Estimates:
    """One indicator of one wave."""

    wave: Wave
    respondents: Respondents
    indicator: Indicator
    findings: Findings

    def rows(self) -> Iterator[dict[str, Any]]:
        masks = dict(self._masks())
        found = {key: self._estimate(mask) for key, mask in masks.items()}
        withheld = self._withheld(found)
        for key, one in found.items():
            if key[1] is not None and key != ("area", UNKNOWN):
                yield self._row(key, one, key in withheld)

    def _masks(self) -> Iterator[tuple[_Key, pa.Array[Any] | None]]:
        """Yield each group with who is in it; a code of None is everybody whose group is not understood."""
        yield _EVERYBODY, None
        for role, codes in self.respondents.groups.items():
            for code in sorted(one for one in pc.unique(codes).to_pylist() if one is not None):
                yield (role, code), pc.fill_null(pc.equal(codes, code), False)
            if codes.null_count:
                yield (role, None), pc.is_null(codes)

    def _estimate(self, mask: pa.Array[Any] | None) -> Proportion:
        positive, weights = self.respondents.answers[self.indicator.id], self.respondents.weights
        if mask is not None:
            positive = pc.filter(positive, mask)
            weights = None if weights is None else pc.filter(weights, mask)
        return estimate_proportion(positive, weights, deff=self.wave.design.deff)

    def _withheld(self, found: Mapping[_Key, Proportion]) -> set[_Key]:
        sums = [Additive(_EVERYBODY, tuple(key for key in found if key[0] == role)) for role in self.respondents.groups]
        counts = {key: one.positive_n for key, one in found.items()}
        return set(suppress(counts, sums, threshold=self.wave.design.threshold))

    def _row(self, key: _Key, one: Proportion, withheld: bool) -> dict[str, Any]:
        role, code = key
        row: dict[str, Any] = {
            "indicator_id": self.indicator.id,
            "definition_id": self.indicator.definitions[0].id,
            "area_code": code if role == "area" else self.wave.area,
            "period": self.wave.period,
            "sex": TOTAL,
            "age": TOTAL,
            "mode": TOTAL,
            "unit": self.indicator.unit,
        }
        if role in row:
            row[role] = code
        place, shown = Place(file=self.wave.file), f"{self.indicator.id} {role or 'total'} {code}"
        if withheld or one.share is None:
            self.findings.add(SURVEY["withheld"], place, shown)
            return {**row, "obs_status": "Q", "note": _WITHHELD}
        if one.n < self.wave.design.small_base:
            self.findings.add(SURVEY["base-small"], place, shown)
        return {**row, **self._figures(one, one.share), **self._status(one), "note": self._note(key, one, one.share)}

    def _figures(self, one: Proportion, share: float) -> dict[str, Any]:
        interval = one.interval if self.wave.design.probability else None
        return {
            "value": round(100 * share, DIGITS),
            "numerator": round(one.weighted_positive, DIGITS + 3),
            "denominator": round(one.weighted_n, DIGITS + 3),
            "n": one.n,
            "n_eff": round(one.n_eff, DIGITS),
            "ci_lower": round(100 * interval.lower, DIGITS) if interval else None,
            "ci_upper": round(100 * interval.upper, DIGITS) if interval else None,
            "ci_method": WILSON if interval else None,
        }

    def _status(self, one: Proportion) -> dict[str, str]:
        broken, small = self.indicator.id in self.wave.breaks, one.n < self.wave.design.small_base
        return {"obs_status": "B" if broken else "U" if small else "A"}

    def _note(self, key: _Key, one: Proportion, share: float) -> str | None:
        wave, design = self.wave, self.wave.design
        parts = []
        if key == _EVERYBODY and wave.wordings.get(self.indicator.id):
            wording = wave.wordings[self.indicator.id]
            parts.append(Label(f"設問「{wording}」", f"Question: {wording}"))
        if key == _EVERYBODY and design.probability:
            error = sampling_error_points(share, one.n_eff, population=design.population, deff=design.deff)
            parts.append(Label(f"標本誤差±{error:.1f}ポイント", f"sampling error ±{error:.1f} points"))
        if not design.probability:
            parts.append(Label("公募による回答のため区間はない", "volunteers, hence no interval"))
        if self.respondents.weights is not None:
            people = f"{one.positive_n}/{one.n}"
            parts.append(Label(f"ウェイト集計（回答者では{people}人）", f"weighted (unweighted {people})"))
        if one.n < design.small_base:
            parts.append(Label(f"回答者が{design.small_base}人未満", f"fewer than {design.small_base} respondents"))
        if self.indicator.id in wave.breaks:
            parts.append(wave.breaks[self.indicator.id])
        return note(*parts)


def note(*parts: Label) -> str | None:
    """Return a note of the parts in both languages; None if there are none."""
    if not parts:
        return None
    text = f"{'。'.join(one.ja for one in parts)} / {'; '.join(one.en for one in parts)}"
    return " ".join(text.split())


_WITHHELD = note(Label("回答者の秘密を守るため秘匿", "withheld to protect respondents"))


def observe_pairs(
    wave: Wave, respondents: Respondents, pairs: Sequence[IndicatorPair], indicators: Mapping[str, Indicator]
) -> list[dict[str, Any]]:
    """Return, for each pair that the same people answered, the four counts, their total and the difference."""
    answers = respondents.answers
    asked = [one for one in pairs if one.same_respondents and one.subjective in answers and one.objective in answers]
    return [row for one in asked for row in _pair_rows(wave, respondents, one, indicators[one.subjective])]


def _pair_rows(
    wave: Wave, respondents: Respondents, pair: IndicatorPair, subjective: Indicator
) -> Iterator[dict[str, Any]]:
    first, second = respondents.answers[pair.subjective], respondents.answers[pair.objective]
    counts = count_pairs(first, second)
    weights = respondents.weights
    weighted = counts if weights is None else count_pairs(first, second, weights)
    common = {
        "indicator_id": subjective.id,
        "definition_id": subjective.definitions[0].id,
        "area_code": wave.area,
        "period": wave.period,
        "pair": pair.id,
    }
    if counts.n < max(1, wave.design.threshold):
        return
    both = pc.and_(pc.is_valid(first), pc.is_valid(second))
    n_eff = counts.n if weights is None else kish_effective_size(pc.filter(weights, both))
    base = {"n": int(counts.n), "n_eff": round(n_eff, DIGITS), "denominator": round(weighted.n, DIGITS + 3)}
    people = {**common, "unit": "PS"}
    yield {**people, **base, "answers": TOTAL, "value": counts.n, "numerator": base["denominator"], "obs_status": "A"}
    small = min(_cells(counts).values()) < wave.design.threshold
    for code, count in _cells(counts).items():
        figures = (
            {"obs_status": "Q", "note": _WITHHELD}
            if small
            else {
                **base,
                "value": count,
                "numerator": round(_cells(weighted)[code], DIGITS + 3),
                "obs_status": "A",
            }
        )
        yield {**people, "answers": code, **figures}
    yield {**common, "unit": "PP", "answers": "DIFFERENCE", **_difference(wave, counts, weighted, n_eff, small)}


def _cells(counts: PairCounts) -> dict[str, float]:
    return {
        "BOTH": counts.both,
        "SUBJECTIVE_ONLY": counts.first_only,
        "OBJECTIVE_ONLY": counts.second_only,
        "NEITHER": counts.neither,
    }


def _difference(wave: Wave, counts: PairCounts, weighted: PairCounts, n_eff: float, small: bool) -> dict[str, Any]:
    if small:
        return {"obs_status": "Q", "note": _WITHHELD}
    interval = paired_difference_interval(weighted.scaled_to(n_eff), deff=wave.design.deff)
    chance = mcnemar_test(counts).mid_p
    shown = wave.design.probability
    return {
        "value": round(100 * weighted.difference, DIGITS),
        "n": int(counts.n),
        "n_eff": round(n_eff, DIGITS),
        "ci_lower": round(100 * interval.lower, DIGITS) if shown else None,
        "ci_upper": round(100 * interval.upper, DIGITS) if shown else None,
        "ci_method": NEWCOMBE if shown else None,
        "obs_status": "A",
        "note": note(Label(f"マクネマー検定（mid-p）{chance:.4f}", f"McNemar's test, mid-p {chance:.4f}")),
    }


def pair_dimension(pairs: Sequence[IndicatorPair]) -> Dimension:
    """Return the dimension of the pairs that the same respondents answer."""
    codes = {
        one.id: Label(f"指標{one.id.replace('-', 'と')}", f"indicators {one.id.replace('-', ' and ')}")
        for one in pairs
        if one.same_respondents
    }
    return Dimension("pair", PAIR, codes)
