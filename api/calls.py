"""The way of a request to an operation: read its parameters, let the view answer, make the response.

A view is bound to a row of :data:`openapi.OPERATIONS` by :func:`answers` and gets a :class:`Call`. Most views return an
:class:`Answer`, which is written with the schema that the document shows; views with bodies of their own (observations,
files) return a response.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Response, request
from marshmallow import Schema, validate

from api.caching import NOT_STORED, cache_control, is_current, strong_etag
from api.negotiation import choose_format
from api.node import Node
from catalog.errors import Label
from catalog.query.grammar import encode_pairs
from catalog.query.rejection import Rejection, rejected, unknown_parameter, unknown_value
from catalog.releases import Holdings
from openapi import BASE, Operation
from openapi.fields import FullMatch, shared

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one operation."""

    #: what is asked
    operation: Operation
    #: who answers
    node: Node
    #: what the node holds, taken once
    holdings: Holdings
    #: path parameters
    path: Mapping[str, str]
    #: query parameters as they came; one that came twice has its values joined with a comma
    parameters: Mapping[str, str]

    @property
    def url_path(self) -> str:
        """Path of the request, from the operation, so that it is the same for everyone."""
        return BASE + self.operation.path.format_map(self.path)

    def url(self, path: str, pairs: Collection[tuple[str, str]] = ()) -> str:
        """Return a URL of this site."""
        return f"{self.node.settings.site_url}{path}" + (f"?{encode_pairs(pairs)}" if pairs else "")

    def api_url(self, path: str) -> str:
        """Return the URL of a path of the API."""
        return self.url(BASE + path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a view found."""

    #: dumped with the schema of the operation
    data: Any
    #: what is said of it
    meta: Mapping[str, Any] = field(default_factory=dict)
    #: relation -> URL
    links: Mapping[str, str] = field(default_factory=dict)
    #: path that names the same for ever, if there is one
    pinned_path: str | None = None
    #: True if the answer tells of the process, not of what is published, and must not be kept
    volatile: bool = False


View = Callable[[Call], "Answer | Response"]

#: operationId -> view; filled when the modules of :mod:`api.resources` are imported
VIEWS: dict[str, View] = {}


def answers(operation_id: str) -> Callable[[View], View]:
    """Bind a view to an operation."""

    def bind(view: View) -> View:
        VIEWS[operation_id] = view
        return view

    return bind


def answer_call(call: Call) -> Response:
    """Return the response of a call.

    Raises
    ------
    ShihyoError
        Whatever is wrong with the request.
    """
    found = VIEWS[call.operation.id](call)
    return found if isinstance(found, Response) else _respond(call, found)


def read_parameters() -> dict[str, str]:
    """Return the query parameters of the request, joined where one came twice.

    Operations with the query grammar check them themselves, and have :func:`check_parameters` say the last word.
    """
    return {name: ",".join(values) for name, values in request.args.lists()}


def check_parameters(schema: type[Schema], parameters: Mapping[str, str], others: Collection[str] = ()) -> None:
    """Check parameters against the schema that the document shows.

    Parameters
    ----------
    others
        Parameters that the schema does not declare and that were checked elsewhere: a dataset's own dimensions.

    Raises
    ------
    QueryError
        If one is not declared or does not have the declared form.
    """
    instance = shared(schema)
    known = {one.data_key or name: one for name, one in instance.fields.items()}
    wrong = instance.validate({name: value for name, value in parameters.items() if name not in others})
    if wrong:
        raise rejected([_rejection(name, parameters[name], known) for name in parameters if name in wrong])


def _rejection(name: str, value: str, known: Mapping[str, Any]) -> Rejection:
    if name not in known:
        return unknown_parameter(name, list(known))
    for rule in known[name].validators:
        if isinstance(rule, validate.OneOf):
            return unknown_value(name, value, [str(one) for one in rule.choices])
        if isinstance(rule, FullMatch):
            pattern = rule.whole.pattern
            detail = Label(
                f"{name} の「{value}」は {pattern} の形ではありません",
                f"{value!r} of {name} does not have the form {pattern}",
            )
            return Rejection(parameter=name, value=value, detail=detail)
    detail = Label(f"{name} に「{value}」は使えません", f"{value!r} cannot be used for {name}")
    return Rejection(parameter=name, value=value, detail=detail)


def _respond(call: Call, answer: Answer) -> Response:
    choose_format(request, None, ["json"])
    canonical = call.url(answer.pinned_path or call.url_path, sorted(call.parameters.items()))
    etag = strong_etag(call.holdings.digest, canonical)
    if not answer.volatile and is_current(request.headers.get("If-None-Match"), etag):
        response = Response(status=304)
    else:
        assert call.operation.answer is not None, "operations without a schema make their own response"
        links = {"self": canonical, **answer.links}
        document = shared(call.operation.answer).dump({"data": answer.data, "meta": answer.meta, "links": links})
        response = Response(orjson.dumps(document), content_type=JSON_TYPE)
    return finish(response, etag, canonical, pinned=answer.pinned_path == call.url_path, volatile=answer.volatile)


def finish(response: Response, etag: str, canonical: str, *, pinned: bool, volatile: bool = False) -> Response:
    """Add the headers that every answer has: validator, lifetime, canonical URL."""
    response.headers.setlist("Link", [f'<{canonical}>; rel="canonical"', *response.headers.getlist("Link")])
    response.headers["Cache-Control"] = NOT_STORED if volatile else cache_control(pinned=pinned)
    if not volatile:
        response.headers["ETag"] = etag
    response.vary.add("Accept")
    return response
