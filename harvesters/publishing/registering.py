"""Publish the services that a source registers, or tell what would be published.

Each service stands for itself: one that cannot be published fails alone. A service that the source registered before
and does not name any more stays published, and is reported: a registry that loses a line does not end a service.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from catalog.ckan import Catalogue
from catalog.ckan.services import PublishedService, plan_service, publish_service, published_digests
from catalog.errors import CatalogueUnavailable, Label, Place
from catalog.model import canonical_json
from catalog.model.service import Service
from harvesters.findings import Level, Rule
from harvesters.guards.declared import APPROVAL_REQUIRED, GuardExample, Trip
from harvesters.reading import Reading
from harvesters.report import ServiceOutcome, describe_error

SERVICE_GONE = Rule(
    "service-gone",
    Level.WARNING,
    Label(
        "前に登録され、いまの台帳にないサービス（公開は続く）",
        "Services that were registered before and are not any more (they stay published)",
    ),
    Label(
        "終わったのなら台帳に phase: ended と書いてください。誤りなら戻してください",
        "If it ended, say phase: ended in the registry; if it was a mistake, bring it back",
    ),
)
SERVICE_EDITED = Rule(
    "service-edited",
    Level.WARNING,
    Label(
        "カタログ上で手で直されたサービス（そのまま残す）",
        "Services edited by hand in the catalogue (left so)",
    ),
    Label("直した内容を台帳に移してください", "Bring the edits into the registry"),
)
RULES = (SERVICE_GONE, SERVICE_EDITED)

#: what holds and reports call the services of a source, where they have the name of a dataset
SERVICES = "(services)"
#: services that a trip names
_NAMED = 5

Notify = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Hear and say nothing."""


def publish_services(catalogue: Catalogue, reading: Reading, notify: Notify) -> Iterator[ServiceOutcome]:
    """Publish the services of a source; yield what became of each.

    Raises
    ------
    CatalogueUnavailable
        If the catalogue does not answer.
    """
    source = reading.context.source.name
    return _each(catalogue, reading, notify, partial(publish_service, catalogue, source=source))


def plan_services(catalogue: Catalogue | None, reading: Reading) -> Iterator[ServiceOutcome]:
    """Yield what :func:`publish_services` would do; writes nothing. Without a catalogue everything is new."""
    if catalogue is None:
        return (ServiceOutcome(one.id, "created", one.digest) for one in reading.services.values())
    return _each(catalogue, reading, _silent, partial(plan_service, catalogue))


def service_digests(catalogue: Catalogue, source: str) -> dict[str, str]:
    """Return what the catalogue has of the services of a source, in the form of the state of a source."""
    return {f"service {id}": digest for id, digest in published_digests(catalogue, source).items()}


def services_trips(planned: Sequence[ServiceOutcome]) -> list[dict[str, Any]]:
    """Return what the guard of sources with approval says about services, as JSON; empty if nothing would change."""
    changed = [one for one in planned if one.has_changed]
    if not changed:
        return []
    named = ", ".join(one.id for one in changed[:_NAMED]) + (" ..." if len(changed) > _NAMED else "")
    trip = Trip(
        guard=APPROVAL_REQUIRED,
        what=Label(
            f"{len(changed)} 件のサービスの登録・変更が承認を待ちます: {named}",
            f"{len(changed)} services wait for approval: {named}",
        ),
        figures={"after": len(changed)},
        examples=tuple(GuardExample(key={"service": one.id}, after=one.action) for one in changed[:_NAMED]),
        total=len(changed),
    )
    return [trip.to_dict()]


def services_digest(planned: Sequence[ServiceOutcome], reading: Reading) -> str:
    """Return the sha256 over inputs, options and the records that would change, hex."""
    changed = {one.id: [one.action, one.digest] for one in planned if one.has_changed}
    content = {"inputs": reading.fingerprint(), "services": changed}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _each(
    catalogue: Catalogue, reading: Reading, notify: Notify, act: Callable[[Service], PublishedService]
) -> Iterator[ServiceOutcome]:
    _report_gone(catalogue, reading)
    total = len(reading.services)
    for done, service in enumerate(reading.services.values()):
        notify(done, total)
        try:
            found = act(service)
        except CatalogueUnavailable:
            raise
        except Exception as error:  # the other services must get their turn
            yield ServiceOutcome(service.id, "failed", service.digest, describe_error(error))
            continue
        for field in found.edited:
            reading.context.findings.add(SERVICE_EDITED, Place(cell=field), service.id)
        yield ServiceOutcome(service.id, found.action, found.digest)
    notify(total, total)


def _report_gone(catalogue: Catalogue, reading: Reading) -> None:
    source = reading.context.source.name
    for id in sorted(published_digests(catalogue, source).keys() - reading.services.keys()):
        reading.context.findings.add(SERVICE_GONE, Place(), id)
