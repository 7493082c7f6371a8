"""Names at the ends of lines: what fits, and what stays of one that does not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.portal.charts import NARROW, WIDE, Line, Point, draw_line_chart
from api.portal.charts.names import fit, text_width


def test_a_name_that_fits_stays_as_it_is() -> None:
    assert fit("千葉市", 100) == "千葉市"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Chiba City Procedures available online (synthetic)", "Chiba Cit… (synthetic)"),
        ("千葉市のオンライン化済みの手続の割合（合成データ）", "千葉市のオ…（合成データ）"),
        ("オンライン化済みの手続の割合の長い名前", "オンライン化済みの手続の…"),
    ],
)
def test_a_long_name_is_cut_before_what_stands_in_brackets_at_its_end(name: str, kept: str) -> None:
    assert fit(name, 190) == kept


@given(st.text(max_size=60), st.floats(0, 300))
def test_a_cut_name_is_never_wider_than_its_room_unless_only_the_brackets_are_left(name: str, room: float) -> None:
    cut = fit(name, room)
    assert text_width(cut) <= room or cut.startswith("…")


def _draw(name: str, frame: object) -> str:
    points = tuple(Point(date(year, 3, 31), float(year - 2000), "x") for year in (2023, 2024, 2025))
    line = Line(name, points)
    return str(draw_line_chart([line], frame, key="k", title="t", description="d", unit="%", day_text=str))  # type: ignore[arg-type]


def test_a_chart_makes_room_for_a_long_name_and_keeps_its_mark() -> None:
    assert "千葉市（合成データ）</text>" in _draw("千葉市（合成データ）", WIDE)
    assert "…（合成データ）</text>" in _draw("千葉市のオンライン化済みの手続の割合（合成データ）", WIDE)


def test_a_chart_for_telephones_has_no_names_at_its_lines() -> None:
    assert "合成データ" not in _draw("千葉市（合成データ）", NARROW)
