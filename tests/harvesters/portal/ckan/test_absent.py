"""Datasets that a portal does not have, or not any more."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from catalog.errors import FetchError

ROWS = [("121002", "FY2021", 32.8), ("121002", "FY2022", 45.1), ("122041", "FY2021", 30.0)]


def test_a_picked_dataset_that_is_not_there_is_told_and_the_others_are_read(
    one: Any, run: Any, make_source: Any
) -> None:
    done = run(make_source("ckan", url=one.url, pick=("cards", "nowhere")))
    assert done.rows == ROWS
    assert done.counts["dataset-absent"] == 1


def test_if_none_of_the_picked_datasets_is_there_nothing_is_taken_for_deleted(
    one: Any, run: Any, make_source: Any
) -> None:
    with pytest.raises(FetchError, match="no dataset that fits") as caught:
        run(make_source("ckan", url=one.url, pick=("nowhere",)))
    assert "公開済みのデータは消しません" in caught.value.message("ja")


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_deleted_dataset_is_absent_whatever_ckan_calls_it(
    one: Any, run: Any, make_source: Any, respond: Any, status: int
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> bool:
        if "id=deleted" not in handler.path:
            return False
        respond(handler, b'{"success": false, "error": {"__type": "Authorization Error"}}', status)
        return True

    one.instead = answer
    assert run(make_source("ckan", url=one.url, pick=("cards", "deleted"))).counts["dataset-absent"] == 1


def test_a_portal_that_shows_another_dataset_than_asked_for_is_an_error(one: Any, run: Any, make_source: Any) -> None:
    one.packages["id-cards"] |= {"id": "cards", "name": "other"}
    assert run(make_source("ckan", url=one.url, pick=("cards",))).errors == {}
    one.packages["id-cards"] |= {"id": "x"}
    one.packages["id-cards"]["name"] = "CARDS"
    with pytest.raises(FetchError, match="no dataset"):
        run(make_source("ckan", url=one.url, pick=("cards",)))
