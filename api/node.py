"""A node: what it serves right now, and the engines that answer for it.

Order of events: the node is made from the holdings of the local copy, with the serving indexes of all current releases
built; :mod:`api.following` brings newer holdings; :meth:`Node.swap` builds their indexes and then replaces everything
at once by assigning one attribute. A request that began before goes on with what it took; it never sees two states.
Nothing here needs the catalogue: if it is down, reads go on.

:attr:`Node.following` is the loop that does so; a node made from holdings alone has none.

Releases that are not current are answered straight from their Parquet files; the last few engines are kept.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from api.following import Following, FollowState
from catalog.ckan import Follower, open_catalogue
from catalog.errors import Label
from catalog.formats import CodeLabels, code_labels
from catalog.query.duckdb import DuckDBEngine
from catalog.query.engine import Engine, whole
from catalog.query.grammar import ParsedQuery, parse_query, parse_release
from catalog.query.question import ReleaseChoice, Repair, Row
from catalog.query.rejection import Rejection, rejected
from catalog.query.sqlite import SqliteEngine, ensure_index, prune_indexes
from catalog.reference import Reference, load_reference
from catalog.releases import DatasetHolding, Holdings, LocalCopy, ReleaseHolding
from catalog.settings import Settings

#: engines of older releases that are kept open
_OLDER_ENGINES = 8
#: seconds that the start waits for the first look at the catalogue: with something to serve, and with nothing
_FIRST_LOOK, _FIRST_LOOK_EMPTY = 2.0, 15.0


@dataclass(frozen=True, slots=True)
class Selection:
    """Observations with the release that they come from."""

    #: names of the columns
    columns: tuple[str, ...]
    #: the rows, all of them unless ``limit`` was given
    rows: list[Row]
    #: the release
    release: ReleaseHolding


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request for observations that was understood, before it is answered."""

    #: the release that is asked
    release: ReleaseHolding
    #: the engine that answers for it
    engine: Engine
    #: the query
    parsed: ParsedQuery
    #: True if the request names one version, so that its answer never changes
    pinned: bool
    #: values that were read as something else than was written
    repairs: tuple[Repair, ...]


@dataclass(frozen=True, slots=True)
class _Serving:
    """One state of the node, replaced as a whole."""

    holdings: Holdings
    #: digest -> engine, of all current releases
    engines: Mapping[str, Engine]
    #: reference data with the local areas of what is held
    reference: Reference
    #: labels of codes
    labels: CodeLabels


