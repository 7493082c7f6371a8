"""The kind ``sdmx``: all formats of SDMX, read from files and from local servers that answer like those of SDMX."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import open_catalogue
from catalog.database import JobStatus
from catalog.errors import FetchError, ForbiddenAddress, InputError, TooLarge
from catalog.settings import Settings
from harvesters import Context, Findings, HarvestSource, run_sources
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.http import HttpClient
from harvesters.sdmx import json_reader, xml_reader
from harvesters.sdmx.cells import read_area, read_sdmx_period, read_value, records_of_observations
from harvesters.sdmx.harvester import Sdmx, accept_of, read_message

FORMATS = (
    "csv-1.0.csv",
    "csv-1.0-labels.csv",
    "csv-2.0.csv",
    "json-1.0.json",
    "json-2.0.json",
    "generic-2.1.xml",
    "structure-specific-2.1.xml",
    "structure-specific-3.0.xml",
)
MAPPING = {"indicator": "kpi-02", "breakdowns": {"sex": {"column": "SEX"}}}
#: area, sex, period, value, status, unit
WHAT_ALL_SAY = [
    ("121002", "_T", "2021", Decimal("88.2"), "A", "PT"),
    ("121002", "_T", "2022", Decimal("89.9"), "P", "PT"),
    ("121002", "_T", "2023", None, "Q", "PT"),
    ("121011", "F", "2021", Decimal("45.4"), "A", "PT"),
    ("121011", "F", "2022", Decimal("46.1"), "E", "PT"),
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_addresses=True)


@pytest.fixture
def folder(specimens: Path) -> Path:
    return specimens / "sdmx"


@pytest.fixture
def source_of(make_source: Callable[..., HarvestSource]) -> Callable[..., HarvestSource]:
    def make(*, url: str | None = None, path: Path | None = None, **options: Any) -> HarvestSource:
        mapping = next(one for one in Sdmx.options if one.name == "mapping").type.parse(options.pop("mapping", MAPPING))
        given = {"landing_page": "https://sdmx.org/", **options}
        return make_source("sdmx", url=url, path=path, mapping=mapping, **given)

    return make


def _rows(path: Path, findings: Findings | None = None) -> list[dict[str, Any]]:
    records = records_of_observations(read_message(path, path.name, findings or Findings()), path.name)
    return [dict(zip(records.columns, cells, strict=True)) for _, cells in records.rows]


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


# -- formats


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_the_same(folder: Path, name: str) -> None:
    found = [
        (row["area"], row["SEX"], row["period"], _number(row["value"]), row["OBS_STATUS"], row["UNIT_MEASURE"])
        for row in _rows(folder / name)
    ]
    assert sorted(found, key=lambda one: one[:3]) == WHAT_ALL_SAY


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_observations_with_the_status_of_the_source(
    folder: Path, name: str, source_of: Any, make_context: Callable[..., Context]
) -> None:
    context, harvester = make_context(source_of(path=folder / name)), Sdmx()
    [wanted] = harvester.gather(context)
    [found] = harvester.transform(context, harvester.fetch(context, wanted, None))
    rows = {(one["area_code"], one["sex"], one["period"]): one for one in found.table.to_pylist()}
    assert len(rows) == 5
    assert (rows["121002", "_T", "2022"]["value"], rows["121002", "_T", "2022"]["obs_status"]) == (89.9, "P")
    assert (rows["121002", "_T", "2023"]["value"], rows["121002", "_T", "2023"]["obs_status"]) == (None, "Q")
    assert rows["121011", "F", "2021"]["value"] == 45.4
    assert found.issued == "2023-12-31T00:00:00+09:00"


def test_the_library_reads_sdmx_json_of_one_level_as_we_do(folder: Path, tmp_path: Path) -> None:
    """An independent reader; it takes what it understands: attributes of observations."""
    sdmx = pytest.importorskip("sdmx")
    raw = json.loads((folder / "json-1.0.json").read_text("utf-8"))
    flat = {"header": raw["meta"], **raw["data"]}
    path = tmp_path / "flat.json"
    path.write_text(json.dumps(flat), "utf-8")
    with path.open("rb") as file:
        message = sdmx.read_sdmx(file, format="JSON")
    theirs = {
        tuple(str(one.value) for one in seen.key.values.values()): (seen.value, seen.attrib["OBS_STATUS"].value.id)
        for seen in message.data[0].obs
    }
    ours = {
        (row["FREQ"], row["REF_AREA"], row["SEX"], row["TIME_PERIOD"]): (row["OBS_VALUE"], row["OBS_STATUS"])
        for row in _rows(path)
    }
    assert ours == theirs


def test_a_deleted_row_is_no_observation_and_is_told(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "deleted.csv"
    path.write_text((folder / "csv-2.0.csv").read_text("utf-8").replace(";I;A;121011;F;2022", ";D;A;121011;F;2022"))
    findings = Findings()
    assert len(_rows(path, findings)) == 4
    assert findings.counts["sdmx-deleted"] == 1


def test_a_row_with_too_few_cells_is_left_out_and_told(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    path.write_text((folder / "csv-1.0.csv").read_text("utf-8").removesuffix(",1,PT\n"), newline="")
    findings = Findings()
    assert len(_rows(path, findings)) == 4
    assert findings.counts["sdmx-row-width"] == 1


def test_a_data_set_of_deletions_is_left_out_and_told(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "deleted.xml"
    text = (folder / "structure-specific-2.1.xml").read_text("utf-8")
    path.write_text(text.replace('ss:action="Replace"', 'ss:action="Delete"'), "utf-8")
    findings = Findings()
    assert _rows(path, findings) == []
    assert findings.counts["sdmx-deleted"] == 1


# -- hostile and wrong messages


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html><body>Not found</body></html>", "data message"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "data message"),
        ("<a", "data message"),
        ("{}", "SDMX-JSON data message"),
        ('{"data": {"structures": [], "dataSets": 3}}', "SDMX-JSON data message"),
        ("[1, 2", "no SDMX-CSV"),
        ("name,number\na,1\n", "no SDMX-CSV"),
        ("Service unavailable", "no SDMX-CSV"),
        ("  \n ", "empty"),
    ],
)
def test_what_is_no_data_message_is_an_error_with_a_next_step(tmp_path: Path, body: str, said: str) -> None:
    path = tmp_path / "answer"
    path.write_text(body, "utf-8")
    with pytest.raises(InputError, match=said) as caught:
        _rows(path)
    assert caught.value.next_step is not None


def test_a_message_of_structures_is_refused_before_the_library_sees_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("the library was asked")

    monkeypatch.setattr(xml_reader.subprocess, "run", never)
    with pytest.raises(InputError, match="data message"):
        _rows(folder / "structure-2.1.xml")


def test_structures_inside_a_data_message_are_refused_too(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library evaluates an attribute of hierarchies; the place is named and nothing is parsed."""
    text = (folder / "generic-2.1.xml").read_text("utf-8")
    evil = (
        '<s:Hierarchy xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" leveled="9**9**9"/>'
        "</message:DataSet>"
    )
    path = tmp_path / "evil.xml"
    path.write_text(text.replace("</message:DataSet>", evil), "utf-8")
    monkeypatch.setattr(xml_reader.subprocess, "run", lambda *_, **__: pytest.fail("the library was asked"))
    with pytest.raises(InputError, match="Hierarchy"):
        _rows(path)


