"""A local server that answers like a context broker."""

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
from harvesters.ngsi.harvester import Ngsi

MAPPING = {"indicator": "kpi-02"}


COUNTS = {"v2": "Fiware-Total-Count", "ld": "NGSILD-Results-Count"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_addresses=True)


@pytest.fixture
def entities_of(specimens: Path) -> Callable[[str], list[Any]]:
    return lambda name: json.loads((specimens / "ngsi" / name).read_text("utf-8"))


@pytest.fixture
def broker(serve: Any, respond: Callable[..., None]) -> Callable[..., Any]:
    """Return a function that starts a broker; ``bend`` may change page and headers before they are sent."""

    def start(
        entities: list[Any],
        *,
        tell: bool = True,
        link: bool = True,
        most: int = 1000,
        bend: Callable[[list[Any], dict[str, str], int], Any] = lambda page, *_: page,
    ) -> Any:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            parts = urlsplit(handler.path)
            query = {key: one for key, [one] in parse_qs(parts.query).items()}
            api = "v2" if parts.path == "/v2/entities" else "ld"
            offset, limit = int(query["offset"]), min(int(query["limit"]), most)
            asked = query.get("options") == "count" if api == "v2" else query.get("count") == "true"
            headers = {COUNTS[api].replace("-", "_"): str(len(entities))} if tell and asked else {}
            if link and api == "ld" and offset + limit < len(entities):
                headers["Link"] = f'<{parts.path}?offset={offset + limit}>;rel="next";type="application/ld+json"'
            page = bend(entities[offset : offset + limit], headers, offset)
            sent = page if isinstance(page, bytes) else json.dumps(page).encode()
            respond(handler, sent, Content_Type="application/json", **headers)

        return serve(answer)

    return start


@pytest.fixture
def source_of(make_source: Callable[..., HarvestSource]) -> Callable[..., HarvestSource]:
    def make(server: Any, **options: Any) -> HarvestSource:
        mapping = next(one for one in Ngsi.options if one.name == "mapping").type.parse(options.pop("mapping", MAPPING))
        given = {"landing_page": "https://www.city.chiba.jp/", **options}
        return make_source("ngsi", url=server.url, mapping=mapping, **given)

    return make


@pytest.fixture
def read(make_context: Callable[..., Context]) -> Callable[[HarvestSource], tuple[Context, Any]]:
    def harvest(source: HarvestSource) -> tuple[Context, Any]:
        context, harvester = make_context(source), Ngsi()
        [wanted] = harvester.gather(context)
        [found] = harvester.transform(context, harvester.fetch(context, wanted, None))
        return context, found

    return harvest
