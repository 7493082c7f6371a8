"""``/observations`` and ``/indicators/{indicator}/observations``: the figures.

Order of events: find the dataset; let the node understand the request (release, query, repairs); choose the
representation; make the pinned URL, which is the canonical form of the request with the version in it; answer 304 if
the client has it; else count, select and write (:mod:`api.representation`).

One answer has observations of one release of one dataset, so one version pins it.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, request

from api.caching import is_current, strong_etag
from api.calls import Call, answers, check_parameters, finish
from api.negotiation import choose_format
from api.representation import Representation, write_empty, write_observations
from catalog.errors import Label
from catalog.query.rejection import Rejection, rejected, unknown_value
from catalog.releases import DatasetHolding
from openapi.parameters import FORMATS

#: parameters that are read here; the grammar reads the rest
_OWN = ("dataset", "format", "lang", "labels")


@answers("listIndicatorObservations")
def list_indicator_observations(call: Call) -> Response:
    """Answer with observations of one indicator, from its primary dataset or the one that is asked for."""
    indicator = call.node.reference.indicator_set.get_indicator(call.path["indicator"])
    holders = _holders(call, [indicator.id])
    asked = call.parameters.get("dataset")
    if asked is not None:
        return _answer(call, _chosen(asked, holders), {"indicator": indicator.id})
    holding = call.holdings.find_serving(indicator)
    if holding is None:
        return _answer_without_dataset(call, indicator.no_data_reason or _NOT_HERE)
    return _answer(call, holding, {"indicator": indicator.id})


@answers("listObservations")
def list_observations(call: Call) -> Response:
    """Answer with observations of the dataset that is asked for, or of the one that the indicators are in."""
    asked = call.parameters.get("dataset")
    if asked is not None:
        return _answer(call, _chosen(asked, dict(call.holdings.datasets)), {})
    if "indicator" not in call.parameters:
        raise rejected([_nothing_named(call)])
    indicators = [part.strip() for part in call.parameters["indicator"].split(",")]
    known = call.node.reference.indicator_set.ids
    unknown = [unknown_value("indicator", one, known) for one in indicators if one not in known]
    if unknown:
        raise rejected(unknown)
    return _answer_for(call, indicators)


def _answer_for(call: Call, indicators: list[str]) -> Response:
    wanted = [call.node.reference.indicator_set.get_indicator(one) for one in indicators]
    serving = {one.id: call.holdings.find_serving(one) for one in wanted}
    names = {one.id: holding.dataset.name if (holding := serving[one.id]) else one.primary_dataset for one in wanted}
    if len(set(names.values())) > 1:
        raise rejected([_several_datasets(call, names)])
    holding = serving[indicators[0]]
    if holding is None:
        return _answer_without_dataset(call, wanted[0].no_data_reason or _NOT_HERE)
    return _answer(call, holding, {})


def _answer(call: Call, holding: DatasetHolding, fixed: Mapping[str, str]) -> Response:
    question = call.node.ask(holding, call.parameters, fixed=fixed, others=_OWN)
    breakdowns = [one.id for one in question.engine.structure.breakdowns]
    check_parameters(call.operation.parameters, call.parameters, breakdowns)
    shape = Representation.from_parameters(choose_format(request, call.parameters.get("format"), FORMATS), call)
    pairs = shape.canonical_pairs(question)
    canonical = call.url(call.url_path, pairs)
    etag = strong_etag(question.release.digest, canonical)
    if is_current(request.headers.get("If-None-Match"), etag):
        response = Response(status=304)
    else:
        response = write_observations(call, question, shape, canonical)
    return finish(response, etag, canonical, pinned=question.pinned)


def _answer_without_dataset(call: Call, reason: Label) -> Response:
    check_parameters(call.operation.parameters, call.parameters)
    shape = Representation.from_parameters(choose_format(request, call.parameters.get("format"), FORMATS), call)
    canonical = call.url(call.url_path, sorted({**call.parameters, "format": shape.format}.items()))
    etag = strong_etag(call.holdings.digest, canonical)
    return finish(write_empty(call, shape, reason, canonical), etag, canonical, pinned=False)


def _holders(call: Call, indicators: list[str]) -> dict[str, DatasetHolding]:
    return {name: one for name, one in call.holdings.datasets.items() if set(indicators) <= set(one.dataset.indicators)}


def _chosen(asked: str, holders: Mapping[str, DatasetHolding]) -> DatasetHolding:
    if asked not in holders:
        raise rejected([unknown_value("dataset", asked, list(holders))])
    return holders[asked]


def _nothing_named(call: Call) -> Rejection:
    return Rejection(
        parameter="indicator",
        value=None,
        detail=Label("indicator か dataset を指定してください", "Name an indicator or a dataset"),
        allowed=call.node.reference.indicator_set.ids,
    )


def _several_datasets(call: Call, names: Mapping[str, str | None]) -> Rejection:
    where = {one: name or "-" for one, name in names.items()}
    listed = ", ".join(f"{one}: {name}" for one, name in where.items())
    return Rejection(
        parameter="indicator",
        value=call.parameters["indicator"],
        detail=Label(
            f"指標が別々のデータセットにあります（{listed}）。ひとつずつ求めるか、dataset を指定してください",
            f"The indicators are in different datasets ({listed}). Ask for one at a time, or name a dataset",
        ),
        allowed=tuple(sorted({name for name in where.values() if name != "-"})),
    )


_NOT_HERE = Label(
    "この指標のデータセットは、まだこのサーバーに届いていません",
    "The dataset of this indicator has not reached this server yet",
)
