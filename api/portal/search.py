"""Searching the catalogue: CKAN's ``package_search`` with facets; the node's own datasets where it is not reached.

Order of events: :func:`read_request` reads the address, :func:`search` asks the catalogue (whatever CKAN is behind) and
shows what this node serves in both languages; :func:`search_holdings` answers while the catalogue is down.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.portal.catalogue import Readable
from catalog.model import Dataset
from catalog.releases import DatasetHolding, Holdings

#: results of a page
ROWS = 20
#: the facets, by their CKAN field
FACETS = ("organization", "tags", "res_format", "license_id")
#: order of the page -> CKAN's sort
SORTS = {
    "relevance": "score desc, metadata_modified desc",
    "modified": "metadata_modified desc",
    "title": "title_string asc",
}
#: most pages that a reader may turn to
_PAGES = 1000
#: readers look for datasets; a release and a service are packages of their own, on a CKAN without these types marked by
#: an extra
_DATASETS = "+dataset_type:dataset -shihyo_release_of:* -shihyo_service_digest:*"

#: filters, order and page -> address
Address = Callable[["SearchRequest"], str]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is asked."""

    #: words
    q: str
    #: facet -> values that all must hold
    filters: Mapping[str, tuple[str, ...]]
    #: a key of :data:`SORTS`
    sort: str
    #: 1 for the first
    page: int

    @property
    def filtered(self) -> bool:
        """Whether a filter is set."""
        return any(self.filters.values())

    def parameters(self) -> dict[str, Any]:
        """Return the request as parameters of an address, defaults left out."""
        given: dict[str, Any] = {"q": self.q, **{name: list(chosen) for name, chosen in self.filters.items()}}
        given["sort"] = "" if self.sort == "relevance" else self.sort
        given["page"] = "" if self.page == 1 else str(self.page)
        return {name: value for name, value in given.items() if value}

    def toggled(self, facet: str, value: str) -> SearchRequest:
        """Return the request with a value chosen, or no longer chosen, from its first page."""
        chosen = self.filters.get(facet, ())
        turned = tuple(one for one in chosen if one != value) if value in chosen else (*chosen, value)
        return SearchRequest(self.q, {**self.filters, facet: turned}, self.sort, 1)

    def turned(self, page: int) -> SearchRequest:
        """Return the request for another page."""
        return SearchRequest(self.q, self.filters, self.sort, page)

    @property
    def plain(self) -> SearchRequest:
        """The request without filters."""
        return SearchRequest(self.q, {}, self.sort, 1)


@dataclass(frozen=True, slots=True)
class FacetItem:
    """A value to narrow down to."""

    #: what people read
    label: str
    #: datasets that have it
    count: int
    #: whether it is chosen
    chosen: bool
    #: address with it turned
    href: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A field to narrow down by."""

    #: CKAN's field
    name: str
    #: its values, most frequent first
    items: tuple[FacetItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A dataset that was found."""

    name: str
    title: str
    notes: str
    organization: str
    formats: tuple[str, ...]
    tags: tuple[str, ...]
    #: ISO 8601, or empty
    modified: str
    #: version of the current release, or empty
    version: str = ""
    synthetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What was found."""

    #: datasets in all
    count: int
    #: those of the page
    entries: tuple[Entry, ...]
    #: page number -> address
    pages: tuple[tuple[int, str], ...] = ()
    facets: tuple[Facet, ...] = ()
    #: True if the catalogue could not be reached
    unavailable: bool = False


def read_request(params: Mapping[str, Sequence[str]]) -> SearchRequest:
    """Read an address; what it does not say, or says wrongly, has its default."""
    first = {name: values[0] for name, values in params.items() if values}
    sort = first.get("sort", "")
    page = first.get("page", "")
    return SearchRequest(
        q=first.get("q", "").strip(),
        filters={name: tuple(dict.fromkeys(params[name])) for name in FACETS if params.get(name)},
        sort=sort if sort in SORTS else "relevance",
        page=min(max(int(page), 1), _PAGES) if page.isascii() and page.isdigit() else 1,
    )


def search(
    catalogue: Readable, request: SearchRequest, holdings: Holdings, lang: str, address: Address
) -> SearchResult:
    """Ask the catalogue.

    Raises
    ------
    CatalogueError
        If it cannot be asked.
    """
    filters = [f'{name}:"{_quoted(value)}"' for name, values in request.filters.items() for value in values]
    found = catalogue.action(
        "package_search",
        **{
            "q": request.q or "*:*",
            "fq": " ".join((_DATASETS, *(f"+{one}" for one in filters))),
            "sort": SORTS[request.sort],
            "rows": ROWS,
            "start": (request.page - 1) * ROWS,
            "facet.field": list(FACETS),
            "facet.limit": 12,
        },
    )
    last = min(-(-found["count"] // ROWS), _PAGES)
    near = [number for number in range(1, last + 1) if number in {1, last} or abs(number - request.page) <= 2]
    return SearchResult(
        count=found["count"],
        entries=tuple(_entry(package, holdings, lang) for package in found["results"]),
        pages=tuple((number, address(request.turned(number))) for number in near),
        facets=tuple(_facet(name, found.get("search_facets", {}), request, address) for name in FACETS),
    )


def search_holdings(request: SearchRequest, holdings: Holdings, lang: str) -> SearchResult:
    """Return the node's own datasets that contain all words, without the catalogue."""
    words = _fold(request.q).split()
    found = [one for one in holdings.datasets.values() if all(word in _fold(_words(one.dataset)) for word in words)]
    entries = tuple(_held(one, lang) for one in found)
    return SearchResult(count=len(entries), entries=entries, unavailable=True)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _words(dataset: Dataset) -> str:
    labels = (dataset.title, dataset.description, dataset.creator.label, dataset.publisher.label)
    return "\n".join([dataset.name, *(text for one in labels for text in (one.ja, one.en)), *dataset.keywords])


