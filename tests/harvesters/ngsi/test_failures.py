"""What goes wrong between a context broker and here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from catalog.errors import ConfigurationError, FetchError, ForbiddenAddress
from catalog.settings import Settings
from harvesters import Context
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient
from harvesters.ngsi.harvester import Ngsi


def _figures(contribution: Any) -> dict[tuple[str, str], tuple[float, str]]:
    rows = contribution.table.to_pylist()
    return {(one["area_code"], one["period"]): (one["value"], one["unit"]) for one in rows}


WHAT_ALL_SAY = {
    ("121002", "FY2023"): (88.2, "PT"),
    ("121002", "FY2022"): (86.1, "PT"),
    ("121011", "FY2023"): (90.4, "PT"),
}


def _many(entities: list[Any], number: int) -> list[Any]:
    """Return entities of many days, made of the first."""
    days = [date.fromordinal(date(2023, 1, 1).toordinal() + i).isoformat() for i in range(number)]
    return [
        {**entities[0], "id": f"urn:ngsi-ld:K:{day}", "calculationPeriod": {"from": day, "to": day}} for day in days
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>proxy</html>",
        b'{"type": "https://uri.etsi.org/ngsi-ld/errors/BadRequestData", "title": "no"}',
        b'["x"]',
        b'[{"type": "K"}]',
        b'[{"id": 3}]',
        b"[{",
        b"",
    ],
)
def test_what_is_no_list_of_entities_is_an_error(broker: Any, source_of: Any, read: Any, body: bytes) -> None:
    with pytest.raises(FetchError, match="list of entities") as caught:
        read(source_of(broker([], bend=lambda *_: body)))
    assert "v2" in caught.value.message("ja")


def test_a_broker_without_entities_is_an_error_and_not_an_empty_table(broker: Any, source_of: Any, read: Any) -> None:
    with pytest.raises(FetchError, match="no entities of type KeyPerformanceIndicator"):
        read(source_of(broker([])))


def test_a_broker_that_throttles_is_asked_again(
    serve: Any, respond: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    body = json.dumps(entities_of("v2-normalized.json")).encode()
    answers = iter([(b"", 429, {"Retry_After": "0"}), (b"", 502, {})])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        sent, status, headers = next(answers, (body, 200, {"Fiware_Total_Count": "3"}))
        respond(handler, sent, status, **headers)

    server = serve(answer)
    assert _figures(read(source_of(server))[1]) == WHAT_ALL_SAY
    assert len(server.requests) == 3


def test_a_page_above_the_limit_is_cut_off(broker: Any, source_of: Any, read: Any) -> None:
    with pytest.raises(FetchError, match="larger than the limit"):
        read(source_of(broker([], bend=lambda *_: b"x" * 1_100_000)))


def test_pages_that_are_too_large_together_are_cut_off(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    entities = [{**one, "description": "x" * 20_000} for one in _many(entities_of("v2-key-values.json"), 70)]
    with pytest.raises(FetchError, match="larger than the limit of 1 MB"):
        read(source_of(broker(entities), page_size=10))


def test_a_redirect_to_a_private_address_is_refused(
    serve: Any, respond: Any, source_of: Any, make_context: Callable[..., Context], settings: Settings
) -> None:
    server = serve(lambda h: respond(h, b"", 302, Location="http://169.254.169.254/latest/meta-data"))
    client = HttpClient(settings, permits=lambda address: address == "127.0.0.1")
    context = replace(
        make_context(source_of(server)), fetcher=Fetcher(settings, RawStore(settings.home / "raw"), client)
    )
    [wanted] = Ngsi().gather(context)
    with pytest.raises(ForbiddenAddress):
        Ngsi().fetch(context, wanted, None)
    client.close()


def test_a_query_in_the_url_is_refused(broker: Any, source_of: Any, make_context: Callable[..., Context]) -> None:
    source = source_of(broker([]))
    with pytest.raises(ConfigurationError, match="must end before"):
        Ngsi().gather(make_context(replace(source, url=f"{source.url}/v2/entities?type=x")))


@pytest.mark.parametrize("path", ["/v2/entities", "/v2/entities/", "", "/"])
def test_the_url_may_name_the_broker_or_its_entities(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]], path: str
) -> None:
    server = broker(entities_of("v2-normalized.json"))
    source = source_of(server)
    assert _figures(read(replace(source, url=source.url + path))[1]) == WHAT_ALL_SAY


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("service", "a\r\nX-Evil: 1"),
        ("service_path", "kpi"),
        ("tenant", "a b"),
        ("context", "https://a.example/>; rel=x"),
        ("context", "file:///etc/passwd"),
        ("page_size", 0),
        ("page_size", 1001),
    ],
)
def test_values_of_options_that_no_header_takes_are_refused(option: str, value: Any) -> None:
    declared = next(one for one in Ngsi.options if one.name == option)
    with pytest.raises((ValueError, TypeError)):
        declared.type.parse(value)


@pytest.mark.parametrize("path", ["/", "/kpi", "/kpi/city", "/kpi/#", "/#"])
def test_service_paths_of_fiware_are_taken(path: str) -> None:
    declared = next(one for one in Ngsi.options if one.name == "service_path")
    assert declared.type.parse(path) == path
