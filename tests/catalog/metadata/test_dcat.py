"""DCAT: the judges are the official shapes, another parser and what the manifests say."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pyshacl
import pytest
from rdflib import DCTERMS, RDF, SH, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from catalog.metadata.dcat import describe_catalogue, describe_dataset
from catalog.metadata.graph import SERIALISATIONS, serialise
from catalog.metadata.site import Site
from catalog.model import Agent, Label, Manifest
from catalog.reference import Reference

#: rdflib's own JSON-LD parser uses a class that rdflib deprecates
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

DCAT = Namespace("http://www.w3.org/ns/dcat#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
DATASET = URIRef("https://data.example.jp/dataset/mynumber-municipalities#dataset")
Chains = Sequence[Sequence[Manifest]]


@pytest.fixture(scope="session")
def catalogue(site: Site, chains: Chains, reference: Reference) -> Graph:
    """Return the description of the catalogue."""
    return describe_catalogue(site, chains, reference)


@pytest.fixture(scope="session")
def dataset(site: Site, chain: Sequence[Manifest], reference: Reference) -> Graph:
    """Return the description of a dataset with three releases."""
    return describe_dataset(site, chain, reference)


@pytest.fixture(scope="session")
def shapes(shared: Path) -> Callable[[str], Graph]:
    """Return a function that reads a file of the official shapes."""
    return lambda name: _without_dangling(Graph().parse(shared / "judges" / "dcat-ap-3.0.1" / name))


def _without_dangling(shapes: Graph) -> Graph:
    """Leave out references to property shapes that are nowhere defined: dcat-ap-SHACL.ttl 3.0.1 has two of them."""
    dangling = {one for one in shapes.objects(None, SH.property) if (one, SH.path, None) not in shapes}
    assert len(dangling) <= 2
    for one in dangling:
        assert not list(shapes.predicate_objects(one))
        shapes.remove((None, SH.property, one))
    return shapes


def _violations(described: Graph, shapes: Graph) -> list[tuple[str, str, str]]:
    _, report, _ = pyshacl.validate(described, shacl_graph=shapes, inference="none", advanced=False)
    assert isinstance(report, Graph)
    return sorted(
        (
            str(report.value(one, SH.resultSeverity)).rpartition("#")[2],
            str(report.value(one, SH.focusNode)),
            str(report.value(one, SH.resultPath)),
        )
        for one in report.subjects(RDF.type, SH.ValidationResult)
    )


@pytest.mark.parametrize("name", ["shapes.ttl", "range.ttl", "dcat-ap-SHACL.ttl"])
@pytest.mark.parametrize("document", ["catalogue", "dataset"])
def test_the_official_shapes_of_dcat_ap_find_nothing(
    document: str, name: str, shapes: Callable[[str], Graph], request: pytest.FixtureRequest
) -> None:
    assert _violations(request.getfixturevalue(document), shapes(name)) == []


def test_of_the_recommendations_only_those_that_nobody_can_answer_are_left_open(
    dataset: Graph, catalogue: Graph, shapes: Callable[[str], Graph]
) -> None:
    found = _violations(dataset, shapes("shapes_recommended.ttl"))
    found += _violations(catalogue, shapes("shapes_recommended.ttl"))

    assert {(severity, path.rpartition("#")[2].rpartition("/")[2]) for severity, _, path in found} == {
        ("Warning", "type"),  # of an agent: the kind of authority is not recorded
        ("Warning", "bbox"),  # of an area: no geometry is recorded
        ("Warning", "centroid"),
    }


def test_the_judge_sees_what_is_wrong(catalogue: Graph, shapes: Callable[[str], Graph]) -> None:
    broken = Graph() + catalogue
    broken.remove((DATASET, DCTERMS.title, None))

    assert ("Violation", str(DATASET), str(DCTERMS.title)) in _violations(broken, shapes("shapes.ttl"))


@pytest.mark.parametrize("suffix", list(SERIALISATIONS))
@pytest.mark.parametrize("document", ["catalogue", "dataset"])
def test_every_serialisation_reads_back_as_the_same_graph(
    document: str, suffix: str, request: pytest.FixtureRequest
) -> None:
    graph: Graph = request.getfixturevalue(document)

    read = Graph().parse(data=serialise(graph, suffix), format=SERIALISATIONS[suffix][0])

    assert isomorphic(read, graph)


def test_the_catalogue_has_no_release_that_a_harvester_would_take_for_a_dataset(
    catalogue: Graph,
) -> None:
    found = {str(one) for one in catalogue.subjects(RDF.type, DCAT.Dataset)}

    assert found == {str(DATASET), "https://data.example.jp/dataset/mynumber-age-sex#dataset"}


def test_the_catalogue_chains_the_current_release_to_the_one_before(
    catalogue: Graph, chain: Sequence[Manifest]
) -> None:
    current = catalogue.value(DATASET, DCAT.hasCurrentVersion)

    assert str(current) == f"https://data.example.jp/dataset/mynumber-municipalities#release-{chain[2].version}"
    assert str(catalogue.value(current, DCAT.previousVersion)).endswith(f"#release-{chain[1].version}")
    assert catalogue.value(current, DCAT.isVersionOf) == DATASET
    assert str(catalogue.value(DATASET, DCAT.version)) == str(chain[2].version)


def test_a_dataset_has_all_its_releases_chained_to_the_first(dataset: Graph, chain: Sequence[Manifest]) -> None:
    node = dataset.value(DATASET, DCAT.hasCurrentVersion)
    found = []
    while node is not None:
        found.append(str(dataset.value(node, DCTERMS.identifier)))
        node = dataset.value(node, DCAT.previousVersion)

    assert found == [one.digest for one in reversed(chain)]
    assert len(set(dataset.objects(DATASET, DCAT.hasVersion))) == len(chain)


def test_a_file_of_the_dataset_has_the_address_that_never_changes_and_one_of_a_release_is_pinned(
    dataset: Graph, chain: Sequence[Manifest]
) -> None:
    page = "https://data.example.jp/dataset/mynumber-municipalities#"
    stem = "https://data.example.jp/api/v1/datasets/mynumber-municipalities/releases"
    name, version = "mynumber-municipalities.csv", chain[0].version

    def download(fragment: str) -> str:
        return str(dataset.value(URIRef(page + fragment), DCAT.downloadURL))

    assert download(name) == f"{stem}/latest/files/{name}"
    assert download(f"release-{version}-{name}") == f"{stem}/{version}/files/{name}"


def test_every_file_states_its_size_and_sha256(dataset: Graph, chain: Sequence[Manifest]) -> None:
    for manifest in chain:
        for file in manifest.files:
            node = URIRef(
                f"https://data.example.jp/dataset/mynumber-municipalities#release-{manifest.version}-{file.name}"
            )
            checksum = dataset.value(node, SPDX.checksum)
            assert str(dataset.value(checksum, SPDX.checksumValue)) == file.sha256
            assert int(str(dataset.value(node, DCAT.byteSize))) == file.bytes


def test_titles_are_in_both_languages(catalogue: Graph) -> None:
    assert set(catalogue.objects(DATASET, DCTERMS.title)) == {
        Literal("マイナンバーカード交付率", lang="ja"),
        Literal("Issue rate of the My Number card", lang="en"),
    }


def test_datasets_of_one_indicator_are_a_series(catalogue: Graph) -> None:
    series = URIRef("https://data.example.jp/indicators/kpi-12#series")

    assert len(list(catalogue.subjects(DCAT.inSeries, series))) == 2


def test_the_services_serve_every_dataset_and_say_where_they_are_described(catalogue: Graph) -> None:
    api = URIRef("https://data.example.jp/#api")

    assert set(catalogue.subjects(RDF.type, DCAT.DataService)) == {api, URIRef("https://data.example.jp/#action-api")}
    assert str(catalogue.value(api, DCAT.endpointDescription)) == "https://data.example.jp/openapi.json"
    assert len(list(catalogue.objects(api, DCAT.servesDataset))) == 2


def test_the_title_of_the_licence_is_that_of_ckans_list_so_that_its_harvester_finds_the_id(catalogue: Graph) -> None:
    license = URIRef("https://creativecommons.org/licenses/by/4.0/")

    assert Literal("Creative Commons Attribution", lang="en") in set(catalogue.objects(license, DCTERMS.title))


def test_made_up_figures_are_called_so(catalogue: Graph) -> None:
    dataset = URIRef("https://data.example.jp/dataset/mynumber-age-sex#dataset")
    said = [str(one) for node in catalogue.objects(dataset, DCTERMS.provenance) for _, one in catalogue[node:]]

    assert any("架空" in one for one in said)
    assert any("made up" in one for one in said)


def test_the_standard_of_tags_for_municipalities_is_not_claimed(catalogue: Graph) -> None:
    tags = {str(one) for one in catalogue.objects(None, DCAT.keyword)}

    assert tags.isdisjoint({"自治体標準ODS", "推奨データセット"})


def test_an_empty_catalogue_is_still_a_catalogue(
    site: Site, reference: Reference, shapes: Callable[[str], Graph]
) -> None:
    empty = describe_catalogue(site, [], reference)

    assert _violations(empty, shapes("shapes.ttl")) == []
    assert not list(empty.subjects(RDF.type, DCAT.Dataset))


def test_a_dataset_without_observations_has_no_time(
    site: Site, chain: Sequence[Manifest], reference: Reference
) -> None:
    nothing = dataclasses.replace(chain[0], temporal=None, observations=0)

    assert describe_dataset(site, [nothing], reference).value(DATASET, DCTERMS.temporal) is None


@pytest.mark.parametrize("suffix", list(SERIALISATIONS))
def test_hostile_texts_and_addresses_come_back_whole(
    suffix: str, site: Site, chain: Sequence[Manifest], reference: Reference
) -> None:
    title = Label(
        '<script>alert(1)</script> "]]>\x00\x1b\ud83d\ude00'.encode("utf-16", "surrogatepass").decode("utf-16"), "x\n\\"
    )
    dataset = dataclasses.replace(
        chain[0].dataset,
        title=title,
        landing_page='https://example.jp/a b"><script>{x}%zz|^`',
        contact=Agent("a/b c", title, None, "a b@example.jp"),
        spatial=("999999",),
        indicators=("kpi-99",),
        keywords=("]]>", "&amp;"),
    )
    graph = describe_dataset(site, [dataclasses.replace(chain[0], dataset=dataset)], reference)

    read = Graph().parse(data=serialise(graph, suffix), format=SERIALISATIONS[suffix][0])

    assert isomorphic(read, graph)
    written = Literal('<script>alert(1)</script> "]]>\ufffd\ufffd\U0001f600', lang="ja")
    assert written in set(read.objects(DATASET, DCTERMS.title))


_SAME = """
import sys, pickle
from catalog.metadata.dcat import describe_dataset
from catalog.metadata.graph import SERIALISATIONS, serialise
from catalog.reference import load_reference
site, chain = pickle.loads(bytes.fromhex(sys.argv[1]))
for suffix in SERIALISATIONS:
    sys.stdout.buffer.write(serialise(describe_dataset(site, chain, load_reference()), suffix))
"""


def test_two_processes_write_the_same_bytes(site: Site, chain: Sequence[Manifest]) -> None:
    given = pickle.dumps((site, tuple(chain))).hex()
    written = [
        subprocess.run(
            [sys.executable, "-c", _SAME, given],
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]

    assert written[0] == written[1]
    assert written[0]