def test_the_error_of_a_server_is_passed_on(folder: Path) -> None:
    with pytest.raises(FetchError, match="No data for data query"):
        _rows(folder / "error-2.1.xml")


def test_elements_nested_without_end_are_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep.xml"
    text = (folder / "generic-2.1.xml").read_text("utf-8")
    path.write_text(text.replace("<generic:Series>", "<generic:Series>" * 100, 1), "utf-8")
    with pytest.raises(InputError, match="data message"):
        _rows(path)


def test_observations_that_the_library_leaves_out_are_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = xml_reader._parse
    monkeypatch.setattr(xml_reader, "_parse", lambda path, name: [one[:-1] for one in real(path, name)])
    with pytest.raises(InputError) as caught:
        _rows(folder / "generic-2.1.xml")
    assert caught.value.context["reason"] == "[4] observations parsed of [5]"


def test_what_the_library_prints_does_not_reach_our_output(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.xml"
    text = (folder / "generic-2.1.xml").read_text("utf-8")
    path.write_text(text.replace("<generic:ObsDimension", '<generic:Odd a="1"/><generic:ObsDimension', 1), "utf-8")
    with pytest.raises(InputError):
        _rows(path)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "module", "limit"),
    [("json-1.0.json", json_reader, "LARGEST_JSON"), ("generic-2.1.xml", xml_reader, "LARGEST_XML")],
)
def test_a_message_that_is_parsed_in_memory_has_a_limit_and_csv_is_advised(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: Any, limit: str
) -> None:
    monkeypatch.setattr(module, limit, 100)
    with pytest.raises((InputError, TooLarge), match="format: csv"):
        _rows(folder / name)


def test_a_parser_that_needs_too_much_memory_is_ended_with_a_clear_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_reader, "MOST_MEMORY", 1_000_000)
    with pytest.raises(TooLarge, match="too large to be read as SDMX-ML"):
        _rows(folder / "generic-2.1.xml")


