"""The list of pages for search engines, each with its other languages.

References
----------
sitemaps.org protocol 0.9 (at most 50,000 pages a file); Google Search Central, localized versions (``xhtml:link``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML = "http://www.w3.org/1999/xhtml"


@dataclass(frozen=True, slots=True)
class Page:
    """One page in all its languages."""

    #: language -> URL
    urls: Mapping[str, str]
    #: when it last changed, ISO 8601 with offset; None if not known
    modified: str | None = None


def write_sitemap(pages: Iterable[Page]) -> bytes:
    """Return the sitemap: an entry for each language of each page, which names all languages."""
    root = ElementTree.Element("urlset", {"xmlns": _SITEMAP, "xmlns:xhtml": _XHTML})
    for page in pages:
        for url in page.urls.values():
            _add(root, page, url)
    ElementTree.indent(root, " ")
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add(root: ElementTree.Element, page: Page, url: str) -> None:
    entry = ElementTree.SubElement(root, "url")
    ElementTree.SubElement(entry, "loc").text = url
    if page.modified:
        ElementTree.SubElement(entry, "lastmod").text = page.modified
    for lang, other in page.urls.items():
        ElementTree.SubElement(entry, "xhtml:link", {"rel": "alternate", "hreflang": lang, "href": other})
