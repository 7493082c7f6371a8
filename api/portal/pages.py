"""The pages of the indicators: home, list, Smarts, roadmap, indicator.

Each function gathers what its template shows; nothing here knows HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, request

from api.portal.breakdowns import make_breakdowns
from api.portal.cards import Card, make_card
from api.portal.charts.lines import STYLES
from api.portal.links import Observations, observations_of, snippets
from api.portal.site import View, current_view, lasting, render
from api.portal.trend import Trend, choose_areas, group_areas, make_trend, sources_of_areas
from catalog.errors import Label
from catalog.model import TOTAL, Dataset
from catalog.model.indicator import Indicator, KindCounts
from catalog.model.vision import Smart


@dataclass(frozen=True, slots=True)
class Group:
    """A heading with its indicators."""

    #: id of a Smart, or overall
    id: str
    #: what stands above
    heading: Label
    #: the Smart, or None for the group that is none
    smart: Smart | None
    #: one card an indicator
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """What the home page counts; nothing of it is stated anywhere."""

    indicators: int
    kinds: KindCounts
    #: indicators with real figures, and indicators with made-up ones only
    collected: int
    synthetic: int
    target_states: int
    datasets: int


def _card(view: View, indicator: Indicator) -> Card:
    card: Card = view.remember(("card", indicator.id), lambda: make_card(indicator, view.reader, view.write))
    return card


def _groups(view: View) -> tuple[Group, ...]:
    vision, indicators = view.node.reference.vision, view.node.reference.indicator_set
    found = []
    for group in vision.groups:
        smart = vision.get_smart(group.id) if group.smart else None
        cards = tuple(_card(view, one) for one in indicators.in_group(group.id))
        found.append(Group(group.id, smart.label if smart else group.label, smart, cards))
    return tuple(found)


def _counts(view: View, groups: Sequence[Group]) -> Counts:
    reference = view.node.reference
    cards = [card for group in groups for card in group.cards]
    return Counts(
        indicators=len(reference.indicator_set.indicators),
        kinds=reference.indicator_set.count_kinds(),
        collected=sum(card.collected and not card.synthetic for card in cards),
        synthetic=sum(card.synthetic for card in cards),
        target_states=len(reference.vision.target_states),
        datasets=len(view.holdings.datasets),
    )


@lasting
def home() -> Response:
    """Show the five Smarts with their indicators."""
    view = current_view()
    groups = _groups(view)
    cards = [card for group in groups for card in group.cards]
    drawn = [card for card in cards if card.figures and card.figures[0].sparkline]
    featured = min(drawn, key=lambda one: one.synthetic, default=None)
    return render("home.html", groups=groups, counts=_counts(view, groups), featured=featured)


@lasting
def indicators() -> Response:
    """List all indicators."""
    view = current_view()
    groups = _groups(view)
    return render("indicators.html", groups=groups, counts=_counts(view, groups))


@lasting
def smart(id: str) -> Response:
    """Show a Smart with its target states and their indicators."""
    view = current_view()
    reference = view.node.reference
    found = next((one for one in reference.vision.smarts if one.id == id), None)
    if found is None:
        abort(404)
    cards = tuple(_card(view, one) for one in reference.indicator_set.in_group(id))
    states = {
        state.id: tuple(_card(view, reference.indicator_set.get_indicator(one)) for one in state.indicators)
        for state in found.target_states
    }
    return render("smart.html", smart=found, cards=cards, states=states)


@lasting
def roadmap() -> Response:
    """Show the roadmap and the steps of roll-out."""
    plan = current_view().node.reference.vision.roadmap
    shared = {horizon.id: [one for one in plan.shared if one.horizon == horizon.id] for horizon in plan.horizons}
    return render("roadmap.html", roadmap=plan, shared=shared)


@lasting
def indicator(id: str) -> Response:
    """Show an indicator: chart, table, definition, source."""
    view = current_view()
    reference = view.node.reference
    found = reference.indicator_set.find_indicator(id)
    if found is None:
        abort(404)
    card = _card(view, found)
    group = next((one for one in reference.vision.smarts if one.id == found.smart), None)
    states = [(one, reference.vision.get_smart(one.smart)) for one in reference.vision.target_states_of(id)]
    pairs = [
        (pair, reference.indicator_set.get_indicator(pair.objective if pair.subjective == id else pair.subjective))
        for pair in reference.indicator_set.pairs_of(id)
    ]
    sources = view.reader.datasets_of(found)
    return render(
        "indicator.html",
        indicator=found,
        card=card,
        smart=group,
        states=states,
        pairs=pairs,
        sources=sources,
        also_synthetic=any(one.dataset.synthetic for one in sources),
        **(_figures(view, found, card) if card.collected else {}),
    )


def _figures(view: View, indicator: Indicator, card: Card) -> dict[str, Any]:
    reader = view.reader
    known = sources_of_areas(indicator, reader)
    home = card.figures[0].series.area
    choice = choose_areas(request.args.getlist("area"), known, home, view.write)
    trend = view.remember(
        ("trend", indicator.id, choice),
        lambda: make_trend(
            indicator,
            choice,
            known,
            reader,
            view.write,
            lambda codes: view.url("indicator", id=indicator.id, area=list(codes)),
        ),
    )
    groups = group_areas(known, home, reader)
    downloads = _downloads(view, indicator, trend)
    site = view.node.settings.site_url
    return {
        "view": trend,
        "groups": groups if sum(len(group.areas) for group in groups) > 1 else (),
        "most": STYLES,
        "breakdowns": view.remember(("breakdowns", indicator.id), lambda: make_breakdowns(indicator, reader)),
        "downloads": downloads,
        "snippets": snippets(site + downloads[0].observations.link(), site + downloads[0].observations.link("csv")),
        "national": home != view.node.settings.city,
    }


@dataclass(frozen=True, slots=True)
class Download:
    """The figures of the chart that one dataset holds."""

    #: the dataset
    dataset: Dataset
    #: the query that gives exactly them
    observations: Observations
    #: (name, address, note)
    links: tuple[tuple[str, str, str], ...]


def _downloads(view: View, indicator: Indicator, trend: Trend) -> tuple[Download, ...]:
    datasets = {one.dataset.name: one.dataset for one in trend.series}
    return tuple(_download(view, indicator, trend, dataset) for dataset in datasets.values())


def _download(view: View, indicator: Indicator, trend: Trend, dataset: Dataset) -> Download:
    areas = dict.fromkeys(one.area for one in trend.series if one.dataset.name == dataset.name)
    totals = {one.id: TOTAL for one in dataset.structure.breakdowns}
    asked = observations_of(dataset.name, indicator, {"area": ",".join(areas), **totals})
    links = (
        ("CSV", asked.link("csv-excel"), view.t("download.excel")),
        ("CSV", asked.link("csv"), view.t("download.csv")),
        ("JSON", asked.link(), view.t("download.json")),
    )
    return Download(dataset, asked, links)