def _facet(name: str, found: Mapping[str, Any], request: SearchRequest, address: Address) -> Facet:
    chosen = request.filters.get(name, ())
    items = found.get(name, {}).get("items", [])
    ranked = sorted(items, key=lambda one: (-one["count"], one["display_name"]))
    return Facet(
        name,
        tuple(
            FacetItem(
                label=one["display_name"],
                count=one["count"],
                chosen=one["name"] in chosen,
                href=address(request.toggled(name, one["name"])),
            )
            for one in ranked
        ),
    )


def _entry(package: Mapping[str, Any], holdings: Holdings, lang: str) -> Entry:
    holding = holdings.find(package["name"])
    if holding is not None:
        return _held(holding, lang)
    organization = package.get("organization") or {}
    formats = dict.fromkeys(one.get("format") or "" for one in package.get("resources") or ())
    return Entry(
        name=package["name"],
        title=package.get("title") or package["name"],
        notes=package.get("notes") or "",
        organization=organization.get("title") or organization.get("name") or "",
        formats=tuple(one for one in formats if one),
        tags=tuple(one.get("display_name") or one["name"] for one in package.get("tags") or ()),
        modified=package.get("metadata_modified") or "",
    )


def _held(holding: DatasetHolding, lang: str) -> Entry:
    dataset, manifest = holding.dataset, holding.current.manifest
    return Entry(
        name=dataset.name,
        title=dataset.title.in_language(lang),
        notes=dataset.description.in_language(lang),
        organization=dataset.publisher.label.in_language(lang),
        formats=tuple(dict.fromkeys(one.format for one in manifest.files)),
        tags=dataset.keywords,
        modified=manifest.issued,
        version=str(manifest.version),
        synthetic=dataset.synthetic,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """A file of a package that this node does not serve."""

    name: str
    format: str
    #: its address if it is one of the web, else empty
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageView:
    """A package of the catalogue that holds no observations of ours."""

    title: str
    notes: str
    organization: str
    license: str
    tags: tuple[str, ...]
    files: tuple[PackageFile, ...]


def view_package(package: Mapping[str, Any]) -> PackageView:
    """Return what a page shows of a package; addresses that are not http(s) are not links."""
    organization = package.get("organization") or {}
    return PackageView(
        title=package.get("title") or package["name"],
        notes=package.get("notes") or "",
        organization=organization.get("title") or "",
        license=package.get("license_title") or package.get("license_id") or "",
        tags=tuple(one.get("display_name") or one["name"] for one in package.get("tags") or ()),
        files=tuple(_file(one) for one in package.get("resources") or ()),
    )


def _file(resource: Mapping[str, Any]) -> PackageFile:
    url = resource.get("url") or ""
    return PackageFile(
        name=resource.get("name") or url or resource.get("id") or "",
        format=resource.get("format") or "",
        href=url if url.startswith(("http://", "https://")) else "",
    )
