"""The catalogue in DCAT 3, as DCAT-AP 3 wants it.

Two kinds of documents, because CKAN's DCAT harvester makes a dataset of every ``dcat:Dataset`` that it meets:

``describe_catalogue``
    The catalogue, its services, series and datasets. A dataset stands for its current release: its version, its files
    under the addresses that never change. The current release itself is there as ``prov:Entity`` with its version, its
    predecessor and the reasons of its version.
``describe_dataset``
    One dataset with all its releases, each a ``dcat:Dataset`` of its own with its pinned files, chained by
    ``dcat:previousVersion`` and gathered by ``dcat:hasVersion``.

Releases are versions of a dataset and not members of a series: each holds everything that was known by then. A series
(``dcat:DatasetSeries``) gathers the datasets that have observations of one indicator.

References
----------
DCAT 3 (W3C, 2024-08-22), sections 6, 11 (versioning) and 12 (dataset series); DCAT-AP 3.0.1 (SEMIC, 2025);
PROV-O, wasRevisionOf, of which dcat:previousVersion is a sub-property.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rdflib import DCTERMS, FOAF, PROV, RDFS, Graph, URIRef

from catalog.errors import Label
from catalog.metadata.access import answers, distribution, services
from catalog.metadata.cpsv_ap import data_services
from catalog.metadata.graph import add_label, add_links, add_node, iri, moment, new_graph, words
from catalog.metadata.site import Site
from catalog.metadata.terms import Terms
from catalog.metadata.vocabulary import ADMS, DCAT
from catalog.model import CC_BY, Dataset, Manifest
from catalog.model.service import Service
from catalog.reference import Reference

#: manifests of all releases of a dataset, the oldest first, at least one
Chain = Sequence[Manifest]

#: origins that a statement of provenance names
_NAMED = 3

_SYNTHETIC = Label("架空のデータです。実際の値ではありません。", "The figures are made up.")


def describe_catalogue(
    site: Site, chains: Iterable[Chain], reference: Reference, city_services: Sequence[Service] = ()
) -> Graph:
    """Return the description of the whole catalogue.

    Parameters
    ----------
    site
        The site.
    chains
        One for each dataset.
    reference
        Labels of areas, indicators and codes.
    city_services
        The city services; their APIs are data services of the catalogue.
    """
    terms = Terms(new_graph(), site, reference)
    chains = list(chains)
    catalogue = _catalogue(terms, [chain[-1] for chain in chains], first=[chain[0] for chain in chains])
    for chain in chains:
        dataset = _dataset(terms, chain)
        terms.graph.add((catalogue, DCAT.dataset, dataset))
        terms.graph.add((dataset, DCAT.hasCurrentVersion, _release_in_brief(terms, chain)))
    own = services(terms, [chain[-1].dataset for chain in chains])
    for service in [*own, *data_services(terms, city_services)]:
        terms.graph.add((catalogue, DCAT.service, service))
    if city_services:
        terms.graph.add((catalogue, RDFS.seeAlso, iri(f"{site.url}/services.ttl")))
    return terms.graph


def describe_dataset(site: Site, chain: Chain, reference: Reference) -> Graph:
    """Return the description of a dataset with all its releases."""
    terms = Terms(new_graph(), site, reference)
    dataset = _dataset(terms, chain)
    before: URIRef | None = None
    for manifest in chain:
        release = _release(terms, manifest, dataset)
        terms.graph.add((dataset, DCAT.hasVersion, release))
        add_links(terms.graph, release, {DCAT.previousVersion: before})
        before = release
    add_links(terms.graph, dataset, {DCAT.hasCurrentVersion: before})
    return terms.graph


def _catalogue(terms: Terms, current: Sequence[Manifest], first: Sequence[Manifest]) -> URIRef:
    graph, site = terms.graph, terms.site
    issued, modified = (sorted((one.issued for one in all), key=datetime.fromisoformat) for all in (first, current))
    node = add_node(graph, site.named("catalogue"), DCAT.Catalog, label=site.title, by=DCTERMS.title)
    add_label(graph, node, DCTERMS.description, site.description)
    add_links(
        graph,
        node,
        {
            DCTERMS.publisher: terms.agent(site.publisher),
            DCTERMS.license: terms.license(CC_BY),
            DCTERMS.issued: moment(issued[0]) if issued else None,
            DCTERMS.modified: moment(modified[-1]) if modified else None,
            FOAF.homepage: terms.document(f"{site.url}/"),
        },
    )
    for lang in ("ja", "en"):
        graph.add((node, DCTERMS.language, terms.language(lang)))
    for scheme in (terms.eu_themes(), terms.smarts()):
        graph.add((node, DCAT.themeTaxonomy, scheme))
    for code in dict.fromkeys(code for one in current for code in one.dataset.spatial):
        graph.add((node, DCTERMS.spatial, terms.area(code)))
    return node


def _dataset(terms: Terms, chain: Chain) -> URIRef:
    manifest = chain[-1]
    dataset = manifest.dataset
    node = _described(terms, manifest, terms.site.dataset(dataset.name))
    add_links(
        terms.graph,
        node,
        {
            DCTERMS.identifier: words(dataset.name),
            DCTERMS.issued: moment(chain[0].issued),
            DCTERMS.modified: moment(manifest.issued),
            DCTERMS.accrualPeriodicity: terms.frequency(dataset.frequency),
            RDFS.seeAlso: iri(f"{terms.site.page(dataset.name)}.ttl"),
        },
    )
    for indicator in dataset.indicators:
        add_links(terms.graph, node, {DCAT.inSeries: _series(terms, indicator, dataset)})
    for file in manifest.files:
        terms.graph.add((node, DCAT.distribution, distribution(terms, manifest, file, pinned=False)))
    terms.graph.add((node, DCAT.distribution, answers(terms, dataset)))
    return node


def _release(terms: Terms, manifest: Manifest, dataset: URIRef) -> URIRef:
    node = _described(terms, manifest, terms.site.release(manifest))
    add_links(
        terms.graph,
        node,
        {
            DCTERMS.identifier: words(manifest.digest),
            DCTERMS.issued: moment(manifest.issued),
            DCAT.isVersionOf: dataset,
        },
    )
    for file in manifest.files:
        terms.graph.add((node, DCAT.distribution, distribution(terms, manifest, file, pinned=True)))
    return node


def _release_in_brief(terms: Terms, chain: Chain) -> URIRef:
    manifest = chain[-1]
    node = add_node(terms.graph, terms.site.release(manifest), PROV.Entity)
    _version(terms, node, manifest)
    before = iri(terms.site.release(chain[-2])) if len(chain) > 1 else None
    add_links(
        terms.graph,
        node,
        {
            DCTERMS.identifier: words(manifest.digest),
            DCTERMS.issued: moment(manifest.issued),
            DCAT.isVersionOf: iri(terms.site.dataset(manifest.dataset.name)),
            DCAT.previousVersion: before,
        },
    )
    return node


def _described(terms: Terms, manifest: Manifest, address: str) -> URIRef:
    """State what a dataset and its releases have in common."""
    graph, dataset = terms.graph, manifest.dataset
    node = add_node(graph, address, DCAT.Dataset, label=dataset.title, by=DCTERMS.title)
    add_label(graph, node, DCTERMS.description, dataset.description)
    add_label(graph, node, DCTERMS.bibliographicCitation, dataset.citation)
    _version(terms, node, manifest)
    add_links(
        graph,
        node,
        {
            DCTERMS.publisher: terms.agent(dataset.publisher),
            DCTERMS.creator: terms.agent(dataset.creator),
            DCAT.contactPoint: terms.contact(dataset.contact),
            DCAT.landingPage: terms.document(terms.site.page(dataset.name)),
            FOAF.page: terms.document(dataset.source_page) if dataset.source_page else None,
            DCTERMS.license: terms.license(dataset.license),
            DCTERMS.accessRights: terms.public(),
            DCTERMS.temporal: terms.time(*manifest.temporal) if manifest.temporal else None,
            DCTERMS.provenance: _provenance(terms, manifest, address),
        },
    )
    for word in dataset.keywords:
        graph.add((node, DCAT.keyword, words(word)))
    for code in dataset.spatial:
        graph.add((node, DCTERMS.spatial, terms.area(code)))
    for lang in ("ja", "en"):
        graph.add((node, DCTERMS.language, terms.language(lang)))
    for theme in dict.fromkeys(theme for one in dataset.indicators for theme in terms.themes(one)):
        graph.add((node, DCAT.theme, theme))
    return node


def _version(terms: Terms, node: URIRef, manifest: Manifest) -> None:
    terms.graph.add((node, DCAT.version, words(str(manifest.version))))
    remarks = manifest.remarks
    if remarks:
        notes = Label("。".join(one.ja for one in remarks), ". ".join(one.en for one in remarks))
        add_label(terms.graph, node, ADMS.versionNotes, notes)


def _provenance(terms: Terms, manifest: Manifest, address: str) -> URIRef:
    made, citation = manifest.provenance, manifest.dataset.citation
    names = [one.name for one in made.origins]
    named = Label("、".join(names[:_NAMED]), ", ".join(names[:_NAMED]))
    label = Label(
        f"{citation.ja}。原資料{len(names)}件（{named.ja}）から {made.activity} が作成。",
        f"{citation.en}. Made by {made.activity} from {len(names)} inputs ({named.en}).",
    )
    if made.rollback:
        label = Label(f"{label.ja}{made.rollback.label.ja}。", f"{label.en} {made.rollback.label.en}.")
    if manifest.dataset.synthetic:
        label = Label(_SYNTHETIC.ja + label.ja, f"{_SYNTHETIC.en} {label.en}")
    return add_node(terms.graph, f"{address}-provenance", DCTERMS.ProvenanceStatement, label=label, by=RDFS.label)


def _series(terms: Terms, indicator: str, dataset: Dataset) -> URIRef | None:
    found = terms.reference.indicator_set.find_indicator(indicator)
    if found is None:
        return None
    node = add_node(terms.graph, terms.site.series(indicator), DCAT.DatasetSeries, label=found.label, by=DCTERMS.title)
    add_label(terms.graph, node, DCTERMS.description, found.definition)
    add_links(
        terms.graph,
        node,
        {
            DCTERMS.identifier: words(indicator),
            DCTERMS.publisher: terms.agent(terms.site.publisher),
            DCAT.contactPoint: terms.contact(dataset.contact),
        },
    )
    return node
