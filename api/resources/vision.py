"""``/smarts``, ``/roadmap``: the vision that the indicators measure."""

from __future__ import annotations

from typing import Any

from api.calls import Answer, Call, answers
from catalog.model.vision import Smart


@answers("listSmarts")
def list_smarts(call: Call) -> Answer:
    """Answer the Smarts with their target states."""
    vision = call.node.reference.vision
    smarts = [_present(call, one) for one in vision.smarts]
    return Answer(data=smarts, meta={"total": len(smarts), "themes": [one.to_dict() for one in vision.themes]})


@answers("showSmart")
def show_smart(call: Call) -> Answer:
    """Answer one Smart."""
    return Answer(data=_present(call, call.node.reference.vision.get_smart(call.path["smart"])))


@answers("showRoadmap")
def show_roadmap(call: Call) -> Answer:
    """Answer the roadmap and the steps of roll-out."""
    vision = call.node.reference.vision
    return Answer(data={**vision.roadmap.to_dict(), "steps": [one.to_dict() for one in vision.steps]})


def _present(call: Call, smart: Smart) -> dict[str, Any]:
    indicators = call.node.reference.indicator_set.in_group(smart.id)
    return {
        **smart.to_dict(),
        "indicators": [one.id for one in indicators],
        "links": {
            "self": call.api_url(f"/smarts/{smart.id}"),
            "indicators": call.url("/api/v1/indicators", [("smart", smart.id)]),
        },
    }
