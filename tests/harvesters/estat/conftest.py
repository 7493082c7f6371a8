"""A local server that answers like the e-Stat API, and like one that fails or lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.settings import Settings
from harvesters import Context, HarvestSource
from harvesters.base import Fetched
from harvesters.estat.answer import as_list
from harvesters.estat.harvester import EStat

APP_ID = "0123456789abcdef0123456789abcdef01234567"


MAPPING = {
    "indicator": "kpi-02",
    "breakdowns": {"sex": {"column": "cat01", "codes": {"0": "_T", "1": "M", "2": "F"}}},
    "note": {"column": "note"},
}


Respond = Callable[..., None]


Api = Callable[..., Any]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_addresses=True, estat_app_id=APP_ID)


@pytest.fixture
def answer_of(specimens: Path) -> Callable[[str], Any]:
    return lambda name: json.loads((specimens / "estat" / name).read_text("utf-8"))


@pytest.fixture
def api(serve: Any, respond: Respond, answer_of: Callable[[str], Any]) -> Api:
    """Return a function that starts a server; ``bend`` may change any answer before it is sent."""

    def start(*names: str, bend: Callable[[Any, int], Any] = lambda answer, _: answer) -> Any:
        tables = {one["GET_STATS_DATA"]["STATISTICAL_DATA"]["TABLE_INF"]["@id"]: one for one in map(answer_of, names)}

        def answer(handler: BaseHTTPRequestHandler) -> None:
            query = {key: one for key, [one] in parse_qs(urlsplit(handler.path).query).items()}
            if query.get("appId") != APP_ID:
                respond(handler, json.dumps(answer_of("error-100.json")).encode(), 403)
                return
            start = int(query["startPosition"])
            page = _page(tables[query["statsDataId"]], query, start)
            body = bend(page, start)
            sent = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
            respond(handler, sent, Content_Type="application/json;charset=utf-8")

        return serve(answer)

    return start


def _page(table: Any, query: dict[str, str], start: int) -> Any:
    """Return one page as e-Stat gives it: an object instead of a list of one, and NEXT_KEY on all but the last."""
    page = json.loads(json.dumps(table))
    data = page["GET_STATS_DATA"]["STATISTICAL_DATA"]
    every = [one for one in as_list(data["DATA_INF"]["VALUE"]) if _fits(one, query)]
    chosen = every[start - 1 : start - 1 + int(query["limit"])]
    last = start - 1 + len(chosen)
    data["RESULT_INF"] = {"TOTAL_NUMBER": len(every), "FROM_NUMBER": start, "TO_NUMBER": last}
    if last < len(every):
        data["RESULT_INF"]["NEXT_KEY"] = last + 1
    data["DATA_INF"]["VALUE"] = chosen[0] if len(chosen) == 1 else chosen
    if query["metaGetFlg"] == "N":
        del data["CLASS_INF"]
    return page


def _fits(value: Any, query: dict[str, str]) -> bool:
    return all(value[f"@{axis}"] in query[key].split(",") for key, axis in (("cdArea", "area"),) if key in query)


@pytest.fixture
def source_of(make_source: Callable[..., HarvestSource]) -> Callable[..., HarvestSource]:
    def make(server: Any, **options: Any) -> HarvestSource:
        mapping = next(one for one in EStat.options if one.name == "mapping").type.parse(
            options.pop("mapping", MAPPING)
        )
        given = {"tables": ("0009999901",), "landing_page": "https://www.e-stat.go.jp/", "max_rejected": 0.4, **options}
        return make_source("estat", url=f"{server.url}/rest/3.0/app/json/getStatsData", mapping=mapping, **given)

    return make


@pytest.fixture
def read(make_context: Callable[..., Context]) -> Callable[[HarvestSource], tuple[Context, Fetched, Any]]:
    def harvest(source: HarvestSource) -> tuple[Context, Fetched, Any]:
        context, harvester = make_context(source), EStat()
        [wanted] = harvester.gather(context)
        fetched = harvester.fetch(context, wanted, None)
        [contribution] = harvester.transform(context, fetched)
        return context, fetched, contribution

    return harvest
