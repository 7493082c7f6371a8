"""What all pages share: the language of the request, what the node serves, addresses, assets, headers.

Order of events: :func:`create_site` runs once for an application; :func:`current_view` makes the :class:`View` of a
request, which the page's function reads and the templates see; :func:`finish` sets the headers.

A page is a function of what the node serves, of this program and of the address, so its ETag is a hash of those three
and the page itself is never hashed (RFC 9110, 8.8.3). Pages that ask the catalogue have none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, wraps
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, cast
from urllib.parse import urlencode

from flask import Response, current_app, g, render_template, request, url_for

from api.caching import cache_control, is_current, strong_etag
from api.node import Node
from api.portal.catalogue import PublicCatalogue, Readable
from api.portal.figures import FigureReader, Memory
from api.portal.language import LANGUAGES, Translator
from api.portal.writing import Writer
from catalog.releases import Holdings

#: no inline script or style, nothing from another host; JSON-LD is data and needs no permission
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
_EXTENSION = "shihyo.portal"
_ASSETS = {
    "portal.css": "text/css; charset=utf-8",
    "portal.js": "text/javascript; charset=utf-8",
    "favicon.svg": "image/svg+xml",
}
#: endpoint -> message, in the order of the navigation
_NAVIGATION = {
    "indicators": "nav.indicators",
    "roadmap": "nav.roadmap",
    "services": "nav.services",
    "datasets": "nav.datasets",
}


@dataclass(frozen=True, slots=True)
class Site:
    """The pages of one application."""

    #: what they read
    node: Node
    #: the catalogue as everybody may read it
    catalogue: Readable
    #: what was read
    memory: Memory = field(default_factory=Memory)


def current_site() -> Site:
    """Return the site of the application that answers the current request."""
    extensions = current_app.extensions
    if _EXTENSION not in extensions:
        node: Node = extensions["shihyo"]
        extensions[_EXTENSION] = Site(node, PublicCatalogue(node.settings))
    return cast(Site, extensions[_EXTENSION])


@dataclass(frozen=True, slots=True)
class View:
    """One request: its language and the state of the node that it sees from its beginning to its end."""

    #: the site
    site: Site
    #: the state
    holdings: Holdings
    #: its language
    t: Translator

    @property
    def node(self) -> Node:
        """What the pages read."""
        return self.site.node

    @property
    def reader(self) -> FigureReader:
        """Reads figures of this state."""
        return FigureReader(self.node, self.holdings, self.site.memory)

    @property
    def write(self) -> Writer:
        """Writes numbers and dates in this language."""
        return Writer(self.t, self.node.reference.codelists["unit"])

    def url(self, endpoint: str, **values: Any) -> str:
        """Return the address of a page in this language."""
        return url_for(f"portal.{endpoint}", lang=self.t.lang, **values)

    def code(self, codelist: str, code: str) -> str:
        """Return the name of a code; the code itself if its list does not have it."""
        found = self.node.reference.codelists[codelist].find(code)
        return code if found is None else self.t.label(found.label)

    def area(self, code: str) -> str:
        """Return the name of an area; the code itself if it is not known."""
        found = self.node.reference.areas.find(code)
        return code if found is None else self.t.label(found.name)

    def remember(self, key: Any, compute: Any) -> Any:
        """Return what ``compute`` returned in this language for this state before, or call it."""
        return self.site.memory.recall(self.holdings.digest, (self.t.lang, key), compute)


def current_view() -> View:
    """Return the view of the current request."""
    if "portal_view" not in g:
        lang = g.get("portal_language") or language_of(request.path)
        site = current_site()
        g.portal_view = View(site, site.node.holdings, Translator(lang))
    return cast(View, g.portal_view)


def take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Take the language out of what the address says, before the page's function is called."""
    if values is not None:
        g.portal_language = values.pop("lang", None)


def language_of(path: str) -> str:
    """Return the language that an address asks for."""
    return "en" if path == "/en" or path.startswith("/en/") else "ja"


