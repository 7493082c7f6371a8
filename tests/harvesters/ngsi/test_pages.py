"""Paging of context brokers, and what goes into the headers of a request."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.database import JobStatus
from catalog.errors import FetchError
from catalog.settings import Settings
from harvesters import run_sources


def _many(entities: list[Any], number: int) -> list[Any]:
    """Return entities of many days, made of the first."""
    days = [date.fromordinal(date(2023, 1, 1).toordinal() + i).isoformat() for i in range(number)]
    return [
        {**entities[0], "id": f"urn:ngsi-ld:K:{day}", "calculationPeriod": {"from": day, "to": day}} for day in days
    ]


@pytest.mark.parametrize("api", ["v2", "ld"])
@pytest.mark.parametrize("server", [{}, {"tell": False}, {"link": False}, {"most": 20}, {"tell": False, "link": False}])
def test_all_pages_are_read_whatever_the_broker_tells_of_their_number(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]], api: str, server: dict[str, Any]
) -> None:
    started = broker(_many(entities_of("v2-key-values.json"), 70), **server)
    _, found = read(source_of(started, api=api, page_size=30 if server != {"most": 20} else 50))
    assert found.table.num_rows == 70


def test_the_count_is_asked_for_in_the_way_of_each_protocol(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    server = broker(entities_of("v2-key-values.json"))
    read(source_of(server, api="v2", q="name=='usage'"))
    read(source_of(server, api="ld"))
    first, second = (urlsplit(path) for path, _ in server.requests)
    assert (first.path, second.path) == ("/v2/entities", "/ngsi-ld/v1/entities")
    assert parse_qs(first.query) == {
        "type": ["KeyPerformanceIndicator"],
        "q": ["name=='usage'"],
        "limit": ["100"],
        "offset": ["0"],
        "options": ["count"],
    }
    assert parse_qs(second.query)["count"] == ["true"]


def test_tenant_and_context_go_into_the_headers(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    server = broker(entities_of("ld-concise.json"))
    read(
        source_of(
            server, api="ld", service="chiba", service_path="/kpi", tenant="city", context="https://a.example/c.jsonld"
        )
    )
    headers = server.requests[0][1]
    assert (headers["Fiware-Service"], headers["Fiware-ServicePath"]) == ("chiba", "/kpi")
    assert headers["NGSILD-Tenant"] == "city"
    assert headers["Link"].startswith('<https://a.example/c.jsonld>; rel="http://www.w3.org/ns/json-ld#context"')


@pytest.mark.parametrize(
    ("token", "header", "value"),
    [("bearer", "Authorization", "Bearer t0ken.of-the-city"), ("x-auth-token", "X-Auth-Token", "t0ken.of-the-city")],
)
def test_a_token_goes_to_the_broker_in_its_header_and_stays_out_of_everything_else(
    broker: Any,
    source_of: Any,
    settings: Settings,
    entities_of: Callable[[str], list[Any]],
    caplog: pytest.LogCaptureFixture,
    token: str,
    header: str,
    value: str,
) -> None:
    caplog.set_level("DEBUG")
    entities = entities_of("v2-key-values.json")
    entities[0]["description"] = "echo t0ken.of-the-city"
    server = broker(entities)
    with_token = replace(settings, ngsi_token="t0ken.of-the-city\n")
    [report] = run_sources(with_token, [source_of(server, token=token)])
    assert report.status is JobStatus.SUCCEEDED, report.to_dict()
    assert server.requests[0][1][header] == value
    assert "t0ken" not in json.dumps(report.to_dict()) + caplog.text
    files = [one for one in settings.home.rglob("*") if one.is_file()]
    assert not [one for one in files if b"t0ken" in one.read_bytes()]


def test_a_token_is_not_sent_unless_the_source_says_how(
    broker: Any, source_of: Any, settings: Settings, entities_of: Callable[[str], list[Any]]
) -> None:
    server = broker(entities_of("v2-key-values.json"))
    run_sources(replace(settings, ngsi_token="t0ken"), [source_of(server)])
    assert not any("t0ken" in one for one in server.requests[0][1].values())


@pytest.mark.parametrize(
    ("token", "said"), [("", "is not set"), ("a\r\nb", "cannot be sent"), ("合言葉", "cannot be sent")]
)
def test_a_token_that_cannot_be_sent_is_told_by_the_name_of_its_setting_alone(
    broker: Any, source_of: Any, settings: Settings, entities_of: Callable[[str], list[Any]], token: str, said: str
) -> None:
    server = broker(entities_of("v2-key-values.json"))
    [report] = run_sources(replace(settings, ngsi_token=token), [source_of(server, token="bearer")])
    told = json.dumps(report.to_dict(), ensure_ascii=False)
    assert report.status is JobStatus.FAILED
    assert said in told
    assert "SHIHYO_NGSI_TOKEN" in told
    assert server.requests == []
    assert not token or token not in told


def _repeats(entities: list[Any]) -> Callable[..., Any]:
    return lambda page, headers, offset: entities[:30]


def _moves(entities: list[Any]) -> Callable[..., Any]:
    return lambda page, headers, offset: [entities[0], *page[1:]] if offset else page


def _grows(entities: list[Any]) -> Callable[..., Any]:
    def bend(page: list[Any], headers: dict[str, str], offset: int) -> Any:
        headers["Fiware_Total_Count"] = str(70 + offset)
        return page

    return bend


def _stops_early(entities: list[Any]) -> Callable[..., Any]:
    return lambda page, headers, offset: page if offset < 30 else []


def _no_number(entities: list[Any]) -> Callable[..., Any]:
    def bend(page: list[Any], headers: dict[str, str], offset: int) -> Any:
        headers["Fiware_Total_Count"] = "many"
        return page

    return bend


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (_repeats, "same page came again"),
        (_moves, "is not the number that was told"),
        (_grows, "changed while they were read"),
        (_stops_early, "is not the number that was told"),
        (_no_number, "is no number"),
    ],
)
def test_pages_that_contradict_each_other_are_not_used(
    broker: Any,
    source_of: Any,
    read: Any,
    entities_of: Callable[[str], list[Any]],
    lie: Callable[..., Any],
    said: str,
) -> None:
    entities = _many(entities_of("v2-key-values.json"), 70)
    server = broker(entities, bend=lie(entities))
    with pytest.raises(FetchError, match=said) as caught:
        read(source_of(server, page_size=30))
    assert caught.value.next_step is not None
    assert len(server.requests) < 10


def test_pages_that_never_end_are_noticed_without_a_count(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    entities = _many(entities_of("v2-key-values.json"), 30)
    server = broker(entities, tell=False, bend=lambda page, *_: entities)
    with pytest.raises(FetchError, match="same page came again"):
        read(source_of(server, page_size=30))
    assert len(server.requests) == 2
