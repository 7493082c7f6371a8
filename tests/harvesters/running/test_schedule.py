"""Schedules: sentences, cron, what cannot be understood, and the times that come of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import ScheduleError
from harvesters.running.schedule import EXAMPLES, Schedule, parse_schedule

TOKYO = ZoneInfo("Asia/Tokyo")
#: a Sunday noon in Tokyo
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

MEANINGS = {
    "毎日 2:30": "2026-11-23 02:30",
    "毎日 午後6時半": "2026-11-22 18:30",
    "毎日、正午": "2026-11-23 12:00",
    "毎月1日 3:00": "2026-12-01 03:00",
    "毎月１日　３：００": "2026-12-01 03:00",
    "毎月1日と15日の3時に": "2026-12-01 03:00",
    "毎月 1日 3:00": "2026-12-01 03:00",
    "毎週 月曜 6:00": "2026-11-23 06:00",
    "毎年 4月 1日 9:00": "2027-04-01 09:00",
    "第2火曜 9:00": "2026-12-08 09:00",
    "毎月末日 18:00": "2026-11-30 18:00",
    "月末 18時": "2026-11-30 18:00",
    "毎月31日 3:00": "2026-12-31 03:00",
    "毎月第2火曜 9:00": "2026-12-08 09:00",
    "毎週月曜 6:00": "2026-11-23 06:00",
    "毎週水・金曜日 7:00と19:00": "2026-11-25 07:00",
    "毎週土日 9時15分": "2026-11-28 09:15",
    "平日 7:00": "2026-11-23 07:00",
    "週末 13:00": "2026-11-22 13:00",
    "毎年4月1日 9:00": "2027-04-01 09:00",
    "毎年2月29日 9:00": "2028-02-29 09:00",
    "毎年4月1日と12月10日 9:00": "2026-12-10 09:00",
    "毎年2月末日 9:00": "2027-02-28 09:00",
    "3時間ごと": "2026-11-22 15:00",
    "15分ごと": "2026-11-22 12:15",
    "毎時": "2026-11-22 13:00",
    "毎時10分": "2026-11-22 12:10",
    "every day at 2:30": "2026-11-23 02:30",
    "Daily at noon": "2026-11-23 12:00",
    "every Monday and Thursday at 6:00": "2026-11-23 06:00",
    "weekdays at 7am": "2026-11-23 07:00",
    "on the 1st of every month at 3:00": "2026-12-01 03:00",
    "every month on the 1st and 15th at 3:00": "2026-12-01 03:00",
    "every month on the last day at 6 pm": "2026-11-30 18:00",
    "on the 2nd Tuesday of every month at 9:00": "2026-12-08 09:00",
    "every year on April 1 at 9:00": "2027-04-01 09:00",
    "every April 1st at 9:00": "2027-04-01 09:00",
    "every 3 hours": "2026-11-22 15:00",
    "every hour": "2026-11-22 13:00",
    "0 3 1 * *": "2026-12-01 03:00",
    "*/20 8-18 * * mon-fri": "2026-11-23 08:00",
}

UNREADABLE = {
    "毎曜 3:00": "毎曜",
    "every fortnight at 3:00": "every fortnight",
    "3:00": "3:00",
    "毎日": "毎日",
    "123": "123",
    "2月30日 9:00": "2月30日",
    "毎日 朝": "朝",
    "毎日 3": "3",
    "毎日 3:61": "3:61",
    "毎日 25時": "25時",
    "毎日 午後13時": "午後13時",
    "毎日 3:00 頃": "3:00 頃",
    "毎月32日 3:00": "32",
    "毎月第6月曜 3:00": "6",
    "毎年13月1日 0:00": "13",
    "毎年2月30日 3:00": "2月30日",
    "5時間ごと": "5時間ごと",
    "0時間ごと": "0時間ごと",
    "61 * * * *": "61 * * * *",
    "0 0 31 2 *": "0 0 31 2 *",
    "": "",
}


def _next(text: str, moment: datetime = NOW) -> datetime:
    return parse_schedule(text).next_after(moment, TOKYO)


@pytest.mark.parametrize(("text", "due"), MEANINGS.items())
def test_a_sentence_means_its_next_time_in_tokyo(text: str, due: str) -> None:
    assert _next(text).astimezone(TOKYO).strftime("%Y-%m-%d %H:%M") == due


@pytest.mark.parametrize(("text", "part"), UNREADABLE.items())
def test_what_is_not_understood_is_named_with_examples(text: str, part: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(text)
    assert caught.value.context["value"] == part
    assert f"「{part}」" in caught.value.message("ja")
    assert EXAMPLES.ja in caught.value.message("ja")
    assert EXAMPLES.en in caught.value.message("en")


def test_the_examples_of_the_errors_can_be_read() -> None:
    for text in EXAMPLES.ja.replace("」またはcronの「", "」「").strip("「」").split("」「"):
        assert parse_schedule(text).crons
    for text in EXAMPLES.en.replace("or cron: ", "").split("; "):
        assert parse_schedule(text).crons


def test_it_is_written_as_it_was_given() -> None:
    assert str(parse_schedule(" 毎月１日 3:00 ")) == "毎月１日 3:00"


def test_the_zone_decides_what_the_clock_shows() -> None:
    assert parse_schedule("毎日 2:30").next_after(NOW, ZoneInfo("UTC")) == datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


@given(hour=st.integers(0, 23), minute=st.integers(0, 59), day=st.integers(1, 31), month=st.integers(1, 12))
def test_japanese_english_and_cron_mean_the_same(hour: int, minute: int, day: int, month: int) -> None:
    if day > (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]:
        day = 28
    english = datetime(2027, month, day, tzinfo=UTC).strftime("%B")
    three = [
        f"毎年{month}月{day}日 {hour}時{minute}分",
        f"every year on {english} {day} at {hour}:{minute:02}",
        f"{minute} {hour} {day} {month} *",
    ]
    assert len({_next(text) for text in three}) == 1
    due = _next(three[0]).astimezone(TOKYO)
    assert (due.month, due.day, due.hour, due.minute) == (month, day, hour, minute)


@given(
    text=st.sampled_from(sorted(MEANINGS)),
    moment=st.integers(1_600_000_000, 2_000_000_000).map(lambda one: datetime.fromtimestamp(one, UTC)),
)
def test_the_next_time_is_later_and_nothing_lies_between(text: str, moment: datetime) -> None:
    due = _next(text, moment)
    assert due > moment
    assert _next(text, due - timedelta(seconds=1)) == due
    assert _next(text, moment + (due - moment) / 2) == due


def _read(text: str) -> Schedule | ScheduleError:
    try:
        return parse_schedule(text)
    except ScheduleError as error:
        return error


@given(st.text(max_size=30))
def test_any_text_is_a_schedule_or_an_error_that_names_a_part(text: str) -> None:
    read = _read(text)
    assert read.next_step is not None if isinstance(read, ScheduleError) else read.next_after(NOW, TOKYO) > NOW


@given(st.lists(st.sampled_from(["毎", "月", "日", "週", "第", "末", "年", "1", "32", ":", "時", "ごと", " ", "と"])))
def test_scraps_of_sentences_never_fail_otherwise(scraps: list[str]) -> None:
    assert isinstance(_read("".join(scraps)), Schedule | ScheduleError)
