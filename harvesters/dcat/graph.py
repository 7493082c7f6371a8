"""RDF catalogues from elsewhere: Turtle, RDF/XML and JSON-LD into datasets with their distributions.

What form a document has is told by its first characters, not by what the server calls it. Nothing is fetched while a
document is parsed: JSON-LD contexts that stand elsewhere, and XML that declares entities, are refused.

=====================  ==========================================================================================
term                   read as
=====================  ==========================================================================================
``dcat:Dataset``       a dataset; found by its IRI, ``dct:identifier`` or ``dct:title``
``dcat:distribution``  its files; ``dcat:downloadURL``, else ``dcat:accessURL``, is where the file is
``dct:format`` ``dcat:mediaType``  text, IRI of an authority table, or a node with ``rdfs:label``
``dcat:byteSize`` ``spdx:checksum``  what the file is compared with
``dct:modified`` ``dct:issued``      when it last changed; of the distribution, else of the dataset
``hydra:next`` ``hydra:nextPage``    the next page; ``hydra:totalItems`` how many datasets there are
=====================  ==========================================================================================

References
----------
DCAT 3 (W3C, 2024-08-22); SPDX 2.3 RDF terms; Hydra Core Vocabulary (2021), as ckanext-dcat 2.4.3 uses it
(``hydra:PagedCollection``); RDF 1.1 Turtle, RDF/XML, JSON-LD 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin
from xml.sax import SAXException

from rdflib import DCTERMS, RDF, RDFS, Graph, Literal, Namespace, URIRef
from rdflib.plugins.parsers.jsonld import to_rdf
from rdflib.term import Node

from catalog.errors import InputError, Label, Place
from harvesters.documents import JAPAN, is_html, read_json, read_moment, unreadable_document

DCAT = Namespace("http://www.w3.org/ns/dcat#")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
SPDX = Namespace("http://spdx.org/rdf/terms#")

#: statements that a page may have
MOST_STATEMENTS = 500_000
#: languages of titles, the preferred one first
_LANGUAGES = ("ja", "ja-jp", "en", None)
#: what no IRI may have (RFC 3987, section 2.2)
_NOT_IN_IRI = re.compile(r'[\x00-\x20<>"{}|\\^`]')
_ENTITIES = re.compile(rb"<!\s*(?:doctype|entity)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A distribution; texts are empty where the catalogue says nothing."""

    #: its IRI; empty for a blank node
    iri: str
    title: str
    #: where the file is
    url: str
    format: str
    media_type: str
    #: when it last changed, ISO 8601 with offset, or None
    modified: str | None
    #: digest and size, as stated
    checksum: str
    size: str
    license: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDataset:
    """A dataset of a catalogue."""

    #: its IRI; empty for a blank node
    iri: str
    #: what the catalogue calls it: ``dct:identifier`` if it has one
    identifier: str
    title: str
    #: all its titles, in every language
    titles: tuple[str, ...]
    files: tuple[FoundFile, ...]


def read_graph(content: bytes, name: str, base: str) -> Graph:
    """Parse a document.

    Parameters
    ----------
    content
        Its bytes.
    name
        What people call it.
    base
        What relative IRIs are relative to.

    Raises
    ------
    InputError
        If it is a web page, none of the three forms, or needs something from elsewhere to be understood.
    """
    form = form_of(content)
    if is_html(content):
        raise unreadable_document("RDF", content, name, ValueError("HTML"))
    if form == "xml":
        _refuse_entities(content, name)
    try:
        graph = _json_ld(content, name, base) if form == "json-ld" else _parse(content, form, base)
    except _BROKEN as error:
        raise unreadable_document(_FORMS[form], content, name, error) from error
    if len(graph) > MOST_STATEMENTS:
        raise _too_many(name)
    return graph


def _parse(content: bytes, form: str, base: str) -> Graph:
    return Graph(bind_namespaces="none").parse(data=content, format=form, publicID=base)


def _json_ld(content: bytes, name: str, base: str) -> Graph:
    document = read_json(content, name)
    _refuse_contexts(document, name)
    graph = _OneGraph(bind_namespaces="none")
    to_rdf(document, graph, base)
    return graph


class _OneGraph(Graph):
    """A graph that the statements of named graphs go into, too."""

    def get_context(self, *_: Any, **__: Any) -> Graph:
        """Return the graph itself."""
        return self


#: what rdflib's parsers raise for broken documents
_BROKEN = (
    SAXException,
    RecursionError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    AssertionError,
    AttributeError,
)
_FORMS = {"xml": "RDF/XML", "json-ld": "JSON-LD", "turtle": "Turtle"}


def form_of(content: bytes) -> str:
    """Return the form of a document by its first characters: xml, json-ld or turtle."""
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in {b"{", b"["} and not re.match(rb"\[\s*(?:\]|a\s|<|[\w-]*:)", start):
        return "json-ld"
    return "xml" if re.match(rb"<(?:\?xml|!--|!doctype|[\w.-]+:RDF\b|RDF\b)", start, re.IGNORECASE) else "turtle"


def _refuse_entities(content: bytes, name: str) -> None:
    if b"\0" in content[:4] or _ENTITIES.search(content):
        raise InputError(
            "実体宣言（DOCTYPE）のあるXMLか、UTF-8でないXMLです",
            "The XML declares entities (DOCTYPE) or is not UTF-8",
            next_step=Label("Turtle か JSON-LD のURLを指定してください", "Give the URL of the Turtle or JSON-LD"),
            place=Place(file=name),
        )


