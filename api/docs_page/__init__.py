"""``/docs``: the OpenAPI document as an interactive page, ``/openapi.json``, and the pages of the problem types.

The page is Swagger UI as it is shipped in the package flask-swagger-ui; its files are served from here, so the page
calls no other host, and its content security policy would not let it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from importlib.metadata import version
from importlib.resources.abc import Traversable

import orjson
from flask import Blueprint, Response, abort, current_app, request

from api.caching import UNPINNED, is_current, strong_etag
from api.errors import problem_page
from api.negotiation import choose_language
from api.node import Node
from api.problems import PROBLEMS
from api.resources import allow_every_origin
from openapi import build_document

#: file -> where it comes from and its media type
_ASSETS: dict[str, tuple[str, str]] = {
    "swagger-ui.css": ("flask_swagger_ui", "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": ("flask_swagger_ui", "text/javascript; charset=utf-8"),
    "docs.css": ("api.docs_page", "text/css; charset=utf-8"),
    "docs.js": ("api.docs_page", "text/javascript; charset=utf-8"),
}

# Swagger UI sets style attributes and has images in its style sheet; scripts come from here only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def create_docs_blueprint() -> Blueprint:
    """Return the blueprint of the documentation."""
    blueprint = Blueprint("docs", __name__)
    blueprint.add_url_rule("/openapi.json", "document", document)
    blueprint.add_url_rule("/docs", "page", page)
    blueprint.add_url_rule("/docs/<name>", "asset", asset)
    blueprint.add_url_rule("/problems/<code>", "problem", problem)
    return blueprint


def document() -> Response:
    """Serve the OpenAPI document."""
    response = _cached(_document_bytes(), "application/json")
    return allow_every_origin(response)


def page() -> Response:
    """Serve the interactive page."""
    html = resources.files("api.docs_page").joinpath("docs.html").read_bytes()
    response = _cached(html, "text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def asset(name: str) -> Response:
    """Serve a file of the page."""
    if name not in _ASSETS:
        abort(404)
    return _cached(_find_asset(name).read_bytes(), _ASSETS[name][1])


def problem(code: str) -> Response:
    """Serve the page that a problem's ``type`` leads to."""
    if code not in PROBLEMS:
        abort(404)
    node: Node = current_app.extensions["shihyo"]
    lang = choose_language(request, node.settings.lang)
    found = PROBLEMS[code]
    response = _cached(problem_page(found, found.help, lang).encode(), "text/html; charset=utf-8")
    response.vary.add("Accept-Language")
    return response


@cache
def _document_bytes() -> bytes:
    return orjson.dumps(build_document())


def _find_asset(name: str) -> Traversable:
    package = _ASSETS[name][0]
    folder = resources.files(package)
    return (folder / "dist" / name) if package == "flask_swagger_ui" else (folder / name)


def _cached(body: bytes, content_type: str) -> Response:
    """Return a response that changes only with the software; what is long is hashed once by the response cache."""
    etag = strong_etag(version("flask-swagger-ui"), hashlib.sha256(body).hexdigest())
    if is_current(request.headers.get("If-None-Match"), etag):
        response = Response(status=304)
    else:
        response = Response(body, content_type=content_type)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = UNPINNED
    return response
