"""Copy organisations and groups: made where they are missing; one that the other catalogue has stays as it is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.ckan.client import Catalogue
from catalog.ckan.copy_journal import Entry
from catalog.ckan.copy_report import CopyItem
from catalog.ckan.copy_sides import Sides
from catalog.ckan.mapping import as_extras
from catalog.ckan.portable import differences, fingerprint, portable_community
from catalog.embedded.errors import NotFound
from catalog.errors import Label

#: most names of one answer
_PAGE = 1000

_THEIRS = Label(
    "写し先に同じ名前で内容の違うものがあり、そのままにしました（置き換えるには --overwrite）",
    "The target has another one of this name, which stays (--overwrite replaces it)",
)


def iter_communities(catalogue: Catalogue, kind: str) -> Iterator[str]:
    """Yield the names of all organisations (``organization``) or groups (``group``)."""
    start = 0
    while names := catalogue.action(f"{kind}_list", sort="name asc", limit=_PAGE, offset=start):
        yield from names
        start += len(names)


def copy_community(sides: Sides, kind: str, name: str) -> CopyItem:
    """Copy one organisation or group.

    Raises
    ------
    CatalogueError
        If one of the catalogues refuses or does not answer.
    """
    source = _show(sides.source, kind, name)
    wanted = portable_community(source)
    lost = ("image_url",) if source.get("image_url") and "image_url" not in wanted else ()
    try:
        existing = _show(sides.target, kind, name)
    except NotFound:
        return _create(sides, kind, source, wanted, lost)
    return _update(sides, kind, source, existing, wanted, lost)


def _create(sides: Sides, kind: str, source: dict[str, Any], wanted: dict[str, Any], lost: tuple[str, ...]) -> CopyItem:
    item = CopyItem(kind=kind, name=source["name"], action="created", lost=lost)
    if sides.dry_run:
        return item
    sides.create(f"{kind}_create", _payload(wanted), source["id"])
    return _left(sides, kind, source, wanted, item)


def _update(
    sides: Sides,
    kind: str,
    source: dict[str, Any],
    existing: dict[str, Any],
    wanted: dict[str, Any],
    lost: tuple[str, ...],
) -> CopyItem:
    name, found = source["name"], portable_community(existing)
    changes = tuple(differences(wanted, found))
    if not changes:
        return _left(sides, kind, source, wanted, CopyItem(kind=kind, name=name, action="unchanged"))
    entry = sides.left_alone(f"{kind}:{name}", existing, found)
    if entry and entry.source == fingerprint(source, wanted):
        return CopyItem(kind=kind, name=name, action="unchanged", lost=changes)
    if not entry and not sides.overwrite:
        return CopyItem(kind=kind, name=name, action="kept", changes=changes, reason=_THEIRS)
    item = CopyItem(kind=kind, name=name, action="updated", changes=changes, lost=lost)
    if sides.dry_run:
        return item
    empty = dict.fromkeys(found.keys() - wanted.keys(), "")
    sides.target.action(f"{kind}_patch", **{**empty, **_payload(wanted)}, id=existing["id"])
    return _left(sides, kind, source, wanted, item)


def _left(sides: Sides, kind: str, source: dict[str, Any], wanted: dict[str, Any], item: CopyItem) -> CopyItem:
    if sides.dry_run:
        return item
    found = _show(sides.target, kind, item.name)
    portable = portable_community(found)
    lost = tuple(sorted({*item.lost, *differences(wanted, portable)}))
    entry = Entry(fingerprint(source, wanted), fingerprint(found, portable), lost=list(lost))
    kept = CopyItem(kind=kind, name=item.name, action=item.action, changes=item.changes, lost=lost)
    return sides.record(f"{kind}:{item.name}", entry, kept)


def _payload(wanted: dict[str, Any]) -> dict[str, Any]:
    return {**wanted, "extras": as_extras(wanted.get("extras", {}))}


def _show(catalogue: Catalogue, kind: str, name: str) -> dict[str, Any]:
    return dict(catalogue.action(f"{kind}_show", id=name, include_datasets=False, include_users=False))
