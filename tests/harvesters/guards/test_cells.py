"""What guards find in files is shown with file, sheet and cell, as plan and run say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import Place
from catalog.settings import Settings
from harvesters import load_sources, plan_sources, run_sources
from harvesters.places import ObservationPlaces

WARDS = ("121011", "121029", "121037", "121045", "121053", "121061")
HARVEST = """\
version: 1
organisations:
  chiba-city: {{title: {{ja: 千葉市, en: Chiba City}}, url: "https://www.city.chiba.jp/"}}
sources:
  - name: satisfaction
    kind: {kind}
    title: {{ja: 満足度の推移, en: Satisfaction over time}}
    path: 満足度
    organisation: chiba-city
    guards: {guards}
    options:
      area: "121002"
      mapping:
        indicator: kpi-03
        area: {{column: 区}}
        period: {{column: 年度, as: fiscal-year}}
        value: {{column: 率, unit: PT, percent: points}}
"""


@pytest.fixture
def staff(tmp_path: Path) -> Callable[..., Settings]:
    """Return a function that writes harvest.yml and returns the settings."""

    def make(kind: str = "excel", guards: str = "{}") -> Settings:
        (tmp_path / "満足度").mkdir(exist_ok=True)
        (tmp_path / "harvest.yml").write_text(HARVEST.format(kind=kind, guards=guards), "utf-8")
        return Settings(home=tmp_path / "home", harvest_file=tmp_path / "harvest.yml")

    return make


def rows(year: str, values: Sequence[float]) -> list[list[Any]]:
    """Return a row a ward."""
    return [[ward, year, value] for ward, value in zip(WARDS, values, strict=True)]


def write_book(path: Path, *blocks: list[list[Any]]) -> None:
    """Write a sheet with a title above its table."""
    book = openpyxl.Workbook()
    book.active.title = "満足度"
    for row in (["満足度の推移"], [], ["区", "年度", "率"], *(row for block in blocks for row in block)):
        book.active.append(row)
    book.save(path)


def write_text(path: Path, *blocks: list[list[Any]]) -> None:
    """Write a table as text."""
    lines = [["区", "年度", "率"], *(row for block in blocks for row in block)]
    path.write_text("".join(",".join(map(str, one)) + "\n" for one in lines), "utf-8")


def planned(settings: Settings, lang: str) -> str:
    """Return what ``shihyo harvest plan`` says."""
    [plan] = plan_sources(settings, load_sources(settings.harvest_file, settings))
    return "\n".join(plan.lines(lang))


def ran(settings: Settings) -> Any:
    """Run the source and return its report."""
    [report] = run_sources(settings, load_sources(settings.harvest_file, settings))
    return report


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_jump_of_the_unit_is_shown_with_sheet_and_cell(staff, tmp_path, lang):
    settings, path = staff(), tmp_path / "満足度" / "満足度.xlsx"
    write_book(path, rows("R4", [40, 41, 42, 43, 44, 45]))
    assert str(ran(settings).status) == "succeeded"
    write_book(path, rows("R4", [40, 41, 42, 43, 44, 45]), rows("R5", [0.4, 0.41, 0.42, 43, 44, 45]))
    said = planned(settings, lang)
    assert "満足度.xlsx / 満足度 / C10: kpi-03 kpi-03.draft 121011 FY2023: 40.0 → 0.4" in said
    assert "満足度.xlsx / 満足度 / C12: kpi-03 kpi-03.draft 121037 FY2023: 42.0 → 0.42" in said


def test_a_run_keeps_the_cells_in_its_report_and_its_hold(staff, tmp_path):
    settings, path = staff(), tmp_path / "満足度" / "満足度.xlsx"
    write_book(path, rows("R4", [40, 41, 42, 43, 44, 45]))
    ran(settings)
    write_book(path, rows("R4", [40, 41, 42, 43, 44, 45]), rows("R5", [0.4, 0.41, 0.42, 43, 44, 45]))
    report = ran(settings)
    assert str(report.status) == "held"
    [trip] = report.datasets[0].trips
    assert trip["guard"] == "unit-jump"
    assert trip["examples"][0]["place"] == {"file": "満足度.xlsx", "sheet": "満足度", "cell": "C10"}


def test_values_outside_a_declared_range_are_shown_with_their_cells(staff, tmp_path):
    settings = staff("csv", "{value-range: {kpi-03: [30, 60]}}")
    write_text(tmp_path / "満足度" / "a.csv", rows("R4", [40, 41, 99, 43, 44, 2]))
    said = planned(settings, "ja")
    assert "a.csv / C4: kpi-03 kpi-03.draft 121037 FY2022: ― → 99.0" in said
    assert "a.csv / C7: kpi-03 kpi-03.draft 121061 FY2022: ― → 2.0" in said


def test_a_future_period_is_shown_with_the_first_of_its_cells(staff, tmp_path):
    settings = staff("csv")
    write_text(tmp_path / "満足度" / "a.csv", rows("R4", [40, 41, 42, 43, 44, 45]), rows("R81", [40] * 6))
    assert "a.csv / C8: FY2099: ― → 6" in planned(settings, "ja")


def test_revised_values_are_shown_with_the_cells_that_revise_them(staff, tmp_path):
    settings, path = staff("csv"), tmp_path / "満足度" / "a.csv"
    write_text(path, rows("R4", [40, 41, 42, 43, 44, 45]))
    ran(settings)
    write_text(path, rows("R4", [40, 41, 52, 43, 54, 45]))
    said = planned(settings, "en")
    assert "a.csv / C4: kpi-03 kpi-03.draft 121037 FY2022: 42.0 → 52.0" in said
    assert "a.csv / C6: kpi-03 kpi-03.draft 121053 FY2022: 44.0 → 54.0" in said


def test_of_two_files_that_are_parts_each_is_named_with_its_own_cell(staff, tmp_path):
    settings = staff("csv", "{value-range: {kpi-03: [30, 60]}}")
    values = rows("R4", [40, 99, 42, 43, 98, 45])
    write_text(tmp_path / "満足度" / "a.csv", values[:3])
    write_text(tmp_path / "満足度" / "b.csv", values[3:])
    said = planned(settings, "ja")
    assert "a.csv / C3: kpi-03 kpi-03.draft 121029 FY2022: ― → 99.0" in said
    assert "b.csv / C3: kpi-03 kpi-03.draft 121053 FY2022: ― → 98.0" in said


def test_what_is_lost_names_the_file_that_should_have_it(staff, tmp_path):
    settings, path = staff("csv"), tmp_path / "満足度" / "a.csv"
    write_text(path, rows("R4", [40, 41, 42, 43, 44, 45]))
    ran(settings)
    write_text(path, rows("R4", [40, 41, 42, 43, 44, 45])[:3])
    assert "a.csv: kpi-03 kpi-03.draft 121045 FY2022: 43.0 → ―" in planned(settings, "ja")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=9, unique=True))
def test_every_observation_is_found_by_its_key_and_others_are_not(keys):
    table = pa.table({"area_code": [one for one, _ in keys], "period": [one for _, one in keys]})
    batches = pa.Table.from_batches(table.to_batches(max_chunksize=2))
    places = ObservationPlaces(batches, pa.chunked_array([pa.array(range(len(keys)))]), lambda n: Place(cell=str(n)))
    asked = [{"area_code": one, "period": other} for one in "abc" for other in "xyz"]
    found = places.find(asked)
    assert {i: place.cell for i, place in found.items()} == {
        i: str(keys.index(key)) for i, one in enumerate(asked) if (key := tuple(one.values())) in keys
    }


def test_a_part_of_a_key_finds_the_first_observation_that_has_it():
    table = pa.table({"area_code": ["a", "b", "c"], "period": ["x", "y", "y"]})
    numbers = pa.chunked_array([pa.array([0, 1, 2])])
    places = ObservationPlaces(table, numbers, lambda n: Place(cell=f"B{n}"))
    assert places.find([{"period": "y"}, {"period": "z"}, {"sex": "M"}]) == {0: Place(cell="B1")}
