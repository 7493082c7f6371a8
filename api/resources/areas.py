"""``/areas``: country, prefectures, municipalities, wards."""

from __future__ import annotations

from collections import Counter
from typing import Any

from api.calls import Answer, Call, answers
from api.search import matches
from catalog.model.area import Area, AreaList


@answers("listAreas")
def list_areas(call: Call) -> Answer:
    """Answer the areas that pass all filters, by code."""
    found = [one for one in _within(call) if _passes(one, call)]
    levels = Counter(one.level for one in found)
    return Answer(
        data=[_present(call, one) for one in found], meta={"total": len(found), "facets": {"level": dict(levels)}}
    )


@answers("showArea")
def show_area(call: Call) -> Answer:
    """Answer one area with what is directly below it."""
    areas = call.node.reference.areas
    area = areas.get(_code(areas, call.path["code"]))
    below = [one.code for one in areas.children(area.code)]
    return Answer(data={**_present(call, area), "children": below})


def _within(call: Call) -> list[Area]:
    areas = call.node.reference.areas
    if "within" not in call.parameters:
        return list(areas)
    return sorted(areas.within(_code(areas, call.parameters["within"])), key=lambda one: one.code)


def _code(areas: AreaList, text: str) -> str:
    """Read a code as people write it; what is no code at all is looked up as it is, and found missing."""
    return areas.parse_code(text).code


def _passes(area: Area, call: Call) -> bool:
    wanted = call.parameters
    return wanted.get("level", area.level) == area.level and (
        "q" not in wanted or matches(wanted["q"], area.name_ja, area.name_en, area.kana, area.district, area.code)
    )


def _present(call: Call, area: Area) -> dict[str, Any]:
    links = {"self": call.api_url(f"/areas/{area.code}")}
    if area.parent is not None:
        links["parent"] = call.api_url(f"/areas/{area.parent}")
    return {**area.to_dict(), "links": links}
