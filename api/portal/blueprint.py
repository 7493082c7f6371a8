"""The blueprint: addresses of the pages, assets, robots.txt and error pages.

A page has two addresses: as it stands in :data:`_PAGES` in Japanese, and with ``/en`` before it in English.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from api.portal.catalogue_pages import dataset, datasets
from api.portal.pages import home, indicator, indicators, roadmap, smart
from api.portal.service_pages import service, services
from api.portal.site import (
    Page,
    asset_type,
    asset_version,
    current_view,
    load_asset,
    render,
    take_language,
)
from catalog.model.codelist import nearest

_PAGES: dict[str, Page] = {
    "/": home,
    "/indicators": indicators,
    "/indicators/<id>": indicator,
    "/smarts/<id>": smart,
    "/roadmap": roadmap,
    "/services": services,
    "/services/<id>": service,
    "/datasets": datasets,
    "/dataset/<name>": dataset,
}
_YEAR = 31_536_000
_ERRORS = (400, 404, 500, 503)


def create_portal_blueprint() -> Blueprint:
    """Return the blueprint of the pages; it reads ``current_app.extensions["shihyo"]``."""
    blueprint = Blueprint("portal", __name__, template_folder="templates")
    for rule, page in _PAGES.items():
        name = page.__name__
        blueprint.add_url_rule(rule, name, page, defaults={"lang": "ja"})
        blueprint.add_url_rule(f"/en{rule}", name, page, defaults={"lang": "en"}, strict_slashes=False)
    blueprint.add_url_rule("/assets/<name>", "asset", asset)
    blueprint.add_url_rule("/favicon.ico", "favicon", favicon)
    blueprint.add_url_rule("/robots.txt", "robots", robots)
    blueprint.url_value_preprocessor(take_language)
    return blueprint


def asset(name: str) -> Response:
    """Serve an asset; under the address that has its version it never changes."""
    content = load_asset(name)
    if content is None:
        abort(404)
    response = Response(content, content_type=asset_type(name))
    version = asset_version(name)
    lasting = request.args.get("v") == version
    response.set_etag(version)
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if lasting else "public, max-age=60"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.make_conditional(request)
    return response


def favicon() -> Response:
    """Serve the icon where browsers look for one by themselves."""
    return asset("favicon.svg")


def robots() -> Response:
    """Let everybody read everything except what never ends: queries. Files and what is said of them are not queries."""
    site = current_view().node.settings.site_url
    rules = ("User-agent: *", "Allow: /api/v1/datasets/", "Disallow: /api/", "Disallow: /*?*area=")
    lines = (*rules, f"Sitemap: {site}/sitemap.xml", f"# {site}/openapi.json", "")
    response = Response("\n".join(lines), content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def render_error(status: int) -> Response:
    """Return the page of an error in the language of the address.

    Parameters
    ----------
    status
        HTTP status; one that has no page of its own is shown as 404 or 500.
    """
    shown = status if status in _ERRORS else 500 if status >= 500 else 400
    return render("error.html", status=status, shown=shown, lasting=False, nearest=_nearest() if shown == 404 else None)


def _nearest() -> dict[str, str] | None:
    """Return the page whose address is most like the one that was asked for."""
    view = current_view()
    reference = view.node.reference
    pages = {view.url("indicator", id=one.id): one.label for one in reference.indicator_set.indicators}
    pages |= {view.url("smart", id=one.id): one.label for one in reference.vision.smarts}
    pages |= {view.url("dataset", name=name): one.dataset.title for name, one in view.holdings.datasets.items()}
    pages |= {view.url("service", id=id): one.service.name for id, one in view.holdings.services.items()}
    found = nearest(request.path, pages)
    return None if found is None else {"href": found, "text": view.t.label(pages[found])}