def _refuse_contexts(document: Any, name: str) -> None:
    for address in _contexts(document):
        raise InputError(
            f"別の場所にある文脈「{address}」が要るJSON-LDです（取りに行きません）",
            f"The JSON-LD needs a context from elsewhere, {address!r}, which is not fetched",
            next_step=Label("Turtle か RDF/XML のURLを指定してください", "Give the URL of the Turtle or RDF/XML"),
            place=Place(file=name),
            value=address[:200],
        )


def _contexts(node: Any) -> Iterator[str]:
    """Yield the addresses of contexts that a document refers to."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, Mapping):
            context = one.get("@context")
            parts = context if isinstance(context, list) else [context]
            yield from (each for each in parts if isinstance(each, str))
            yield from (str(one[key]) for key in ("@import",) if key in one)
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def next_page(graph: Graph, url: str) -> str | None:
    """Return the URL of the next page, at the host of this one: portals behind a proxy often name another."""
    for term in (HYDRA.next, HYDRA.nextPage):
        for found in sorted(map(str, graph.objects(None, term))):
            path = re.sub(r"^[a-z]+://[^/?#]*", "", found, flags=re.IGNORECASE)
            return urljoin(url, path or "/")
    return None


def total_items(graph: Graph) -> int | None:
    """Return how many datasets the catalogue says that it has; None if it does not say."""
    for found in graph.objects(None, HYDRA.totalItems):
        if str(found).isdecimal() and len(str(found)) < 10:
            return int(str(found))
    return None


def dataset_nodes(graph: Graph) -> set[Node]:
    """Return the nodes that are datasets."""
    return set(graph.subjects(RDF.type, DCAT.Dataset))


def find_datasets(graph: Graph) -> list[FoundDataset]:
    """Return the datasets, in the order of their identifiers."""
    return sorted((_dataset(graph, one) for one in dataset_nodes(graph)), key=lambda one: (one.identifier, one.iri))


def _dataset(graph: Graph, node: Node) -> FoundDataset:
    iri = str(node) if isinstance(node, URIRef) else ""
    titles = _texts(graph, node, DCTERMS.title)
    modified, license = _modified(graph, node), _one(graph, node, DCTERMS.license)
    files = (_file(graph, one, modified, license) for one in graph.objects(node, DCAT.distribution))
    return FoundDataset(
        iri=iri,
        identifier=_one(graph, node, DCTERMS.identifier) or iri or (titles[0] if titles else ""),
        title=titles[0] if titles else iri,
        titles=tuple(titles),
        files=tuple(sorted((one for one in files if one.url), key=lambda one: (one.url, one.iri, one.title))),
    )


def _file(graph: Graph, node: Node, modified: str | None, license: str) -> FoundFile:
    titles = _texts(graph, node, DCTERMS.title)
    url = _one(graph, node, DCAT.downloadURL) or _one(graph, node, DCAT.accessURL)
    checksums = sorted(
        str(value) for one in graph.objects(node, SPDX.checksum) for value in graph.objects(one, SPDX.checksumValue)
    )
    return FoundFile(
        iri=str(node) if isinstance(node, URIRef) else "",
        title=titles[0] if titles else "",
        url="" if _NOT_IN_IRI.search(url) else url,
        format=_named(graph, node, DCTERMS.format),
        media_type=_named(graph, node, DCAT.mediaType),
        modified=_modified(graph, node) or modified,
        checksum=max(checksums, key=len, default=""),
        size=_one(graph, node, DCAT.byteSize),
        license=_one(graph, node, DCTERMS.license) or license,
    )


def _modified(graph: Graph, node: Node) -> str | None:
    stated = (_one(graph, node, DCTERMS.modified), _one(graph, node, DCTERMS.issued))
    return next((moment for text in stated if (moment := read_moment(text, JAPAN))), None)


def _one(graph: Graph, node: Node, term: URIRef) -> str:
    """Return the value of a property as text; the first in order if there are several, empty if there is none."""
    return min((str(one).strip() for one in graph.objects(node, term)), default="")


def _texts(graph: Graph, node: Node, term: URIRef) -> list[str]:
    """Return the texts of a property, those in the preferred language first."""
    return _in_order(graph.objects(node, term))


def _in_order(values: Iterable[Node]) -> list[str]:
    found = [(_rank(one), str(one).strip()) for one in values]
    return [text for _, text in sorted(found) if text]


def _rank(one: Node) -> int:
    language = one.language.lower() if isinstance(one, Literal) and one.language else None
    return _LANGUAGES.index(language) if language in _LANGUAGES else len(_LANGUAGES)


def _named(graph: Graph, node: Node, term: URIRef) -> str:
    """Return a format: a text, the IRI of a term, or what a node is labelled."""
    for found in sorted(graph.objects(node, term), key=str):
        labels = [*_texts(graph, found, RDFS.label), *_texts(graph, found, RDF.value)]
        return str(found) if isinstance(found, URIRef | Literal) else (labels or [""])[0]
    return ""


def _too_many(name: str) -> InputError:
    return InputError(
        f"記述が{MOST_STATEMENTS}件を超える目録です",
        f"The catalogue has more than {MOST_STATEMENTS} statements",
        next_step=Label(
            "ページに分かれた目録か、データセット1件の記述のURLを指定してください",
            "Give the URL of a catalogue in pages, or of the description of one dataset",
        ),
        place=Place(file=name),
    )
