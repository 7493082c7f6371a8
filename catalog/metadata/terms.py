"""What datasets, releases and services point to: agents, licences, areas, times, themes, formats.

Each method states what the thing is, with its class and its label in both languages, and returns its IRI.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from rdflib import DCTERMS, FOAF, RDF, RDFS, SKOS, XSD, Graph, Literal, URIRef

from catalog.errors import Label
from catalog.metadata.graph import add_label, add_links, add_node, iri, words
from catalog.metadata.site import Site
from catalog.metadata.vocabulary import (
    CKAN_LICENSE_TITLES,
    DCAT,
    FILE_TYPES,
    FREQUENCIES,
    IANA,
    JAPAN,
    LANGUAGES,
    LICENSE_TYPES,
    PUBLIC,
    SHA256,
    SMART_THEMES,
    SPDX,
    STABLE,
    THEMES,
    VCARD,
)
from catalog.model import COUNTRY, Agent, License, parse_period
from catalog.reference import Reference


@dataclass(frozen=True, slots=True)
class Terms:
    """States in one graph what its descriptions point to."""

    #: the graph
    graph: Graph
    #: the site that is described
    site: Site
    #: labels of areas, indicators and codes
    reference: Reference

    def agent(self, agent: Agent) -> URIRef:
        """State an organisation (FOAF)."""
        node = add_node(self.graph, self.site.named(f"organization-{quote(agent.name)}"), FOAF.Agent, FOAF.Organization)
        add_label(self.graph, node, FOAF.name, agent.label)
        homepage = self.document(agent.url) if agent.url else None
        add_links(self.graph, node, {FOAF.homepage: homepage, FOAF.mbox: _mailbox(agent)})
        return node

    def contact(self, agent: Agent) -> URIRef:
        """State whom to ask (vCard)."""
        node = add_node(self.graph, self.site.named(f"contact-{quote(agent.name)}"), VCARD.Kind, VCARD.Organization)
        add_label(self.graph, node, VCARD.fn, agent.label)
        url = iri(agent.url) if agent.url else None
        add_links(self.graph, node, {VCARD.hasEmail: _mailbox(agent), VCARD.hasURL: url})
        return node

    def document(self, url: str) -> URIRef:
        """State a page."""
        return add_node(self.graph, url, FOAF.Document)

    def standard(self, url: str, label: Label) -> URIRef:
        """State a standard, or a schema that something conforms to."""
        return add_node(self.graph, url, DCTERMS.Standard, label=label, by=DCTERMS.title)

    def license(self, license: License) -> URIRef:
        """State a licence. Its title is that of CKAN's list, its label its full name with the version."""
        node = add_node(self.graph, license.url, DCTERMS.LicenseDocument, label=license.label, by=RDFS.label)
        add_label(self.graph, node, DCTERMS.title, CKAN_LICENSE_TITLES[license.id])
        self.graph.add((node, DCTERMS.identifier, words(license.id)))
        kind = add_node(self.graph, LICENSE_TYPES[license.id][0], SKOS.Concept, label=LICENSE_TYPES[license.id][1])
        self.graph.add((node, DCTERMS.type, kind))
        return node

    def rights(self, license: License) -> URIRef | None:
        """State what else a user of the licence must know; None if there is nothing."""
        if license.note is None:
            return None
        address = self.site.named(f"rights-{quote(license.id)}")
        return add_node(self.graph, address, DCTERMS.RightsStatement, label=license.note, by=RDFS.label)

    def public(self) -> URIRef:
        """State that everybody may read."""
        return add_node(self.graph, PUBLIC[0], DCTERMS.RightsStatement, label=PUBLIC[1])

    def stable(self) -> URIRef:
        """State that a file is planned to stay."""
        return add_node(self.graph, STABLE[0], SKOS.Concept, label=STABLE[1])

    def area(self, code: str) -> URIRef:
        """State an area with its six-digit code; one that the reference data lacks has no label."""
        found = self.reference.areas.find(code)
        address = JAPAN if code == COUNTRY else self.site.area(code)
        node = add_node(self.graph, address, DCTERMS.Location, label=found.name if found else None)
        self.graph.add((node, SKOS.notation, words(code)))
        return node

    def time(self, first: str, last: str) -> URIRef:
        """State a stretch of time from the first day of one period to the last day of another."""
        start, end = parse_period(first).start.isoformat(), parse_period(last).end.isoformat()
        node = add_node(self.graph, self.site.named(f"time-{start}-{end}"), DCTERMS.PeriodOfTime)
        self.graph.add((node, DCAT.startDate, Literal(start, datatype=XSD.date)))
        self.graph.add((node, DCAT.endDate, Literal(end, datatype=XSD.date)))
        return node

    def frequency(self, code: str) -> URIRef:
        """State how often something is updated."""
        known = self.reference.codelists["frequency"].labels
        return add_node(self.graph, FREQUENCIES[code], DCTERMS.Frequency, label=known.get("I" if code == "N" else code))

    def language(self, lang: str) -> URIRef:
        """State a language."""
        return add_node(self.graph, LANGUAGES[lang][0], DCTERMS.LinguisticSystem, label=LANGUAGES[lang][1])

    def themes(self, indicator: str) -> list[URIRef]:
        """State the themes of an indicator: the EU's, and the Smart it belongs to."""
        found = self.reference.indicator_set.find_indicator(indicator)
        smart = found.smart if found else "overall"
        theirs = self._theme(*SMART_THEMES[smart], self.eu_themes())
        group = self.reference.vision.get_group(smart)
        return [theirs, self._theme(self.site.named(f"smart-{smart}"), group.label, self.smarts())]

    def _theme(self, address: str, label: Label, scheme: URIRef) -> URIRef:
        node = add_node(self.graph, address, SKOS.Concept, label=label)
        self.graph.add((node, SKOS.inScheme, scheme))
        return node

    def eu_themes(self) -> URIRef:
        """State the scheme of the EU's themes."""
        return add_node(self.graph, THEMES[0], SKOS.ConceptScheme, label=THEMES[1], by=DCTERMS.title)

    def smarts(self) -> URIRef:
        """State the scheme of the vision's own themes."""
        title = Label("スマートシティの分野", "Fields of the smart city")
        return add_node(self.graph, self.site.named("smarts"), SKOS.ConceptScheme, label=title, by=DCTERMS.title)

    def media_type(self, media_type: str) -> URIRef:
        """State an IANA media type; its parameters are left out."""
        name = media_type.partition(";")[0].strip()
        node = add_node(self.graph, IANA + name, DCTERMS.MediaType)
        self.graph.add((node, RDFS.label, words(name)))
        return node

    def file_type(self, format: str) -> URIRef:
        """State a file type: the EU's, or one of our own where the EU has none."""
        address = FILE_TYPES.get(format, self.site.named(f"format-{quote(format.lower())}"))
        node = add_node(self.graph, address, DCTERMS.MediaTypeOrExtent)
        self.graph.add((node, RDFS.label, words(format)))
        return node

    def checksum(self, owner: URIRef, sha256: str) -> URIRef:
        """State the sha256 of a file."""
        algorithm = iri(SHA256)
        self.graph.add((algorithm, RDF.type, SPDX.ChecksumAlgorithm))
        self.graph.add((algorithm, RDFS.label, words("SHA-256")))
        node = add_node(self.graph, f"{owner}-sha256", SPDX.Checksum)
        self.graph.add((node, SPDX.algorithm, algorithm))
        self.graph.add((node, SPDX.checksumValue, Literal(sha256, datatype=XSD.hexBinary, normalize=False)))
        return node


def _mailbox(agent: Agent) -> URIRef | None:
    return URIRef("mailto:" + quote(agent.email, safe="@+")) if agent.email else None