@dataclass(slots=True)
class _Older:
    """Engines of releases that are not current, the last opened last."""

    engines: dict[str, Engine] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Node:
    """What this process serves. All methods are safe to call from several threads."""

    def __init__(self, settings: Settings, holdings: Holdings, reference: Reference) -> None:
        self.settings = settings
        self._national = reference
        self.started = datetime.now(UTC).isoformat(timespec="seconds")
        self.following: Following | None = None
        self._older = _Older()
        self._swapping = threading.Lock()
        self._serving = self._serve(holdings, self._open_current(holdings, {}))

    @classmethod
    def from_holdings(cls, holdings: Holdings, settings: Settings) -> Node:
        """Make a node that serves these holdings, with the reference data of this installation."""
        return cls(settings, holdings, load_reference())

    @classmethod
    def from_settings(cls, settings: Settings) -> Node:
        """Make a node over the local copy in ``settings.home``; :meth:`start` lets it follow the catalogue."""
        copy = LocalCopy(settings.home / "copy")
        node = cls.from_holdings(copy.load(), settings)
        node.following = Following(
            lambda: Follower(open_catalogue(settings), copy),
            node.swap,
            seen=node.holdings.digest,
            seconds=settings.follow_seconds,
        )
        return node

    def start(self) -> None:
        """Begin to follow the catalogue; call it in the process that serves.

        Waits a little for the first look, longer if nothing is held yet, so that what was published before the start
        is there from the first request on; a catalogue that does not answer delays the start by no more than that.
        """
        if self.following is not None:
            self.following.start()
            self.following.wait(_FIRST_LOOK if self.holdings.datasets else _FIRST_LOOK_EMPTY)

    @property
    def follow_state(self) -> FollowState:
        """What is known of the link to the catalogue."""
        return self.following.state if self.following is not None else FollowState()

    @property
    def reference(self) -> Reference:
        """The reference data, with the local areas that the datasets bring."""
        return self._serving.reference

    @property
    def labels(self) -> CodeLabels:
        """Labels of everything that :attr:`reference` names."""
        return self._serving.labels

    @property
    def holdings(self) -> Holdings:
        """The holdings that are served; take them once in a request and go on with that object."""
        return self._serving.holdings

    def swap(self, holdings: Holdings) -> None:
        """Serve other holdings. Their indexes are built first; until then the old ones are served."""
        with self._swapping:
            engines = self._open_current(holdings, self._serving.engines)
            self._serving = self._serve(holdings, engines)

    def engine(self, release: ReleaseHolding) -> Engine:
        """Return the engine that answers for a release."""
        found = self._serving.engines.get(release.digest) or self._older.engines.get(release.digest)
        return found or self._open_older(release)

    def ask(
        self,
        holding: DatasetHolding,
        parameters: Mapping[str, str],
        *,
        fixed: Mapping[str, str] | None = None,
        others: Collection[str] = (),
    ) -> Question:
        """Understand a request for observations of a dataset.

        Parameters
        ----------
        holding
            The dataset.
        parameters, fixed, others
            As :func:`catalog.query.grammar.parse_query` takes them.

        Raises
        ------
        QueryError
            If the request is wrong; no release answers to its version, date or cursor.
        """
        choice, repairs = parse_release(parameters)
        release = choose_release(holding, choice)
        engine = self.engine(release)
        parsed = parse_query(parameters, engine.structure, engine.coverage, self.reference, fixed=fixed, others=others)
        pinned = choice.selector is not None and choice.selector.pinned is not None
        return Question(
            release=release, engine=engine, parsed=parsed, pinned=pinned, repairs=(*repairs, *parsed.repairs)
        )

    def observations(self, dataset: str, params: Mapping[str, str]) -> Selection:
        """Return observations of a dataset, all of them unless ``limit`` is given.

        Parameters
        ----------
        dataset
            Name of the dataset.
        params
            As of a request: ``{"area": "121002", "time": "latest", "fields": "period,value"}``.

        Raises
        ------
        NoSuchDataset
            If the node holds no such dataset.
        QueryError
            If a parameter cannot be used.
        """
        question = self.ask(self.holdings.get(dataset), params)
        query = question.parsed.query if "limit" in params else whole(question.parsed.query)
        page = question.engine.select(query)
        return Selection(page.columns, page.rows, question.release)

    def close(self) -> None:
        """Stop following and close all engines; the node serves nothing after that."""
        if self.following is not None:
            self.following.stop()
        for engine in (*self._serving.engines.values(), *self._older.engines.values()):
            engine.close()

    def _serve(self, holdings: Holdings, engines: Mapping[str, Engine]) -> _Serving:
        """Return the state that serves holdings; of a local area the newest release of a dataset says what it is."""
        newest = [one.manifest.dataset for each in holdings.datasets.values() for one in reversed(each.releases)]
        reference = self._national.with_areas(
            {one.code: one for each in reversed(newest) for one in each.areas}.values()
        )
        return _Serving(holdings, engines, reference, code_labels(reference))

    def _open_current(self, holdings: Holdings, known: Mapping[str, Engine]) -> dict[str, Engine]:
        current = [one.current for one in holdings.datasets.values()]
        engines = {one.digest: known.get(one.digest) or self._open_index(one) for one in current}
        prune_indexes(self.settings.home / "index", engines)
        return engines

    def _open_index(self, release: ReleaseHolding) -> Engine:
        structure = release.manifest.dataset.structure
        folder = self.settings.home / "index"
        return SqliteEngine(ensure_index(release.parquet, structure, release.digest, folder), structure)

    def _open_older(self, release: ReleaseHolding) -> Engine:
        engines = self._older.engines
        with self._older.lock:
            engine = engines.get(release.digest) or DuckDBEngine(release.parquet, release.manifest.dataset.structure)
            kept = {**engines, release.digest: engine}
            # Engines that fall out are not closed here: a request may still hold them. They close themselves when
            # the last one lets go.
            for digest in list(kept)[:-_OLDER_ENGINES]:
                del kept[digest]
            self._older.engines = kept
        return engine


def choose_release(holding: DatasetHolding, choice: ReleaseChoice) -> ReleaseHolding:
    """Return the release that a request asks for.

    Raises
    ------
    NoSuchVersion
        If none of the dataset's releases answers to it.
    """
    if choice.digest is not None:
        return _by_digest(holding, choice.digest)
    if choice.as_of is not None:
        return holding.as_of(choice.as_of)
    return holding.select(choice.selector) if choice.selector is not None else holding.current


def _by_digest(holding: DatasetHolding, digest: str) -> ReleaseHolding:
    for release in holding.releases:
        if release.digest == digest:
            return release
    detail = Label(
        "この cursor のリリースはもうここにありません。最初のページから取り直してください",
        "The release of this cursor is no longer here. Start again from the first page",
    )
    raise rejected([Rejection(parameter="cursor", value=digest, detail=detail)])