def template_context() -> dict[str, Any]:
    """Return what every template may use."""
    view = current_view()
    return {
        "t": view.t,
        "l": view.t.label,
        "w": view.write,
        "code": view.code,
        "area": view.area,
        "url": view.url,
        "asset": asset_link,
        "here": here,
        "switch_language": lambda: _same_page(view.t.other),
        "navigation": lambda: _navigation(view),
        "section": _section(),
        "page": _endpoint(),
        "languages": LANGUAGES,
        "site_title": view.node.settings.site_title or view.t("site.title"),
        "vision": view.node.reference.vision,
        "tree_note": view.node.reference.indicator_set.target_state_note,
    }


def _endpoint() -> str:
    return (request.endpoint or "").removeprefix("portal.")


def _section() -> str:
    return {"indicator": "indicators", "smart": "indicators", "dataset": "datasets", "service": "services"}.get(
        _endpoint(), _endpoint()
    )


def _navigation(view: View) -> Iterator[tuple[str, str, str]]:
    for endpoint, key in _NAVIGATION.items():
        yield endpoint, view.url(endpoint), view.t(key)
    yield "docs", "/docs", view.t("nav.api")


def _same_page(lang: str) -> str:
    endpoint = _endpoint()
    if not (request.endpoint or "").startswith("portal.") or request.view_args is None:
        return url_for("portal.home", lang=lang)
    return url_for(f"portal.{endpoint}", **{**request.args.to_dict(flat=False), **request.view_args, "lang": lang})


def here(lang: str) -> str:
    """Return the absolute address of this page in a language."""
    return current_view().node.settings.site_url + _same_page(lang)


@cache
def load_asset(name: str) -> bytes | None:
    """Return an asset, or None if there is none of this name."""
    if name not in _ASSETS:
        return None
    return resources.files("api.portal").joinpath("static", name).read_bytes()


def asset_type(name: str) -> str:
    """Return the media type of an asset."""
    return _ASSETS[name]


def asset_link(name: str) -> str:
    """Return the address of an asset, which changes with its content."""
    return url_for("portal.asset", name=name, v=asset_version(name))


@cache
def asset_version(name: str) -> str:
    """Return the short digest of an asset."""
    return hashlib.sha256(load_asset(name) or b"").hexdigest()[:12]


@cache
def program_digest() -> str:
    """Return the digest of everything beside the figures that a page is made of."""
    digest = hashlib.sha256()
    for package in ("api.portal", "catalog.reference"):
        for file in _files(resources.files(package)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _files(folder: Traversable) -> Iterator[Traversable]:
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.is_file():
            yield one
        elif one.name != "__pycache__":
            yield from _files(one)


def page_etag() -> str:
    """Return the ETag of the page at the current address, in quotes."""
    view = current_view()
    settings = view.node.settings
    shown = (settings.site_url, settings.site_title, settings.city)
    arguments = urlencode(sorted(request.args.items(multi=True)))
    return strong_etag(program_digest(), view.holdings.digest, *shown, request.path, arguments)


def render(template: str, *, lasting: bool = True, status: int = 200, **context: Any) -> Response:
    """Render a page.

    Parameters
    ----------
    template
        Name of the template.
    lasting
        Whether the page depends on nothing but what the node serves, so that it has an ETag.
    status
        HTTP status.
    context
        For the template.
    """
    text = render_template(f"portal/{template}", **template_context(), **context)
    response = Response(text, status, mimetype="text/html")
    if lasting and status == 200:
        _let_reuse(response)
    else:
        response.headers["Cache-Control"] = "no-cache"
    return finish(response)


def unchanged() -> Response | None:
    """Return a 304 if the reader has the page already; asked before the page is made."""
    if not is_current(request.headers.get("If-None-Match"), page_etag()):
        return None
    response = Response(status=304)
    _let_reuse(response)
    return finish(response)


def _let_reuse(response: Response) -> None:
    response.headers["ETag"] = page_etag()
    response.headers["Cache-Control"] = cache_control(pinned=False)


Page = Callable[..., Response]


def lasting(page: Page) -> Page:
    """Answer 304 before the page is made, where the reader has it already."""

    @wraps(page)
    def answer(**values: Any) -> Response:
        return unchanged() or page(**values)

    return answer


def finish(response: Response) -> Response:
    """Set the headers that every page has."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response.headers["Content-Language"] = current_view().t.lang
    return response
