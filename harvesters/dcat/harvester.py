"""Any catalogue in RDF: DCAT as Turtle, RDF/XML or JSON-LD, in one document or in Hydra's pages.

``url`` is the address of the catalogue, or of the description of one dataset. ``pick`` names datasets by
``dct:identifier``, title or IRI; ``files`` and ``formats`` choose among their distributions. Each page is an object of
its own, asked for under conditions (ETag, Last-Modified); each distribution is an object ``<dataset>/<file name>``.

A dataset of a catalogue like ours has ``datapackage.json`` among its distributions; without a mapping, the table that
it describes is taken as it is.

Pages that repeat themselves, lead in a circle, bring nothing new or never end, and a count that changes from page to
page, are errors: nothing is ever taken for deleted because a page failed.

References
----------
DCAT 3; Hydra Core Vocabulary; ADR 135, ADR 137.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar
from urllib.parse import urlsplit

from rdflib import Graph
from rdflib.term import Node

from catalog.database.jobs import HarvestObject
from catalog.errors import ConfigurationError, FetchError, Label, Place
from harvesters.base import Context, Fetched
from harvesters.datapackage.descriptor import NAME, locate, read_descriptor
from harvesters.dcat.graph import (
    FoundDataset,
    FoundFile,
    dataset_nodes,
    find_datasets,
    next_page,
    read_graph,
    total_items,
)
from harvesters.fetching.fetch import LARGEST_DOCUMENT
from harvesters.options import Option
from harvesters.portal.harvester import Found, OwnRelease, PortalHarvester
from harvesters.portal.own_release import find_own_table
from harvesters.portal.remote_files import (
    RemoteFile,
    Stated,
    choose,
    fetch_file,
    file_name,
    fold,
    format_of,
    nothing_chosen,
    unique_names,
)
from harvesters.portal.rules import COUNT_DIFFERS, DATASET_ABSENT, OPTIONS, tell_license

#: what is asked for, the preferred form first
ACCEPT = "text/turtle, application/ld+json;q=0.9, application/rdf+xml;q=0.8, */*;q=0.1"
#: pages that a catalogue may have, and datasets
MOST_PAGES, MOST_DATASETS = 500, 20_000


class Dcat(PortalHarvester):
    """A catalogue in RDF."""

    kind: ClassVar[str] = "dcat"
    version: ClassVar[str] = "1"
    title: ClassVar[Label] = Label("RDFの目録（DCAT）", "RDF catalogue (DCAT)")
    places: ClassVar[tuple[str, ...]] = ("url",)
    options: ClassVar[tuple[Option, ...]] = OPTIONS

    def find(self, context: Context) -> Found:
        """Read the catalogue, and choose among its distributions."""
        pages = _Pages(context)
        pages.read(context.source.url or "")
        datasets = _picked(context, pages.find_datasets())
        if context.source.options["mapping"] is None:
            return _own(context, pages.documents, datasets)
        named = unique_names([_remote(one, each) for one in datasets for each in one.files])
        options = context.source.options
        chosen = choose(named, options["files"], options["formats"])
        if not chosen:
            raise nothing_chosen(context, named, [one.identifier for one in datasets])
        licenses = {each.url: each.license for one in datasets for each in one.files}
        tell_license(context, [(one, licenses[one.location]) for one in chosen])
        return Found(documents=tuple(pages.documents), files=tuple(chosen))


@dataclass(slots=True)
class _Pages:
    """A catalogue while its pages are read."""

    context: Context
    #: the pages as they were fetched
    documents: list[Fetched] = field(default_factory=list)
    _graph: Graph = field(default_factory=lambda: Graph(bind_namespaces="none"))
    _nodes: set[Node] = field(default_factory=set)
    _told: int | None = None

    def find_datasets(self) -> list[FoundDataset]:
        """Return the datasets of all pages."""
        return find_datasets(self._graph)

    def read(self, url: str) -> None:
        """Read all pages, from this one on."""
        first, seen = url, set[str]()
        page: str | None = url
        while page is not None:
            if page in seen or len(seen) >= MOST_PAGES:
                raise _endless(first, page, len(seen))
            seen.add(page)
            page = self._read_page(page, first)
        found = len(self._nodes)
        if self._told is not None and found < self._told:
            detail = Label(f"{self._told}件のはずが{found}件", f"it says {self._told} and has {found}")
            self.context.findings.add(COUNT_DIFFERS, Place(file=first), detail=detail)

    def _read_page(self, url: str, first: str) -> str | None:
        wanted = HarvestObject(name=_page_name(url), location=url)
        known = self.context.known.get(wanted.name)
        fetched = self.context.fetcher.fetch_once(self.context.source, wanted, known, accept=ACCEPT)
        if any(one.object.sha256 == fetched.object.sha256 for one in self.documents):
            raise _same_again(first, url)
        self.documents.append(fetched)
        graph = read_graph(fetched.path.read_bytes(), wanted.name, url)
        self._check_total(total_items(graph), first)
        self._graph += graph
        before, following = len(self._nodes), next_page(graph, url)
        self._nodes |= dataset_nodes(graph)
        self._check_progress(before, following, first)
        return following

    def _check_total(self, told: int | None, first: str) -> None:
        if len(self.documents) > 1 and told != self._told:
            raise _changed(first, self._told, told)
        self._told = told

    def _check_progress(self, before: int, following: str | None, first: str) -> None:
        found = len(self._nodes)
        if following is not None and found == before:
            raise _endless(first, following, len(self.documents))
        if found > (MOST_DATASETS if self._told is None else min(self._told, MOST_DATASETS)):
            raise _too_many(first, found, self._told)


def _page_name(url: str) -> str:
    query = urlsplit(url).query
    return f"{file_name(url)}?{query}" if query else file_name(url)


def _picked(context: Context, found: Sequence[FoundDataset]) -> list[FoundDataset]:
    """Return the datasets that the options name; those that are not there are told."""
    names: Sequence[str] | None = context.source.options["pick"]
    if names is None:
        return list(found)
    chosen: dict[tuple[str, str], FoundDataset] = {}
    for name in names:
        hits = [one for one in found if fold(name) in map(fold, (one.iri, one.identifier, *one.titles))]
        chosen.update(((one.iri, one.identifier), one) for one in hits)
        if not hits:
            context.findings.add(DATASET_ABSENT, Place(file=context.source.url), name)
    if not chosen:
        raise nothing_chosen(context, (), [f"{one.title} ({one.identifier})" for one in found])
    return list(chosen.values())


def _remote(dataset: FoundDataset, one: FoundFile) -> RemoteFile:
    return RemoteFile(
        name=f"{_short(dataset)}/{file_name(one.url)}",
        location=one.url,
        title=one.title or file_name(one.url),
        format=format_of(one.format, one.media_type, one.url),
        ids=(one.iri,),
        modified=one.modified,
        stated=Stated.of(one.checksum, one.size),
    )


def _short(dataset: FoundDataset) -> str:
    """Return what a dataset is called in the names of objects: its identifier, of an IRI the last part."""
    return dataset.identifier.rstrip("/#").rpartition("/")[2] or "dataset"


def _own(context: Context, documents: Sequence[Fetched], datasets: Sequence[FoundDataset]) -> Found:
    """Return the current release of the one dataset that a catalogue like ours describes."""
    nothing = Found(documents=tuple(documents), files=())
    described = [(one, each) for one in datasets for each in one.files if file_name(each.url) == NAME]
    if not described:
        return nothing
    if len(described) > 1:
        raise _several(context, [one.identifier for one, _ in described])
    [(dataset, file)] = described
    remote = _remote(dataset, file)
    descriptor_file = fetch_file(context, remote, context.known.get(remote.name), limit=LARGEST_DOCUMENT)
    descriptor = read_descriptor(descriptor_file.path.read_bytes(), remote.name)
    table = find_own_table(descriptor, remote.name)
    if table is None:
        return nothing
    beside = (one.url for one in dataset.files if file_name(one.url) == table.path)
    location = next(beside, locate(file.url, table.path))
    wanted = replace(
        remote,
        name=f"{_short(dataset)}/{file_name(location)}",
        location=location,
        stated=Stated.of(table.hash, table.bytes),
    )
    tell_license(context, [(wanted, file.license)])
    return Found(
        documents=(*documents, descriptor_file),
        files=(wanted,),
        own=OwnRelease(descriptor=descriptor, table=table),
    )


def _several(context: Context, names: Sequence[str]) -> ConfigurationError:
    source = context.source
    key = f"{source.name}.options.pick"
    return ConfigurationError(
        f"こちらと同じ形のデータセットが{len(names)}件あります",
        f"There are {len(names)} datasets in our form",
        next_step=Label(
            f"options の pick で一つを名指してください: {'、'.join(names[:10])}",
            f"Name one with pick in the options: {', '.join(names[:10])}",
        ),
        place=Place(file=source.file.name, cell=key),
        key=key,
        allowed=list(names[:10]),
    )


_TELL = Label(
    "提供元に知らせるか、データセット1件の記述のURLを url に書いてください。公開済みのデータは消しません",
    "Tell the owner of the source, or give the URL of the description of one dataset. What is published stays",
)


def _same_again(first: str, url: str) -> FetchError:
    return FetchError(
        f"次のページ「{url}」が、前のページと同じ内容です",
        f"The next page, {url}, is the same as one before",
        next_step=_TELL,
        place=Place(file=first),
        value=url,
    )


def _endless(first: str, url: str, pages: int) -> FetchError:
    return FetchError(
        f"目録のページが終わりません（{pages}ページ目の次が「{url}」）",
        f"The pages of the catalogue do not end (after page {pages} comes {url})",
        next_step=_TELL,
        place=Place(file=first),
        value=url,
    )


def _changed(first: str, before: int | None, now: int | None) -> FetchError:
    return FetchError(
        f"読んでいる間に目録が変わりました（{before}件→{now}件）",
        f"The catalogue changed while it was read ({before} datasets, then {now})",
        next_step=Label("もう一度実行してください", "Run it again"),
        place=Place(file=first),
    )


def _too_many(first: str, found: int, told: int | None) -> FetchError:
    said = Label(f"目録が言う{told}件", f"the {told} that it says") if told is not None else None
    limit = said or Label(f"上限の{MOST_DATASETS}件", f"the limit of {MOST_DATASETS}")
    return FetchError(
        f"データセットが{limit.ja}を超えました（{found}件）",
        f"It has more datasets than {limit.en} ({found})",
        next_step=_TELL,
        place=Place(file=first),
        value=found,
    )
