"""The Flask application: the API, its documentation, the embedded catalogue's action API and the pages.

Every blueprint reads what it shows through the node, ``current_app.extensions["shihyo"]``. The response cache stands in
front of all of it (:class:`api.caching.ResponseCache`).
"""

from __future__ import annotations

from flask import Flask, Response

from api.action import create_action_blueprint
from api.caching import ResponseCache
from api.docs_page import create_docs_blueprint
from api.errors import ERROR_PAGE, register_error_handlers
from api.metadata import create_metadata_blueprint
from api.node import Node
from api.portal.blueprint import create_portal_blueprint, render_error
from api.resources import create_api_blueprint
from catalog.embedded import EmbeddedCatalog
from catalog.settings import Settings

_MEGABYTE = 1_000_000
#: what a request may carry beside the file that it uploads
_FORM_FIELDS = 2_000_000

_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'self'",
}


def create_application(settings: Settings, node: Node | None = None) -> Flask:
    """Make the application.

    Parameters
    ----------
    settings
        The settings of this process.
    node
        What it serves; by default a node over the local copy in ``settings.home`` that does not follow the catalogue
        until its ``start`` is called.
    """
    application = Flask(__name__, static_folder=None)
    node = node or Node.from_settings(settings)
    application.extensions["shihyo"] = node
    application.extensions[ERROR_PAGE] = render_error
    application.config["MAX_CONTENT_LENGTH"] = settings.max_upload_mb * _MEGABYTE + _FORM_FIELDS
    application.url_map.strict_slashes = False
    application.register_blueprint(create_api_blueprint())
    application.register_blueprint(create_docs_blueprint())
    application.register_blueprint(create_portal_blueprint())
    application.register_blueprint(create_metadata_blueprint())
    if not settings.catalog_url:
        application.register_blueprint(create_action_blueprint(_embedded_catalog(settings)))
    application.add_url_rule("/healthz", "healthz", _healthz)
    application.after_request(_secure)
    register_error_handlers(application, settings)
    cache = ResponseCache(application.wsgi_app, lambda: node.holdings.digest, settings.cache_mb)
    application.wsgi_app = cache  # type: ignore[method-assign]
    return application


def _embedded_catalog(settings: Settings) -> EmbeddedCatalog:
    return EmbeddedCatalog(
        settings.home / "catalog",
        site_url=settings.site_url,
        max_upload_bytes=settings.max_upload_mb * _MEGABYTE,
        site_title=settings.site_title,
        lang=settings.lang,
    )


def _healthz() -> Response:
    response = Response("ok\n", content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def _secure(response: Response) -> Response:
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
