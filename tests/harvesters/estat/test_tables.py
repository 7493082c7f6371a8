"""What becomes of a table of e-Stat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from catalog.errors import Label
from harvesters.estat.answer import as_list, text_of
from harvesters.estat.harvester import EStat
from harvesters.estat.records import read_period

Api = Callable[..., Any]


def _cells(contribution: Any, **wanted: str) -> dict[str, Any]:
    rows = [row for row in contribution.table.to_pylist() if all(row[key] == one for key, one in wanted.items())]
    assert len(rows) == 1
    return dict(rows[0])


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
