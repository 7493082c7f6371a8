"""How CKAN writes the names of file formats, so that ``csv``, ``.csv`` and ``text/csv`` are one facet value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

#: name as it is shown -> other ways to write it, in lower case
FORMATS: dict[str, tuple[str, ...]] = {
    "CSV": ("text/csv", "text/comma-separated-values"),
    "TSV": ("text/tab-separated-values", "text/tsv"),
    "TXT": ("text/plain",),
    "JSON": ("application/json",),
    "GeoJSON": ("application/geo+json",),
    "XML": ("application/xml", "text/xml"),
    "HTML": ("text/html", "htm"),
    "PDF": ("application/pdf",),
    "XLS": ("application/vnd.ms-excel", "excel", "application/msexcel", "application/xls"),
    "XLSX": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
    "DOC": ("application/msword",),
    "DOCX": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
    "PPT": ("application/vnd.ms-powerpoint",),
    "PPTX": ("application/vnd.openxmlformats-officedocument.presentationml.presentation",),
    "ODS": ("application/vnd.oasis.opendocument.spreadsheet",),
    "ODT": ("application/vnd.oasis.opendocument.text",),
    "ZIP": ("application/zip",),
    "GZ": ("application/gzip", "application/x-gzip"),
    "TAR": ("application/x-tar",),
    "RDF": ("application/rdf+xml", "rdf/xml"),
    "N3": ("application/x-n3",),
    "KML": ("application/vnd.google-earth.kml+xml",),
    "KMZ": ("application/vnd.google-earth.kmz+xml", "application/vnd.google-earth.kmz"),
    "SHP": ("esri shapefile",),
    "WMS": (),
    "WFS": (),
    "GTFS": (),
    "ICS": ("text/calendar", "ical"),
    "RSS": ("application/rss+xml",),
    "Atom Feed": ("application/atom+xml",),
    "SVG": ("image/svg+xml",),
    "PNG": ("image/png",),
    "JPEG": ("image/jpeg", "jpg"),
    "GIF": ("image/gif",),
    "TIFF": ("image/tiff",),
    "MP3": ("audio/mpeg",),
    "MP4": ("video/mp4",),
    "SPARQL": ("application/sparql-results+xml",),
}


def _spellings() -> Iterator[tuple[str, str]]:
    for name, others in FORMATS.items():
        yield from ((spelling, name) for spelling in (name.lower(), *others))


_BY_SPELLING = dict(_spellings())


def clean_format(raw: str) -> str:
    """Return the usual way to write a format; an unknown one comes back as it is."""
    return _BY_SPELLING.get(raw.strip().lower().removeprefix("."), raw)


def guess_format(url: str) -> str | None:
    """Return the format by the end of an address, or None if it is not known."""
    suffix = PurePosixPath(unquote(urlsplit(url).path)).suffix
    return _BY_SPELLING.get(suffix.lower().removeprefix(".")) if suffix else None
