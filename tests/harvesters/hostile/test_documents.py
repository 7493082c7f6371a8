"""Documents of catalogues and APIs that mean harm: deep JSON, entities in RDF and SDMX-ML, Parquet that lies."""

from __future__ import annotations

import io
import struct
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY i SYSTEM "file:///etc/passwd">]>'
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/">'
    '<rdf:Description rdf:about="http://x/1"><dct:title>&i;</dct:title></rdf:Description></rdf:RDF>'
)
SDMX = (
    '<m:StructureSpecificData xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message">&i;'
    "</m:StructureSpecificData>"
)
DEEP = b'{"a": ' * 200_000


@pytest.fixture
def answer(private_network, serve, respond):
    """Return a function that harvests a document of a server by a kind of source, into the dataset of the desk."""

    def harvest(kind: str, content: bytes, mime: str, path: str = "/catalog", **options: Any) -> Any:
        server = serve(lambda handler: respond(handler, content, Content_Type=mime))
        options = {"files": None} | options
        private_network.declare()
        declared = private_network.declared["sources"][0]
        kept = {key: one for key, one in (declared["options"] | options).items() if one is not None}
        private_network.declare(kind, path=None, url=f"{server.url}{path}")
        source = private_network.declared["sources"][0] | {"options": kept}
        private_network.write({"version": 1, "sources": [source]})
        found = private_network.run()
        assert found.report.to_dict()["status"] == "failed", found.ja
        assert private_network.served() == {"FY2020": 40.0}
        return found

    return harvest


@pytest.mark.parametrize("head", [LAUGHS, EXTERNAL], ids=["billion laughs", "external entity"])
def test_entities_in_a_catalogue_in_rdf_are_refused(answer, head):
    found = answer("dcat", (head + RDF).encode(), "application/rdf+xml", max_rejected=None)
    found.says(
        "実体宣言（DOCTYPE）のあるXMLか、UTF-8でないXMLです → ", "The XML declares entities (DOCTYPE) or is not UTF-8 →"
    )
    assert "root:" not in found.ja


@pytest.mark.parametrize("head", [LAUGHS, EXTERNAL], ids=["billion laughs", "external entity"])
def test_entities_in_sdmx_are_refused(answer, head):
    found = answer("sdmx", (head + SDMX).encode(), "application/xml", max_rejected=None)
    found.says("→ ", "→ ")
    assert "root:" not in found.ja
    assert "aaaaaaaaaaaaaaaaaaaa" not in found.ja


@pytest.mark.parametrize(
    ("kind", "mime", "options"),
    [
        ("dcat", "application/ld+json", {}),
        ("datapackage", "application/json", {}),
        ("ckan", "application/json", {}),
        ("ngsi", "application/json", {}),
        ("sdmx", "application/vnd.sdmx.data+json", {}),
    ],
)
def test_json_without_a_bottom_is_refused(answer, kind, mime, options):
    found = answer(kind, DEEP, mime, max_rejected=None, **options)
    found.says("→ ", "→ ")
    line = next(one for one in found.ja.splitlines() if "✗" in one)
    assert len(line) < 1_000


# -- Parquet


def parquet() -> bytes:
    """Return a good table as Parquet."""
    columns = {
        "団体コード": ["121002", "122041", "122068"],
        "年度": ["2022", "2022", "2022"],
        "率（%）": [42.0, 32.0, 22.0],
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="none")
    return out.getvalue()


def test_the_good_parquet_that_these_were_made_of_is_published(desk):
    desk.put("2022.parquet", parquet())
    assert desk.run().report.to_dict()["status"] == "succeeded"
    assert desk.served() == {"FY2020": 40.0, "FY2022": 42.0}


def test_parquet_whose_metadata_is_longer_than_the_file_is_refused(desk):
    good = parquet()
    found = desk.attack("2022.parquet", good[:-8] + struct.pack("<I", 0x7FFFFFFF) + b"PAR1")
    found.says("2022.parquet: ", "2022.parquet: ")
    assert "→" in next(one for one in found.ja.splitlines() if "✗" in one)


def test_parquet_that_promises_rows_without_end_is_refused_and_asks_for_no_memory(desk):
    good = parquet()
    size = struct.unpack("<I", good[-8:-4])[0]
    start = len(good) - 8 - size
    lies = 0
    for at in range(start, len(good) - 8):
        if good[at] == 0x06:  # three rows, as a zigzag number of Thrift
            lie = good[:at] + b"\x7e" + good[at + 1 :]
            path = desk.put("2022.parquet", lie)
            found = desk.run()
            assert "内部エラー" not in found.ja, at
            assert found.memory < 400_000_000
            assert desk.served()["FY2020"] == 40.0
            lies += 1
            path.unlink()
    assert lies >= 3


def test_parquet_that_unpacks_to_a_thousand_times_its_size_is_bounded(desk):
    rows = 3_000_000
    text = pa.array(["0" * 1_000]).dictionary_encode()
    column = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), text.dictionary)
    out = io.BytesIO()
    pq.write_table(pa.table({"団体コード": column, "年度": column, "率（%）": column}), out)
    found = desk.attack("2022.parquet", out.getvalue())
    found.says("2022.parquet", "2022.parquet")
    assert "→" in next(one for one in found.ja.splitlines() if "✗" in one)
