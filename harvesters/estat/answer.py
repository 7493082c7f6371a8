"""What getStatsData of the e-Stat API answers, parsed.

The JSON is made of XML, so whatever may stand more than once is a list if there are two and an object if there is one,
and numbers may be texts. Shape::

    GET_STATS_DATA.RESULT            STATUS, ERROR_MSG, DATE
    GET_STATS_DATA.STATISTICAL_DATA  RESULT_INF  TOTAL_NUMBER, FROM_NUMBER, TO_NUMBER, NEXT_KEY (unless it is the last)
                                     TABLE_INF   @id, STAT_NAME, GOV_ORG, TITLE, SURVEY_DATE, OPEN_DATE, UPDATED_DATE
                                     CLASS_INF   CLASS_OBJ: @id (tab, cat01.., area, time), @name, CLASS: @code, @name
                                     DATA_INF    NOTE: @char, $; ANNOTATION: @annotation, $
                                                 VALUE: @tab, @cat01.., @area, @time, @unit, @annotation, $

References
----------
e-Stat API 3.0, section 4.3 (統計データ取得), https://www.e-stat.go.jp/api/api-info/e-stat-manual3-0
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalog.errors import FetchError, InputError, Label, Place, SourceUnavailable

_ROOT = "GET_STATS_DATA"
#: what the first digit of a status of three digits says; 100 alone is the application id
_STATUS_STEPS = {
    100: Label(
        "SHIHYO_ESTAT_APP_ID が、e-Statのマイページで発行したアプリケーションIDと同じか確かめてください",
        "Check that SHIHYO_ESTAT_APP_ID is the application id that e-Stat issued on your page there",
    ),
    1: Label(
        "options の tables（統計表ID）と filters を確かめてください",
        "Check tables (the ids of the statistical tables) and filters in the options",
    ),
    2: Label(
        "e-Stat側のデータベースの誤りです。時間を置いて再実行してください",
        "The database of e-Stat failed; run it again later",
    ),
    3: Label(
        "e-Stat側のシステムの誤りです。時間を置いて再実行してください", "e-Stat itself failed; run it again later"
    ),
}
#: from here on the fault is e-Stat's, and may be gone the next time
_OWN_FAULTS = 200
#: the statuses of answers with data, and with none because nothing fits
OK, NOTHING_FITS = 0, 1


def as_list(raw: Any) -> list[Any]:
    """Return what may stand more than once as a list: nothing, the one, or all."""
    if raw is None or raw == "":
        return []
    return raw if isinstance(raw, list) else [raw]


def text_of(raw: Any) -> str:
    """Return a text that may stand beside attributes: ``"x"`` or ``{"@no": "1", "$": "x"}``."""
    if isinstance(raw, Mapping):
        raw = raw.get("$")
    return "" if raw is None else str(raw)


@dataclass(frozen=True, slots=True)
class ClassObject:
    """One axis of a table with its items."""

    #: tab, cat01 to cat15, area or time
    id: str
    #: what it is called, such as 性別
    name: str
    #: code -> name of its items
    items: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsPage:
    """One page of the data of one table."""

    #: id of the statistical table (統計表ID)
    table: str
    #: what the table is called
    title: str
    #: day of its last update; None if it is not told
    updated: date | None
    #: number of all values that fit
    total: int
    #: where the next page begins; None on the last one
    next_key: int | None
    #: axes of the table; empty on later pages, which are asked for without
    axes: tuple[ClassObject, ...]
    #: marker -> what it says
    notes: Mapping[str, str]
    #: key of an annotation -> its text
    annotations: Mapping[str, str]
    #: the values, as they came
    values: list[Any]


def read_status(document: Any, place: Place) -> Any:
    """Return ``STATISTICAL_DATA`` of an answer that was successful.

    Raises
    ------
    InputError
        If it is no answer of getStatsData.
    FetchError
        If e-Stat says that something went wrong; ``status`` has its number.
    """
    answer = document.get(_ROOT) if isinstance(document, Mapping) else None
    result = answer.get("RESULT") if isinstance(answer, Mapping) else None
    if not isinstance(answer, Mapping) or not isinstance(result, Mapping):
        raise _no_answer(place, "GET_STATS_DATA.RESULT")
    status = _number(result.get("STATUS"), place, "RESULT.STATUS")
    if status not in {OK, NOTHING_FITS}:
        raise _failed(status, text_of(result.get("ERROR_MSG")), place)
    data = answer.get("STATISTICAL_DATA")
    if status == NOTHING_FITS or not isinstance(data, Mapping):
        raise nothing_fits(text_of(result.get("ERROR_MSG")), place)
    return data


def read_page(data: Any, place: Place) -> StatsPage:
    """Parse ``STATISTICAL_DATA``.

    Raises
    ------
    InputError
        If a part is missing or not what it should be.
    """
    counts, table = _part(data, "RESULT_INF", place), _part(data, "TABLE_INF", place)
    content = _part(data, "DATA_INF", place)
    next_key = counts.get("NEXT_KEY")
    classes = data.get("CLASS_INF") or {}
    return StatsPage(
        table=str(table.get("@id", "")),
        title=" ".join(filter(None, (text_of(table.get("STATISTICS_NAME")), text_of(table.get("TITLE"))))),
        updated=_day(table.get("UPDATED_DATE")) or _day(table.get("OPEN_DATE")),
        total=_number(counts.get("TOTAL_NUMBER"), place, "RESULT_INF.TOTAL_NUMBER"),
        next_key=None if next_key in {None, ""} else _number(next_key, place, "RESULT_INF.NEXT_KEY"),
        axes=tuple(_axes(classes, place)),
        notes=dict(_pairs(content.get("NOTE"), "@char")),
        annotations=dict(_pairs(content.get("ANNOTATION"), "@annotation")),
        values=as_list(content.get("VALUE")),
    )


def _axes(classes: Any, place: Place) -> Iterator[ClassObject]:
    for one in as_list(classes.get("CLASS_OBJ") if isinstance(classes, Mapping) else None):
        if not isinstance(one, Mapping) or "@id" not in one:
            raise _no_answer(place, "CLASS_INF.CLASS_OBJ")
        yield ClassObject(
            str(one["@id"]), str(one.get("@name", one["@id"])), dict(_pairs(one.get("CLASS"), "@code", "@name"))
        )


def _pairs(raw: Any, key: str, text: str = "$") -> Iterator[tuple[str, str]]:
    for one in as_list(raw):
        if isinstance(one, Mapping) and key in one:
            yield str(one[key]), text_of(one.get(text))


def _part(data: Any, name: str, place: Place) -> Mapping[str, Any]:
    part = data.get(name) if isinstance(data, Mapping) else None
    if not isinstance(part, Mapping):
        raise _no_answer(place, f"STATISTICAL_DATA.{name}")
    return part


def _number(raw: Any, place: Place, name: str) -> int:
    try:
        number = int(raw)
    except (TypeError, ValueError) as error:
        raise _no_answer(place, name) from error
    if number < 0:
        raise _no_answer(place, name)
    return number


def _day(raw: Any) -> date | None:
    try:
        return date.fromisoformat(text_of(raw))
    except ValueError:
        return None


def _no_answer(place: Place, part: str) -> InputError:
    return InputError(
        f"e-Statの getStatsData の応答ではありません（{part} を読めません）",
        f"It is no answer of e-Stat's getStatsData ({part} cannot be read)",
        next_step=Label(
            "url が https://api.e-stat.go.jp/rest/3.0/app/json/getStatsData か確かめてください",
            "Check that url is https://api.e-stat.go.jp/rest/3.0/app/json/getStatsData",
        ),
        place=place,
        part=part,
    )


def nothing_fits(message: str, place: Place) -> FetchError:
    """Return the error for a table of which nothing fits the filters: an empty source never deletes."""
    said = Label(f"（{message}）", f" ({message})") if message else Label("", "")
    return FetchError(
        f"条件に合うデータがe-Statにありません{said.ja}",
        f"e-Stat has no data that fit{said.en}",
        next_step=_STATUS_STEPS[1],
        place=place,
        status=NOTHING_FITS,
    )


def refused_id(place: Place, status: int) -> FetchError:
    """Return the error for an application id that e-Stat does not accept."""
    return FetchError(
        "e-StatがアプリケーションIDを受け付けませんでした",
        "e-Stat did not accept the application id",
        next_step=_STATUS_STEPS[100],
        place=place,
        status=status,
    )


def _failed(status: int, message: str, place: Place) -> FetchError:
    if status == 100:
        return refused_id(place, status)
    kind = FetchError if status < _OWN_FAULTS else SourceUnavailable
    return kind(
        f"e-Statが誤りを返しました（{status}: {message}）",
        f"e-Stat answered with error {status}: {message}",
        next_step=_STATUS_STEPS.get(status // 100, _STATUS_STEPS[3]),
        place=place,
        status=status,
    )
