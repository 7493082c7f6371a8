"""Files of the kinds that city halls have, laid out in other ways, and what a source makes of them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest

from harvesters import Context, Contribution
from harvesters.registry import harvesters

Rows = Sequence[Sequence[Any]]


@dataclass
class Harvested:
    """What became of a folder."""

    #: the contributions
    contributions: list[Contribution]
    #: the context, with findings
    context: Context

    def rows(self, dataset: str | None = None) -> list[dict[str, Any]]:
        """Return the observations of a dataset, of the first one by default."""
        name = dataset or self.contributions[0].dataset.name
        return [row for one in self.contributions if one.dataset.name == name for row in one.table.to_pylist()]

    def value(self, indicator: str, *, measure: str = "value", **key: str) -> float | None:
        """Return the one figure of an indicator with these codes; totals where nothing is said."""
        names = ("area_code", "period", "sex", "age", "mode", "industry", "size", "department", "definition_id")
        whole = self.contributions[0].dataset.spatial[0]
        wanted = {"area_code": whole} | key
        found = [
            row
            for row in self.rows()
            if row["indicator_id"] == indicator
            and all(
                row[name] == wanted.get(name, "_T") for name in names if name in row and name in (*wanted, *_GROUPS)
            )
        ]
        assert len(found) == 1, (indicator, key, found, self.told())
        return found[0][measure]

    def told(self) -> list[str]:
        """Return the findings as staff read them."""
        return self.context.findings.lines("ja")

    @property
    def counts(self) -> dict[str, int]:
        """Rule -> number of findings, what was detected left out."""
        return {id: n for id, n in self.context.findings.counts.items() if not id.startswith("detected")}


_GROUPS = ("sex", "age", "mode", "industry", "size", "department")


@pytest.fixture
def harvest(make_source, make_context, tmp_path) -> Callable[..., Harvested]:
    """Return a function that harvests the folder ``city`` with a kind and its options."""

    def run(kind: str, **options: Any) -> Harvested:
        harvester = harvesters()[kind]
        types = {one.name: one.type for one in harvester.options}
        read = {name: types[name].parse(raw) for name, raw in {"area": "121002", **options}.items()}
        context = make_context(make_source(kind, path=tmp_path / "city", **read))
        fetched = [harvester.fetch(context, one, None) for one in harvester.gather(context)]
        return Harvested([one for each in fetched for one in harvester.transform(context, each)], context)

    return run


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., None]:
    """Return a function that writes a file into the folder ``city`` in the format that its name says."""

    def write(name: str, rows: Rows | dict[str, Rows], *, encoding: str = "utf-8", merged: Sequence[str] = ()) -> None:
        path = tmp_path / "city" / name
        path.parent.mkdir(exist_ok=True)
        sheets = rows if isinstance(rows, dict) else {"Sheet1": rows}
        if path.suffix == ".xlsx":
            _write_xlsx(path, sheets, merged)
        elif path.suffix == ".ods":
            _write_ods(path, sheets)
        else:
            [only] = sheets.values()
            out = io.StringIO()
            csv.writer(out, delimiter="\t" if path.suffix in {".tsv", ".txt"} else ",").writerows(only)
            path.write_bytes(out.getvalue().encode(encoding))

    return write


def _write_xlsx(path: Path, sheets: dict[str, Rows], merged: Sequence[str]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for one in merged:
            sheet.merge_cells(one)
    book.save(path)


def _write_ods(path: Path, sheets: dict[str, Rows]) -> None:
    tables = "".join(
        f'<table:table table:name="{escape(name)}">{"".join(map(_ods_row, rows))}</table:table>'
        for name, rows in sheets.items()
    )
    spaces = " ".join(
        f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{mime}"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", mime)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)


def _ods_row(row: Sequence[Any]) -> str:
    return f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>"


def _ods_cell(value: Any) -> str:
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, int | float):
        number = f'office:value-type="float" office:value="{value}"'
        return f"<table:table-cell {number}><text:p>{value}</text:p></table:table-cell>"
    return f'<table:table-cell office:value-type="string"><text:p>{escape(str(value))}</text:p></table:table-cell>'
