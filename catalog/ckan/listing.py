"""List the packages of a catalogue: page by page, the whole package each, in the order of their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.ckan.client import Catalogue

#: packages on a page; CKAN gives at most 1000
_PAGE = 100


def iter_packages(catalogue: Catalogue, query: str = "") -> Iterator[dict[str, Any]]:
    """Yield the active packages that the token may see, private ones too; each once.

    Parameters
    ----------
    catalogue
        Where to look.
    query
        A filter query in Solr's syntax; all packages if empty.
    """
    start, seen = 0, set()
    while True:
        page = catalogue.action(
            "package_search", fq=query, rows=_PAGE, start=start, sort="name asc", include_private=True
        )
        for package in page["results"]:
            if package["name"] not in seen and package["state"] == "active":
                seen.add(package["name"])
                yield dict(package)
        start += len(page["results"])
        if not page["results"] or start >= page["count"]:
            return
