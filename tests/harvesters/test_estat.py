"""The kind ``estat`` against local servers that answer like the e-Stat API, and like one that fails or lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.ckan import open_catalogue
from catalog.database import JobStatus
from catalog.errors import ConfigurationError, FetchError, InputError, Label, ShihyoError, SourceUnavailable
from catalog.settings import Settings
from harvesters import Context, HarvestSource, run_sources
from harvesters.base import Fetched
from harvesters.estat.answer import as_list, text_of
from harvesters.estat.harvester import EStat
from harvesters.estat.records import read_period
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient

APP_ID = "0123456789abcdef0123456789abcdef01234567"
MAPPING = {
    "indicator": "kpi-02",
    "breakdowns": {"sex": {"column": "cat01", "codes": {"0": "_T", "1": "M", "2": "F"}}},
    "note": {"column": "note"},
}
Respond = Callable[..., None]
Api = Callable[..., Any]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_addresses=True, estat_app_id=APP_ID)


@pytest.fixture
def answer_of(specimens: Path) -> Callable[[str], Any]:
    return lambda name: json.loads((specimens / "estat" / name).read_text("utf-8"))


@pytest.fixture
def api(serve: Any, respond: Respond, answer_of: Callable[[str], Any]) -> Api:
    """Return a function that starts a server; ``bend`` may change any answer before it is sent."""

    def start(*names: str, bend: Callable[[Any, int], Any] = lambda answer, _: answer) -> Any:
        tables = {one["GET_STATS_DATA"]["STATISTICAL_DATA"]["TABLE_INF"]["@id"]: one for one in map(answer_of, names)}

        def answer(handler: BaseHTTPRequestHandler) -> None:
            query = {key: one for key, [one] in parse_qs(urlsplit(handler.path).query).items()}
            if query.get("appId") != APP_ID:
                respond(handler, json.dumps(answer_of("error-100.json")).encode(), 403)
                return
            start = int(query["startPosition"])
            page = _page(tables[query["statsDataId"]], query, start)
            body = bend(page, start)
            sent = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
            respond(handler, sent, Content_Type="application/json;charset=utf-8")

        return serve(answer)

    return start


def _page(table: Any, query: dict[str, str], start: int) -> Any:
    """Return one page as e-Stat gives it: an object instead of a list of one, and NEXT_KEY on all but the last."""
    page = json.loads(json.dumps(table))
    data = page["GET_STATS_DATA"]["STATISTICAL_DATA"]
    every = [one for one in as_list(data["DATA_INF"]["VALUE"]) if _fits(one, query)]
    chosen = every[start - 1 : start - 1 + int(query["limit"])]
    last = start - 1 + len(chosen)
    data["RESULT_INF"] = {"TOTAL_NUMBER": len(every), "FROM_NUMBER": start, "TO_NUMBER": last}
    if last < len(every):
        data["RESULT_INF"]["NEXT_KEY"] = last + 1
    data["DATA_INF"]["VALUE"] = chosen[0] if len(chosen) == 1 else chosen
    if query["metaGetFlg"] == "N":
        del data["CLASS_INF"]
    return page


def _fits(value: Any, query: dict[str, str]) -> bool:
    return all(value[f"@{axis}"] in query[key].split(",") for key, axis in (("cdArea", "area"),) if key in query)


@pytest.fixture
def source_of(make_source: Callable[..., HarvestSource]) -> Callable[..., HarvestSource]:
    def make(server: Any, **options: Any) -> HarvestSource:
        mapping = next(one for one in EStat.options if one.name == "mapping").type.parse(
            options.pop("mapping", MAPPING)
        )
        given = {"tables": ("0009999901",), "landing_page": "https://www.e-stat.go.jp/", "max_rejected": 0.4, **options}
        return make_source("estat", url=f"{server.url}/rest/3.0/app/json/getStatsData", mapping=mapping, **given)

    return make


@pytest.fixture
def read(make_context: Callable[..., Context]) -> Callable[[HarvestSource], tuple[Context, Fetched, Any]]:
    def harvest(source: HarvestSource) -> tuple[Context, Fetched, Any]:
        context, harvester = make_context(source), EStat()
        [wanted] = harvester.gather(context)
        fetched = harvester.fetch(context, wanted, None)
        [contribution] = harvester.transform(context, fetched)
        return context, fetched, contribution

    return harvest


def _cells(contribution: Any, **wanted: str) -> dict[str, Any]:
    rows = [row for row in contribution.table.to_pylist() if all(row[key] == one for key, one in wanted.items())]
    assert len(rows) == 1
    return dict(rows[0])


# -- what becomes of a table


def test_values_become_observations_with_our_areas_periods_and_codes(api: Api, source_of: Any, read: Any) -> None:
    _, _, found = read(source_of(api("usage.json")))
    city = _cells(found, area_code="121002", period="FY2023", sex="_T")
    assert (city["value"], city["unit"], city["obs_status"], city["indicator_id"]) == (58.4, "PT", "A", "kpi-02")
    assert _cells(found, area_code="000000", period="FY2021", sex="M")["value"] == 46.8


def test_markers_are_read_by_the_notes_of_the_table(api: Api, source_of: Any, read: Any) -> None:
    context, _, found = read(source_of(api("usage.json")))
    suppressed = _cells(found, area_code="121037", period="FY2023", sex="M")
    assert (suppressed["value"], suppressed["obs_status"]) == (None, "Q")
    assert _cells(found, area_code="121037", period="FY2023", sex="F")["obs_status"] == "L"
    assert context.findings.counts["estat-marker-read"] == 2


def test_a_marker_whose_note_leaves_its_meaning_open_is_missing_and_asked_about(
    api: Api, source_of: Any, read: Any
) -> None:
    context, _, found = read(source_of(api("usage.json")))
    unclear = _cells(found, area_code="121029", period="FY2021", sex="F")
    assert (unclear["value"], unclear["obs_status"]) == (None, "O")
    [finding] = context.findings.examples["estat-marker-unclear"]
    assert finding.value == "-"
    assert "該当数字がないもの" in finding.message("ja")


def test_the_source_may_say_what_a_marker_means(api: Api, source_of: Any, read: Any) -> None:
    markers = next(one for one in EStat.options if one.name == "markers").type.parse({"-": "nil"})
    context, _, found = read(source_of(api("usage.json"), markers=markers))
    assert _cells(found, area_code="121029", period="FY2021", sex="F")["value"] == 0
    assert "estat-marker-unclear" not in context.findings.counts


def test_an_annotation_becomes_a_note(api: Api, source_of: Any, read: Any) -> None:
    _, _, found = read(source_of(api("usage.json")))
    assert _cells(found, area_code="121011", period="FY2023", sex="_T")["note"] == "速報値"


def test_what_is_no_local_government_is_left_out_with_its_place_code_and_name(
    api: Api, source_of: Any, read: Any
) -> None:
    context, _, _ = read(source_of(api("usage.json")))
    finding = context.findings.examples["area-invalid"][0]
    assert finding.value == "13100（特別区部）"
    assert str(finding.place) == "e-Stat 0009999901 / VALUE 16, area"
    assert context.tally.to_dict() == {"read": 54, "accepted": 45, "rejected": 9}


def test_a_table_of_one_value_has_objects_where_others_have_lists(api: Api, source_of: Any, read: Any) -> None:
    source = source_of(api("one-value.json"), tables=("0009999902",), mapping={"indicator": "kpi-02"})
    _, _, found = read(source)
    value = _cells(found, area_code="121002")
    assert (value["period"], value["value"]) == ("2025-M07", 71.4)


def test_two_tables_are_one_object_because_a_period_is_published_as_a_whole(
    api: Api, source_of: Any, read: Any
) -> None:
    source = source_of(
        api("usage.json", "one-value.json"),
        tables=("0009999901", "0009999902"),
        mapping={
            "indicator": "kpi-02",
            "breakdowns": {"sex": {"column": "cat01", "codes": {"": "_T", "0": "_T", "1": "M", "2": "F"}}},
        },
    )
    context, _, found = read(source)
    assert _cells(found, period="2025-M07")["value"] == 71.4
    assert found.table.num_rows == 46
    assert found.issued == "2025-08-29T00:00:00+09:00"
    assert context.tally.read == 55


def test_figures_are_issued_on_the_day_of_the_last_update(api: Api, source_of: Any, read: Any) -> None:
    _, _, found = read(source_of(api("usage.json")))
    assert found.issued == "2024-07-01T00:00:00+09:00"


def test_figures_are_not_issued_after_they_were_fetched_whatever_the_table_says(
    api: Api, source_of: Any, read: Any
) -> None:
    def bend(answer: Any, _: int) -> Any:
        answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["TABLE_INF"]["UPDATED_DATE"] = "2999-01-01"
        return answer

    _, fetched, found = read(source_of(api("usage.json", bend=bend)))
    assert datetime.fromisoformat(found.issued) == datetime.fromisoformat(fetched.object.fetched)


@pytest.mark.parametrize("citation", [None, Label("出典：総務省「国勢調査」", "Source: MIC, census")])
def test_the_credit_that_e_stat_asks_for_stands_in_every_citation(
    api: Api, source_of: Any, read: Any, citation: Label | None
) -> None:
    context, _, found = read(source_of(api("usage.json"), citation=citation))
    [described] = EStat().datasets(context)
    assert found.dataset.citation == described.citation
    assert found.dataset.citation.ja.startswith("出典：総務省" if citation else "出典：政府統計の総合窓口（e-Stat）")
    assert found.dataset.citation.ja.endswith("サービスの内容は国によって保証されたものではありません。")


def test_the_same_data_on_another_day_are_the_same_bytes(api: Api, source_of: Any, read: Any) -> None:
    def on(day: str) -> Callable[[Any, int], Any]:
        def bend(answer: Any, _: int) -> Any:
            answer["GET_STATS_DATA"]["RESULT"]["DATE"] = day
            return answer

        return bend

    first = read(source_of(api("usage.json", bend=on("2026-11-22"))))[1]
    second = read(source_of(api("usage.json", bend=on("2026-11-23"))))[1]
    assert first.object.sha256 == second.object.sha256


@pytest.mark.parametrize(
    ("code", "name", "period"),
    [
        ("2023000000", "2023年", "2023"),
        ("2023100000", "2023年度", "FY2023"),
        ("2023100000", "令和5年度", "FY2023"),
        ("2023100000", "令和5年度平均", "FY2023"),
        ("2025000707", "2025年7月", "2025-M07"),
        ("2018000103", "2018年1～3月期", "2018-Q1"),
        ("2023000106", "2023年上期", "2023000106（2023年上期）"),
        ("2006001010", "2006年10月～2007年9月", "2006001010（2006年10月～2007年9月）"),
        ("2023100000", "2023年", "2023100000（2023年）"),
        ("", "", None),
    ],
)
def test_a_time_code_is_a_period_if_its_name_says_the_same(code: str, name: str, period: str | None) -> None:
    assert read_period(code, name) == period


@pytest.mark.parametrize(("raw", "items"), [(None, []), ("", []), ({"a": 1}, [{"a": 1}]), ([1, 2], [1, 2])])
def test_what_may_stand_more_than_once_is_always_a_list(raw: Any, items: list[Any]) -> None:
    assert as_list(raw) == items


@pytest.mark.parametrize(("raw", "text"), [("x", "x"), ({"@no": "1", "$": "x"}, "x"), (0, "0"), (None, ""), ({}, "")])
def test_a_text_may_stand_beside_attributes(raw: Any, text: str) -> None:
    assert text_of(raw) == text


# -- paging


def test_pages_are_followed_by_next_key_and_only_the_first_asks_for_metadata(
    api: Api, source_of: Any, read: Any
) -> None:
    server = api("usage.json")
    _, _, whole = read(source_of(server))
    paged = read(source_of(server, page_size=20))[2]
    assert paged.table.equals(whole.table)
    queries = [parse_qs(urlsplit(path).query) for path, _ in server.requests[1:]]
    assert [(one["startPosition"], one["metaGetFlg"]) for one in queries] == [
        (["1"], ["Y"]),
        (["21"], ["N"]),
        (["41"], ["N"]),
    ]


def test_a_page_of_one_value_is_an_object(api: Api, source_of: Any, read: Any) -> None:
    _, _, found = read(source_of(api("usage.json"), page_size=53))
    assert found.table.num_rows == 45


def test_filters_go_to_the_server_by_their_own_names(api: Api, source_of: Any, read: Any) -> None:
    server = api("usage.json")
    _, fetched, found = read(source_of(server, filters={"cdArea": "12100,12101"}))
    assert {row["area_code"] for row in found.table.to_pylist()} == {"121002", "121011"}
    assert "cdArea=12100%2C12101" in fetched.object.location


def _counts(data: Any) -> Any:
    return data["GET_STATS_DATA"]["STATISTICAL_DATA"]["RESULT_INF"]


def _same_page_for_ever(answer: Any, start: int) -> Any:
    _counts(answer)["NEXT_KEY"] = 1
    return answer


def _never_ends(answer: Any, start: int) -> Any:
    _counts(answer)["NEXT_KEY"] = start + 1
    return answer


def _empty_pages(answer: Any, start: int) -> Any:
    if start > 1:
        answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["DATA_INF"]["VALUE"] = []
        _counts(answer)["NEXT_KEY"] = start + 20
    return answer


def _ends_early(answer: Any, start: int) -> Any:
    _counts(answer).pop("NEXT_KEY", None)
    return answer


def _total_moves(answer: Any, start: int) -> Any:
    _counts(answer)["TOTAL_NUMBER"] += start
    return answer


def _updated_meanwhile(answer: Any, start: int) -> Any:
    answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["TABLE_INF"]["UPDATED_DATE"] = f"2024-07-{start:02d}"
    return answer


def _another_table(answer: Any, start: int) -> Any:
    answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["TABLE_INF"]["@id"] = "0001111111"
    return answer


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (_same_page_for_ever, "does not go forward"),
        (_never_ends, "is not TOTAL_NUMBER"),
        (_empty_pages, "does not go forward"),
        (_ends_early, "is not TOTAL_NUMBER"),
        (_total_moves, "changed while it was read"),
        (_updated_meanwhile, "changed while it was read"),
        (_another_table, "another table"),
    ],
)
def test_pages_that_contradict_each_other_are_not_used(
    api: Api, source_of: Any, read: Any, bend: Callable[[Any, int], Any], said: str
) -> None:
    server = api("usage.json", bend=bend)
    with pytest.raises(FetchError, match=said) as caught:
        read(source_of(server, page_size=20))
    assert caught.value.next_step is not None
    assert isinstance(caught.value, SourceUnavailable) == ("changed" in said)
    assert len(server.requests) < 10


# -- what goes wrong


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


# -- configuration


def test_a_source_without_tables_is_told_so(api: Api, source_of: Any, make_context: Callable[..., Context]) -> None:
    with pytest.raises(ConfigurationError, match="lack tables"):
        EStat().gather(make_context(source_of(api("usage.json"), tables=None)))


def test_a_key_in_the_url_is_refused_without_repeating_it(
    api: Api, source_of: Any, make_context: Callable[..., Context]
) -> None:
    source = source_of(api("usage.json"))
    with pytest.raises(ConfigurationError, match="must end before") as caught:
        EStat().gather(make_context(replace(source, url=f"{source.url}?appId={APP_ID}")))
    assert APP_ID not in json.dumps(caught.value.to_dict()) + str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("tables", []),
        ("tables", [3448237]),
        ("tables", ["x"]),
        ("tables", ["1", "1"]),
        ("filters", {"appId": "x"}),
        ("filters", {"cdArea": 12100}),
        ("filters", {"cdCat16": "1"}),
        ("filters", {"cdArea": "1&appId=2"}),
        ("page_size", 0),
        ("page_size", 100_001),
        ("page_size", True),
    ],
)
def test_values_of_options_that_the_api_does_not_take_are_refused(option: str, value: Any) -> None:
    declared = next(one for one in EStat.options if one.name == option)
    with pytest.raises((ValueError, TypeError)):
        declared.type.parse(value)


# -- the whole way


def test_a_run_publishes_and_the_secret_is_nowhere(
    api: Api, source_of: Any, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    def bend(answer: Any, _: int) -> Any:
        answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["TABLE_INF"]["echo"] = f"appId={APP_ID}"
        return answer

    source = source_of(api("usage.json", bend=bend))
    [report] = run_sources(settings, [source])
    assert report.status is JobStatus.SUCCEEDED, report.to_dict()
    catalogue = open_catalogue(settings)
    try:
        package = catalogue.action("package_show", id="estat")
    finally:
        catalogue.close()
    assert package["name"] == "estat"
    said = json.dumps(report.to_dict(), ensure_ascii=False) + json.dumps(package) + caplog.text
    assert APP_ID not in said
    files = [one for one in settings.home.rglob("*") if one.is_file()]
    assert len(files) > 5
    assert not [one for one in files if APP_ID.encode() in one.read_bytes()]


def test_a_second_run_with_the_same_data_changes_nothing(api: Api, source_of: Any, settings: Settings) -> None:
    source = source_of(api("usage.json"))
    run_sources(settings, [source])
    [again] = run_sources(settings, [source])
    assert again.skipped
    assert again.status is JobStatus.SUCCEEDED


def test_a_run_that_fails_leaves_the_published_release_and_no_secret(
    api: Api, source_of: Any, settings: Settings
) -> None:
    source = source_of(api("usage.json"))
    [first] = run_sources(settings, [source])
    broken = source_of(api("usage.json", bend=lambda *_: f"<html>{APP_ID}</html>".encode()))
    [second] = run_sources(settings, [broken])
    assert first.status is JobStatus.SUCCEEDED
    assert second.status is JobStatus.FAILED
    assert APP_ID not in json.dumps(second.to_dict(), ensure_ascii=False)
    catalogue = open_catalogue(settings)
    try:
        assert catalogue.action("package_show", id="estat")["num_resources"] > 0
    finally:
        catalogue.close()


def test_every_error_says_what_to_do_in_both_languages(api: Api, source_of: Any, read: Any) -> None:
    with pytest.raises(ShihyoError) as caught:
        read(source_of(api("usage.json", bend=lambda *_: b"{}")))
    assert caught.value.next_step is not None
    assert all((caught.value.what.ja, caught.value.what.en, caught.value.next_step.ja, caught.value.next_step.en))
