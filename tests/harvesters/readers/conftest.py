"""Files as people make them, made by the tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from harvesters.readers.grid import Grid, Merge

_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Target="xl/workbook.xml" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Target="worksheets/sheet1.xml" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>'
    ),
}
_SHEET = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


@pytest.fixture
def make_workbook(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an XLSX file with openpyxl: sheet name -> rows."""

    def make(
        sheets: Mapping[str, Sequence[Sequence[Any]]],
        *,
        merged: Iterable[str] = (),
        change: Callable[[openpyxl.Workbook], None] | None = None,
        name: str = "表.xlsx",
    ) -> Path:
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for title, rows in sheets.items():
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(list(row))
            for one in merged:
                sheet.merge_cells(one)
        if change is not None:
            change(workbook)
        path = tmp_path / name
        workbook.save(path)
        return path

    return make


@pytest.fixture
def make_raw_workbook(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an XLSX file part by part: the inside of ``sheetData``, and parts to replace."""

    def make(cells: str = "", *, parts: Mapping[str, str | bytes] | None = None) -> Path:
        path = tmp_path / "生.xlsx"
        members = {**_PARTS, "xl/worksheets/sheet1.xml": _SHEET.format(cells), **(parts or {})}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return make


@pytest.fixture
def make_ods(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes an ODS file: the inside of one ``table:table``."""

    def make(inside: str) -> Path:
        path = tmp_path / "表.ods"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.oasis.opendocument.spreadsheet")
            archive.writestr(
                "META-INF/manifest.xml",
                '<?xml version="1.0"?><manifest:manifest '
                'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
                '<manifest:file-entry manifest:full-path="/" '
                'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
            )
            archive.writestr(
                "content.xml",
                '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
                'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
                'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
                'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
                f'<table:table table:name="表">{inside}</table:table>'
                "</office:spreadsheet></office:body></office:document-content>",
            )
        return path

    return make


@pytest.fixture
def grid() -> Callable[..., Grid]:
    """Return a function that makes a grid of rows; ``merged`` as ``(top, left, bottom, right)``."""

    def make(*rows: Sequence[Any], merged: Iterable[tuple[int, int, int, int]] = (), **others: Any) -> Grid:
        plain = [[float(cell) if type(cell) is int else cell for cell in row] for row in rows]
        return Grid(file="表.xlsx", sheet="一", rows=plain, merges=tuple(Merge(*one) for one in merged), **others)

    return make


@pytest.fixture
def text_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a text file in an encoding."""

    def make(text: str, encoding: str = "utf-8", *, name: str = "表.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(io.BytesIO(text.encode(encoding)).getvalue())
        return path

    return make
