"""What a proposal changes, bounded: rows, spread, series, and the whole list in a file beside the page."""

from __future__ import annotations

import csv
import math
import time
from pathlib import Path
from typing import Any

import pytest

from api.harvest_pages.words import percent, signed
from catalog.reference import load_reference
from catalog.settings import Settings
from harvesters import load_sources, plan_sources
from harvesters.publishing.changes import ROWS_KEPT, ChangeBook
from harvesters.publishing.spread import BINS, Spread

#: municipalities that figures can be about
AREAS = [one.code for one in load_reference().areas if one.level == "municipality" or one.level == "city"][:60]


def yearly(year: int, *, value: float = 40.0) -> dict[tuple[str, str], float]:
    return {(area, str(year)): round(value + number / 10, 3) for number, area in enumerate(AREAS)}


@pytest.fixture
def published(office: Any) -> Any:
    """Return an office whose areas are published for a year."""
    office.write("a.csv", yearly(2021))
    office.run()
    return office


def test_the_biggest_changes_come_first_and_the_rest_is_counted(published: Any) -> None:
    revised = {key: value + number * 0.01 for number, (key, value) in enumerate(yearly(2021).items())}
    published.write("a.csv", revised)
    _, changes, page = published.plan()
    rows = changes.rows["revised"]
    assert (changes.counts["revised"], len(rows)) == (len(AREAS) - 1, ROWS_KEPT)
    sizes = [abs(one.difference) / one.after for one in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert rows[0].key["area_code"] == AREAS[-1]
    assert f"変化の大きい{ROWS_KEPT}件を示しています。ほか{len(AREAS) - 1 - ROWS_KEPT}件。" in page.text


def test_the_whole_list_stands_in_a_file_beside_the_page(published: Any, tmp_path: Path) -> None:
    published.write("b.csv", yearly(2022, value=44))
    _, changes, page = published.plan(tmp_path / "plan.html")
    target = tmp_path / "plan.cards.cards.csv"
    assert changes.listed_in == target.name
    assert f'<a href="{target.name}">{target.name}</a>' in page.html
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(AREAS)
    first = next(one for one in rows if one["area_code"] == AREAS[0])
    assert (first["kind"], first["after"], first["earlier_value"], first["earlier_period"]) == (
        *("added", "44.0", "40.0"),
        "FY2021",
    )


def test_nothing_is_written_beside_a_page_that_shows_all_rows(published: Any, tmp_path: Path) -> None:
    published.write("a.csv", {**yearly(2021), (AREAS[0], "2021"): 41})
    _, changes, _ = published.plan(tmp_path / "plan.html")
    assert changes.listed_in is None
    assert not list(tmp_path.glob("plan.*"))


def test_many_series_are_spread_with_the_biggest_numbered(published: Any) -> None:
    published.write("b.csv", {**yearly(2022), (AREAS[3], "2022"): 48.0})
    _, changes, page = published.plan()
    assert not changes.trends
    spread = changes.spreads["added"]
    assert (spread.compared, spread.up, spread.down, spread.equal) == (len(AREAS), 1, 0, len(AREAS) - 1)
    assert sum(spread.bins) == len(AREAS)
    assert "追加の大きさ（一つ前の時点からの変化）" in page.text
    assert f"比べた{len(AREAS)}件: 増加1、減少0、同じ{len(AREAS) - 1}" in page.text
    assert len(page.having("number")) == 2, "one mark in each of the two drawings, wide and narrow"


def test_what_cannot_be_compared_is_counted_and_not_drawn(published: Any) -> None:
    published.options["markers"] = {"X": "suppressed"}
    fresh: dict[tuple[str, str], object] = {**yearly(2022, value=44)}
    fresh[AREAS[0], "2022"] = "X"
    fresh[AREAS[1], "2022"] = 0
    published.write("b.csv", fresh)
    _, changes, page = published.plan()
    spread = changes.spreads["added"]
    assert dict(spread.left_out) == {"no_value": 1, "zero": 1}
    assert spread.compared == len(AREAS) - 2
    assert "比べられず、描いていないもの: どちらかに値がない（秘匿など） 1件、0を含むか符号が違う 1件" in page.text


def test_a_figure_without_a_period_before_is_compared_with_nothing(published: Any) -> None:
    published.write("b.csv", {("011002", "2022"): 12})
    _, changes, _ = published.plan()
    [row] = changes.rows["added"]
    assert (row.comparison, row.base, row.difference, row.ratio) == ("first", None, None, None)


def test_a_hundredfold_is_spread_on_a_logarithmic_axis(published: Any) -> None:
    published.write("b.csv", {key: value / 100 for key, value in yearly(2022).items()})
    _, changes, page = published.plan()
    spread = changes.spreads["added"]
    assert spread.logarithmic
    assert spread.limit == pytest.approx(math.log(100))
    assert spread.bins[0] == len(AREAS)
    assert "×0.01" in page.text
    assert "横軸は倍率（対数目盛）" in page.text


@pytest.mark.parametrize(
    ("logarithmic", "limit", "ratio", "position"),
    [
        (False, 0.1, 1.0, 0.0),
        (False, 0.1, 1.05, 0.5),
        (False, 0.1, 0.9, -1.0),
        (True, math.log(100), 10.0, 0.5),
        (True, math.log(100), 0.01, -1.0),
        (True, math.log(2), 8.0, 1.0),
    ],
)
def test_a_ratio_stands_where_the_axis_has_it(logarithmic: bool, limit: float, ratio: float, position: float) -> None:
    spread = Spread(
        logarithmic=logarithmic, limit=limit, bins=(0,) * BINS, compared=0, up=0, down=0, equal=0, left_out={}
    )
    assert spread.position(ratio) == pytest.approx(position)


@pytest.mark.parametrize(
    ("ratio", "text"), [(1.0, "+0.0%"), (1.102, "+10.2%"), (0.75, "−25.0%"), (100, "100倍"), (0.01, "0.01倍")]
)
def test_relative_changes_are_percent_or_multiples_where_percent_say_little(ratio: float, text: str) -> None:
    assert percent(ratio).ja == text


@pytest.mark.parametrize(("value", "text"), [(3.5, "+3.5"), (-1234.5, "−1,234.5"), (0.0, "±0")])
def test_differences_have_a_sign(value: float, text: str) -> None:
    assert signed(value) == text


def test_a_dimension_may_be_called_as_what_is_computed(root: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    [source] = [one for one in load_sources(root / "harvest.yml", settings) if one.name == "company-survey"]
    book = ChangeBook()
    plan_sources(settings, [source], book=book)
    changes = book.find("company-survey", "company-survey")
    assert changes is not None
    rows = changes.rows["added"]
    assert {"size", "industry"} <= set(rows[0].key)
    ratios = [max(one.ratio, 1 / one.ratio) for one in rows if one.ratio]
    assert len(ratios) > 10
    assert ratios == sorted(ratios, reverse=True)


def test_60935_changed_rows_make_a_page_below_a_megabyte_in_seconds(office: Any, tmp_path: Path) -> None:
    areas = [one.code for one in load_reference().areas if one.level != "country"][:1741]
    months = [f"{1980 + number}" for number in range(35)]
    rows = {(area, month): 10 + (index % 700) / 10 for index, area in enumerate(areas) for month in months}
    assert len(rows) == 60_935
    office.write("a.csv", rows)
    office.run()
    office.write("a.csv", {key: round(value * 1.01, 3) for key, value in rows.items()})
    start = time.process_time()
    _, changes, page = office.plan(tmp_path / "plan.html")
    assert time.process_time() - start < 30, "a plan of this size, its page and its list"
    assert changes.counts == {"revised": 60_935}
    assert len(page.html.encode()) < 1_000_000
    assert len((tmp_path / "plan.cards.cards.csv").read_text("utf-8-sig").splitlines()) == 60_936
