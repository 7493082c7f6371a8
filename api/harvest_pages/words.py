"""Codes in words, in both languages at once: keys of observations, values, units, statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.portal.language import LANGUAGES, Translator
from api.portal.writing import Writer
from catalog.errors import InvalidPeriod, Label
from catalog.model import TOTAL, Dataset
from catalog.reference import Reference

#: what stands where there is no value and nothing says why
NOTHING = "―"


@dataclass(frozen=True, slots=True)
class Words:
    """Says the codes of one dataset in words."""

    #: indicators, areas and code lists
    reference: Reference
    #: the dataset; None if nothing is known but codes
    dataset: Dataset | None = None

    def key(self, key: Mapping[str, str], *, period: bool = True) -> Label:
        """Return what an observation or series is about: definition, area, breakdowns that are no total, period."""
        parts = [self._code(name, code) for name, code in key.items() if self._tells(name, code, period=period)]
        return Label("、".join(one.ja for one in parts), ", ".join(one.en for one in parts))

    def codes(self, key: Mapping[str, str]) -> str:
        """Return the same by its codes, as the API takes them."""
        return " ".join(code for name, code in key.items() if name != "indicator_id" and code and code != TOTAL)

    def period(self, text: str) -> Label:
        """Return a period in words; what is none as it is."""
        try:
            return Label(*(self._writer(lang).period(text) for lang in LANGUAGES))
        except InvalidPeriod:
            return Label(text, text)

    def unit(self, code: str | None) -> Label:
        """Return the sign or name of a unit."""
        return Label(*(self._writer(lang).unit(code) for lang in LANGUAGES)) if code else Label("", "")

    def change_unit(self, code: str | None) -> Label:
        """Return the unit of a difference."""
        return Label(*(self._writer(lang).change_unit(code) for lang in LANGUAGES)) if code else Label("", "")

    def status(self, code: str | None) -> Label:
        """Return what a status of an observation means."""
        return self._listed("obs_status", code or "")

    def value(self, value: float | None, status: str | None = None) -> Label:
        """Return a value as it is, or why there is none."""
        if value is not None:
            text = number(value)
            return Label(text, text)
        if not status:
            return Label(NOTHING, NOTHING)
        why = self.status(status)
        return Label(f"値なし（{why.ja}）", f"no value ({why.en})")

    def _tells(self, name: str, code: str, *, period: bool) -> bool:
        return bool(code) and code != TOTAL and name != "indicator_id" and (period or name != "period")

    def _code(self, name: str, code: str) -> Label:
        if name == "period":
            return self.period(code)
        if name == "definition_id":
            return self._definition(code)
        if name == "area_code":
            found = [one for one in (self.dataset.areas if self.dataset else ()) if one.code == code]
            known = found or [one for one in (self.reference.areas.find(code),) if one is not None]
            return known[0].name if known else Label(code, code)
        dimensions = self.dataset.structure.breakdowns if self.dataset else ()
        codes = next((one.codes for one in dimensions if one.id == name), {})
        return codes.get(code) or self._listed(name, code)

    def _definition(self, code: str) -> Label:
        for indicator in self.reference.indicator_set.indicators:
            for one in indicator.definitions:
                if one.id == code:
                    return one.label
        return Label(code, code)

    def _listed(self, name: str, code: str) -> Label:
        known = self.reference.codelists.get(name)
        found = known.find(code) if known else None
        return found.label if found else Label(code, code)

    def _writer(self, lang: str) -> Writer:
        return Writer(Translator(lang), self.reference.codelists["unit"])


def number(value: float) -> str:
    """Return a number with thousands separators and all digits that a person can use."""
    return f"{value:,.10g}"


def signed(value: float) -> str:
    """Return a difference with its sign; the sign is that of typography."""
    return f"{value:+,.6g}".replace("-", "−") if value else "±0"


def percent(ratio: float) -> Label:
    """Return a relative change: in percent, or as a multiple where percent say little."""
    if 0.2 <= ratio <= 5:
        text = f"{(ratio - 1) * 100:+,.1f}%".replace("-", "−")
        return Label(text, text)
    return Label(f"{ratio:,.3g}倍", f"{ratio:,.3g} times")
