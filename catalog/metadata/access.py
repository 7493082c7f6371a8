"""How to get at the data: files, and the services that answer for a dataset (DCAT 3, Distribution and DataService)."""

from __future__ import annotations

from collections.abc import Sequence

from rdflib import DCTERMS, XSD, Literal, URIRef

from catalog.errors import Label
from catalog.metadata.graph import add_label, add_links, add_node, iri, moment, words
from catalog.metadata.terms import Terms
from catalog.metadata.vocabulary import CKAN_API, DCAT, DCATAP, OPENAPI, SPDX
from catalog.model import CC_BY, Dataset, Distribution, Manifest


def distribution(terms: Terms, manifest: Manifest, file: Distribution, *, pinned: bool) -> URIRef:
    """State a file: a release's under its pinned address, or the dataset's own under the one that never changes."""
    graph, site, dataset = terms.graph, terms.site, manifest.dataset
    node = add_node(
        graph,
        site.distribution(manifest, file.name, pinned=pinned),
        DCAT.Distribution,
        label=file.title,
        by=DCTERMS.title,
    )
    add_label(graph, node, DCTERMS.description, _how_written(file))
    version = {"version": str(manifest.version)} if pinned else {}
    add_links(
        graph,
        node,
        {
            DCAT.accessURL: iri(site.page(dataset.name)),
            DCAT.downloadURL: iri(site.download(dataset.name, file.name, **version)),
            DCAT.mediaType: terms.media_type(file.media_type),
            DCTERMS.format: terms.file_type(file.format),
            DCAT.byteSize: Literal(str(file.bytes), datatype=XSD.nonNegativeInteger),
            SPDX.checksum: terms.checksum(node, file.sha256),
            DCTERMS.license: terms.license(dataset.license),
            DCTERMS.rights: terms.rights(dataset.license),
            DCTERMS.conformsTo: _schema(terms, manifest, file, **version),
            DCTERMS.issued: moment(manifest.issued),
            DCATAP.availability: terms.stable(),
        },
    )
    return node


def _schema(terms: Terms, manifest: Manifest, file: Distribution, **version: str) -> URIRef | None:
    """State the schema of the CSV for programs; None for the other files."""
    name = manifest.dataset.name
    if file.name != f"{name}.csv":
        return None
    title = Label("列の定義（CSV on the Web）", "Columns (CSV on the Web)")
    return terms.standard(terms.site.csvw(name, **version), title)


def _how_written(file: Distribution) -> Label:
    """Say the encoding and whether there is a byte order mark (machine-readability rule L3-08)."""
    if file.encoding is None:
        return Label("バイナリ形式", "Binary")
    ja, en = ("BOMあり", "with byte order mark") if file.bom else ("BOMなし", "without byte order mark")
    return Label(f"文字コード {file.encoding.upper()}（{ja}）", f"{file.encoding.upper()} {en}")


def answers(terms: Terms, dataset: Dataset) -> URIRef:
    """State that the API answers for the dataset too."""
    node = add_node(
        terms.graph,
        f"{terms.site.page(dataset.name)}#api",
        DCAT.Distribution,
        label=Label("指標API", "Indicator API"),
        by=DCTERMS.title,
    )
    about = Label("条件を指定して観測値を取得できます（JSON、CSV）", "Ask for observations by condition (JSON, CSV)")
    add_label(terms.graph, node, DCTERMS.description, about)
    add_links(
        terms.graph,
        node,
        {
            DCAT.accessURL: iri(f"{terms.site.api}/datasets/{dataset.name}"),
            DCAT.accessService: iri(terms.site.named("api")),
            DCAT.mediaType: terms.media_type("application/json"),
            DCTERMS.format: terms.file_type("JSON"),
            DCTERMS.license: terms.license(dataset.license),
            DCATAP.availability: terms.stable(),
        },
    )
    _api(terms, [dataset])
    return node


def services(terms: Terms, datasets: Sequence[Dataset]) -> list[URIRef]:
    """State the services that answer for the datasets: our API and CKAN's action API."""
    return [_api(terms, datasets), _action_api(terms, datasets)]


def _api(terms: Terms, datasets: Sequence[Dataset]) -> URIRef:
    node = _service(
        terms,
        "api",
        Label("指標API", "Indicator API"),
        Label(
            "データセット、指標、観測値、地域を返すAPIです。鍵は要りません。",
            "Answers with datasets, indicators, observations and areas. No key is needed.",
        ),
        datasets,
    )
    add_links(
        terms.graph,
        node,
        {
            DCAT.endpointURL: iri(terms.site.api),
            DCAT.endpointDescription: iri(f"{terms.site.url}/openapi.json"),
            DCTERMS.conformsTo: terms.standard(OPENAPI, Label("OpenAPI 3.1", "OpenAPI 3.1")),
        },
    )
    return node


def _action_api(terms: Terms, datasets: Sequence[Dataset]) -> URIRef:
    node = _service(
        terms,
        "action-api",
        Label("CKANアクションAPI", "CKAN action API"),
        Label(
            "CKANのクライアントや他のカタログが読むためのAPIです。",
            "For clients of CKAN and for other catalogues.",
        ),
        datasets,
    )
    add_links(
        terms.graph,
        node,
        {
            DCAT.endpointURL: iri(terms.site.action_api),
            DCAT.endpointDescription: iri(CKAN_API),
            DCTERMS.conformsTo: terms.standard(CKAN_API, Label("CKAN API バージョン3", "CKAN API version 3")),
        },
    )
    return node


def _service(terms: Terms, name: str, title: Label, about: Label, datasets: Sequence[Dataset]) -> URIRef:
    graph = terms.graph
    node = add_node(graph, terms.site.named(name), DCAT.DataService, label=title, by=DCTERMS.title)
    add_label(graph, node, DCTERMS.description, about)
    add_links(
        graph,
        node,
        {
            DCTERMS.publisher: terms.agent(terms.site.publisher),
            DCAT.contactPoint: terms.contact(terms.site.publisher),
            DCTERMS.accessRights: terms.public(),
            DCTERMS.license: terms.license(CC_BY),
            DCAT.landingPage: terms.document(f"{terms.site.url}/docs"),
        },
    )
    for word in ("指標", "オープンデータ", "API"):
        graph.add((node, DCAT.keyword, words(word)))
    for one in datasets:
        graph.add((node, DCAT.servesDataset, iri(terms.site.dataset(one.name))))
        for theme in (theme for indicator in one.indicators for theme in terms.themes(indicator)):
            graph.add((node, DCAT.theme, theme))
    return node
