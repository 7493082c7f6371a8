"""What goes wrong between e-Stat and here, and what a person reads of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import ConfigurationError, FetchError, InputError, SourceUnavailable
from catalog.settings import Settings
from harvesters import Context, HarvestSource
from harvesters.estat.harvester import EStat
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient

Respond = Callable[..., None]


Api = Callable[..., Any]


@pytest.mark.parametrize(
    ("status", "advice"),
    [(100, "SHIHYO_ESTAT_APP_ID"), (101, "tables"), (120, "filters"), (201, "database"), (300, "e-Stat itself")],
)
def test_every_status_of_the_api_comes_with_what_to_do(
    api: Api, source_of: Any, read: Any, status: int, advice: str
) -> None:
    def bend(answer: Any, _: int) -> Any:
        answer["GET_STATS_DATA"]["RESULT"] = {"STATUS": str(status), "ERROR_MSG": "だめでした"}
        return answer

    with pytest.raises(FetchError) as caught:
        read(source_of(api("usage.json", bend=bend)))
    assert caught.value.context["status"] == status
    assert advice in caught.value.message("en")
    assert isinstance(caught.value, SourceUnavailable) == (status >= 200)


def test_an_unknown_application_id_is_named_although_the_gate_answers_403(
    api: Api, source_of: Any, settings: Settings, tmp_path: Path
) -> None:
    server = api("usage.json")
    source = source_of(server)
    client = HttpClient(settings)
    fetcher = Fetcher(replace(settings, estat_app_id="wrong-id"), RawStore(tmp_path / "raw"), client)
    context = _context_with(fetcher, source)
    [wanted] = EStat().gather(context)
    with pytest.raises(FetchError, match="did not accept the application id") as caught:
        EStat().fetch(context, wanted, None)
    client.close()
    assert "SHIHYO_ESTAT_APP_ID" in caught.value.message("ja")
    assert "wrong-id" not in str(caught.value)


def test_without_an_application_id_nothing_is_asked(
    api: Api, source_of: Any, settings: Settings, tmp_path: Path
) -> None:
    server = api("usage.json")
    client = HttpClient(settings)
    fetcher = Fetcher(replace(settings, estat_app_id=""), RawStore(tmp_path / "raw"), client)
    context = _context_with(fetcher, source_of(server))
    [wanted] = EStat().gather(context)
    with pytest.raises(ConfigurationError, match="SHIHYO_ESTAT_APP_ID"):
        EStat().fetch(context, wanted, None)
    client.close()
    assert server.requests == []


def _context_with(fetcher: Fetcher, source: HarvestSource) -> Context:
    from catalog.reference import load_reference
    from harvesters import Findings
    from harvesters.base import Tally

    return Context(source=source, reference=load_reference(), fetcher=fetcher, findings=Findings(), tally=Tally())


def test_nothing_that_fits_is_an_error_and_not_an_empty_table(
    api: Api, source_of: Any, read: Any, answer_of: Callable[[str], Any]
) -> None:
    server = api("usage.json", bend=lambda *_: answer_of("nothing-fits.json"))
    with pytest.raises(FetchError, match="no data that fit"):
        read(source_of(server))


def test_a_page_of_html_is_not_taken_for_data(api: Api, source_of: Any, read: Any, specimens: Path) -> None:
    page = (specimens / "estat" / "maintenance.html").read_bytes()
    with pytest.raises(FetchError, match="HTML page instead of JSON"):
        read(source_of(api("usage.json", bend=lambda *_: page)))


@pytest.mark.parametrize(
    "body", [{}, [], "x", {"GET_STATS_DATA": None}, {"GET_STATS_DATA": {"RESULT": {"STATUS": "zero"}}}]
)
def test_json_of_another_shape_is_an_error(api: Api, source_of: Any, read: Any, body: Any) -> None:
    with pytest.raises(InputError, match="no answer of e-Stat"):
        read(source_of(api("usage.json", bend=lambda *_: json.dumps(body).encode())))


@pytest.mark.parametrize("part", ["RESULT_INF", "TABLE_INF", "DATA_INF"])
def test_an_answer_that_lacks_a_part_is_an_error_that_names_it(api: Api, source_of: Any, read: Any, part: str) -> None:
    def bend(answer: Any, _: int) -> Any:
        del answer["GET_STATS_DATA"]["STATISTICAL_DATA"][part]
        return answer

    with pytest.raises(InputError, match=part):
        read(source_of(api("usage.json", bend=bend)))


def test_a_value_that_is_no_object_is_an_error_with_its_place(api: Api, source_of: Any, read: Any) -> None:
    def bend(answer: Any, _: int) -> Any:
        answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["DATA_INF"]["VALUE"][3] = "42"
        return answer

    with pytest.raises(InputError, match="VALUE 4"):
        read(source_of(api("usage.json", bend=bend)))


def test_a_value_that_comes_twice_is_used_once_and_told(api: Api, source_of: Any, read: Any) -> None:
    def bend(answer: Any, _: int) -> Any:
        values = answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["DATA_INF"]["VALUE"]
        values[1] = dict(values[0])
        return answer

    context, _, found = read(source_of(api("usage.json", bend=bend)))
    assert context.findings.counts["observation-twice"] == 1
    assert found.table.num_rows == 44


def test_a_server_that_throttles_is_asked_again_when_it_says(
    serve: Any, respond: Respond, source_of: Any, read: Any, answer_of: Callable[[str], Any]
) -> None:
    answers = iter([(b"", 429, {"Retry_After": "0"}), (b"", 503, {})])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        body, status, headers = next(answers, (json.dumps(answer_of("usage.json")).encode(), 200, {}))
        respond(handler, body, status, **headers)

    server = serve(answer)
    assert read(source_of(server))[2].table.num_rows == 45
    assert len(server.requests) == 3


def test_a_body_above_the_limit_is_cut_off(api: Api, source_of: Any, read: Any) -> None:
    with pytest.raises(FetchError, match="larger than the limit of 1 MB"):
        read(source_of(api("usage.json", bend=lambda *_: b"x" * 1_100_000)))


def test_a_redirect_to_a_private_address_is_refused(
    serve: Any, respond: Respond, source_of: Any, make_context: Callable[..., Context], settings: Settings
) -> None:
    server = serve(lambda h: respond(h, b"", 302, Location="http://10.0.0.1/rest/3.0/app/json/getStatsData"))
    client = HttpClient(settings, permits=lambda address: address == "127.0.0.1")
    context = _context_with(Fetcher(settings, RawStore(settings.home / "raw"), client), source_of(server))
    [wanted] = EStat().gather(context)
    with pytest.raises(FetchError, match="address"):
        EStat().fetch(context, wanted, None)
    client.close()
