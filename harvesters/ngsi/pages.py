"""Ask a context broker for all entities of a type: NGSIv2 (Orion) and NGSI-LD (Orion-LD, Scorpio, Stellio).

Both give entities by ``offset`` and ``limit``. How many there are stands in a header when it is asked for:
``Fiware-Total-Count`` (NGSIv2, ``options=count``) or ``NGSILD-Results-Count`` (NGSI-LD, ``count=true``); without it,
``Link: rel="next"`` or a full page says that there is more. A broker may give fewer than ``limit``, so the next offset
is counted from what came. Entities that move while pages are read come twice or not at all: ids are counted, and what
does not add up is not used.

References
----------
FIWARE-NGSI v2 Specification, sections "Pagination" and "Entities"; ETSI GS CIM 009 V1.8.1, 5.5.9 and 6.3.10 to 6.3.14
(pagination, Link, tenants).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from catalog.errors import FetchError, Label, Place, SourceUnavailable
from harvesters.fetching.credentials import Credential
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.paged_api import write_line

#: how a broker wants its token -> the token
CREDENTIALS = {
    "bearer": Credential("ngsi_token", header="Authorization", scheme="Bearer "),
    "x-auth-token": Credential("ngsi_token", header="X-Auth-Token"),
}
#: pages that are asked for
MOST_PAGES = 10_000
#: name of the protocol -> path of entities below the address of the broker
PATHS = {"v2": "/v2/entities", "ld": "/ngsi-ld/v1/entities"}

_COUNT_HEADERS = {"v2": "fiware-total-count", "ld": "ngsild-results-count"}
_JSONLD_CONTEXT = 'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
_NEXT = re.compile(r'rel\s*=\s*"?next\b', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRequest:
    """What is asked of a broker."""

    #: v2 or ld
    api: str
    #: address of the broker, or of its entities
    url: str
    #: type of the entities
    type: str
    #: entities on a page
    page_size: int
    #: condition in the language of the protocol, or None
    q: str | None = None
    #: URL of the JSON-LD context that names are shortened by (NGSI-LD), or None
    context: str | None = None
    #: further headers: Fiware-Service, Fiware-ServicePath, NGSILD-Tenant
    headers: Mapping[str, str] = field(default_factory=dict)
    #: the token that the broker wants, or None
    credential: Credential | None = None

    @property
    def base(self) -> str:
        """The URL of the entities."""
        url = self.url.rstrip("/")
        return url if url.endswith("/entities") else url + PATHS[self.api]

    @property
    def location(self) -> str:
        """What is asked for, without the page."""
        query = {"type": self.type, **({"q": self.q} if self.q else {})}
        return f"{self.base}?{urlencode(query)}"

    def address(self, offset: int) -> str:
        """Return the URL of the page that begins at an entity."""
        count = {"options": "count"} if self.api == "v2" else {"count": "true"}
        return f"{self.location}&{urlencode({'limit': self.page_size, 'offset': offset, **count})}"

    def sent(self) -> dict[str, str]:
        """Return the headers of every request."""
        context = {"Link": f"<{self.context}>; {_JSONLD_CONTEXT}"} if self.context and self.api == "ld" else {}
        return {"Accept": "application/json", **context, **self.headers}


def iter_entities(fetcher: Fetcher, request: EntityRequest) -> Iterator[bytes]:
    """Yield every entity as it is kept: one line of JSON each.

    Raises
    ------
    FetchError
        If the broker refuses, is no broker, or contradicts itself.
    """
    ids: set[str] = set()
    offset, told = 0, None
    for _ in range(MOST_PAGES):
        page, headers = _ask(fetcher, request, offset)
        told = _count(headers, request, offset, told)
        before = len(ids)
        ids.update(one["id"] for one in page)
        if page and len(ids) == before:
            raise _contradiction(request, offset, _REPEATS)
        yield from (write_line(one, _place(request, offset)) for one in page)
        offset += len(page)
        if not _has_more(page, headers, request, offset, told):
            _check_complete(request, ids, offset, told)
            return
    raise _contradiction(request, offset, _ENDLESS)


def _has_more(
    page: list[Any], headers: Mapping[str, str], request: EntityRequest, offset: int, told: int | None
) -> bool:
    if not page:
        return False
    if told is not None:
        return offset < told
    return bool(_NEXT.search(headers.get("link", ""))) or len(page) >= request.page_size


def _check_complete(request: EntityRequest, ids: set[str], offset: int, told: int | None) -> None:
    if not ids:
        raise FetchError(
            f"ブローカーに種別「{request.type}」のエンティティがありません",
            f"The broker has no entities of type {request.type}",
            next_step=Label(
                "options の entity_type、service、service_path、tenant、q を確かめてください",
                "Check entity_type, service, service_path, tenant and q in the options",
            ),
            place=_place(request, offset),
            value=request.type,
        )
    if len(ids) != (offset if told is None else told):
        raise _contradiction(request, offset, _COUNTS_DIFFER, told=told, received=len(ids))


def _count(headers: Mapping[str, str], request: EntityRequest, offset: int, before: int | None) -> int | None:
    text = headers.get(_COUNT_HEADERS[request.api])
    if text is None:
        return before
    if not text.strip().isdecimal():
        raise _contradiction(request, offset, _NO_COUNT, value=text[:80])
    told = int(text)
    if before is not None and told != before:
        raise _contradiction(request, offset, _CHANGED, told=before, now=told)
    return told


def _ask(fetcher: Fetcher, request: EntityRequest, offset: int) -> tuple[list[Any], Mapping[str, str]]:
    address = request.address(offset)
    body, headers = fetcher.ask_page(address, headers=request.sent(), credential=request.credential)
    try:
        page = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _no_entities(request, offset, body) from error
    if not isinstance(page, list) or not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in page):
        raise _no_entities(request, offset, body)
    return page, headers


_REPEATS = Label("同じページが繰り返し返されました", "The same page came again")
_ENDLESS = Label("ページが終わりません", "The pages do not end")
_CHANGED = Label("読んでいる間にエンティティの数が変わりました", "The number of entities changed while they were read")
_NO_COUNT = Label("件数のヘッダーが数ではありません", "The header with the count is no number")
_COUNTS_DIFFER = Label(
    "届いたエンティティの数が件数と合いません", "The number of entities that came is not the number that was told"
)


def _contradiction(request: EntityRequest, offset: int, what: Label, **context: Any) -> FetchError:
    kind = SourceUnavailable if what is _CHANGED else FetchError
    return kind(
        f"{what.ja}。この応答は使いません",
        f"{what.en}; nothing of it is used",
        next_step=Label(
            "更新の少ない時間に再実行してください。続くならブローカーの管理者に知らせてください",
            "Run it again when less is updated; if it stays so, tell who runs the broker",
        ),
        place=_place(request, offset),
        **context,
    )


def _no_entities(request: EntityRequest, offset: int, body: bytes) -> FetchError:
    return FetchError(
        "エンティティの並び（JSON）ではないものが返されました",
        "It answered with something else than a list of entities in JSON",
        next_step=Label(
            "url がブローカーのURLか、options の api（v2 か ld）が合っているか確かめてください",
            "Check that url is that of the broker, and that api in the options (v2 or ld) is right",
        ),
        place=_place(request, offset),
        value=body[:80].decode("utf-8", "replace").strip(),
    )


def _place(request: EntityRequest, offset: int) -> Place:
    return Place(file=request.location, cell=f"offset {offset}")
