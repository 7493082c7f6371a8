"""Any CKAN portal, as far as its action API is public or a token opens it.

``url`` is the address of the portal. ``pick`` names datasets, or ``query`` and ``filter`` search for them; ``files``
and ``formats`` choose among their resources. What the portal said is kept as the object ``datasets.json``
(:mod:`harvesters.ckan.listing`); each resource is an object
``<dataset>/<id of the resource>.<format>``, which stays when somebody renames the file.

A file that CKAN has itself (an upload) and whose resource reads as in the last run is not asked for again; a link to
somewhere else is asked for under conditions, because CKAN does not know when that changes.

``token: true`` sends the token of ``SHIHYO_PORTAL_TOKEN`` to the portal, and to nobody else: private datasets are then
read like others, and told, because what is made of them is published.

A dataset of a catalogue like ours has the descriptor of its current release among its resources; without a mapping, the
table that it describes is taken as it is.

References
----------
CKAN 2.12 API guide; ADR 134, ADR 137.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import ClassVar
from urllib.parse import urljoin

from catalog.database.jobs import HarvestObject
from catalog.errors import ConfigurationError, FetchError, Label, Place
from harvesters.base import Context, Fetched
from harvesters.ckan.listing import Portal, Question, list_packages
from harvesters.ckan.packages import Listing, Package, Resource
from harvesters.datapackage.descriptor import NAME, read_descriptor
from harvesters.documents import read_moment
from harvesters.fetching.credentials import Credential
from harvesters.fetching.fetch import LARGEST_DOCUMENT
from harvesters.options import FLAG, TEXT, Option
from harvesters.portal.harvester import Found, OwnRelease, PortalHarvester
from harvesters.portal.own_release import find_own_table
from harvesters.portal.remote_files import (
    RemoteFile,
    Stated,
    choose,
    fetch_file,
    format_of,
    nothing_chosen,
)
from harvesters.portal.rules import DATASET_ABSENT, DATASET_PRIVATE, OPTIONS, tell_license

#: name of the object that is the list of the portal
LISTING = "datasets.json"
#: CKAN takes its tokens without a scheme
TOKEN = Credential("portal_token", header="Authorization")


class Ckan(PortalHarvester):
    """A CKAN portal."""

    kind: ClassVar[str] = "ckan"
    version: ClassVar[str] = "1"
    title: ClassVar[Label] = Label("CKANのポータル", "CKAN portal")
    places: ClassVar[tuple[str, ...]] = ("url",)
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="query",
            type=TEXT,
            default=None,
            help=Label("データセットの検索語（pick がないとき）", "What datasets are searched for, without pick"),
        ),
        Option(
            name="filter",
            type=TEXT,
            default=None,
            help=Label(
                "検索の絞り込み。Solrの書式（例: organization:chiba-city）",
                "Filter of the search in Solr's syntax, such as organization:chiba-city",
            ),
        ),
        Option(
            name="token",
            type=FLAG,
            default=False,
            help=Label(
                "SHIHYO_PORTAL_TOKEN のトークンをこのポータルに送り、非公開のデータセットも読むか",
                "Whether the token of SHIHYO_PORTAL_TOKEN is sent to this portal, to read private datasets too",
            ),
        ),
        *OPTIONS,
    )

    def find(self, context: Context) -> Found:
        """Ask the portal for the datasets, and choose among their resources."""
        portal, question = _portal(context), _question(context)
        document, listing, before = _list(context, portal, question)
        for name in listing.absent:
            context.findings.add(DATASET_ABSENT, Place(file=LISTING), name)
        for package in listing.packages:
            if package.private:
                context.findings.add(DATASET_PRIVATE, Place(file=LISTING), package.name)
        if context.source.options["mapping"] is None:
            return _own(context, document, listing)
        found = [(_remote(one, each, portal, before), one) for one in listing.packages for each in one.resources]
        options = context.source.options
        chosen = choose([file for file, _ in found], options["files"], options["formats"])
        if not chosen:
            raise nothing_chosen(context, [file for file, _ in found], [one.name for one in listing.packages])
        wanted = {one.name for one in chosen}
        tell_license(context, [(file, _license(one)) for file, one in found if file.name in wanted])
        return Found(documents=(document,), files=tuple(chosen))


def _portal(context: Context) -> Portal:
    source = context.source
    return Portal(source.url or "", context.fetcher, TOKEN if source.options["token"] else None)


def _question(context: Context) -> Question:
    options = context.source.options
    if options["pick"] and (options["query"] or options["filter"]):
        raise _badly_asked(
            context, Label("pick と、query・filter は同時に使えません", "Give pick, or query and filter")
        )
    if not (options["pick"] or options["query"] or options["filter"]):
        raise _badly_asked(context, Label("pick、query、filter のどれもありません", "It has no pick, query or filter"))
    return Question(
        names=tuple(options["pick"] or ()),
        query=options["query"] or "",
        filter=options["filter"] or "",
        private=options["token"],
    )


def _badly_asked(context: Context, what: Label) -> ConfigurationError:
    source = context.source
    key = f"{source.name}.options"
    return ConfigurationError(
        f"収集元「{source.name}」: {what.ja}",
        f"{source.name}: {what.en}",
        next_step=Label(
            "読むデータセットを pick で名指すか、query か filter で検索してください",
            "Name the datasets with pick, or search for them with query or filter",
        ),
        place=Place(file=source.file.name, cell=key),
        key=key,
    )


def _list(context: Context, portal: Portal, question: Question) -> tuple[Fetched, Listing, Listing | None]:
    """Return the list as an object, itself, and that of the last run if it answered the same question."""
    asked = {"id": " ".join(question.names)} if question.names else question.parameters()
    location = portal.address("package_show" if question.names else "package_search", asked)
    wanted = HarvestObject(name=LISTING, location=location)
    known = context.known.get(LISTING)
    path = context.fetcher.find(known.sha256) if known and known.location == location else None
    before = Listing.from_bytes(path.read_bytes()) if path else None
    listing = list_packages(portal, question, before)
    if not listing.packages:
        raise _no_dataset(context, question)
    return context.fetcher.keep(wanted, listing.to_bytes(), known), listing, before


def _no_dataset(context: Context, question: Question) -> FetchError:
    asked = ", ".join(question.names) or " ".join(filter(None, (question.query, question.filter)))
    return FetchError(
        f"当てはまるデータセットが一つもありません（{asked}）",
        f"There is no dataset that fits ({asked})",
        next_step=Label(
            "ポータルで名前や検索語を確かめ、options を直してください。非公開のデータセットには token が要ります。"
            "公開済みのデータは消しません",
            "Look names and words up in the portal and correct the options; private datasets need a token. "
            "What is published stays",
        ),
        place=Place(file=context.source.file.name, cell=f"{context.source.name}.options"),
        value=asked,
    )


def _remote(package: Package, one: Resource, portal: Portal, before: Listing | None) -> RemoteFile:
    changed = one.last_modified or one.metadata_modified or one.created or package.metadata_modified
    format, location = format_of(one.format, one.mimetype, one.url), urljoin(portal.api, one.url)
    return RemoteFile(
        name=f"{package.name}/{one.id}{f'.{format.lower()}' if format else ''}",
        location=location,
        title=one.name or one.id,
        format=format,
        ids=(one.id, one.shihyo_file),
        modified=read_moment(changed, UTC),
        stated=Stated.of(one.hash, one.size),
        unchanged=one.url_type == "upload" and bool(one.last_modified) and one == _resources(before).get(one.id),
        credential=portal.credential_for(location),
    )


def _resources(listing: Listing | None) -> Mapping[str, Resource]:
    return {one.id: one for package in listing.packages for one in package.resources} if listing else {}


def _license(package: Package) -> str:
    return package.license_id or package.license_url


def _own(context: Context, document: Fetched, listing: Listing) -> Found:
    """Return the current release of the one dataset that a catalogue like ours published."""
    ours = [one for one in listing.packages if one.shihyo_release and _file_of(one, NAME)]
    if not ours:
        return Found(documents=(document,), files=())
    if len(ours) > 1:
        raise _several(context, ours)
    portal = _portal(context)
    files = {one.shihyo_file: _remote(ours[0], one, portal, None) for one in ours[0].resources if one.shihyo_file}
    described = fetch_file(context, files[NAME], context.known.get(files[NAME].name), limit=LARGEST_DOCUMENT)
    descriptor = read_descriptor(described.path.read_bytes(), files[NAME].name)
    table = find_own_table(descriptor, files[NAME].name)
    if table is None or table.path not in files:
        return Found(documents=(document, described), files=())
    tell_license(context, [(files[table.path], _license(ours[0]))])
    return Found(
        documents=(document, described),
        files=(files[table.path],),
        own=OwnRelease(descriptor=descriptor, table=table),
    )


def _file_of(package: Package, name: str) -> Resource | None:
    return next((one for one in package.resources if one.shihyo_file == name), None)


def _several(context: Context, found: Sequence[Package]) -> ConfigurationError:
    names = [one.name for one in found]
    return _badly_asked(
        context,
        Label(
            f"こちらと同じ形のデータセットが{len(names)}件あります（{'、'.join(names[:10])}）。一つを名指してください",
            f"There are {len(names)} datasets in our form ({', '.join(names[:10])}); name one",
        ),
    )
