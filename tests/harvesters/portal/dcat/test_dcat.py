"""RDF catalogues: every form, pages, catalogues that lie, and documents that nobody should parse."""

from __future__ import annotations

import hashlib
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from rdflib import Graph

from catalog.errors import ConfigurationError, FetchError, InputError, ShihyoError, TooLarge

ROWS = [("121002", "FY2021", 32.8), ("121002", "FY2022", 45.1), ("122041", "FY2021", 30.0)]

PREFIXES = """
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def _dataset(name: str, file: str, more: str = "", about: str = "") -> str:
    return f"""
<http://data.example.jp/{name}> a dcat:Dataset ; dct:title "{name} の題名"@ja, "title of {name}"@en ;
  dct:identifier "{name}" ; {about} dcat:distribution <http://data.example.jp/{name}#file> .
<http://data.example.jp/{name}#file> a dcat:Distribution ; dct:title "表"@ja ; dcat:downloadURL <{file}> ;
  {more} dct:format "CSV" .
"""


def _catalogue(*datasets: str) -> bytes:
    return (PREFIXES + "".join(datasets)).encode()


@pytest.fixture
def simple(table: bytes, pages: Any) -> Any:
    """Return a server with a catalogue of one dataset."""
    return pages({"/catalog.ttl": _catalogue(_dataset("cards", "/files/cards.csv")), "/files/cards.csv": table})


def test_a_distribution_becomes_observations(simple: Any, run: Any, make_source: Any) -> None:
    done = run(make_source("dcat", url=f"{simple.url}/catalog.ttl"))
    assert done.rows == ROWS
    assert done.states == {"catalog.ttl": "new", "cards/cards.csv": "new"}


@pytest.mark.parametrize("form", ["turtle", "xml", "json-ld", "nt"])
def test_every_form_is_told_by_its_content_whatever_it_is_called(
    pages: Any, run: Any, make_source: Any, table: bytes, form: str
) -> None:
    turtle = _catalogue(_dataset("cards", "http://placeholder.example.jp/cards.csv"))
    written = Graph().parse(data=turtle, format="turtle").serialize(format=form, encoding="utf-8")
    server = pages({"/files/cards.csv": table})
    address = f"{server.url}/files/cards.csv".encode()
    documents = {"/catalog": written.replace(b"http://placeholder.example.jp/cards.csv", address)}
    server.answer = pages({**documents, "/files/cards.csv": table}).answer
    assert run(make_source("dcat", url=f"{server.url}/catalog")).rows == ROWS


@pytest.mark.parametrize(
    "name", ["cards", "cards の題名", "title of cards", "http://data.example.jp/cards", "ＣＡＲＤＳ"]
)
def test_a_dataset_is_picked_by_identifier_title_or_iri(
    pages: Any, run: Any, make_source: Any, table: bytes, name: str
) -> None:
    two = _catalogue(_dataset("cards", "/cards.csv"), _dataset("other", "/other.csv"))
    server = pages({"/catalog.ttl": two, "/cards.csv": table})
    done = run(make_source("dcat", url=f"{server.url}/catalog.ttl", pick=(name,)))
    assert done.rows == ROWS
    assert len(server.requests) == 2


def test_a_picked_dataset_that_is_not_there_is_told(simple: Any, run: Any, make_source: Any) -> None:
    done = run(make_source("dcat", url=f"{simple.url}/catalog.ttl", pick=("cards", "nowhere")))
    assert done.rows == ROWS
    assert done.counts["dataset-absent"] == 1


def test_if_none_of_the_picked_datasets_is_there_those_that_are_are_named(
    simple: Any, run: Any, make_source: Any
) -> None:
    with pytest.raises(FetchError, match="No file fits") as caught:
        run(make_source("dcat", url=f"{simple.url}/catalog.ttl", pick=("nowhere",)))
    assert "cards の題名 (cards)" in caught.value.message("ja")


@pytest.mark.parametrize(
    "format",
    [
        "<http://publications.europa.eu/resource/authority/file-type/CSV>",
        '[ rdfs:label "csv" ]',
        '"text/csv"',
        '".csv"',
    ],
)
def test_a_format_may_be_written_in_many_ways(
    pages: Any, run: Any, make_source: Any, table: bytes, format: str
) -> None:
    text = _dataset("cards", "/download?id=1").replace('dct:format "CSV"', f"dct:format {format}")
    server = pages({"/catalog.ttl": _catalogue(text), "/download?id=1": table})
    assert run(make_source("dcat", url=f"{server.url}/catalog.ttl")).rows == ROWS


def test_the_media_type_of_iana_tells_the_format_too(pages: Any, run: Any, make_source: Any, table: bytes) -> None:
    iana = "dcat:mediaType <https://www.iana.org/assignments/media-types/text/csv>"
    text = _dataset("cards", "/download").replace('dct:format "CSV"', iana)
    server = pages({"/catalog.ttl": _catalogue(text), "/download": table})
    assert run(make_source("dcat", url=f"{server.url}/catalog.ttl")).rows == ROWS


def test_the_figures_became_known_when_the_distribution_was_modified(
    pages: Any, run: Any, make_source: Any, table: bytes
) -> None:
    dated = _dataset("cards", "/cards.csv", 'dct:modified "2023-05-01"^^xsd:date ;', 'dct:issued "2020-01-01" ;')
    server = pages({"/catalog.ttl": _catalogue(dated), "/cards.csv": table})
    [[one]] = run(make_source("dcat", url=f"{server.url}/catalog.ttl")).reading.contributions.values()
    assert one.issued == "2023-05-01T00:00:00+09:00"


def test_an_unchanged_catalogue_is_told_by_its_etags(simple: Any, run: Any, make_source: Any) -> None:
    source = make_source("dcat", url=f"{simple.url}/catalog.ttl")
    first = run(source)
    simple.requests.clear()
    again = run(source, first)
    assert len(simple.requests) == 2
    assert all("If-None-Match" in headers for _, headers in simple.requests)
    assert set(again.states.values()) == {"unchanged"}
    assert again.rows == ROWS


def test_turtle_is_asked_for_first(simple: Any, run: Any, make_source: Any) -> None:
    run(make_source("dcat", url=f"{simple.url}/catalog.ttl"))
    assert simple.requests[0][1]["Accept"].startswith("text/turtle, application/ld+json")


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ("dcat:byteSize 3 ;", "has 89 bytes and should have 3"),
        (f'spdx:checksum [ spdx:checksumValue "{"0" * 64}" ] ;', "sha256"),
        (f'spdx:checksum [ spdx:checksumValue "{"0" * 40}" ] ;', "sha1"),
    ],
)
def test_a_file_that_is_not_what_the_catalogue_states_is_refused(
    pages: Any, run: Any, make_source: Any, table: bytes, stated: str, what: str
) -> None:
    server = pages({"/c.ttl": _catalogue(_dataset("cards", "/cards.csv", stated)), "/cards.csv": table})
    done = run(make_source("dcat", url=f"{server.url}/c.ttl"))
    assert done.rows == []
    assert what in done.errors["cards/cards.csv"]["what"]["en"]


def test_a_file_that_is_what_the_catalogue_states_is_read(pages: Any, run: Any, make_source: Any, table: bytes) -> None:
    checksum = (
        f'spdx:checksum [ spdx:checksumValue "{hashlib.sha256(table).hexdigest()}" ] ; dcat:byteSize "{len(table)}" ;'
    )
    server = pages({"/c.ttl": _catalogue(_dataset("cards", "/cards.csv", checksum)), "/cards.csv": table})
    assert run(make_source("dcat", url=f"{server.url}/c.ttl")).rows == ROWS


def test_two_files_of_the_same_name_keep_names_of_their_own(
    pages: Any, run: Any, make_source: Any, table: bytes
) -> None:
    more = 'dcat:distribution [ dcat:downloadURL </b/cards.csv> ; dct:format "CSV" ] ;'
    server = pages({"/c.ttl": _catalogue(_dataset("cards", "/a/cards.csv", "", more)), "/a/cards.csv": table})
    states = run(make_source("dcat", url=f"{server.url}/c.ttl")).states
    assert sorted(states) == [
        "c.ttl",
        f"cards/cards.csv <{server.url}/a/cards.csv>",
        f"cards/cards.csv <{server.url}/b/cards.csv>",
    ]


# -- pages


def _page(number: int, following: int | None, total: int | None, *datasets: str) -> bytes:
    link = f'; hydra:nextPage "http://localhost:5000/c.ttl?page={following}"' if following else ""
    told = f"; hydra:totalItems {total}" if total is not None else ""
    return _catalogue(f"<?page={number}> a hydra:PagedCollection {link} {told} .", *datasets)


def test_all_pages_are_read_at_the_host_that_was_given(pages: Any, run: Any, make_source: Any, table: bytes) -> None:
    server = pages(
        {
            "/c.ttl": _page(1, 2, 2, _dataset("other", "/other.csv")),
            "/c.ttl?page=2": _page(2, None, 2, _dataset("cards", "/cards.csv")),
            "/cards.csv": table,
        }
    )
    done = run(make_source("dcat", url=f"{server.url}/c.ttl", files="cards.csv"))
    assert done.rows == ROWS
    assert list(done.states) == ["c.ttl", "c.ttl?page=2", "cards/cards.csv"]


def test_hydra_next_of_newer_catalogues_leads_on_too(pages: Any, run: Any, make_source: Any, table: bytes) -> None:
    first = _page(1, 2, None, _dataset("other", "/o.csv")).replace(b"hydra:nextPage", b"hydra:next")
    server = pages(
        {"/c.ttl": first, "/c.ttl?page=2": _page(2, None, None, _dataset("cards", "/k.csv")), "/k.csv": table}
    )
    assert run(make_source("dcat", url=f"{server.url}/c.ttl", pick=("cards",))).rows == ROWS


def test_the_same_page_again_is_an_error(pages: Any, run: Any, make_source: Any) -> None:
    page = _page(1, 2, None, _dataset("a", "/a.csv"))
    server = pages({"/c.ttl": page, "/c.ttl?page=2": page})
    with pytest.raises(FetchError, match="the same as one before"):
        run(make_source("dcat", url=f"{server.url}/c.ttl"))


def test_a_circle_of_pages_is_an_error(pages: Any, run: Any, make_source: Any) -> None:
    server = pages(
        {
            "/c.ttl?page=1": _page(1, 2, None, _dataset("a", "/a.csv")),
            "/c.ttl?page=2": _page(2, 1, None, _dataset("b", "/b")),
        }
    )
    with pytest.raises(FetchError, match="do not end"):
        run(make_source("dcat", url=f"{server.url}/c.ttl?page=1"))
    assert len(server.requests) == 2


def test_pages_that_bring_nothing_new_and_never_end_are_an_error(
    serve: Any, respond: Any, run: Any, make_source: Any
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        number = int(handler.path.partition("page=")[2] or 1)
        respond(handler, _page(number, number + 1, None, _dataset("a", f"/{number}.csv")))

    server = serve(answer)
    with pytest.raises(FetchError, match="do not end"):
        run(make_source("dcat", url=f"{server.url}/c.ttl"))
    assert len(server.requests) == 2


def test_more_datasets_than_the_catalogue_says_are_an_error(
    serve: Any, respond: Any, run: Any, make_source: Any
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        number = int(handler.path.partition("page=")[2] or 1)
        respond(handler, _page(number, number + 1, 3, _dataset(f"d{number}", f"/{number}.csv")))

    server = serve(answer)
    with pytest.raises(FetchError, match="more datasets than the 3 that it says"):
        run(make_source("dcat", url=f"{server.url}/c.ttl"))
    assert len(server.requests) == 4


def test_a_count_that_changes_from_page_to_page_is_an_error(pages: Any, run: Any, make_source: Any) -> None:
    server = pages(
        {"/c.ttl": _page(1, 2, 2, _dataset("a", "/a")), "/c.ttl?page=2": _page(2, None, 3, _dataset("b", "/b"))}
    )
    with pytest.raises(FetchError, match="changed while it was read"):
        run(make_source("dcat", url=f"{server.url}/c.ttl"))


def test_fewer_datasets_than_the_catalogue_says_are_told(pages: Any, run: Any, make_source: Any, table: bytes) -> None:
    server = pages({"/c.ttl": _page(1, None, 7, _dataset("cards", "/k.csv")), "/k.csv": table})
    done = run(make_source("dcat", url=f"{server.url}/c.ttl"))
    assert done.rows == ROWS
    assert done.counts["count-differs"] == 1


def test_a_page_that_fails_is_no_end_of_the_catalogue(pages: Any, run: Any, make_source: Any) -> None:
    server = pages({"/c.ttl": _page(1, 2, None, _dataset("a", "/a.csv"))})
    with pytest.raises(FetchError, match="404"):
        run(make_source("dcat", url=f"{server.url}/c.ttl"))


# -- documents that nobody should parse

BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">&b;</rdf:RDF>"""


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (b"<!DOCTYPE html><html><body>maintenance</body></html>", "web page"),
        (b"<html lang='ja'>", "web page"),
        (b"<http://a> <http://b>", "cannot be read as Turtle"),
        (b"<?xml version='1.0'?><rdf:RDF", "cannot be read as RDF/XML"),
        (b'{"@id": ', "cannot be read as JSON"),
        (b"<a> <b> " + b"[ <c> " * 20_000 + b"1" + b"]" * 20_000 + b".", "cannot be read as Turtle"),
        (b'{"@id":' * 50_000, "cannot be read as JSON"),
        (BOMB, "declares entities"),
        ("<?xml version='1.0' encoding='utf-16'?><rdf:RDF/>".encode("utf-16"), "cannot be read"),
        (b'{"@context": "http://169.254.169.254/context"}', "context from elsewhere"),
        (b'{"@graph": [{"a": {"@context": [{}, "file:///etc/passwd"]}}]}', "context from elsewhere"),
        (b'{"@context": {"@import": "http://169.254.169.254/"}, "a": 1}', "context from elsewhere"),
        (b'{"@context": {"a": {"@id": "http://x/a", "@context": "http://x/"}}, "a": {}}', "context from elsewhere"),
    ],
)
def test_a_document_that_cannot_be_used_is_an_error_in_both_languages(
    pages: Any, run: Any, make_source: Any, document: bytes, what: str
) -> None:
    server = pages({"/c": document})
    with pytest.raises(InputError, match=what) as caught:
        run(make_source("dcat", url=f"{server.url}/c"))
    assert caught.value.what.ja != caught.value.what.en
    assert len(server.requests) == 1


