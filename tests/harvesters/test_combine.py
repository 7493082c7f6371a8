"""Contributions of several files to one dataset: joined, dropped or left side by side."""

from __future__ import annotations

from dataclasses import replace

from catalog.errors import Label
from catalog.model import TOTAL, Agent, DataStructure, Dimension
from harvesters import Contribution
from harvesters.describe import describe
from harvesters.publishing.combine import combine

KIND = Dimension("kind", Label("種別", "Kind"), {TOTAL: Label("総数", "Total")})


def _part(
    area: str, periods: tuple[str, ...], name: str, value: float = 1.0, *, kind: str = TOTAL, issued: str = "2024-01-01"
) -> Contribution:
    codes = {TOTAL: Label("総数", "Total"), kind: Label(kind, kind)}
    dataset = replace(
        describe("mynumber-prefectures", Agent("chiba-city", Label("千葉市", "Chiba City"))),
        structure=DataStructure((replace(KIND, codes=codes),)),
    )
    rows = [
        {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": area,
            "period": period,
            "kind": kind,
            "value": value,
            "unit": "PT",
            "obs_status": "A",
        }
        for period in periods
    ]
    return Contribution(
        dataset=dataset, table=dataset.structure.table(rows), issued=f"{issued}T00:00:00+09:00", object=name
    )


YEARS = ("2022", "2023")


def test_files_for_one_ward_each_are_parts_of_one_contribution() -> None:
    parts = [
        _part("121029", YEARS, "hana.csv"),
        _part("121011", YEARS, "chuo.csv"),
        _part("121037", ("2023",), "inage.csv", issued="2024-02-01"),
    ]
    combined = combine(parts)
    [joined] = combined.kept
    assert joined.objects == ("chuo.csv", "hana.csv", "inage.csv")
    assert joined.table.select(["area_code", "period"]).to_pylist() == [
        {"area_code": area, "period": period}
        for area, periods in (("121011", YEARS), ("121029", YEARS), ("121037", ("2023",)))
        for period in periods
    ]
    assert joined.issued.startswith("2024-02-01")
    assert combined.dropped == []


def test_a_joined_contribution_knows_the_codes_of_all_its_parts() -> None:
    [joined] = combine([_part("121011", YEARS, "a.csv", kind="A"), _part("121011", YEARS, "b.csv", kind="B")]).kept
    assert set(joined.dataset.structure.get_breakdown("kind").codes) == {TOTAL, "A", "B"}


def test_parts_join_those_that_became_known_with_them() -> None:
    older = [_part("121011", ("2021", "2022"), "chuo-1.csv", issued="2023-01-01")]
    older.append(_part("121029", ("2021", "2022"), "hana-1.csv", issued="2023-01-01"))
    newer = [_part("121011", YEARS, "chuo-2.csv"), _part("121029", YEARS, "hana-2.csv")]
    assert sorted(one.objects for one in combine([*older, *newer]).kept) == [
        ("chuo-1.csv", "hana-1.csv"),
        ("chuo-2.csv", "hana-2.csv"),
    ]


def test_the_second_file_of_a_period_is_dropped_and_said_to_be_the_same() -> None:
    first, again = _part("121011", YEARS, "2023.csv"), _part("121011", YEARS, "latest.csv")
    combined = combine([again, first])
    assert [one.object for one in combined.kept] == ["2023.csv"]
    assert combined.dropped == [(again, True)]


def test_the_second_file_of_a_period_that_says_something_else_is_told_apart() -> None:
    other = _part("121011", YEARS, "latest.csv", 9.0)
    assert combine([_part("121011", YEARS, "2023.csv"), other]).dropped == [(other, False)]


def test_editions_that_share_some_periods_both_stay() -> None:
    combined = combine([_part("121011", ("2021", "2022"), "a.csv"), _part("121011", YEARS, "b.csv")])
    assert [one.objects for one in combined.kept] == [("a.csv",), ("b.csv",)]
