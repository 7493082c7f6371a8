"""Time as Japanese documents write it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import InvalidPeriod
from harvesters.readers.eras import ERAS, find_times, read_time


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("令和5年度", "FY2023"),
        ("R5年度", "FY2023"),
        ("２０２３年度", "FY2023"),
        ("令和元年度", "FY2019"),
        ("平成31年度", "FY2019"),
        ("FY2023", "FY2023"),
        ("令和 5 年", "2023"),
        ("2023", "2023"),
        ("令和元年5月7日", "2019-05-07"),
        ("令和４年１０月１日", "2022-10-01"),
        ("R3.4.1", "2021-04-01"),
        ("H31.4.1", "2019-04-01"),
        ("S64.1.7", "1989-01-07"),
        ("2021/7/1", "2021-07-01"),
        ("2023-04-01", "2023-04-01"),
        ("20230401", "2023-04-01"),
        ("2023年4月", "2023-M04"),
        ("R5.4", "2023-M04"),
        ("令和5年第2四半期", "2023-Q2"),
    ],
)
def test_a_text_is_read_as_its_period(text, period):
    assert str(read_time(text).period) == period


def test_a_fiscal_year_is_no_year():
    assert read_time("令和5年度").period != read_time("令和5年").period
    assert read_time("令和5年度").period.start == date(2023, 4, 1)


@pytest.mark.parametrize(
    "text",
    ["", "未実施", "―", "H31.41", "令和5年2月30日", "2023-13-01", "R0.1.1", "5.4", "2023年4月～", "令和五年", "12345"],
)
def test_what_is_no_time_is_refused_with_its_value(text):
    with pytest.raises(InvalidPeriod) as caught:
        read_time(text)
    assert caught.value.context["value"] == text


def test_a_bare_era_year_says_neither_year_nor_fiscal_year():
    with pytest.raises(InvalidPeriod, match="calendar year or a fiscal year"):
        read_time("R5")


@pytest.mark.parametrize(("bare", "period"), [("fiscal_year", "FY2023"), ("year", "2023")])
def test_a_bare_era_year_is_what_the_caller_says(bare, period):
    assert str(read_time("R5", bare=bare).period) == period


def test_a_date_behind_the_end_of_its_era_is_understood_and_reported():
    read = read_time("平成31年5月1日")
    assert str(read.period) == "2019-05-01"
    assert "2019-04-30" in read.repair.ja


def test_a_date_within_its_era_is_not_repaired():
    assert read_time("平成31年4月30日").repair is None


DAYS = st.dates(date(1873, 1, 1), date(2030, 12, 31))


@given(
    DAYS,
    st.sampled_from(["{name}{year}年{month}月{day}日", "{letter}{year}.{month}.{day}", "{letter}{year}/{month}/{day}"]),
)
def test_every_day_of_every_era_is_read_back(day, form):
    era = next(one for one in reversed(ERAS) if one.start <= day)
    year = day.year - era.start.year + 1
    text = form.format(name=era.name, letter=era.letter, year="元" if year == 1 else year, month=day.month, day=day.day)
    assert read_time(text).period.start == day


@given(st.text(max_size=15))
def test_any_text_is_a_period_or_refused(text):
    with suppress(InvalidPeriod):
        assert read_time(text).period.start.year >= 1873


def test_the_eras_follow_each_other_without_a_gap():
    for earlier, later in pairwise(ERAS):
        assert earlier.end + timedelta(days=1) == later.start


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("令和4年度　千葉市市民アンケート　集計表", ["FY2022"]),
        ("調査時期：令和4年11月1日～11月30日　標本数：3,000", ["2022-11-01"]),
        ("市民アンケート_R5_個票.csv", []),
        ("令和5年13月の集計", []),
        ("なし", []),
    ],
)
def test_times_are_found_in_running_text(text, periods):
    assert [str(time.period) for _, time in find_times(text)] == periods


def test_a_bare_era_in_the_name_of_a_file_is_found_if_it_is_said_what_it_is():
    assert [(mention, str(time.period)) for mention, time in find_times("個票_R5_確定.csv", bare="fiscal_year")] == [
        ("R5", "FY2023")
    ]
