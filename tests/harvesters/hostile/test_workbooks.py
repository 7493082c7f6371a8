"""Workbooks that mean harm: bombs of XML and of cells, entities, lies."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>"""


def workbook(**members: bytes) -> bytes:
    """Return the XLSX of a good table with members put in the place of its own: ``sheet``, ``strings``."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["団体コード", "年度", "率（%）"], ["121002", 2022, 42], ["122041", 2022, 32], ["122068", 2022, 22]):
        sheet.append(row)
    plain, out = io.BytesIO(), io.BytesIO()
    book.save(plain)
    names = {"sheet": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml"}
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        parts = {name: source.read(name) for name in source.namelist()}
        for name, content in (parts | {names[key]: one for key, one in members.items()}).items():
            target.writestr(name, content)
    return out.getvalue()


def sheet(rows: bytes, before: bytes = b"") -> bytes:
    """Return the XML of a sheet."""
    return (
        (before or b"<?xml version='1.0'?>")
        + b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + rows
        + b"</sheetData></worksheet>"
    )


def ods(content: bytes) -> bytes:
    """Return an ODS."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr("content.xml", content)
    return out.getvalue()


def ods_table(rows: bytes, before: bytes = b"") -> bytes:
    """Return the content of an ODS with one table."""
    namespaces = b" ".join(
        b'xmlns:%s="urn:oasis:names:tc:opendocument:xmlns:%s:1.0"' % (one, one)
        for one in (b"office", b"table", b"text")
    )
    return (
        (before or b"<?xml version='1.0'?>")
        + b"<office:document-content "
        + namespaces
        + b'><office:body><office:spreadsheet><table:table table:name="S">'
        + rows
        + b"</table:table></office:spreadsheet></office:body></office:document-content>"
    )


@pytest.fixture
def desk(desk):
    """Return a desk whose source reads workbooks beside its CSV files."""
    desk.declare("excel")
    return desk


def cells(count: int) -> bytes:
    """Return rows with as many cells, which a packer makes small."""
    return b"<row>" + b'<c t="str"><v>x</v></c>' * count + b"</row>"


def test_huge_shared_strings_are_refused_before_they_are_parsed(desk):
    strings = b'<sst xmlns="x">' + b"<si><t>0000000000</t></si>" * 4_000_000 + b"</sst>"
    found = desk.attack("集計.xlsx", workbook(strings=strings))
    found.says(
        "倍に展開されます（上限200倍） → 正しいファイルか確かめ、使わないシートや書式を消して保存し直してください",
        "times its size, more than 200 → Check that it is the right file; delete unused sheets and formatting",
    )


def test_a_huge_sheet_is_refused_before_it_is_parsed(desk):
    found = desk.attack("集計.xlsx", workbook(sheet=sheet(cells(3_000_000))))
    found.says(
        "倍に展開されます（上限200倍） → 正しいファイルか確かめ、使わないシートや書式を消して保存し直してください",
        "times its size, more than 200 → Check that it is the right file; delete unused sheets and formatting",
    )


def test_two_cells_far_apart_end_only_the_process_that_reads_them(desk):
    far = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    found = desk.attack("集計.xlsx", workbook(sheet=sheet(far)))
    found.says(
        "集計.xlsx: 開くのに必要なメモリが上限を超えます。遠く離れたセルに値がありませんか → 使わないシート",
        "集計.xlsx: It needs more memory than allowed; is there a value in a cell far away? → Delete unused",
    )


def test_a_sheet_that_spans_too_many_cells_is_refused_with_its_name_and_extent(desk):
    wide = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1000"><c r="XFD1000"><v>1</v></c></row>'
    found = desk.attack("集計.xlsx", workbook(sheet=sheet(wide)))
    found.says(
        "集計.xlsx: シートの範囲が広すぎます（Sheet: 1000 x 16384） → 使わないシート・行・列を消して",
        "集計.xlsx: A sheet spans too many cells (Sheet: 1000 x 16384) → Delete unused sheets, rows and columns",
    )


def test_a_sheet_of_a_million_columns_is_refused(desk):
    wide = b'<row r="1"><c r="A1"><v>1</v></c><c r="BDWGN1"><v>1</v></c></row>'
    found = desk.attack("集計.xlsx", workbook(sheet=sheet(wide)))
    found.says(
        "集計.xlsx: シートの範囲が広すぎます（Sheet: 1 x 1000000） → 使わないシート・行・列を消して",
        "集計.xlsx: A sheet spans too many cells (Sheet: 1 x 1000000) → Delete unused sheets, rows and columns",
    )


@pytest.mark.parametrize("before", [ENTITIES, EXTERNAL], ids=["billion laughs", "external entity"])
def test_entities_in_a_workbook_are_refused_by_the_name_of_the_member(desk, before):
    found = desk.attack("集計.xlsx", workbook(sheet=sheet(b"<row><c><v>&e;</v></c></row>", before)))
    found.says(
        "集計.xlsx: 「xl/worksheets/sheet1.xml」に実体宣言（DOCTYPE）があります → 表計算ソフトが作るファイルには",
        "集計.xlsx: xl/worksheets/sheet1.xml declares entities (DOCTYPE) → No spreadsheet writes that; find out where",
    )
    assert "root:" not in found.ja


@pytest.mark.parametrize("before", [ENTITIES, EXTERNAL], ids=["billion laughs", "external entity"])
def test_entities_in_ods_are_refused_too(desk, before):
    found = desk.attack("集計.ods", ods(ods_table(b"&e;", before)))
    found.says(
        "集計.ods: 「content.xml」に実体宣言（DOCTYPE）があります → ",
        "集計.ods: content.xml declares entities (DOCTYPE) → ",
    )


def test_a_cell_of_ods_that_is_repeated_without_end_is_refused(desk):
    repeated = (
        b'<table:table-row table:number-rows-repeated="1000000">'
        b'<table:table-cell table:number-columns-repeated="16000" office:value-type="string"><text:p>x</text:p>'
        b"</table:table-cell></table:table-row>"
    )
    found = desk.attack("集計.ods", ods(ods_table(repeated)))
    found.says(
        "集計.ods / S / WQJ1000000: シートの範囲が広すぎます（1000000行×16000列、上限8000000セル）",
        "集計.ods / S / WQJ1000000: A sheet spans too many cells (1000000 x 16000, at most 8000000)",
    )


def test_what_only_begins_like_an_old_workbook_is_refused(desk):
    found = desk.attack("集計.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096)
    found.says(
        "集計.xls: 表計算ソフトのファイルとして読めません → 表計算ソフトで開き、xlsx形式で保存し直してください",
        "集計.xls: It cannot be read as a workbook → Open it in your spreadsheet and save it as xlsx",
    )


def test_the_good_workbook_that_these_were_made_of_is_published(desk):
    desk.put("2022.xlsx", workbook())
    desk.run()
    assert desk.served() == {"FY2020": 40.0, "FY2022": 42.0}
