"""What guards hold, what people decide, and what the inputs of a source looked like.

A hold is one proposal: the digest of inputs, options and result of one dataset. Its life::

    waiting ── approve ── approved ── published, and done
       │                     └─ killed on the way: the next run of the source goes on publishing it
       ├────── reject ──── rejected: not published as long as nothing changes
       └────── another proposal, or none, takes its place: superseded

A decision is written once for each act of a person and tells who, when and why. A rollback ``stands`` until a proposal
that brings the withdrawn figures back is approved: then it is ``lifted``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from catalog.database.jobs import utc_now
from catalog.database.tables import harvest_decision, harvest_hold, harvest_shape


class HoldState(StrEnum):
    """What became of a hold."""

    WAITING = "waiting"
    APPROVED = "approved"
    PUBLISHED = "published"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


class Action(StrEnum):
    """What a person decided."""

    APPROVE = "approve"
    REJECT = "reject"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts."""

    #: name of the CKAN user whose token is used; None if there is none
    ckan: str | None
    #: name of the account of the operating system
    os: str

    @property
    def name(self) -> str:
        """What people are shown."""
        return self.ckan or self.os

    def is_same(self, other: Actor) -> bool:
        """Return whether two acts were done by the same person, as far as can be told.

        CKAN users are compared if both acts were done with a token, accounts of the operating system otherwise: only
        what is known of both can show that they differ.
        """
        if self.ckan and other.ckan:
            return self.ckan == other.ckan
        return self.os == other.os

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON; ``known_by`` says where the name comes from."""
        return {"name": self.name, "known_by": "ckan" if self.ckan else "os", "ckan": self.ckan, "os": self.os}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Actor:
        """Inverse of :meth:`to_dict`."""
        return cls(ckan=raw["ckan"], os=raw["os"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A proposal that waits for a person, or did."""

    #: id of the hold
    id: str
    #: source and dataset that it is about
    source: str
    dataset: str
    #: sha256 over inputs, options and result
    digest: str
    #: the last job that met it
    job_id: str
    #: what became of it
    state: HoldState
    #: when it was first held, ISO 8601 in UTC
    held: str
    #: who ran the source then
    held_by: Actor
    #: what the report said: ``trips``, ``releases``, ``base`` (digest of the release that it stands on, or None)
    report: dict[str, Any] = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the hold as JSON."""
        return {
            "id": self.id,
            "source": self.source,
            "dataset": self.dataset,
            "digest": self.digest,
            "job": self.job_id,
            "state": str(self.state),
            "held": self.held,
            "held_by": self.held_by.to_dict(),
            **self.report,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided."""

    #: id; sorts by time
    id: str
    #: what was decided, about which source and dataset, and the hold if it is about one
    action: Action
    source: str
    dataset: str
    hold_id: str | None
    #: ``done``; of a rollback ``stands`` or ``lifted``; of an approval ``open`` until everything is published
    state: str
    #: when, ISO 8601 in UTC; by whom; why
    decided: str
    decided_by: Actor
    reason: str
    #: of an approval ``released``: digests that it published; of a rollback ``withdrawn``, ``restored``, ``release``
    details: dict[str, Any] = field(compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as JSON."""
        return {
            "id": self.id,
            "action": str(self.action),
            "source": self.source,
            "dataset": self.dataset,
            "hold": self.hold_id,
            "state": self.state,
            "decided": self.decided,
            "decided_by": self.decided_by.to_dict(),
            "reason": self.reason,
            **self.details,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownShape:
    """The shape of an input when it was last used."""

    #: name of the object, and of all that are called alike but for dates and numbers
    object: str
    series: str
    #: sha256 of its bytes
    sha256: str
    #: sheet -> headings
    shape: dict[str, list[str]]
    #: the datasets that it contributed to
    datasets: tuple[str, ...]


def new_id() -> str:
    """Return an id that sorts by time."""
    return f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%S%f')}-{secrets.token_hex(4)}"


class HoldJournal:
    """Reads and writes holds, decisions and shapes; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find_hold(self, source: str, dataset: str, digest: str) -> Hold | None:
        """Return the hold of exactly this proposal, or None."""
        found = harvest_hold.c
        wanted = select(harvest_hold).where(found.source == source, found.dataset == dataset, found.digest == digest)
        with self._engine.connect() as connection:
            row = connection.execute(wanted).first()
        return _hold(row) if row else None

    def list_holds(self, source: str | None = None, *, states: Sequence[HoldState] = ()) -> list[Hold]:
        """Return holds, oldest first, of one source or all, in some states or all."""
        wanted = select(harvest_hold).order_by(harvest_hold.c.held, harvest_hold.c.id)
        if source is not None:
            wanted = wanted.where(harvest_hold.c.source == source)
        if states:
            wanted = wanted.where(harvest_hold.c.state.in_([str(one) for one in states]))
        with self._engine.connect() as connection:
            return [_hold(row) for row in connection.execute(wanted)]

    def hold(self, source: str, dataset: str, digest: str, *, job_id: str, by: Actor, report: dict[str, Any]) -> Hold:
        """Let a proposal wait, and supersede what waited before of the dataset.

        A proposal that waits already keeps the time and the person of its first job.
        """
        before = self.find_hold(source, dataset, digest)
        again = before is not None and before.state is HoldState.WAITING
        values = {
            "job_id": job_id,
            "state": str(HoldState.WAITING),
            "report": json.dumps(report, ensure_ascii=False),
            **({} if again else {"held": utc_now(), "held_by": json.dumps(by.to_dict())}),
        }
        with self._engine.begin() as connection:
            connection.execute(_supersede(source, dataset, keep=digest))
            if before is None:
                key = {"id": new_id(), "source": source, "dataset": dataset, "digest": digest}
                connection.execute(insert(harvest_hold).values(**key, **values))
            else:
                connection.execute(update(harvest_hold).where(harvest_hold.c.id == before.id).values(**values))
        held = self.find_hold(source, dataset, digest)
        if held is None:
            raise AssertionError("unreachable: it was written right now")
        return held

    def supersede(self, source: str, dataset: str) -> None:
        """Drop what waits of a dataset: there is nothing to hold any more."""
        open_states = (HoldState.WAITING, HoldState.APPROVED)
        if not any(one.dataset == dataset for one in self.list_holds(source, states=open_states)):
            return
        with self._engine.begin() as connection:
            connection.execute(_supersede(source, dataset, keep=None))

    def decide(self, hold: Hold, action: Action, *, by: Actor, reason: str) -> Decision | None:
        """Write a decision about a hold; None if it waits no more, because somebody else was first."""
        state = HoldState.APPROVED if action is Action.APPROVE else HoldState.REJECTED
        waiting = (harvest_hold.c.id == hold.id) & (harvest_hold.c.state == str(HoldState.WAITING))
        decision = Decision(
            id=new_id(),
            action=action,
            source=hold.source,
            dataset=hold.dataset,
            hold_id=hold.id,
            state="open" if action is Action.APPROVE else "done",
            decided=utc_now(),
            decided_by=by,
            reason=reason,
            details={"base": hold.report.get("base"), "released": []} if action is Action.APPROVE else {},
        )
        with self._engine.begin() as connection:
            if connection.execute(update(harvest_hold).where(waiting).values(state=str(state))).rowcount != 1:
                return None
            connection.execute(insert(harvest_decision).values(**_decision_values(decision)))
        return decision

    def record(self, decision: Decision) -> None:
        """Write a decision, or what became of it."""
        with self._engine.begin() as connection:
            connection.execute(delete(harvest_decision).where(harvest_decision.c.id == decision.id))
            connection.execute(insert(harvest_decision).values(**_decision_values(decision)))

    def complete(self, hold: Hold, decision: Decision) -> None:
        """Write that an approved proposal is published."""
        with self._engine.begin() as connection:
            published = {"state": str(HoldState.PUBLISHED)}
            connection.execute(update(harvest_hold).where(harvest_hold.c.id == hold.id).values(**published))
            mine = harvest_decision.c.id == decision.id
            connection.execute(update(harvest_decision).where(mine).values(state="done"))

    def find_decision(self, hold_id: str) -> Decision | None:
        """Return the newest decision about a hold, or None."""
        wanted = (
            select(harvest_decision)
            .where(harvest_decision.c.hold_id == hold_id)
            .order_by(harvest_decision.c.id.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(wanted).first()
        return _decision(row) if row else None

    def list_decisions(
        self, *, dataset: str | None = None, action: Action | None = None, state: str | None = None
    ) -> list[Decision]:
        """Return decisions, oldest first."""
        wanted = select(harvest_decision).order_by(harvest_decision.c.id)
        given = {"dataset": dataset, "action": str(action) if action else None, "state": state}
        for name, value in given.items():
            if value is not None:
                wanted = wanted.where(harvest_decision.c[name] == value)
        with self._engine.connect() as connection:
            return [_decision(row) for row in connection.execute(wanted)]

    def known_shapes(self, source: str) -> dict[str, KnownShape]:
        """Return object -> its shape when it was last used."""
        wanted = select(harvest_shape).where(harvest_shape.c.source == source).order_by(harvest_shape.c.object)
        with self._engine.connect() as connection:
            return {row.object: _shape(row) for row in connection.execute(wanted)}

    def save_shapes(self, source: str, shapes: Iterable[KnownShape]) -> None:
        """Write what inputs looked like when they were used."""
        with self._engine.begin() as connection:
            for one in shapes:
                mine = (harvest_shape.c.source == source) & (harvest_shape.c.object == one.object)
                connection.execute(delete(harvest_shape).where(mine))
                connection.execute(
                    insert(harvest_shape).values(
                        source=source,
                        object=one.object,
                        series=one.series,
                        sha256=one.sha256,
                        shape=json.dumps(one.shape, ensure_ascii=False),
                        datasets=json.dumps(list(one.datasets)),
                        updated=utc_now(),
                    )
                )


def _supersede(source: str, dataset: str, *, keep: str | None) -> Any:
    stale = (
        (harvest_hold.c.source == source)
        & (harvest_hold.c.dataset == dataset)
        & (harvest_hold.c.state.in_([str(HoldState.WAITING), str(HoldState.APPROVED)]))
    )
    if keep is not None:
        stale &= harvest_hold.c.digest != keep
    return update(harvest_hold).where(stale).values(state=str(HoldState.SUPERSEDED))


def _hold(row: Row[Any]) -> Hold:
    values: dict[str, Any] = dict(row._mapping)
    values["state"] = HoldState(values["state"])
    values["held_by"] = Actor.from_dict(json.loads(values["held_by"]))
    values["report"] = json.loads(values["report"])
    return Hold(**values)


def _decision_values(one: Decision) -> dict[str, Any]:
    return {
        "id": one.id,
        "action": str(one.action),
        "source": one.source,
        "dataset": one.dataset,
        "hold_id": one.hold_id,
        "state": one.state,
        "decided": one.decided,
        "decided_by": json.dumps(one.decided_by.to_dict()),
        "reason": one.reason,
        "details": json.dumps(one.details, ensure_ascii=False),
    }


def _decision(row: Row[Any]) -> Decision:
    values: dict[str, Any] = dict(row._mapping)
    values["action"] = Action(values["action"])
    values["decided_by"] = Actor.from_dict(json.loads(values["decided_by"]))
    values["details"] = json.loads(values["details"])
    return Decision(**values)


def _shape(row: Row[Any]) -> KnownShape:
    return KnownShape(
        object=row.object,
        series=row.series,
        sha256=row.sha256,
        shape=json.loads(row.shape),
        datasets=tuple(json.loads(row.datasets)),
    )
