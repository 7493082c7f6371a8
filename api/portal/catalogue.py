"""The catalogue as everybody may read it: without a token, so that nothing private or unfinished reaches a page.

A page waits for the catalogue only a little; when it did not answer, it is left alone for a while and pages show what
the node holds. Nothing is cached here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from catalog.ckan.client import Catalogue, EmbeddedCKAN, open_catalogue
from catalog.embedded import EmbeddedCatalog, NotAuthorized, NotFound
from catalog.errors import CatalogueUnavailable, Label
from catalog.settings import Settings

#: longest wait for an answer, in seconds
PATIENCE = 5
#: how long a catalogue that did not answer is left alone, in seconds
REST = 15.0

_MEGABYTE = 1_000_000


class Readable(Protocol):
    """What pages need of a catalogue."""

    def action(self, name: str, /, **data: Any) -> Any:
        """Call one of CKAN's reading actions and return its result."""


class _Anonymous:
    """The embedded catalogue, called as a visitor."""

    def __init__(self, catalog: EmbeddedCatalog) -> None:
        self._ckan = EmbeddedCKAN(catalog)

    def call_action(
        self,
        action: str,
        data_dict: Mapping[str, Any] | None = None,
        context: None = None,
        apikey: str | None = None,  # noqa: ARG002 - a visitor has none
        files: Mapping[str, Any] | None = None,
        requests_kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call an action without a token."""
        return self._ckan.call_action(action, data_dict, context, "", files, requests_kwargs)


class PublicCatalogue:
    """The catalogue that the settings name; safe for several threads."""

    def __init__(self, settings: Settings) -> None:
        patience = min(settings.catalog_timeout, PATIENCE)
        self._settings = replace(settings, catalog_token="", catalog_timeout=patience)
        self._embedded: EmbeddedCatalog | None = None
        self._opening = threading.Lock()
        self._local = threading.local()
        self._resting_until = 0.0

    def action(self, name: str, /, **data: Any) -> Any:
        """Call one of CKAN's reading actions and return its result.

        Raises
        ------
        CatalogueUnavailable
            If it does not answer, or did not a moment ago.
        CatalogueError
            If it answers with an error.
        """
        if time.monotonic() < self._resting_until:
            raise CatalogueUnavailable(
                "カタログは先ほどから応答していません",
                "The catalogue did not answer a moment ago",
                next_step=Label("少し待ってからもう一度試してください", "Try again in a while"),
            )
        try:
            return self._own().action(name, **data)
        except CatalogueUnavailable:
            self._resting_until = time.monotonic() + REST
            raise

    def _own(self) -> Catalogue:
        """Return the client of this thread; a client belongs to one thread."""
        if not hasattr(self._local, "catalogue"):
            self._local.catalogue = self._open()
        catalogue: Catalogue = self._local.catalogue
        return catalogue

    def _open(self) -> Catalogue:
        if self._settings.catalog_url:
            return open_catalogue(self._settings)
        with self._opening:
            if self._embedded is None:
                self._embedded = EmbeddedCatalog(
                    self._settings.home / "catalog",
                    site_url=self._settings.site_url,
                    max_upload_bytes=self._settings.max_upload_mb * _MEGABYTE,
                    site_title=self._settings.site_title,
                    lang=self._settings.lang,
                )
        return Catalogue(_Anonymous(self._embedded), self._settings)


def find_package(catalogue: Readable, name: str) -> dict[str, Any] | None:
    """Return a dataset that everybody may see, or None.

    Raises
    ------
    CatalogueUnavailable
        If the catalogue does not answer.
    """
    try:
        package: dict[str, Any] = catalogue.action("package_show", id=name)
    except (NotFound, NotAuthorized):
        return None
    public = package.get("state") == "active" and not package.get("private") and package.get("type") == "dataset"
    return package if public else None