def test_a_catalogue_over_the_limit_is_cut_off(serve: Any, run: Any, make_source: Any) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b" " * 1_000_000)

    with pytest.raises(TooLarge, match="32 MB"):
        run(make_source("dcat", url=f"{serve(answer).url}/c.ttl"))


def test_a_catalogue_without_datasets_is_an_error(pages: Any, run: Any, make_source: Any) -> None:
    server = pages({"/c.ttl": b""})
    with pytest.raises(FetchError, match="among 0 datasets"):
        run(make_source("dcat", url=f"{server.url}/c.ttl"))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a.csv", "urn:x:a.csv"])
def test_a_distribution_never_leads_to_a_file_of_this_machine(pages: Any, run: Any, make_source: Any, url: str) -> None:
    server = pages({"/c.ttl": _catalogue(_dataset("cards", url))})
    done = run(make_source("dcat", url=f"{server.url}/c.ttl"))
    [error] = done.errors.values()
    assert error["code"] == "address-forbidden"


def test_a_distribution_at_a_private_address_is_refused(pages: Any, run: Any, make_source: Any) -> None:
    server = pages({"/c.ttl": _catalogue(_dataset("cards", "http://169.254.169.254/a.csv"))})
    done = run(make_source("dcat", url=f"{server.url}/c.ttl"), permits=lambda address: address == "127.0.0.1")
    [error] = done.errors.values()
    assert error["code"] == "address-forbidden"


