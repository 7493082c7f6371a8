"""What every harvester must do, run on every kind over the sample or specimen that the project carries."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pytest

from catalog.errors import Label
from catalog.formats import sort_by_key
from catalog.model.service import Service
from catalog.reference import load_reference
from catalog.releases import check_table
from catalog.settings import Settings
from harvesters import Context, Contribution, Findings, Harvester, Level, load_sources
from harvesters.base import Tally
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient
from harvesters.registry import harvesters

#: where the portals of the specimens stand
PORTAL = "http://portal.example.jp"


@pytest.fixture(params=sorted(harvesters()))
def harvester(request: pytest.FixtureRequest) -> Harvester:
    return harvesters()[request.param]


@pytest.fixture
def portal(root: Path, tmp_path: Path) -> Iterator[Path]:
    """Serve the specimens of portals, and return the sources that read them there."""
    folder = root / "tests" / "data" / "portals"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = (folder / self.path.partition("?")[0].lstrip("/")).read_bytes()
            content = content.replace(PORTAL.encode(), f"http://127.0.0.1:{server.server_port}".encode())
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    declared = (folder / "harvest.yml").read_text("utf-8")
    (tmp_path / "portals.yml").write_text(declared.replace(PORTAL, f"http://127.0.0.1:{server.server_port}"), "utf-8")
    yield tmp_path / "portals.yml"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def context(harvester: Harvester, root: Path, tmp_path: Path, portal: Path) -> Iterator[Context]:
    settings = Settings(home=tmp_path, allow_private_addresses=True, estat_app_id="of-the-test")
    specimens = [root / "tests" / "data" / name / "harvest.yml" for name in ("survey", "mapping")]
    files = (root / "harvest.yml", *specimens, portal)
    source = next(one for file in files for one in load_sources(file, settings) if one.kind == harvester.kind)
    client = HttpClient(settings)
    yield Context(
        source=source,
        reference=load_reference(),
        fetcher=Fetcher(settings, RawStore(tmp_path / "raw"), client),
        findings=Findings(),
        tally=Tally(),
    )
    client.close()


def _transform(harvester: Harvester, context: Context) -> list[Contribution]:
    return [
        contribution
        for wanted in harvester.gather(context)
        for contribution in harvester.transform(context, harvester.fetch(context, wanted, None))
    ]


def _services(harvester: Harvester, context: Context) -> list[Service]:
    return [
        service
        for wanted in harvester.gather(context)
        for service in harvester.services(context, harvester.fetch(context, wanted, None))
    ]


def test_it_is_registered_under_its_kind_and_says_what_it_is(harvester: Harvester) -> None:
    assert harvesters()[harvester.kind] is harvester
    assert harvester.version
    assert isinstance(harvester.title, Label)


def test_objects_have_unique_names_without_folders_of_the_machine(harvester: Harvester, context: Context) -> None:
    names = [one.name for one in harvester.gather(context)]
    assert names
    assert len(set(names)) == len(names)
    assert not any(name.startswith("/") for name in names)


def test_gathering_says_nothing_of_states_and_checksums(harvester: Harvester, context: Context) -> None:
    assert all(one.state is None and one.sha256 is None for one in harvester.gather(context))


def test_tables_pass_the_checks_of_a_release(harvester: Harvester, context: Context) -> None:
    reference = context.reference
    areas = {one.code for one in reference.areas}
    for one in _transform(harvester, context):
        findings = check_table(one.dataset, _unknown(one.table), reference.codelists, areas=areas)
        assert [finding for finding in findings if finding.severity == "error"] == []


def test_tables_are_in_the_order_of_their_key(harvester: Harvester, context: Context) -> None:
    for one in _transform(harvester, context):
        assert one.table.equals(sort_by_key(_unknown(one.table), one.dataset.structure))


def _unknown(table: pa.Table) -> pa.Table:
    """Return a table of which nothing is known, so that order and keys are looked at."""
    return pa.concat_tables([table])


def test_the_same_bytes_give_the_same_observations(harvester: Harvester, context: Context) -> None:
    first, second = _transform(harvester, context), _transform(harvester, context)
    assert all(one.table.equals(other.table) for one, other in zip(first, second, strict=True))
    assert [one.issued for one in first] == [one.issued for one in second]


def test_issued_has_an_offset(harvester: Harvester, context: Context) -> None:
    assert all(datetime.fromisoformat(one.issued).tzinfo is not None for one in _transform(harvester, context))


def test_datasets_are_those_that_it_announces(harvester: Harvester, context: Context) -> None:
    announced = {one.name for one in harvester.datasets(context)}
    assert {one.dataset.name for one in _transform(harvester, context)} == announced


def test_a_kind_registers_services_exactly_if_it_says_so(harvester: Harvester, context: Context) -> None:
    assert bool(_services(harvester, context)) == harvester.registers


def test_the_same_bytes_give_the_same_services_of_the_publisher_of_the_source(
    harvester: Harvester, context: Context
) -> None:
    first, second = _services(harvester, context), _services(harvester, context)
    assert first == second
    assert all(one.publisher == context.source.publisher for one in first)


def test_every_row_is_accepted_or_rejected(harvester: Harvester, context: Context) -> None:
    _transform(harvester, context)
    _services(harvester, context)
    tally = context.tally
    assert tally.read == tally.accepted + tally.rejected > 0


def test_findings_are_of_declared_rules(harvester: Harvester, context: Context) -> None:
    _transform(harvester, context)
    _services(harvester, context)
    assert set(context.findings.rules) <= {one.id for one in harvester.rules}


def test_rules_and_options_speak_both_languages(harvester: Harvester) -> None:
    for rule in harvester.rules:
        assert rule.title.ja != rule.title.en
        assert rule.level in Level
    for option in harvester.options:
        assert option.help.ja != option.help.en


def test_descriptions_are_fit_for_a_catalogue(harvester: Harvester, context: Context) -> None:
    indicators = context.reference.indicator_set
    for dataset in harvester.datasets(context):
        assert dataset.citation.ja.startswith("出典：")
        assert dataset.landing_page.startswith("https://")
        assert 50 <= len(dataset.description.ja) <= 5000
        assert len(set(dataset.keywords)) == len(dataset.keywords) >= 3
        assert dataset.license.id == "cc-by"
        assert dataset.frequency in context.reference.codelists["frequency"]
        assert all(indicators.find_indicator(one) for one in dataset.indicators)


def test_the_publisher_is_that_of_the_source(harvester: Harvester, context: Context) -> None:
    publisher = context.source.publisher
    assert publisher.label.ja != publisher.name
    assert all(one.publisher == publisher == one.contact for one in harvester.datasets(context))
