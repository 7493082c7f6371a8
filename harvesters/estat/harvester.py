"""Statistics of the government: the e-Stat API, getStatsData (政府統計の総合窓口, API 3.0).

The tables of a source are one object, because they may tell different things of the same periods and a period is
published as a whole. The application id is a secret of this machine (``SHIHYO_ESTAT_APP_ID``); nothing here sees it.

References
----------
https://www.e-stat.go.jp/api/api-info/e-stat-manual3-0
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from catalog.database.jobs import HarvestObject
from catalog.errors import ConfigurationError, Label, Place
from catalog.model import Dataset
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.estat.pages import TableRequest, iter_pages
from harvesters.estat.records import RULES, KeptTables
from harvesters.fetching.paged_api import api_address, page_size_option
from harvesters.mapping import MAPPING_RULES, Mapper
from harvesters.mapping.defaults import mapping_options
from harvesters.options import Option, OptionType
from harvesters.readers.shape import note_shape

#: name of the one object
OBJECT = "getStatsData"
#: what whoever uses the API has to say (https://www.e-stat.go.jp/api/api-info/credit)
CREDIT = Label(
    "このサービスは、政府統計総合窓口(e-Stat)のAPI機能を使用していますが、サービスの内容は国によって保証されたものではありません。",
    "This service uses the API of e-Stat; its content is not guaranteed by the government of Japan.",
)
#: most values that e-Stat gives on a page
LARGEST_PAGE = 100_000

_FILTER = re.compile(r"(?:lv|cd)(?:Tab|Time|Area|Cat(?:0[1-9]|1[0-5]))(?:From|To)?")
_PERCENT = {"%": "PT", "％": "PT", "パーセント": "PT", "ポイント": "PP", "人": "PS", "世帯": "HH", "件": "CASE"}
_DEFAULTS: Mapping[str, Any] = {
    "area": {"column": "area"},
    "period": {"column": "period"},
    "value": {"column": "value", "unit": {"column": "unit", "codes": _PERCENT}, "percent": "points"},
    "status": {"column": "status"},
}


def _table_ids(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw or len(set(map(str, raw))) != len(raw):
        raise TypeError
    if not all(isinstance(one, str) and re.fullmatch(r"[0-9]{1,20}", one) for one in raw):
        raise ValueError
    return tuple(raw)


def _filters(raw: Any) -> dict[str, str]:
    if not isinstance(raw, Mapping) or not raw:
        raise TypeError
    for key, value in raw.items():
        if not _FILTER.fullmatch(str(key)) or not isinstance(value, str) or not re.fullmatch(r"[\w,-]{1,2000}", value):
            raise ValueError
    return dict(raw)


_TABLE_IDS = OptionType(
    "table ids",
    Label("引用符で囲んだ統計表IDの並び（例: ['0003448237']）", "a list of quoted ids, such as ['0003448237']"),
    _table_ids,
)
_FILTERS = OptionType(
    "filters",
    Label(
        "{cdArea: '12100', cdCat01: '110,120', cdTimeFrom: '2015100000'} の形（値は引用符で囲む）",
        "e-Stat's own parameters, values quoted: {cdArea: '12100', cdCat01: '110,120', cdTimeFrom: '2015100000'}",
    ),
    _filters,
)


class EStat(Harvester):
    """Harvests tables of the e-Stat API."""

    kind = "estat"
    version = "1"
    title = Label("政府統計（e-StatのAPI）", "Government statistics (e-Stat API)")
    places = ("url",)
    options = (
        Option(
            name="tables",
            type=_TABLE_IDS,
            default=None,
            help=Label("統計表ID（statsDataId）。必須", "Ids of the statistical tables (statsDataId); required"),
        ),
        Option(
            name="filters",
            type=_FILTERS,
            default=None,
            help=Label(
                "絞り込みの条件（e-Statのパラメータ名のまま）。全部の表に使う",
                "What is wanted of the tables, by the parameters of e-Stat; for all of them",
            ),
        ),
        page_size_option(LARGEST_PAGE, LARGEST_PAGE, Label("1回に取る値の数", "Values that are asked for at once")),
        *mapping_options(_DEFAULTS),
    )
    rules = (*MAPPING_RULES, *RULES)

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the one dataset of the source."""
        return (_credited(Mapper(context).dataset(), context),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the one object that all tables of the source are."""
        requests = _requests(context)
        query = [("statsDataId", one.table) for one in requests] + list(requests[0].filters.items())
        return [HarvestObject(name=OBJECT, location=f"{requests[0].url}?{urlencode(query)}")]

    def fetch(self, context: Context, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Ask for all pages of all tables."""
        return context.fetcher.keep_pages(wanted, known, _pages(context))

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return the observations of all tables, issued when the newest of them was last updated."""
        kept = KeptTables(fetched.path, context.reference.areas)
        for table, head in kept.heads.items():
            note_shape(fetched.object.name, table, [f"{axis.id} {axis.name}" for axis in head.axes])
        updated = max((head.updated for head in kept.heads.values() if head.updated), default=None)
        records = kept.records(fetched.object.name, context.source.options["markers"] or {}, context.findings)
        issued = f"{updated.isoformat()}T00:00:00+09:00" if updated else None
        found = Mapper(context).contributions(records, object=fetched.object.name, issued=issued)
        return [
            replace(one, dataset=_credited(one.dataset, context), issued=fetched.not_after(one.issued)) for one in found
        ]


def _credited(dataset: Dataset, context: Context) -> Dataset:
    """Return the dataset with the credit that e-Stat asks of everybody who uses its API."""
    title, given = context.source.title, context.source.options["citation"]
    own = Label(f"出典：政府統計の総合窓口（e-Stat）「{title.ja}」", f"Source: e-Stat, {title.en}")
    cited: Label = given or own
    return replace(dataset, citation=Label(f"{cited.ja} {CREDIT.ja}", f"{cited.en}. {CREDIT.en}"))


def _pages(context: Context) -> Iterator[bytes]:
    for request in _requests(context):
        yield from iter_pages(context.fetcher, request)


def _requests(context: Context) -> list[TableRequest]:
    source = context.source
    tables: tuple[str, ...] | None = source.options["tables"]
    if not tables:
        key = f"{source.name}.options.tables"
        raise ConfigurationError(
            f"収集元「{source.name}」の options に tables がありません",
            f"The options of {source.name} lack tables",
            next_step=Label(
                "e-Statの統計表IDを書いてください（例: tables: ['0003448237']）",
                "Give the ids of statistical tables of e-Stat, such as tables: ['0003448237']",
            ),
            place=Place(file=source.file.name, cell=key),
            key=key,
        )
    url, filters = api_address(source), source.options["filters"] or {}
    return [TableRequest(url=url, table=one, filters=filters, page_size=source.options["page_size"]) for one in tables]
