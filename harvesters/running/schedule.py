"""When a source is due: a sentence, or a line of cron.

Order of events of :func:`parse_schedule`: full-width characters become ordinary ones; five fields that begin with a
digit or ``*`` are cron; otherwise the sentence is read from its beginning: an interval (``3時間ごと``), or days
(:data:`_DAYS`) and then times. Whatever is read becomes lines of cron, so that there is one meaning; CronSim evaluates
them like Debian's cron, daylight saving included. Nothing is guessed: a sentence without a time is refused.

References
----------
crontab(5); CronSim 2.8.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from catalog.errors import Label, ScheduleError

#: what an error shows
EXAMPLES = Label(
    "「毎日 2:30」「平日 7:00」「毎週月曜 6:00」「毎月1日 3:00」「毎月第2火曜 9:00」「毎月末日 18:00」"
    "「毎年4月1日 9:00」「3時間ごと」またはcronの「0 3 1 * *」",
    "every day at 2:30; weekdays at 7:00; every Monday at 6:00; on the 1st of every month at 3:00; "
    "every year on April 1 at 9:00; every 3 hours; or cron: 0 3 1 * *",
)

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_YOUBI = "日月火水木金土"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_EN_DAY = r"(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:days?)?"
_EN_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_EN_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)?|last day"
_AND = r"(?:\s*(?:,|and|・|、|と|及び)\s*)+"

#: spaces that people put into a day: ``毎月 1日``, ``4月 1日``
_SPACED = re.compile(r"(?<=毎[週月年]) (?=\S)|(?<=[0-9]月) (?=[0-9]{1,2}日)|(?<=毎[週月年]の) (?=\S)")

#: ``3:00``, ``15時``, ``3時半``, ``午後6時30分``, ``6:00 pm``, ``正午``
_TIME = re.compile(
    r"(?:(?P<noon>正午|noon)|(?P<midnight>midnight)|(?P<half>午前|午後)?\s*(?P<hour>\d{1,2})"
    r"(?::(?P<minute>\d{1,2})|時(?:(?P<fun>\d{1,2})分|(?P<han>半))?)?\s*(?P<m>[ap]\.?m\.?)?)"
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a source is due."""

    #: as it was written
    text: str
    #: lines of cron; it is due when one of them is
    crons: tuple[str, ...]

    def __str__(self) -> str:
        return self.text

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the first time after a moment, in UTC, when the clocks of a zone show what is written."""
        local = moment.astimezone(zone)
        return min(next(CronSim(cron, local)) for cron in self.crons).astimezone(UTC)


def parse_schedule(text: str) -> Schedule:
    """Read a schedule.

    Raises
    ------
    ScheduleError
        If something of it cannot be understood; names that part and shows examples.
    """
    sentence = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    sentence = _SPACED.sub("", sentence)
    if re.fullmatch(r"[\d*]\S*( \S+){4}", sentence) and not re.search(r"[月日時]", sentence):
        return Schedule(text.strip(), (_checked(sentence.upper(), text),))
    crons = tuple(dict.fromkeys(_read_interval(sentence) or _read_days(sentence)))
    return Schedule(text.strip(), tuple(_checked(cron, text) for cron in crons))


def _checked(cron: str, text: str) -> str:
    try:
        next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise _unreadable(cron, Label(f"cronとして読めません（{error}）", f"it is not cron ({error})")) from error
    except StopIteration as error:
        raise _unreadable(text, Label("その日は来ません", "such a day never comes")) from error
    return cron


# -- intervals


def _read_interval(sentence: str) -> list[str] | None:
    if re.fullmatch(r"(毎時|1時間(ごと|毎)|(every hour|hourly))", sentence):
        return ["0 * * * *"]
    past = re.fullmatch(r"(?:毎時|every hour at minute) ?(\d{1,2})分?", sentence)
    if past:
        return [f"{_within(past[1], 0, 59, '分', 'minute')} * * * *"]
    every = re.fullmatch(r"(?:(\d+) ?(時間|分)(?:ごと|毎|おき)に?|every (\d+) (hour|minute)s?)", sentence)
    if every is None:
        return None
    number, unit = int(every[1] or every[3]), every[2] or every[4]
    whole, cron = (24, "0 */{} * * *") if unit in {"時間", "hour"} else (60, "*/{} * * * *")
    if not number or whole % number or number == whole:
        raise _unreadable(
            sentence,
            Label(
                f"{whole}を割り切る{whole}未満の数だけ使えます。ほかの間隔は every: に書いてください",
                f"only numbers below {whole} that divide it can be used; write other intervals as every:",
            ),
        )
    return [cron.format(number)]


# -- days, then times


def _read_days(sentence: str) -> list[str]:
    found = [(match, days) for pattern, days in _DAYS if (match := pattern.match(sentence))]
    if not found:
        unknown = _TIME_AT_END.sub("", sentence).strip() or sentence
        raise _unreadable(unknown, Label("いつの日か分かりません", "it does not say on which days"))
    match, days = max(found, key=lambda one: one[0].end())
    rest = re.sub(r"^(\s|の|に|,|、|at\b)+", "", sentence[match.end() :])
    return [
        f"{minute} {hour} {day}" for (hour, minute), day in product(_read_times(rest, sentence), days(match["what"]))
    ]


def _read_times(text: str, sentence: str) -> list[tuple[int, int]]:
    trimmed = re.sub(r"に$", "", text).strip()
    if not trimmed:
        raise _unreadable(sentence, Label("時刻がありません。「3:00」などを加えます", "it has no time such as 3:00"))
    return [_read_time(one) for one in re.split(_AND, trimmed)]


def _read_time(text: str) -> tuple[int, int]:
    match = _TIME.fullmatch(text.strip())
    if match is None or (match["hour"] and not (match["minute"] or match["m"] or "時" in text)):
        raise _unreadable(text, Label("時刻として読めません", "it is not a time"))
    if match["noon"] or match["midnight"]:
        return (12 if match["noon"] else 0), 0
    hour, minute = int(match["hour"]), 30 if match["han"] else int(match["minute"] or match["fun"] or 0)
    half = {"午前": "a", "午後": "p"}.get(match["half"] or "", (match["m"] or "")[:1])
    if half and not 0 <= hour <= 12:
        raise _unreadable(text, Label("午前・午後の時は0から12までです", "the hour is not one from 0 to 12"))
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:
        raise _unreadable(text, Label("そのような時刻はありません", "there is no such time"))
    return hour, minute


def _anything(_: str) -> list[str]:
    return ["* * *"]


def _week(what: str) -> list[str]:
    japanese = [str(_YOUBI.index(one)) for one in re.sub("曜日?", "", what) if one in _YOUBI]
    english = [str(_WEEKDAYS.index(one[:3])) for one in re.findall(_EN_DAY, what)]
    return [f"* * {','.join(sorted(set(japanese + english)))}"]


def _month_days(what: str) -> list[str]:
    days = [_day_of_month(one) for one in re.findall(rf"\d+日|末日|月末|{_EN_ORDINAL}", what)]
    return [f"{','.join(dict.fromkeys(days))} * *"]


def _day_of_month(text: str) -> str:
    if text in {"末日", "月末", "last day"}:
        return "L"
    return str(_within(re.sub(r"\D", "", text), 1, 31, "日", "day"))


def _nth_weekday(what: str) -> list[str]:
    japanese = [(nth, str(_YOUBI.index(day))) for nth, day in re.findall(rf"第(\d)([{_YOUBI}])", what)]
    english = [
        (nth, str(_WEEKDAYS.index(day[:3]))) for nth, day in re.findall(rf"(\d)(?:st|nd|rd|th) ({_EN_DAY})", what)
    ]
    return [f"* * {day}#{_within(nth, 1, 5, '週', 'week')}" for nth, day in japanese + english]


def _year_days(what: str) -> list[str]:
    japanese = re.findall(r"(\d+)月(\d+日|末日)", what)
    english = [(str(_MONTHS.index(month[:3]) + 1), day) for month, day in re.findall(rf"({_EN_MONTH}) (\d+)", what)]
    return [_year_day(month, day) for month, day in japanese + english]


def _year_day(month: str, day: str) -> str:
    number = _within(month, 1, 12, "月", "month")
    wanted = _day_of_month(day)
    if wanted != "L" and int(wanted) > _DAYS_OF_MONTH[number - 1]:
        raise _unreadable(f"{number}月{wanted}日", Label("その日は来ません", "such a day never comes"))
    return f"{wanted} {number} *"


def _within(text: str, least: int, most: int, ja: str, en: str) -> int:
    number = int(text)
    if not least <= number <= most:
        raise _unreadable(text, Label(f"{ja}は{least}から{most}までです", f"a {en} is a number from {least} to {most}"))
    return number


def _listed(item: str, *, joined: bool = False) -> str:
    return rf"(?P<what>(?:{item})(?:(?:{_AND}){'?' if joined else ''}(?:{item}))*)"


def _patterns() -> Iterator[tuple[str, Callable[[str], list[str]]]]:
    youbi = rf"[{_YOUBI}](?:曜日?)?"
    english_date = rf"{_EN_MONTH} \d{{1,2}}(?:st|nd|rd|th)?"
    every_month = r"(?:every|each) month"
    yield r"(?P<what>毎日|every ?day|daily)", _anything
    yield r"(?P<what>(?:毎週)?平日|(?:every |on )?weekdays?)", lambda _: ["* * 1-5"]
    yield r"(?P<what>(?:毎)?週末|(?:every |on )?weekends?)", lambda _: ["* * 0,6"]
    yield rf"毎週の?{_listed(youbi, joined=True)}", _week
    yield rf"(?:every|each|on|weekly on) {_listed(_EN_DAY)}", _week
    yield rf"毎月の?{_listed(r'[0-9]{1,3}日|末日')}", _month_days
    yield r"毎?(?P<what>月末)", _month_days
    yield rf"(?:{every_month}|monthly) on (?:the )?{_listed(_EN_ORDINAL)}", _month_days
    yield rf"on the {_listed(_EN_ORDINAL)} of {every_month}", _month_days
    yield rf"(?:毎月の?)?{_listed(rf'第[0-9]{youbi}')}", _nth_weekday
    yield rf"on the {_listed(rf'[0-9](?:st|nd|rd|th) {_EN_DAY}')} of {every_month}", _nth_weekday
    yield rf"毎年の?{_listed(r'[0-9]{1,3}月(?:[0-9]{1,3}日|末日)')}", _year_days
    yield rf"(?:every year|each year|yearly|annually) on {_listed(english_date)}", _year_days
    yield rf"(?:every|each) {_listed(english_date)}", _year_days


#: how days are said -> the last three fields of cron
_DAYS = tuple((re.compile(pattern), days) for pattern, days in _patterns())
_TIME_AT_END = re.compile(rf"(?:at )?(?<!\d){_TIME.pattern}$")


def _unreadable(part: str, why: Label) -> ScheduleError:
    return ScheduleError(
        f"予定の「{part}」が分かりません: {why.ja}",
        f"The schedule cannot be understood at {part!r}: {why.en}",
        next_step=Label(f"例: {EXAMPLES.ja}", f"Examples: {EXAMPLES.en}"),
        value=part,
    )