def test_without_the_library_xml_names_the_extra_and_another_format(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child = tmp_path / "child.py"
    source = Path(xml_reader.__file__).with_name("xml_child.py").read_text("utf-8")
    child.write_text("import sys\nsys.modules['sdmx'] = None\n" + source, "utf-8")
    monkeypatch.setattr(xml_reader, "_CHILD", child)
    with pytest.raises(FetchError, match=r"shihyo\[sdmx\]") as caught:
        _rows(folder / "generic-2.1.xml")
    assert "format: csv" in caught.value.message("ja")


@pytest.mark.parametrize("name", FORMATS[:5])
def test_csv_and_json_are_read_without_the_library(folder: Path, name: str) -> None:
    code = (
        "import sys; sys.modules['sdmx'] = None; from pathlib import Path; from harvesters import Findings;"
        "from harvesters.sdmx.harvester import read_message;"
        f"print(len(list(read_message(Path({str(folder / name)!r}), 'x', Findings()).rows)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "5"


@pytest.mark.parametrize(
    "change",
    [
        lambda message: message["data"]["dataSets"][0]["series"]["0:0"]["observations"].update({"9": [1, 0]}),
        lambda message: message["data"]["dataSets"][0]["series"].update({"0:9": {"observations": {"0": [1]}}}),
        lambda message: message["data"]["dataSets"][0]["series"].update({"0": {"observations": {"0": [1]}}}),
        lambda message: message["data"]["dataSets"][0]["series"]["0:0"]["observations"].update({"0": [1, 77]}),
        lambda message: message["data"]["dataSets"][0]["series"].update({"0:0": []}),
    ],
)
def test_a_place_that_is_not_in_its_list_is_an_error_and_not_another_value(
    folder: Path, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    message = json.loads((folder / "json-1.0.json").read_text("utf-8"))
    change(message)
    path = tmp_path / "lying.json"
    path.write_text(json.dumps(message), "utf-8")
    with pytest.raises(InputError, match="SDMX-JSON"):
        _rows(path)


# -- cells


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ({"OBS_VALUE": "32.8"}, "32.8"),
        ({"OBS_VALUE": 32.8, "UNIT_MULT": "0"}, 32.8),
        ({"OBS_VALUE": "1.5", "UNIT_MULT": "3"}, Decimal("1500")),
        ({"OBS_VALUE": "1.5", "UNIT_MULT": -1}, Decimal("0.15")),
        ({"OBS_VALUE": "NaN"}, None),
        ({"OBS_VALUE": None}, None),
        ({"OBS_VALUE": "n/a"}, "n/a"),
        ({"OBS_VALUE": "1", "UNIT_MULT": "many"}, "1 (UNIT_MULT many)"),
        ({"OBS_VALUE": "1", "UNIT_MULT": "999999999"}, "1 (UNIT_MULT 999999999)"),
    ],
)
def test_a_value_is_multiplied_by_its_power_of_ten(row: Mapping[str, Any], value: Any) -> None:
    assert read_value(row) == value


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2021", "2021"),
        ("2021-A1", "2021"),
        ("2021-Q3", "2021-Q3"),
        ("2021-04", "2021-M04"),
        ("2021-M04", "2021-M04"),
        ("2021-04-01", "2021-04-01"),
        ("2021-04-01T00:00:00", "2021-04-01"),
        ("2021-04-01/P1Y", "FY2021"),
        ("2021-01-01/P1Y", "2021"),
        ("2021-04-01/P3M", "2021-Q2"),
        ("2021-05-01/P3M", "2021-05-01/P3M"),
        ("2021-07-01/P1Y", "2021-07-01/P1Y"),
        ("2021-S1", "2021-S1"),
        ("2021-W05", "2021-W05"),
    ],
)
def test_times_of_sdmx_are_periods_of_ours_if_they_can_be(text: str, period: str) -> None:
    assert read_sdmx_period({"TIME_PERIOD": text}) == period


@pytest.mark.parametrize(("text", "period"), [("2021-A1", "FY2021"), ("2021", "2021"), ("2021-Q1", "2021-Q1")])
def test_a_reporting_year_that_begins_in_april_is_a_fiscal_year_and_its_quarters_are_not_guessed(
    text: str, period: str
) -> None:
    found = read_sdmx_period({"TIME_PERIOD": text, "REPORTING_YEAR_START_DAY": "--04-01"})
    assert found == period


@pytest.mark.parametrize(
    ("code", "area"), [("JP", "000000"), ("JPN", "000000"), ("JP-12", "120006"), ("121002", "121002"), ("FR", "FR")]
)
def test_iso_codes_of_japan_become_area_codes(code: str, area: str) -> None:
    assert read_area({"REF_AREA": code}) == area


# -- servers


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
