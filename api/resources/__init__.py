"""The views of ``/api/v1``, one module a kind of thing; their routes come from :data:`openapi.OPERATIONS`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from flask import Blueprint, Response, current_app, request

from api.calls import VIEWS, Call, answer_call, check_parameters, read_parameters
from api.node import Node
from openapi import BASE, OPERATIONS, Operation

_MODULES = (
    "areas",
    "datasets",
    "descriptions",
    "files",
    "indicators",
    "node",
    "observations",
    "readability",
    "services",
    "vision",
)

#: what browsers of other sites may read
EXPOSED = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Language",
    "Content-Length",
    "Content-Range",
    "ETag",
    "Link",
    "X-Data-Version",
    "X-Total-Rows",
)


def create_api_blueprint() -> Blueprint:
    """Return the blueprint of the API.

    Raises
    ------
    KeyError
        If an operation of the document has no view.
    """
    for name in _MODULES:
        import_module(f"api.resources.{name}")
    blueprint = Blueprint("api", __name__, url_prefix=BASE)
    for operation in OPERATIONS:
        VIEWS[operation.id]
        rule = operation.path.replace("{", "<").replace("}", ">")
        blueprint.add_url_rule(rule, operation.id, _view(operation), methods=["GET"])
    blueprint.after_request(allow_every_origin)
    return blueprint


def allow_every_origin(response: Response) -> Response:
    """Let pages of other sites read the answer (CORS); nothing here depends on cookies."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = "Accept, Accept-Language, If-None-Match, Range"
        response.headers["Access-Control-Max-Age"] = "86400"
    return response


def _view(operation: Operation) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        node: Node = current_app.extensions["shihyo"]
        call = Call(operation, node, node.holdings, path, read_parameters())
        if operation.tag != "observations":
            check_parameters(operation.parameters, call.parameters)
        return answer_call(call)

    return view
