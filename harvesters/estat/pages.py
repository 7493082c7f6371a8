"""Ask e-Stat for all pages of a table, and believe it only as far as its numbers add up.

Order of events for a table: the first page is asked for with the metadata, the others without, each from the
``NEXT_KEY`` of the one before. The pages must go forward, must agree on the total and on the day of the last update,
and must bring as many values as they said; otherwise nothing of the table is used, because half a table looks like a
table from which the rest was withdrawn.

What is kept of an answer is ``STATISTICAL_DATA``: RESULT and PARAMETER only say when and what was asked, and would make
the same data look changed on every day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from catalog.errors import FetchError, Label, Place, SourceUnavailable
from harvesters.estat.answer import StatsPage, nothing_fits, read_page, read_status, refused_id
from harvesters.fetching.credentials import Credential
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.paged_api import write_line

#: the application id
APP_ID = Credential("estat_app_id", "appId")
#: pages of one table that are asked for
MOST_PAGES = 10_000

_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRequest:
    """What is asked of one table."""

    #: address of getStatsData
    url: str
    #: id of the statistical table
    table: str
    #: what is wanted of it, such as cdArea
    filters: Mapping[str, str]
    #: most values on a page
    page_size: int

    def address(self, start: int) -> str:
        """Return the URL of the page that begins at a value, without the application id."""
        query = {
            "lang": "J",
            "statsDataId": self.table,
            **self.filters,
            "metaGetFlg": "Y" if start == 1 else "N",
            "cntGetFlg": "N",
            "startPosition": start,
            "limit": self.page_size,
        }
        return f"{self.url}?{urlencode(query)}"


def iter_pages(fetcher: Fetcher, request: TableRequest) -> Iterator[bytes]:
    """Yield the pages of a table as they are kept: ``{"table", "data"}``, one line of JSON each.

    Raises
    ------
    FetchError
        If e-Stat refuses, has nothing, or contradicts itself.
    InputError
        If something else than e-Stat answers.
    """
    start, received = 1, 0
    first: StatsPage | None = None
    for _ in range(MOST_PAGES):
        data = _ask(fetcher, request, start)
        page = read_page(data, _place(request, start))
        first = first or page
        received += len(page.values)
        _check(first, page, request, start, received)
        yield write_line({"table": request.table, "data": data}, _place(request, start))
        if page.next_key is None:
            if received != first.total:
                raise _contradiction(request, start, _COUNTS_DIFFER, told=first.total, received=received)
            return
        start = page.next_key
    raise _contradiction(request, start, _ENDLESS, pages=MOST_PAGES)


def _ask(fetcher: Fetcher, request: TableRequest, start: int) -> Any:
    place = _place(request, start)
    try:
        body, _ = fetcher.ask_page(request.address(start), headers={"Accept": "application/json"}, credential=APP_ID)
    except FetchError as error:
        status = error.context.get("status")
        if status in _REFUSED:  # the gate before the API answers so to an id that the API does not know
            raise refused_id(place, status) from error
        raise
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _no_json(body, place) from error
    return read_status(document, place)


def _check(first: StatsPage, page: StatsPage, request: TableRequest, start: int, received: int) -> None:
    if page.total == 0:
        raise nothing_fits("", _place(request, start))
    if (page.total, page.updated) != (first.total, first.updated):
        raise _contradiction(request, start, _CHANGED, told=first.total, now=page.total)
    if page.table and page.table.lstrip("0") != request.table.lstrip("0"):
        raise _contradiction(request, start, _OTHER_TABLE, value=page.table)
    if page.next_key is not None and (page.next_key <= start or not page.values):
        raise _contradiction(request, start, _NO_PROGRESS, next_key=page.next_key)
    if received > first.total:
        raise _contradiction(request, start, _COUNTS_DIFFER, told=first.total, received=received)


_COUNTS_DIFFER = Label("届いた値の数が TOTAL_NUMBER と合いません", "The number of values that came is not TOTAL_NUMBER")
_CHANGED = Label("読んでいる間に表が更新されました", "The table changed while it was read")
_OTHER_TABLE = Label("頼んだものと違う統計表が返されました", "It answered with another table than was asked for")
_NO_PROGRESS = Label("NEXT_KEY が前に進みません", "NEXT_KEY does not go forward")
_ENDLESS = Label("NEXT_KEY が終わりません", "NEXT_KEY does not end")


def _contradiction(request: TableRequest, start: int, what: Label, **context: Any) -> FetchError:
    kind = SourceUnavailable if what is _CHANGED else FetchError
    return kind(
        f"{what.ja}。この統計表は使いません",
        f"{what.en}; nothing of the table is used",
        next_step=Label(
            "時間を置いて再実行してください。続くならe-Statに知らせてください",
            "Run it again later; if it stays so, tell e-Stat",
        ),
        place=_place(request, start),
        **context,
    )


def _no_json(body: bytes, place: Place) -> FetchError:
    start = body[:200].decode("utf-8", "replace").strip()
    page = Label("HTMLのページ", "an HTML page") if start.startswith("<") else Label("別のもの", "something else")
    return FetchError(
        f"JSONではなく{page.ja}が返されました",
        f"It answered with {page.en} instead of JSON",
        next_step=Label(
            "url が …/app/json/getStatsData で終わるか、e-Statがメンテナンス中でないか確かめてください",
            "Check that url ends with /app/json/getStatsData, and that e-Stat is not under maintenance",
        ),
        place=place,
        value=start[:80],
    )


def _place(request: TableRequest, start: int) -> Place:
    return Place(file=request.table, cell=f"startPosition {start}")
