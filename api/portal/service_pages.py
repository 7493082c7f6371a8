"""The pages of the city services: the list with the data map, and one service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, request

from api.portal.site import View, current_view, lasting, render
from api.services import count_values, read_filter
from catalog.errors import Label
from catalog.metadata.graph import SERIALISATIONS
from catalog.model.data_map import data_map
from catalog.model.service import STEPS, Service
from catalog.reference.service_checks import check_step, iter_facts
from catalog.reference.services import load_service_reference

#: filters of the list, in the order of the form
_FILTERS = ("smart", "step", "phase", "area")


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a filter."""

    value: str
    text: str
    #: how many services there are with it
    count: int
    chosen: bool


@lasting
def services() -> Response:
    """List the services that are asked for, and who gives which data to whom."""
    view = current_view()
    everything = [one.service for one in view.holdings.services.values()]
    asked = {name: [one for one in request.args.getlist(name) if one] for name in _FILTERS}
    wanted = read_filter(asked, view.node.reference)
    found = [one for one in everything if wanted.passes(one)]
    return render(
        "services.html",
        services=found,
        all=len(everything),
        filters={name: choices for name, choices in _choices(view, everything, asked).items() if choices},
        narrowed=any(asked.values()),
        uses=data_map(found),
        misfits={one.id: len(check_step(one)) for one in found},
        names={one.id: one.name for one in everything},
        **_words(view),
    )


def _choices(view: View, services: list[Service], asked: Mapping[str, list[str]]) -> dict[str, list[Choice]]:
    """Return the values that occur; nothing is offered that would find nothing by itself."""
    counts, texts = count_values(services), _texts(view, services)
    return {
        name: [
            Choice(value, text, counts[name][value], value in asked[name])
            for value, text in texts[name].items()
            if value in counts[name]
        ]
        for name in _FILTERS
    }


def _texts(view: View, services: list[Service]) -> dict[str, dict[str, str]]:
    vision, phases = view.node.reference.vision, load_service_reference().codelists["service_phase"]
    codes = sorted({code for one in services for code in one.areas})
    return {
        "smart": {one.id: view.t.label(_smart_label(view, one.id)) for one in vision.groups},
        "step": {str(one): f"STEP {one} {view.t.label(vision.get_step(one).label)}" for one in STEPS},
        "phase": {one.code: view.t.label(one.label) for one in phases},
        "area": {code: view.area(code) for code in codes},
    }


@lasting
def service(id: str) -> Response:
    """Show a service."""
    view = current_view()
    held = view.holdings.services.get(id)
    if held is None:
        abort(404)
    service, vision = held.service, view.node.reference.vision
    step = vision.get_step(service.step) if service.step is not None else None
    return render(
        "service.html",
        service=service,
        published=held.published,
        step=step,
        facts=list(iter_facts(service)),
        misfits={one.fact: one for one in check_step(service)},
        states=[one for one in vision.target_states if one.id in service.target_states],
        others=[(pointer, str(value)) for pointer, value in service.iter_others()],
        linked=[(one, view.holdings.services.get(one)) for one in service.linked_services],
        suffixes=tuple(SERIALISATIONS),
        **_words(view),
    )


def _smart_label(view: View, id: str) -> Label:
    """Return the name of a Smart, or of the heading for all of them; the id itself if this city has none such."""
    vision = view.node.reference.vision
    named = {one.id: one.label for one in vision.groups} | {one.id: one.label for one in vision.smarts}
    return named.get(id, Label(id, id))


def _words(view: View) -> dict[str, Any]:
    """Return what both templates say codes with."""
    reference = view.node.reference
    codelists = {**reference.codelists, **load_service_reference().codelists}

    def word(codelist: str, code: str) -> str:
        found = codelists[codelist].find(code)
        return code if found is None else view.t.label(found.label)

    def indicator(id: str) -> Label | None:
        known = reference.indicator_set.find_indicator(id)
        return known.label if known else None

    return {
        "word": word,
        "smart_label": lambda id: _smart_label(view, id),
        "is_smart": lambda id: any(one.id == id for one in reference.vision.smarts),
        "indicator_label": indicator,
        "dataset_title": lambda name: held.dataset.title if (held := view.holdings.find(name)) else None,
    }
