"""What the kinds have in common that read other people's catalogues: ``ckan``, ``dcat`` and ``datapackage``.

Order of events of a run:

1. *look*: the catalogue says which datasets and files there are (the kind does that); the options choose;
2. the documents that said so, and the chosen files, are the objects of the source: an unchanged document and an
   unchanged file are told by the server, not downloaded;
3. each file is compared with the size and digest that the catalogue states;
4. with the option ``mapping`` the tables of a file become observations as it declares; without it the source must be a
   catalogue like ours, whose observations are taken as they are (:mod:`harvesters.portal.own_release`).

What a look found lives as long as the run: it is kept beside the run's fetcher.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from catalog.database.jobs import HarvestObject
from catalog.errors import ConfigurationError, Label, Place
from catalog.model import Dataset
from harvesters.base import Context, Contribution, Fetched, Harvester, HarvestSource
from harvesters.fetching.fetch import Fetcher
from harvesters.findings import Rule
from harvesters.mapping import Mapper
from harvesters.portal.own_release import OwnTable, describe_own, own_contribution
from harvesters.portal.remote_files import RemoteFile, fetch_file
from harvesters.portal.rules import RULES
from harvesters.portal.tables import mapped, put_together


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRelease:
    """A release of a catalogue like ours."""

    #: its descriptor
    descriptor: Mapping[str, Any]
    #: its table
    table: OwnTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a catalogue has that the options ask for."""

    #: the documents that said so, as they were fetched
    documents: tuple[Fetched, ...]
    #: the chosen files; what is put together from others comes behind them
    files: tuple[RemoteFile, ...]
    #: the release, if the source is a catalogue like ours and there is no mapping
    own: OwnRelease | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """What one run found at its source."""

    source: HarvestSource
    found: Found
    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    documents: Mapping[str, Fetched] = field(default_factory=dict)


class PortalHarvester(Harvester):
    """A kind that reads a catalogue: one dataset, one contribution a file."""

    rules: ClassVar[tuple[Rule, ...]] = RULES

    def __init__(self) -> None:
        self._looks: WeakKeyDictionary[Fetcher, _Look] = WeakKeyDictionary()

    @abstractmethod
    def find(self, context: Context) -> Found:
        """Ask the catalogue what it has, and choose.

        Raises
        ------
        FetchError
            If it cannot be asked, or has nothing that fits the options.
        """

    def within(self, source: HarvestSource) -> HarvestSource:
        """Return the source with the folder as its path that its files must lie in."""
        return source

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the dataset: as declared with a mapping, as published at the source without one."""
        if context.source.options["mapping"] is not None:
            return (Mapper(context).dataset(),)
        own = _own(context, self._look(context).found)
        return (describe_own(context.source, own.descriptor, own.table),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the documents of the catalogue and the chosen files."""
        if context.source.options["mapping"] is not None:
            Mapper(context)  # a mapping that cannot be used is told before anybody is asked
        look = self._look(context)
        if context.source.options["mapping"] is None:
            _own(context, look.found)
        documents = [
            HarvestObject(name=one.object.name, location=one.object.location) for one in look.documents.values()
        ]
        return [*documents, *(one.wanted for one in look.files.values())]

    def fetch(self, context: Context, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Return a document as the look saw it, or get a file and compare it with what is stated."""
        look = self._look(context)
        if wanted.name in look.documents:
            return look.documents[wanted.name]
        file, within = look.files[wanted.name], replace(context, source=self.within(context.source))
        if file.parts:
            return put_together(within, look.files, file, known)
        return fetch_file(within, file, known)

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return the observations of a file; documents, and parts of a file, have none of their own."""
        look = self._look(context)
        name = fetched.object.name
        parts = {part for one in look.files.values() for part in one.parts}
        if name in look.documents or name in parts:
            return []
        if context.source.options["mapping"] is not None:
            return mapped(context, fetched, look.files[name])
        own = _own(context, look.found)
        return [own_contribution(context, fetched, own.descriptor, own.table)]

    def _look(self, context: Context) -> _Look:
        look = self._looks.get(context.fetcher)
        if look is None or look.source is not context.source:
            found = self.find(context)
            files = {one.name: one for one in found.files}
            look = _Look(context.source, found, files, {one.object.name: one for one in found.documents})
            self._looks[context.fetcher] = look
        return look


def _own(context: Context, found: Found) -> OwnRelease:
    if found.own is not None:
        return found.own
    source = context.source
    key = f"{source.name}.options.mapping"
    raise ConfigurationError(
        "この収集元は、こちらと同じ形の観測値を公開していません。列の対応 mapping が必要です",
        "The source does not publish observations in our form, so the options need mapping",
        next_step=Label(
            "docs/harvesting.md の例に合わせて mapping を書いてください", "Write mapping as docs/harvesting.md shows"
        ),
        place=Place(file=source.file.name, cell=key),
        key=key,
    )
