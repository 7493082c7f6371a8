"""Sets of files that the product has never seen: made here, configured as a reader of the documentation would.

The configuration goes through ``harvest.yml``; the expected figures are computed by numpy from the people that files
were made of, never by the product.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest
import yaml

from harvesters import Context, Contribution, load_sources
from harvesters.base import Tally
from harvesters.findings import Findings
from harvesters.publishing.combine import combine
from harvesters.registry import harvesters

Rows = Sequence[Sequence[Any]]


@pytest.fixture
def harvest(settings: Any, tmp_path: Path, make_context: Any) -> Callable[..., tuple[dict[str, Any], Context]]:
    """Return a function that harvests a folder as harvest.yml declares it.

    It returns the observations by (indicator or definition, area, period, breakdowns...) and the context.
    """

    def run(kind: str, folder: Path, **options: Any) -> tuple[dict[str, Any], Context]:
        entry = {"name": "s", "kind": kind, "title": {"ja": "試験", "en": "Test"}, "path": str(folder)}
        written = {"area": "121002", "synthetic": True, **options}
        file = tmp_path / "harvest.yml"
        file.write_text(
            yaml.safe_dump({"version": 1, "sources": [{**entry, "options": written}]}, allow_unicode=True), "utf-8"
        )
        [source] = load_sources(file, settings)
        context = make_context(source)
        harvester = harvesters()[kind]
        fetched = [harvester.fetch(context, one, None) for one in harvester.gather(context)]
        contributions = [one for each in fetched for one in harvester.transform(context, each)]
        return _by_key(contributions), context

    return run


def _by_key(contributions: Sequence[Contribution]) -> dict[str, Any]:
    names = dict.fromkeys(one.dataset.name for one in contributions)
    kept = [
        one for name in names for one in combine([each for each in contributions if each.dataset.name == name]).kept
    ]
    found: dict[str, Any] = {}
    for one in kept:
        for row in one.table.to_pylist():
            key = "/".join(str(row[part]) for part in one.dataset.structure.key if part != "indicator_id")
            assert key not in found, key
            found[key] = row
    return found


@pytest.fixture
def quiet() -> Callable[[], tuple[Findings, Tally]]:
    """Return a function that gives what takes findings and counts."""
    return lambda: (Findings(), Tally())


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes tables into a file of the folder that is harvested, by the end of its name.

    Options: ``encoding`` of text files; ``merges`` of a workbook. Several sheets are a mapping of name and rows.
    """
    folder = tmp_path / "handed-in"

    def put(name: str, tables: Rows | dict[str, Rows], *, encoding: str = "utf-8", merges: Sequence[str] = ()) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sheets = tables if isinstance(tables, dict) else {"Sheet1": tables}
        if path.suffix == ".xlsx":
            _write_xlsx(path, sheets, merges)
        elif path.suffix == ".ods":
            _write_ods(path, sheets)
        else:
            [rows] = sheets.values()
            cut = "\t" if path.suffix in {".tsv", ".txt"} else ","
            lines = (cut.join(_quoted(cell, cut) for cell in row) for row in rows)
            path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
        return folder

    return put


def _quoted(cell: Any, cut: str) -> str:
    text = "" if cell is None else str(cell)
    return f'"{text}"' if cut in text or "\n" in text else text


def _write_xlsx(path: Path, sheets: dict[str, Rows], merges: Sequence[str]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for one in merges:
            sheet.merge_cells(one)
    book.save(path)


def _write_ods(path: Path, sheets: dict[str, Rows]) -> None:
    def cell(value: Any) -> str:
        if value is None:
            return "<table:table-cell/>"
        kind = f'float" office:value="{value}' if isinstance(value, int | float) else "string"
        shown = f"<text:p>{escape(str(value))}</text:p>"
        return f'<table:table-cell office:value-type="{kind}">{shown}</table:table-cell>'

    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    ns = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{ns}:office:1.0" '
        f'xmlns:table="{ns}:table:1.0" xmlns:text="{ns}:text:1.0" office:version="1.2"><office:body>'
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{ns}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("content.xml", content, zipfile.ZIP_DEFLATED)
        archive.writestr("META-INF/manifest.xml", manifest)
    path.write_bytes(buffer.getvalue())
