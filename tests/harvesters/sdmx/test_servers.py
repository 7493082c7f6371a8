"""What is asked of SDMX servers, and what they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import open_catalogue
from catalog.database import JobStatus
from catalog.errors import FetchError, ForbiddenAddress
from catalog.settings import Settings
from harvesters import Context, run_sources
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient
from harvesters.sdmx.harvester import Sdmx, accept_of

MAPPING = {"indicator": "kpi-02", "breakdowns": {"sex": {"column": "SEX"}}}


def test_the_preferred_format_is_asked_for_first(
    serve: Any, respond: Any, source_of: Any, settings: Settings, folder: Path
) -> None:
    server = serve(lambda h: respond(h, (folder / "json-1.0.json").read_bytes(), Content_Type="text/csv"))
    [report] = run_sources(settings, [source_of(url=f"{server.url}/data/CITY,DF_USAGE/A..", format="json")])
    assert report.status is JobStatus.SUCCEEDED, report.to_dict()
    accept = server.requests[0][1]["Accept"].split(", ")
    assert accept[0] == "application/vnd.sdmx.data+json;version=1.0.0;q=1.0"
    assert accept == accept_of("json").split(", ")
    assert [float(one.rpartition("=")[2]) for one in accept] == sorted(
        (float(one.rpartition("=")[2]) for one in accept), reverse=True
    )


def test_an_unchanged_answer_costs_a_304(
    serve: Any, respond: Any, source_of: Any, settings: Settings, folder: Path
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == '"1"':
            respond(handler, b"", 304)
        else:
            respond(handler, (folder / "csv-1.0.csv").read_bytes(), ETag='"1"')

    server = serve(answer)
    source = source_of(url=server.url)
    [first] = run_sources(settings, [source])
    [second] = run_sources(settings, [source])
    assert (first.status, second.status, second.skipped) == (JobStatus.SUCCEEDED, JobStatus.SUCCEEDED, True)


@pytest.mark.parametrize(
    ("status", "said"), [(404, "has no data that fit"), (406, "Try another format"), (413, "Ask for less")]
)
def test_what_a_server_means_by_a_status_is_said(
    serve: Any, respond: Any, source_of: Any, make_context: Callable[..., Context], status: int, said: str
) -> None:
    server = serve(lambda h: respond(h, b"<error/>", status))
    context = make_context(source_of(url=server.url))
    [wanted] = Sdmx().gather(context)
    with pytest.raises(FetchError, match=said):
        Sdmx().fetch(context, wanted, None)


def test_other_statuses_stay_what_they_are(
    serve: Any, respond: Any, source_of: Any, make_context: Callable[..., Context]
) -> None:
    server = serve(lambda h: respond(h, b"", 410))
    context = make_context(source_of(url=server.url))
    [wanted] = Sdmx().gather(context)
    with pytest.raises(FetchError, match="410"):
        Sdmx().fetch(context, wanted, None)


def test_a_server_that_throttles_is_asked_again(
    serve: Any, respond: Any, source_of: Any, settings: Settings, folder: Path
) -> None:
    answers = iter([(b"", 429, {"Retry_After": "0"})])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        body, status, headers = next(answers, ((folder / "csv-2.0.csv").read_bytes(), 200, {}))
        respond(handler, body, status, **headers)

    server = serve(answer)
    [report] = run_sources(settings, [source_of(url=server.url)])
    assert report.status is JobStatus.SUCCEEDED
    assert len(server.requests) == 2


def test_an_answer_above_the_limit_is_cut_off_and_what_is_published_stays(
    serve: Any, respond: Any, source_of: Any, settings: Settings, folder: Path
) -> None:
    bodies = iter([(folder / "csv-1.0.csv").read_bytes()])
    server = serve(lambda h: respond(h, next(bodies, b"DATAFLOW,OBS_VALUE\n" + b"x" * 1_100_000)))
    source = source_of(url=server.url)
    [first] = run_sources(settings, [source])
    [second] = run_sources(settings, [source])
    assert (first.status, second.status) == (JobStatus.SUCCEEDED, JobStatus.FAILED)
    catalogue = open_catalogue(settings)
    try:
        assert catalogue.action("package_show", id="sdmx")["num_resources"] > 0
    finally:
        catalogue.close()


def test_a_redirect_to_a_private_address_is_refused(
    serve: Any, respond: Any, source_of: Any, make_context: Callable[..., Context], settings: Settings
) -> None:
    server = serve(lambda h: respond(h, b"", 302, Location="http://192.168.0.1/data"))
    client = HttpClient(settings, permits=lambda address: address == "127.0.0.1")
    context = replace(
        make_context(source_of(url=server.url)), fetcher=Fetcher(settings, RawStore(settings.home / "raw"), client)
    )
    [wanted] = Sdmx().gather(context)
    with pytest.raises(ForbiddenAddress):
        Sdmx().fetch(context, wanted, None)
    client.close()


def test_a_folder_of_messages_is_read_file_by_file(
    folder: Path, tmp_path: Path, source_of: Any, settings: Settings
) -> None:
    place = tmp_path / "messages"
    place.mkdir()
    (place / "a.csv").write_bytes((folder / "csv-1.0.csv").read_bytes())
    (place / "notes.txt").write_text("not a message")
    [report] = run_sources(settings, [source_of(path=place, files="*.csv")])
    assert report.status is JobStatus.SUCCEEDED, report.to_dict()
    assert [one.name for one in report.objects] == ["a.csv"]


def test_a_status_that_no_list_has_is_a_finding_until_the_mapping_says_what_it_is(
    folder: Path, tmp_path: Path, source_of: Any, make_context: Callable[..., Context]
) -> None:
    path = tmp_path / "flags.csv"
    path.write_text((folder / "csv-1.0.csv").read_text("utf-8").replace(",E,1,", ",e,1,"), newline="")

    def harvest(**mapping: Any) -> tuple[Context, Any]:
        context = make_context(source_of(path=path, mapping={**MAPPING, **mapping}, max_rejected=0.5))
        [wanted] = Sdmx().gather(context)
        [found] = Sdmx().transform(context, Sdmx().fetch(context, wanted, None))
        return context, found

    context, _ = harvest()
    assert context.findings.examples["code-not-mapped"][0].value == "e"
    _, told = harvest(status={"column": "OBS_STATUS", "codes": {"e": "E"}})
    assert sorted(told.table.column("obs_status").to_pylist()) == ["A", "A", "E", "P", "Q"]
