"""City services: what they are for, who runs them, which data they take and give, and how far they have come.

A service is placed in the vision twice: by its Smarts and target states, and by the STEP of roll-out that it has
reached. :attr:`Service.data` is its side of the data map; :mod:`catalog.model.data_map` turns it round to the side of
the data. Codes are those of ``catalog/reference/services.yml``; that they exist, and that the STEP fits the rest, is
checked by :mod:`catalog.reference.service_checks`.

References
----------
スマートシティガイドブック, 8.3 (KPI), 9.2 (architect), 11.2 (data map); CPSV-AP 3.2.0, Public Service.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import InputError, Label
from catalog.model import record as read
from catalog.model.dataset import Agent
from catalog.model.record import Name, Record, member
from catalog.model.release import canonical_json


@dataclass(frozen=True, slots=True, kw_only=True)
class DataItem(Record):
    """One line of the data map: data that a service takes in, keeps or gives."""

    #: what the data are called (データセット名)
    name: Name = member(read.name)
    #: name of the dataset in this catalogue; None if it is not published here
    dataset: str | None = member(read.identifier, default=None)
    #: the section that owns the data (データ所管元); None if not recorded
    owner: Name | None = member(read.name, default=None)
    #: name of the system that has them (データの所在); None if not recorded
    location: str | None = member(read.text, default=None)
    #: whether they are about persons; None if not recorded
    personal: bool | None = member(read.flag, default=None)
    #: code of ``data_basis``: consent, law...; None if not recorded
    basis: str | None = member(read.code, default=None)
    #: SDMX CL_FREQ code of how often they are handed over (提供頻度); None if not recorded
    frequency: str | None = member(read.text, default=None)
    #: code of ``data_method`` (提供方式); None if not recorded
    method: str | None = member(read.code, default=None)
    #: who gets them (提供先サービス): ids of services, or names
    recipients: tuple[str, ...] = member(read.several(read.text), default=())
    #: what else a reader must know
    note: Label | None = member(read.label, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataMap(Record):
    """The service's side of the data map; nothing is both internal and an output."""

    #: 取込データ
    inputs: tuple[DataItem, ...] = member(read.several(DataItem.from_dict), default=())
    #: 取得データ（内部利用のみ）
    internal: tuple[DataItem, ...] = member(read.several(DataItem.from_dict), default=())
    #: 取得データ（外部提供可能）
    outputs: tuple[DataItem, ...] = member(read.several(DataItem.from_dict), default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember(Record):
    """One member of the team (検討チーム)."""

    #: who
    name: Name = member(read.name)
    #: code of ``team_role``
    role: str = member(read.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance(Record):
    """Who decides."""

    #: the neutral person who leads the projects of the area; None if not recorded
    architect: Name | None = member(read.name, default=None)
    #: the team; empty if not recorded
    team: tuple[TeamMember, ...] = member(read.several(TeamMember.from_dict), default=())
    #: area-management bodies; empty if not recorded
    area_bodies: tuple[Name, ...] = member(read.several(read.name), default=())
    #: code of ``city_role``: lead or equal; None if not recorded
    city_role: str | None = member(read.code, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChange(Record):
    """A phase that the service was in."""

    #: code of ``service_phase``
    phase: str = member(read.code)
    #: when it began and ended; None if not recorded
    start: str | None = member(read.period, default=None)
    end: str | None = member(read.period, default=None)
    #: what else a reader must know
    note: Label | None = member(read.label, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Users(Record):
    """For whom it is."""

    #: code of ``user_scope``: area, widening or all; None if not recorded
    scope: str | None = member(read.code, default=None)
    #: in words; None if not recorded
    who: Label | None = member(read.label, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CityOs(Record):
    """How it stands to the data platform (都市OS)."""

    #: code of ``city_os_stage``
    stage: str = member(read.code)
    #: name of the broker; None if not recorded
    broker: str | None = member(read.text, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface(Record):
    """An API of the service."""

    #: where it answers
    endpoint: str = member(read.url)
    #: its OpenAPI document; None if there is none
    openapi: str | None = member(read.url, default=None)
    #: what it does; None if not recorded
    about: Label | None = member(read.label, default=None)
    #: names of the datasets in this catalogue that it gives access to
    datasets: tuple[str, ...] = member(read.several(read.identifier), default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Record):
    """One figure of a KPI."""

    #: when, in the grammar of periods
    period: str = member(read.period)
    #: the figure, in the unit of the KPI
    value: float = member(read.number)
    #: True if the source says about so many
    approximate: bool = member(read.flag, default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi(Record):
    """By what it is measured."""

    #: code of ``kpi_kind``: output or outcome
    kind: str = member(read.code)
    #: what is counted
    name: Name = member(read.name)
    #: in what; None if the name says it
    unit: Name | None = member(read.name, default=None)
    #: id of the indicator of the vision that it serves; None if none
    indicator: str | None = member(read.identifier, default=None)
    #: figures in the order of time; empty if none is known
    measurements: tuple[Measurement, ...] = member(read.several(Measurement.from_dict), default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Record):
    """A way to use it."""

    #: code of ``service_channel``
    kind: str = member(read.code)
    #: its address; None if it has none
    url: str | None = member(read.url, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Record):
    """Whom to ask."""

    #: who; None if not recorded
    name: Name | None = member(read.name, default=None)
    email: str | None = member(read.email, default=None)
    telephone: str | None = member(read.text, default=None)
    url: str | None = member(read.url, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation(Record):
    """What came of it: whether a trial became a service."""

    #: whether it went into production; None if not decided
    productionised: bool | None = member(read.flag, default=None)
    #: when it was evaluated; None if not recorded
    period: str | None = member(read.period, default=None)
    #: in words; None if not recorded
    summary: Label | None = member(read.label, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread(Record):
    """How it spread to other places (横展開)."""

    #: from where; None if it began here
    origin: Name | None = member(read.name, default=None)
    #: to where
    places: tuple[Name, ...] = member(read.several(read.name), default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Record):
    """Where something of this record is said."""

    #: the page
    url: str = member(read.url)
    #: what it is; None if the URL says enough
    title: Name | None = member(read.name, default=None)


def _step(value: Any, at: str) -> int:
    step = read.whole(value, at)
    if step not in STEPS:
        raise read.unusable(value, at, Label("1、2、3 のどれか", "1, 2 or 3"))
    return step


def _publisher(value: Any, at: str) -> Agent:
    """Read an organisation; its name has the form of CKAN's names."""
    if not isinstance(value, Mapping):
        raise read.unusable(value, at, _ORGANISATION)
    given = {key: one for key, one in value.items() if one is not None}
    if not {"name", "label"} <= set(given) <= set(_AGENT):
        raise read.unusable(", ".join(map(str, value)), at, _ORGANISATION)
    return Agent(**{key: _AGENT[key](one, f"{at}/{key}") for key, one in given.items()})


_ORGANISATION = Label("name と label を持つ組織", "an organisation with name and label")
_AGENT: Mapping[str, read.Reader] = {
    "name": read.matching("[a-z0-9_-]{2,100}", Label("CKANの組織名", "the name of a CKAN organisation")),
    "label": read.label,
    "url": read.url,
    "email": read.email,
}

#: the steps of roll-out
STEPS = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Record):
    """A city service, as far as it is recorded: what is None or empty is not known."""

    #: never changes: ``[a-z0-9-]``
    id: str = member(read.identifier)
    #: what it is called
    name: Label = member(read.label)
    #: what it does for whom, plain text
    description: Label = member(read.label)
    #: who publishes this record: a CKAN organisation
    publisher: Agent = member(_publisher)
    #: code of ``service_phase``: the phase that it is in
    phase: str = member(read.code)
    #: the phases that it was in, in the order of time
    phase_history: tuple[PhaseChange, ...] = member(read.several(PhaseChange.from_dict), default=())
    #: ids of Smarts, or overall
    smarts: tuple[str, ...] = member(read.several(read.code), default=())
    #: ids of target states of the vision
    target_states: tuple[str, ...] = member(read.several(read.identifier), default=())
    #: STEP of roll-out: 1, 2 or 3
    step: int | None = member(_step, default=None)
    #: six-digit codes of the areas where it is offered
    areas: tuple[str, ...] = member(read.several(read.text), default=())
    #: a part of the area that has no code, such as 幕張新都心
    sub_area: Name | None = member(read.name, default=None)
    #: for whom
    users: Users | None = member(Users.from_dict, default=None)
    #: who decides
    governance: Governance | None = member(Governance.from_dict, default=None)
    #: the section that answers for it
    owner: Name | None = member(read.name, default=None)
    #: who runs it
    operator: Name | None = member(read.name, default=None)
    #: whom to ask
    contact: Contact | None = member(Contact.from_dict, default=None)
    #: first and last day or month of the service itself
    start: str | None = member(read.period, default=None)
    end: str | None = member(read.period, default=None)
    #: its side of the data map
    data: DataMap = member(DataMap.from_dict, default=DataMap())
    #: ids of the services that it is linked with
    linked_services: tuple[str, ...] = member(read.several(read.identifier), default=())
    #: the data platform
    city_os: CityOs | None = member(CityOs.from_dict, default=None)
    #: its APIs
    interfaces: tuple[Interface, ...] = member(read.several(Interface.from_dict), default=())
    #: by what it is measured
    kpis: tuple[Kpi, ...] = member(read.several(Kpi.from_dict), default=())
    #: ways to use it
    channels: tuple[Channel, ...] = member(read.several(Channel.from_dict), default=())
    #: what it costs the user
    cost: Label | None = member(read.label, default=None)
    #: what came of it
    evaluation: Evaluation | None = member(Evaluation.from_dict, default=None)
    #: to where it spread
    spread: Spread | None = member(Spread.from_dict, default=None)
    #: its page, its statement on accessibility, its terms
    url: str | None = member(read.url, default=None)
    accessibility_url: str | None = member(read.url, default=None)
    terms_url: str | None = member(read.url, default=None)
    #: where this record is from
    sources: tuple[Evidence, ...] = member(read.several(Evidence.from_dict), default=())
    #: what a reader must know of this record, such as whose classification it is
    note: Label | None = member(read.label, default=None)

    @property
    def digest(self) -> str:
        """The sha256 of the canonical JSON of the record: equal records have equal digests."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """Return the record as canonical JSON, without what is not recorded."""
        return canonical_json(self.to_dict(compact=True))


def parse_service(raw: Any) -> Service:
    """Read a record of a service.

    Raises
    ------
    InputError
        If it is none; names the member by a JSON Pointer.
    """
    try:
        service = Service.from_dict(raw)
        service.to_bytes()
    except (RecursionError, ValueError, TypeError) as error:
        # members that are not declared: nested without end, or with values that JSON cannot carry
        raise InputError(
            "JSONとして書けない値があります",
            "It has a value that JSON cannot carry",
            next_step=Label("入れ子の深さと文字を確かめてください", "Check its nesting and its characters"),
            value=str(error)[:80],
        ) from error
    return service
