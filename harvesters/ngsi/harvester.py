"""Key performance indicators of a city OS: context brokers that speak NGSIv2 or NGSI-LD (FIWARE, ETSI).

Entities are of type KeyPerformanceIndicator (Smart Data Models) unless the source says otherwise. The model has no
unit, target, base or interval: those are attributes of the broker's own, which the mapping names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.database.jobs import HarvestObject
from catalog.errors import Label
from catalog.model import Dataset
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.fetching.paged_api import api_address, page_size_option
from harvesters.mapping import MAPPING_RULES, Mapper
from harvesters.mapping.defaults import mapping_options
from harvesters.ngsi.entities import KeptEntities
from harvesters.ngsi.pages import CREDENTIALS, PATHS, EntityRequest, iter_entities
from harvesters.options import TEXT, Option, OptionType

#: most entities that brokers give on a page (Orion, Orion-LD, Scorpio, Stellio)
LARGEST_PAGE = 1000

#: units of UN/CEFACT Recommendation 20 and what people write -> codes of ours
_UNITS = {"P1": "PT", "%": "PT", "％": "PT", "percent": "PT", "IE": "PS", "人": "PS", "世帯": "HH", "件": "CASE"}
_DEFAULTS: Mapping[str, Any] = {
    "area": {"column": "areaServed"},
    "period": {"column": "period"},
    "value": {"column": "kpiValue", "unit": {"column": "unit", "codes": _UNITS}},
}


def _matching(pattern: str) -> Any:
    def parse(raw: Any) -> str:
        if not isinstance(raw, str) or not re.fullmatch(pattern, raw):
            raise ValueError
        return raw

    return parse


_TENANT = OptionType("tenant", Label("英数字と _ -", "letters, digits, _ and -"), _matching(r"[A-Za-z0-9_-]{1,50}"))
_SERVICE_PATH = OptionType(
    "service path",
    Label("/ で始まるパス（例: /kpi）", "a path such as /kpi"),
    _matching(r"(?:/[A-Za-z0-9_]+)*(?:/#?)?"),
)
_URL = OptionType(
    "url", Label("http:// か https:// で始まるURL", "a URL with http:// or https://"), _matching(r"https?://[^\s<>\"]+")
)


class Ngsi(Harvester):
    """Harvests entities of a context broker."""

    kind = "ngsi"
    version = "1"
    title = Label("都市OSの指標（NGSIv2・NGSI-LD）", "Indicators of a city OS (NGSIv2, NGSI-LD)")
    places = ("url",)
    options = (
        Option(
            name="api",
            type=TEXT,
            default="v2",
            help=Label(
                "ブローカーのAPI: v2（NGSIv2）か ld（NGSI-LD）", "API of the broker: v2 (NGSIv2) or ld (NGSI-LD)"
            ),
            allowed=tuple(PATHS),
        ),
        Option(
            name="entity_type",
            type=TEXT,
            default="KeyPerformanceIndicator",
            help=Label("エンティティの種別", "Type of the entities"),
        ),
        Option(
            name="q",
            type=TEXT,
            default=None,
            help=Label(
                "対象を絞る条件（ブローカーの q の書き方）", "Which entities are wanted, in the q of the broker"
            ),
        ),
        Option(
            name="service",
            type=_TENANT,
            default=None,
            help=Label("Fiware-Service ヘッダーの値", "Value of the header Fiware-Service"),
        ),
        Option(
            name="service_path",
            type=_SERVICE_PATH,
            default=None,
            help=Label("Fiware-ServicePath ヘッダーの値", "Value of the header Fiware-ServicePath"),
        ),
        Option(
            name="tenant",
            type=_TENANT,
            default=None,
            help=Label("NGSILD-Tenant ヘッダーの値", "Value of the header NGSILD-Tenant"),
        ),
        Option(
            name="token",
            type=TEXT,
            default=None,
            help=Label(
                "SHIHYO_NGSI_TOKEN のトークンを送る方法: bearer（Authorization）か x-auth-token。なければ送らない",
                "How the token of SHIHYO_NGSI_TOKEN is sent: bearer (Authorization), x-auth-token, or not at all",
            ),
            allowed=tuple(CREDENTIALS),
        ),
        Option(
            name="context",
            type=_URL,
            default=None,
            help=Label(
                "NGSI-LDの名前を短くする @context のURL", "URL of the @context that names of NGSI-LD are shortened by"
            ),
        ),
        page_size_option(100, LARGEST_PAGE, Label("1回に取るエンティティの数", "Entities that are asked for at once")),
        *mapping_options(_DEFAULTS),
    )
    rules = MAPPING_RULES

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the one dataset of the source."""
        return (Mapper(context).dataset(),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the one object that all entities are."""
        request = _request(context)
        return [HarvestObject(name=request.type, location=request.location)]

    def fetch(self, context: Context, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Ask for all pages of entities."""
        return context.fetcher.keep_pages(wanted, known, iter_entities(context.fetcher, _request(context)))

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return the observations of all entities, issued when the last of them was modified, if they tell."""
        kept = KeptEntities(fetched.path, fetched.object.name)
        issued = f"{kept.modified.isoformat()}T00:00:00+09:00" if kept.modified else None
        found = Mapper(context).contributions(kept.records(), object=fetched.object.name, issued=issued)
        return [replace(one, issued=fetched.not_after(one.issued)) for one in found]


def _request(context: Context) -> EntityRequest:
    options = context.source.options
    named = {
        "Fiware-Service": options["service"],
        "Fiware-ServicePath": options["service_path"],
        "NGSILD-Tenant": options["tenant"],
    }
    return EntityRequest(
        api=options["api"],
        url=api_address(context.source),
        type=options["entity_type"],
        page_size=options["page_size"],
        q=options["q"],
        context=options["context"],
        headers={name: value for name, value in named.items() if value},
        credential=CREDENTIALS[options["token"]] if options["token"] else None,
    )
