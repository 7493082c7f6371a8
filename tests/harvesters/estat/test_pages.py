"""Paging of e-Stat: all of a table or nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.errors import FetchError, SourceUnavailable

Api = Callable[..., Any]


def test_pages_are_followed_by_next_key_and_only_the_first_asks_for_metadata(
    api: Api, source_of: Any, read: Any
) -> None:
    server = api("usage.json")
    _, _, whole = read(source_of(server))
    paged = read(source_of(server, page_size=20))[2]
    assert paged.table.equals(whole.table)
    queries = [parse_qs(urlsplit(path).query) for path, _ in server.requests[1:]]
    assert [(one["startPosition"], one["metaGetFlg"]) for one in queries] == [
        (["1"], ["Y"]),
        (["21"], ["N"]),
        (["41"], ["N"]),
    ]


def test_a_page_of_one_value_is_an_object(api: Api, source_of: Any, read: Any) -> None:
    _, _, found = read(source_of(api("usage.json"), page_size=53))
    assert found.table.num_rows == 45


def test_filters_go_to_the_server_by_their_own_names(api: Api, source_of: Any, read: Any) -> None:
    server = api("usage.json")
    _, fetched, found = read(source_of(server, filters={"cdArea": "12100,12101"}))
    assert {row["area_code"] for row in found.table.to_pylist()} == {"121002", "121011"}
    assert "cdArea=12100%2C12101" in fetched.object.location


def _counts(data: Any) -> Any:
    return data["GET_STATS_DATA"]["STATISTICAL_DATA"]["RESULT_INF"]


def _same_page_for_ever(answer: Any, start: int) -> Any:
    _counts(answer)["NEXT_KEY"] = 1
    return answer


def _never_ends(answer: Any, start: int) -> Any:
    _counts(answer)["NEXT_KEY"] = start + 1
    return answer


def _empty_pages(answer: Any, start: int) -> Any:
    if start > 1:
        answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["DATA_INF"]["VALUE"] = []
        _counts(answer)["NEXT_KEY"] = start + 20
    return answer


def _ends_early(answer: Any, start: int) -> Any:
    _counts(answer).pop("NEXT_KEY", None)
    return answer


def _total_moves(answer: Any, start: int) -> Any:
    _counts(answer)["TOTAL_NUMBER"] += start
    return answer


def _updated_meanwhile(answer: Any, start: int) -> Any:
    answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["TABLE_INF"]["UPDATED_DATE"] = f"2024-07-{start:02d}"
    return answer


def _another_table(answer: Any, start: int) -> Any:
    answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["TABLE_INF"]["@id"] = "0001111111"
    return answer


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (_same_page_for_ever, "does not go forward"),
        (_never_ends, "is not TOTAL_NUMBER"),
        (_empty_pages, "does not go forward"),
        (_ends_early, "is not TOTAL_NUMBER"),
        (_total_moves, "changed while it was read"),
        (_updated_meanwhile, "changed while it was read"),
        (_another_table, "another table"),
    ],
)
def test_pages_that_contradict_each_other_are_not_used(
    api: Api, source_of: Any, read: Any, bend: Callable[[Any, int], Any], said: str
) -> None:
    server = api("usage.json", bend=bend)
    with pytest.raises(FetchError, match=said) as caught:
        read(source_of(server, page_size=20))
    assert caught.value.next_step is not None
    assert isinstance(caught.value, SourceUnavailable) == ("changed" in said)
    assert len(server.requests) < 10
