"""The pages of the catalogue: search and dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, request

from api.portal.catalogue import find_package
from api.portal.links import dataset_link, file_link, metadata_links, readability_link, release_link, snippets
from api.portal.search import (
    SORTS,
    SearchRequest,
    SearchResult,
    read_request,
    search,
    search_holdings,
    view_package,
)
from api.portal.site import View, current_view, lasting, render
from api.portal.structured import describe_dataset
from catalog.errors import CatalogueError, Label
from catalog.model import Column, Distribution, Manifest
from catalog.releases import DatasetHolding, ReleaseHolding

_READABILITY = Label(
    "このリリースのCSVの機械可読性（デジタル庁のルールによる点検結果）",
    "Machine readability of the CSVs of this release (by the Digital Agency's rule)",
)

_DATA_PACKAGE = "datapackage.json"
#: rows of a preview
_PREVIEW = "10"
#: door of the page -> end of the name of its file
_DOORS = {"excel": "_excel.csv", "programs": ".csv"}


def datasets() -> Response:
    """Search the catalogue."""
    view = current_view()
    asked = read_request(request.args.to_dict(flat=False))

    def address(one: SearchRequest) -> str:
        return view.url("datasets", **one.parameters())

    return render(
        "datasets.html",
        lasting=False,
        search=asked,
        result=_search(view, asked, address),
        sorts=tuple(SORTS),
        unfiltered=address(asked.plain),
    )


def _search(view: View, asked: SearchRequest, address: Any) -> SearchResult:
    try:
        return search(view.site.catalogue, asked, view.holdings, view.t.lang, address)
    except CatalogueError:
        return search_holdings(asked, view.holdings, view.t.lang)


@dataclass(frozen=True, slots=True)
class FileLinks:
    """A file with its addresses."""

    file: Distribution
    #: the address that always has the newest version
    latest: str
    #: the address of this version
    pinned: str


@dataclass(frozen=True, slots=True)
class Door:
    """A download for one kind of reader."""

    #: excel or programs
    name: str
    file: Distribution
    #: the address that always has the newest version
    href: str


@dataclass(frozen=True, slots=True)
class Release:
    """A line of the history."""

    manifest: Manifest
    #: its description in the API
    href: str
    #: why it has its version, and what is left out
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows."""

    columns: tuple[Column, ...]
    #: rows of (value as text or None, name of the code or None)
    rows: tuple[tuple[tuple[str | None, str | None], ...], ...]


def dataset(name: str) -> Response:
    """Show a dataset: one that this node serves, else whatever the catalogue has under the name."""
    held = current_view().holdings.find(name)
    return _held(holding=held) if held else _package(name)


def _package(name: str) -> Response:
    view = current_view()
    try:
        package = find_package(view.site.catalogue, name)
    except CatalogueError:
        abort(503)
    if package is None:
        abort(404)
    return render("package.html", lasting=False, package=view_package(package))


def _data_package(release: ReleaseHolding) -> str | None:
    names = (one.name for one in release.manifest.files if one.name == _DATA_PACKAGE)
    return next(names, None)


@lasting
def _held(holding: DatasetHolding) -> Response:
    view = current_view()
    release = holding.current
    found, settings = holding.dataset, view.node.settings
    indicators = [view.node.reference.indicator_set.get_indicator(one) for one in found.indicators]
    return render(
        "dataset.html",
        dataset=found,
        release=release,
        doors=_doors(release),
        files=tuple(_links(release, one) for one in release.manifest.files),
        readability_label=_READABILITY,
        readability=readability_link(found.name, str(release.manifest.version)),
        metadata=metadata_links(found.name, str(release.manifest.version), data_package=_data_package(release)),
        releases=tuple(_release(one, view) for one in reversed(holding.releases)),
        preview=view.remember(("preview", found.name), lambda: _preview(view, holding)),
        indicators=indicators,
        snippets=snippets(*(settings.site_url + dataset_link(found.name, form) for form in (None, "csv"))),
        structured=describe_dataset(view, holding),
    )


def _links(release: ReleaseHolding, file: Distribution) -> FileLinks:
    name, version = release.manifest.dataset.name, str(release.manifest.version)
    return FileLinks(file, file_link(name, "latest", file.name), file_link(name, version, file.name))


def _doors(release: ReleaseHolding) -> tuple[Door, ...]:
    name = release.manifest.dataset.name
    files = {one.name: one for one in release.manifest.files}
    wanted = {door: f"{name}{end}" for door, end in _DOORS.items()}
    return tuple(
        Door(door, files[file], file_link(name, "latest", file)) for door, file in wanted.items() if file in files
    )


def _release(release: ReleaseHolding, view: View) -> Release:
    manifest = release.manifest
    reasons = tuple(view.t.label(one) for one in manifest.remarks)
    return Release(manifest, release_link(manifest.dataset.name, str(manifest.version)), reasons)


def _preview(view: View, holding: DatasetHolding) -> Preview:
    selection = view.node.observations(holding.dataset.name, {"limit": _PREVIEW})
    columns = {one.name: one for one in holding.dataset.structure.columns}
    rows = tuple(_preview_row(view, holding, selection.columns, row) for row in selection.rows)
    return Preview(tuple(columns[name] for name in selection.columns), rows)


def _preview_row(
    view: View, holding: DatasetHolding, columns: Sequence[str], row: Sequence[Any]
) -> tuple[tuple[str | None, str | None], ...]:
    return tuple(
        (_text(value), _name(view, holding, column, value)) for column, value in zip(columns, row, strict=True)
    )


def _text(value: Any) -> str | None:
    """Return a value as the CSV has it: whole numbers without a point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)


def _name(view: View, holding: DatasetHolding, column: str, value: Any) -> str | None:
    """Return the name of a code, or None for a column without codes."""
    breakdowns = {one.id: one for one in holding.dataset.structure.breakdowns}
    if value is None:
        return None
    if column in breakdowns:
        label = breakdowns[column].codes.get(value)
        return view.t.label(label) if label else None
    if column == "area_code":
        return view.area(value)
    codelist = {"unit": "unit", "obs_status": "obs_status"}.get(column)
    return view.code(codelist, value) if codelist else None