def test_without_a_mapping_a_catalogue_of_others_is_an_error(simple: Any, run: Any, make_source: Any) -> None:
    with pytest.raises(ConfigurationError, match="mapping"):
        run(make_source("dcat", url=f"{simple.url}/catalog.ttl", mapping=None))


def test_statements_of_named_graphs_count(pages: Any, run: Any, make_source: Any, table: bytes) -> None:
    document = b"""{"@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"},
      "@id": "http://x/graph", "@graph": [{"@id": "http://x/d", "@type": "dcat:Dataset", "dct:title": "x",
      "dcat:distribution": {"dcat:accessURL": {"@id": "/k.csv"}, "dct:format": "CSV"}}]}"""
    server = pages({"/c.jsonld": document, "/k.csv": table})
    assert run(make_source("dcat", url=f"{server.url}/c.jsonld")).rows == ROWS


def test_a_licence_is_that_of_the_distribution_or_the_dataset(
    pages: Any, run: Any, make_source: Any, table: bytes
) -> None:
    closed = "dct:license <https://creativecommons.org/licenses/by-nc/4.0/> ;"
    opened = "dct:license <https://creativecommons.org/licenses/by/4.0/> ;"
    for about, more, told in (("", closed, 1), (closed, "", 1), (closed, opened, 0)):
        server = pages({"/c.ttl": _catalogue(_dataset("cards", "/k.csv", more, about)), "/k.csv": table})
        counts = run(make_source("dcat", url=f"{server.url}/c.ttl")).counts
        assert counts.get("license-differs", 0) == told


def test_every_error_is_one_of_ours(pages: Any, run: Any, make_source: Any) -> None:
    for document in (b"\xff\xfe", b"[", b"[1]", b"null", b'{"@graph": null}', b"@prefix", b"<<<", b"\x00"):
        server = pages({"/c": document})
        with pytest.raises(ShihyoError):
            run(make_source("dcat", url=f"{server.url}/c"))
