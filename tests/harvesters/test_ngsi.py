"""The kind ``ngsi`` against local servers that answer like context brokers, and like one that fails or lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ckan import open_catalogue
from catalog.database import JobStatus
from catalog.errors import ConfigurationError, FetchError, ForbiddenAddress, InputError
from catalog.model import parse_period
from catalog.settings import Settings
from harvesters import Context, HarvestSource, run_sources
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient
from harvesters.ngsi.entities import KeptEntities, flatten, read_span
from harvesters.ngsi.harvester import Ngsi

SPECIMENS = (
    "v2-normalized.json",
    "v2-key-values.json",
    "ld-normalized.json",
    "ld-concise.json",
    "ld-expanded.json",
)
MAPPING = {"indicator": "kpi-02"}
COUNTS = {"v2": "Fiware-Total-Count", "ld": "NGSILD-Results-Count"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_addresses=True)


@pytest.fixture
def entities_of(specimens: Path) -> Callable[[str], list[Any]]:
    return lambda name: json.loads((specimens / "ngsi" / name).read_text("utf-8"))


@pytest.fixture
def broker(serve: Any, respond: Callable[..., None]) -> Callable[..., Any]:
    """Return a function that starts a broker; ``bend`` may change page and headers before they are sent."""

    def start(
        entities: list[Any],
        *,
        tell: bool = True,
        link: bool = True,
        most: int = 1000,
        bend: Callable[[list[Any], dict[str, str], int], Any] = lambda page, *_: page,
    ) -> Any:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            parts = urlsplit(handler.path)
            query = {key: one for key, [one] in parse_qs(parts.query).items()}
            api = "v2" if parts.path == "/v2/entities" else "ld"
            offset, limit = int(query["offset"]), min(int(query["limit"]), most)
            asked = query.get("options") == "count" if api == "v2" else query.get("count") == "true"
            headers = {COUNTS[api].replace("-", "_"): str(len(entities))} if tell and asked else {}
            if link and api == "ld" and offset + limit < len(entities):
                headers["Link"] = f'<{parts.path}?offset={offset + limit}>;rel="next";type="application/ld+json"'
            page = bend(entities[offset : offset + limit], headers, offset)
            sent = page if isinstance(page, bytes) else json.dumps(page).encode()
            respond(handler, sent, Content_Type="application/json", **headers)

        return serve(answer)

    return start


@pytest.fixture
def source_of(make_source: Callable[..., HarvestSource]) -> Callable[..., HarvestSource]:
    def make(server: Any, **options: Any) -> HarvestSource:
        mapping = next(one for one in Ngsi.options if one.name == "mapping").type.parse(options.pop("mapping", MAPPING))
        given = {"landing_page": "https://www.city.chiba.jp/", **options}
        return make_source("ngsi", url=server.url, mapping=mapping, **given)

    return make


@pytest.fixture
def read(make_context: Callable[..., Context]) -> Callable[[HarvestSource], tuple[Context, Any]]:
    def harvest(source: HarvestSource) -> tuple[Context, Any]:
        context, harvester = make_context(source), Ngsi()
        [wanted] = harvester.gather(context)
        [found] = harvester.transform(context, harvester.fetch(context, wanted, None))
        return context, found

    return harvest


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


# -- representations


@pytest.mark.parametrize("name", SPECIMENS)
def test_every_representation_says_the_same(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]], name: str
) -> None:
    _, found = read(source_of(broker(entities_of(name)), api=name[:2]))
    assert _figures(found) == WHAT_ALL_SAY
    assert found.issued == "2024-05-10T00:00:00+09:00"


def test_attributes_of_the_brokers_own_are_columns_that_the_mapping_names(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    mapping = {**MAPPING, "n": {"column": "kpiValue.respondents"}, "note": {"column": "name.ja"}}
    _, found = read(source_of(broker(entities_of("ld-normalized.json")), api="ld", mapping=mapping))
    assert set(found.table.column("n").to_pylist()) == {1200}
    assert set(found.table.column("note").to_pylist()) == {"利用率"}


def test_the_mapping_may_choose_the_indicator_by_the_name_of_the_entity(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    mapping = {"indicator": {"column": "name", "codes": {"usage": "kpi-02"}}}
    _, found = read(source_of(broker(entities_of("v2-normalized.json")), mapping=mapping))
    assert _figures(found) == WHAT_ALL_SAY


def test_an_attribute_that_is_given_twice_is_the_one_without_a_dataset_id(
    entities_of: Callable[[str], list[Any]],
) -> None:
    cells = flatten(entities_of("ld-expanded.json")[0])
    assert cells["kpiValue"] == 88.2
    assert cells["kpiValue[urn:ngsi-ld:Dataset:estimate]"] == 89.2


@pytest.mark.parametrize(
    ("attribute", "cells"),
    [
        ({"kpiValue": "32.8%"}, {"kpiValue": "32.8%"}),
        ({"kpiValue": None}, {"kpiValue": None}),
        ({"kpiValue": True}, {"kpiValue": True}),
        ({"kpiValue": {"share": 32.8, "count": 4}}, {"kpiValue.share": 32.8, "kpiValue.count": 4}),
        ({"kpiValue": [1, 2]}, {"kpiValue": "1, 2"}),
        ({"kpiValue": [{"a": 1}]}, {"kpiValue": '[{"a":1}]'}),
        ({"kpiValue": []}, {"kpiValue": ""}),
        ({"organization": {"type": "Relationship", "object": "urn:x"}}, {"organization": "urn:x"}),
        ({"https://a.example/x#kpiValue": {"type": "Property", "value": 1}}, {"kpiValue": 1}),
        ({"kpiValue": 1, "https://a.example/kpiValue": 2}, {"kpiValue": 1, "https://a.example/kpiValue": 2}),
    ],
)
def test_a_value_of_any_type_becomes_cells(attribute: Any, cells: dict[str, Any]) -> None:
    found = flatten({"id": "urn:x", "type": "K", **attribute})
    assert {key: found[key] for key in cells} == cells


def test_a_value_that_is_no_number_is_left_out_with_the_id_of_its_entity(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    entities = entities_of("v2-key-values.json")
    entities[1]["kpiValue"] = {"broken": True}
    entities[2]["kpiValue"] = "たくさん"
    context, found = read(source_of(broker(entities), max_rejected=0.9))
    assert context.findings.examples["cell-not-a-number"][0].place.cell == f"{entities[2]['id']}, kpiValue"
    assert _figures(found)["121002", "FY2023"] == (88.2, "PT")


def test_an_entity_of_a_stretch_that_is_no_period_is_left_out_and_its_days_are_shown(
    broker: Any, source_of: Any, read: Any, entities_of: Callable[[str], list[Any]]
) -> None:
    entities = entities_of("v2-key-values.json")
    entities[1]["calculationPeriod"] = {"from": "2023-04-01", "to": "2023-08-15"}
    context, found = read(source_of(broker(entities), max_rejected=0.5))
    assert context.findings.examples["period-invalid"][0].value == "2023-04-01/2023-08-15"
    assert len(_figures(found)) == 2


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        ("2023-04-01", "2024-03-31", "FY2023"),
        ("2023-01-01", "2023-12-31", "2023"),
        ("2023-07-01", "2023-09-30", "2023-Q3"),
        ("2024-02-01", "2024-02-29", "2024-M02"),
        ("2024-02-10", "2024-02-10", "2024-02-10"),
        ("2023-04-01T00:00:00Z", "2024-03-31T00:00:00Z", "FY2023"),
        ("2023-04-01T00:00:00Z", "2024-04-01T00:00:00Z", "FY2023"),
        ("2023-03-31T15:00:00Z", "2024-03-31T14:59:59Z", "FY2023"),
        ("2023-03-31T15:00:00Z", "2024-03-31T15:00:00Z", "FY2023"),
        ("2023-04-01T00:00:00+09:00", "2023-04-30T23:59:59+09:00", "2023-M04"),
        ("2023-04-01", "2023-06-15", "2023-04-01/2023-06-15"),
        ("2024-03-31", "2023-04-01", "2024-03-31/2023-04-01"),
        ("soon", "later", "soon/later"),
        ("0001-01-01", "0001-12-31", "0001-01-01/0001-12-31"),
    ],
)
def test_a_calculation_period_is_one_of_ours_or_stays_as_it_is(first: str, last: str, period: str) -> None:
    assert read_span(first, last) == period


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_whole_period_is_found_by_its_two_days(day: date) -> None:
    for text in (f"{day:%Y}", f"FY{day:%Y}", f"{day:%Y}-Q{(day.month + 2) // 3}", f"{day:%Y-M%m}", day.isoformat()):
        period = parse_period(text)
        assert read_span(period.start.isoformat(), period.end.isoformat()) == text


def test_without_a_calculation_period_the_day_of_the_observation_counts() -> None:
    cells = flatten({"id": "x", "type": "K", "kpiValue": {"value": 1, "observedAt": "2024-04-30T15:30:00Z"}})
    assert cells["period"] == "2024-05-01"


def test_entities_with_attributes_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "entities"
    path.write_text("\n".join(json.dumps({"id": f"{i}", "type": "K", f"a{i}": 1}) for i in range(2001)))
    with pytest.raises(InputError, match="more than 2000"):
        KeptEntities(path, "K").records()


# -- paging


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


# -- what goes wrong


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


# -- the whole way


def test_a_run_publishes_and_a_second_one_changes_nothing(
    broker: Any, source_of: Any, settings: Settings, entities_of: Callable[[str], list[Any]]
) -> None:
    source = source_of(broker(entities_of("v2-normalized.json")))
    [first] = run_sources(settings, [source])
    [second] = run_sources(settings, [source])
    assert first.status is JobStatus.SUCCEEDED, first.to_dict()
    assert second.skipped
    catalogue = open_catalogue(settings)
    try:
        assert catalogue.action("package_show", id="ngsi")["num_resources"] > 0
    finally:
        catalogue.close()
