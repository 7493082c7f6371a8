"""``/indicators`` and ``/pairs``: what is measured, and what may be held against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from api.calls import Answer, Call, answers
from api.search import matches
from catalog.model.indicator import Indicator
from catalog.query.rejection import rejected, unknown_value

#: members that the list can be filtered by, and that are counted
_FACETS = ("smart", "kind", "collection")


@answers("listIndicators")
def list_indicators(call: Call) -> Answer:
    """Answer the indicators that pass all filters, by number."""
    indicator_set, vision = call.node.reference.indicator_set, call.node.reference.vision
    groups = [one.id for one in vision.groups]
    smarts = [part.strip() for part in call.parameters.get("smart", "").split(",") if part]
    unknown = [unknown_value("smart", one, groups) for one in smarts if one not in groups]
    if unknown:
        raise rejected(unknown)
    found = [one for one in indicator_set.indicators if _passes(one, call, smarts)]
    facets = {name: dict(Counter(getattr(one, name) for one in found)) for name in _FACETS}
    about = {"id": indicator_set.id, "version": indicator_set.version, "label": indicator_set.label.to_dict()}
    return Answer(
        data=[_present(call, one) for one in found],
        meta={"total": len(found), "facets": facets, "indicator_set": about},
    )


@answers("showIndicator")
def show_indicator(call: Call) -> Answer:
    """Answer one indicator."""
    return Answer(data=_present(call, call.node.reference.indicator_set.get_indicator(call.path["indicator"])))


@answers("listPairs")
def list_pairs(call: Call) -> Answer:
    """Answer the pairs."""
    pairs = [one.to_dict() for one in call.node.reference.indicator_set.pairs]
    return Answer(data=pairs, meta={"total": len(pairs)})


def _passes(indicator: Indicator, call: Call, smarts: Collection[str]) -> bool:
    wanted = call.parameters
    return (
        (not smarts or indicator.smart in smarts)
        and all(wanted.get(name, getattr(indicator, name)) == getattr(indicator, name) for name in _FACETS[1:])
        and ("q" not in wanted or matches(wanted["q"], *_texts(indicator)))
    )


def _texts(indicator: Indicator) -> list[str]:
    labels = (indicator.label, indicator.definition)
    return [indicator.id, *(text for one in labels for text in (one.ja, one.en))]


def _present(call: Call, indicator: Indicator) -> dict[str, Any]:
    path = f"/indicators/{indicator.id}"
    serving = call.holdings.find_serving(indicator)
    return {
        **indicator.to_dict(),
        "synthetic": serving.dataset.synthetic if serving else None,
        "datasets": [name for name, one in call.holdings.datasets.items() if indicator.id in one.dataset.indicators],
        "pairs": [one.to_dict() for one in call.node.reference.indicator_set.pairs_of(indicator.id)],
        "links": {"self": call.api_url(path), "observations": call.api_url(f"{path}/observations")},
    }
