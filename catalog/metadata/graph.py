"""Statements in RDF: literals, IRIs and labelled nodes that every serialisation can carry.

No blank nodes: everything has an IRI, so the same catalogue gives the same bytes on every node, and two versions of a
description can be compared line by line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from rdflib import RDF, SKOS, XSD, Graph, Literal, URIRef

from catalog.errors import Label
from catalog.metadata.vocabulary import PREFIXES

#: suffix of a document -> rdflib's name of the serialisation, media type
SERIALISATIONS: Mapping[str, tuple[str, str]] = {
    "ttl": ("turtle", "text/turtle; charset=utf-8"),
    "jsonld": ("json-ld", "application/ld+json"),
    "rdf": ("xml", "application/rdf+xml"),
}

#: what XML 1.0 cannot carry (section 2.2, Char)
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: what an IRI may not have (RFC 3987, section 2.2), and the percent sign of no escape
_NOT_IN_IRI = re.compile(r'[\x00-\x20<>"{}|\\^`]|%(?![0-9A-Fa-f]{2})')


def new_graph() -> Graph:
    """Return an empty graph with our prefixes and no others."""
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace)
    return graph


def serialise(graph: Graph, suffix: str) -> bytes:
    """Return the graph as the document of this suffix, in UTF-8; the same graph gives the same bytes."""
    name, _ = SERIALISATIONS[suffix]
    if name == "json-ld":
        return _json_ld(graph)
    ordered = _InOrder(graph.store, graph.identifier, bind_namespaces="none")
    document: bytes = ordered.serialize(None, format=name, encoding="utf-8")
    return document


class _InOrder(Graph):
    """A graph whose statements come in order; rdflib's own store gives them in the order of a set."""

    def triples(self, triple: Any) -> Iterator[Any]:  # type: ignore[override]
        """Yield the statements that match, sorted."""
        yield from sorted(super().triples(triple))


def _json_ld(graph: Graph) -> bytes:
    """Return JSON-LD with its nodes in the order of their IRIs; rdflib's own order differs from process to process."""
    written = json.loads(graph.serialize(format="json-ld", auto_compact=True))
    written["@graph"].sort(key=lambda node: node["@id"])
    return json.dumps(written, ensure_ascii=False, indent=1).encode()


def iri(text: str) -> URIRef:
    """Return the IRI; characters that no IRI may have are percent-encoded."""
    return URIRef(_NOT_IN_IRI.sub(lambda found: quote(found.group(), safe=""), text))


def words(text: str, lang: str | None = None) -> Literal:
    """Return a text, in a language if it is given; characters that XML cannot carry become U+FFFD."""
    return Literal(_UNWRITABLE.sub("\ufffd", text), lang=lang)


def moment(text: str) -> Literal:
    """Return an ISO 8601 text with offset as a date and time."""
    return Literal(text, datatype=XSD.dateTime, normalize=False)


def add_label(graph: Graph, subject: URIRef, predicate: URIRef, label: Label) -> None:
    """State a text in Japanese and in English."""
    graph.add((subject, predicate, words(label.ja, "ja")))
    graph.add((subject, predicate, words(label.en, "en")))


def add_links(graph: Graph, subject: URIRef, links: Mapping[URIRef, URIRef | Literal | None]) -> None:
    """State several properties of a subject; those that are None are left out."""
    for predicate, value in links.items():
        if value is not None:
            graph.add((subject, predicate, value))


def add_node(
    graph: Graph, text: str, *kinds: URIRef, label: Label | None = None, by: URIRef = SKOS.prefLabel
) -> URIRef:
    """State what something that we point to is, with its label, and return its IRI."""
    node = iri(text)
    for kind in kinds:
        graph.add((node, RDF.type, kind))
    if label is not None:
        add_label(graph, node, by, label)
    return node
