"""City services as CKAN packages of the type ``service``, and back.

A service is one package, named ``service-<id>``; its record is in the extra ``shihyo_service``. Its ``type`` is
``service`` where the catalogue knows that type, else ``dataset``: CKAN's own list of datasets answers 500 as soon as it
has a package of a type that no plugin registers (seen with 2.12.0). The extra ``shihyo_service_digest`` marks it in
both cases. What people and other programs look for stands beside it in fields of CKAN's own:

==============================  =========================================================================
CKAN                            what
==============================  =========================================================================
``title`` ``notes`` ``tags``    name, description and note; the Smarts and the phase as tags
``author`` ``maintainer``       the section that answers for it, whom to ask
``resources``                   links to its page and its APIs; no uploaded files
``shihyo_service``              the record, canonical JSON, unknown members too
``shihyo_service_digest``       its sha256; ``shihyo_service_published`` when it was published
``shihyo_service_source``       name of the harvest source that wrote it
``shihyo_smarts`` ``_step`` …   what to filter by in CKAN's own search
``shihyo_written``              what we wrote, to notice edits by hand (:mod:`catalog.ckan.edits`)
==============================  =========================================================================

Publishing is one call (package_create, later package_revise) under the lock of :meth:`Catalogue.publishing`, so nothing
is ever half published. The record is limited to :data:`LARGEST_RECORD`, because CKAN indexes an extra as one term.

References
----------
CKAN 2.12.0, ``ckan/lib/search/index.py`` and ``config/solr/schema.xml`` (dynamic field ``*`` is a string); Lucene, the
longest term has 32,766 bytes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.ckan.client import Catalogue
from catalog.ckan.edits import find_edits, merged, with_written
from catalog.ckan.mapping import DATASET_TYPE, RELEASE_TYPE, as_extras, extras_of
from catalog.ckan.organizations import ensure_owner
from catalog.ckan.publish import restoring
from catalog.embedded.errors import ValidationError
from catalog.errors import CheckFailed, EditedByHand, InputError, IntegrityError, Label, PublishConflict
from catalog.model import CC_BY
from catalog.model.service import Service, parse_service
from catalog.reference import load_reference
from catalog.reference.services import load_service_reference
from catalog.releases import ServiceHolding

SERVICE_TYPE = "service"

#: most bytes of a record
LARGEST_RECORD = 30_000

_RECORD = "shihyo_service"
#: the extra that marks the package of a service
SERVICE_DIGEST = "shihyo_service_digest"
_PUBLISHED, _SOURCE = "shihyo_service_published", "shihyo_service_source"
_QUERY = f"+{SERVICE_DIGEST}:*"
_PAGE = 100
_PREFIX = "service-"
_TAG = "都市サービス"
#: namespace of the ids that we give to resources
_NAMESPACE = uuid.UUID("0b9d5f0e-2c0f-5a52-9d0c-5f6d3f8f5a11")


@dataclass(frozen=True, slots=True)
class PublishedService:
    """What publishing a service did, or would do."""

    #: id of the service
    id: str
    #: created, updated or unchanged
    action: str
    #: sha256 of the record
    digest: str
    #: fields of the package that were edited by hand and were left as they are; only if unchanged
    edited: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"id": self.id, "action": self.action, "digest": self.digest, "edited": list(self.edited)}


def service_name(id: str) -> str:
    """Return the name of the package of a service."""
    return f"{_PREFIX}{id}"


def service_type(catalogue: Catalogue) -> str:
    """Return the ``type`` of a service's package: ``service`` if the catalogue knows our types, else ``dataset``."""
    return SERVICE_TYPE if catalogue.release_type == RELEASE_TYPE else DATASET_TYPE


def service_id(package_name: str) -> str:
    """Return the id of the service of a package; inverse of :func:`service_name`."""
    return package_name.removeprefix(_PREFIX)


def publish_service(
    catalogue: Catalogue, service: Service, *, source: str = "", overwrite: bool = False
) -> PublishedService:
    """Make a record the published one of its service; nothing is written if it is already.

    Parameters
    ----------
    catalogue
        Where to publish.
    service
        The record.
    source
        Name of the harvest source, or empty.
    overwrite
        True to replace what was edited by hand, and to bring back what was deleted in the catalogue.

    Raises
    ------
    CheckFailed
        If the record is larger than :data:`LARGEST_RECORD`.
    EditedByHand
        If it has to be updated and the package was changed by other means; ``context`` has the fields.
    CatalogueError
        If the catalogue refuses, or does not answer.
    """
    _require_size(service)
    with catalogue.publishing(service_name(service.id)):
        existing = catalogue.find_package(service_name(service.id))
        planned = _plan(existing, service)
        if planned.action != "unchanged":
            _require_untouched(existing, service, overwrite=overwrite)
            kind = existing["type"] if existing else service_type(catalogue)
            _write(catalogue, existing, service, _package(service, source, kind))
        return planned


def plan_service(catalogue: Catalogue, service: Service) -> PublishedService:
    """Return what :func:`publish_service` would do; writes nothing and raises the same."""
    _require_size(service)
    existing = catalogue.find_package(service_name(service.id))
    planned = _plan(existing, service)
    if planned.action != "unchanged":
        _require_untouched(existing, service, overwrite=False)
    return planned


def find_service(catalogue: Catalogue, id: str) -> ServiceHolding | None:
    """Return a service as it is published, or None if there is none that this token may see.

    Raises
    ------
    IntegrityError
        If the package does not hold the record that it states.
    """
    package = catalogue.find_package(service_name(id))
    return read_service(package) if package and is_service(package) and package["state"] == "active" else None


def iter_service_packages(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Yield the packages of all public services, by name."""
    start, seen = 0, set()
    while True:
        page = catalogue.action("package_search", fq=_QUERY, rows=_PAGE, start=start, sort="name asc")
        for package in page["results"]:
            public = package["state"] == "active" and not package.get("private")
            if public and is_service(package) and package["name"] not in seen:
                seen.add(package["name"])
                yield package
        start += len(page["results"])
        if not page["results"] or start >= page["count"]:
            return


def read_service(package: Mapping[str, Any]) -> ServiceHolding:
    """Return the record that a package holds.

    Raises
    ------
    IntegrityError
        If it is no record, or not the one that the package states.
    """
    extras = extras_of(package)
    try:
        service = parse_service(json.loads(extras.get(_RECORD, "")))
        published = datetime.fromisoformat(extras.get(_PUBLISHED, "")).astimezone(UTC)
    except (ValueError, RecursionError, InputError) as error:
        raise _broken(package, "") from error
    if service.digest != extras.get(SERVICE_DIGEST) or service_name(service.id) != package["name"]:
        raise _broken(package, service.digest)
    return ServiceHolding(service, published.isoformat(timespec="seconds"))


def published_digests(catalogue: Catalogue, source: str) -> dict[str, str]:
    """Return id -> digest of the public services that a harvest source wrote, as their packages state them."""
    found = ((package["name"], extras_of(package)) for package in iter_service_packages(catalogue))
    return {service_id(name): extras[SERVICE_DIGEST] for name, extras in found if extras.get(_SOURCE) == source}


def is_service(package: Mapping[str, Any]) -> bool:
    """Return whether a package was published as a service from here."""
    return SERVICE_DIGEST in extras_of(package)


def _plan(existing: Mapping[str, Any] | None, service: Service) -> PublishedService:
    if existing is None:
        return PublishedService(service.id, "created", service.digest)
    same = is_service(existing) and existing["state"] == "active" and _held(existing) == service.digest
    edited = tuple(find_edits(existing)) if same else ()
    return PublishedService(service.id, "unchanged" if same else "updated", service.digest, edited)


def _held(package: Mapping[str, Any]) -> str:
    """Return the digest of the record that the package really holds; empty if it holds none."""
    try:
        return read_service(package).service.digest
    except IntegrityError:
        return ""


def _require_size(service: Service) -> None:
    size = len(service.to_bytes())
    if size > LARGEST_RECORD:
        raise CheckFailed(
            f"サービス {service.id} の記録が {size:,} バイトあり、上限の {LARGEST_RECORD:,} バイトを超えています",
            f"The record of service {service.id} has {size:,} bytes; at most {LARGEST_RECORD:,} can be published",
            next_step=Label("説明や一覧を短くしてください", "Shorten its texts and lists"),
            value=service.id,
            bytes=size,
        )


def _require_untouched(existing: Mapping[str, Any] | None, service: Service, *, overwrite: bool) -> None:
    if existing is None or overwrite:
        return
    name = existing["name"]
    if not is_service(existing):
        raise EditedByHand(
            f"カタログには、この仕組みで公開したものではないパッケージ {name} があります",
            f"The catalogue has a package {name} that was not published from here",
            next_step=Label("そのパッケージの名前を変えるか消してください", "Rename or remove that package"),
            value=service.id,
        )
    edits = find_edits(existing)
    if edits:
        raise EditedByHand(
            f"サービス {service.id} はカタログ上で手で直されています（{'、'.join(edits)}）",
            f"Service {service.id} was edited by hand in the catalogue ({', '.join(edits)})",
            next_step=restoring(name),
            value=service.id,
            fields=edits,
        )


def restored_service(package: Mapping[str, Any]) -> dict[str, Any]:
    """Return the package of a service as it was published, made of the record in it.

    Raises
    ------
    IntegrityError
        If the record was changed, too.
    """
    written = with_written(
        _package(read_service(package).service, extras_of(package).get(_SOURCE, ""), package["type"])
    )
    return merged(package, written)


def _write(catalogue: Catalogue, existing: Mapping[str, Any] | None, service: Service, package: dict[str, Any]) -> None:
    written = with_written(package)
    ensure_owner(catalogue, existing, service.publisher)
    if existing is not None:
        if catalogue.replace_package(existing, merged(existing, written)) is None:
            raise PublishConflict(
                f"サービス {service.id} は、公開している間に別の人が変更しました",
                f"Somebody changed service {service.id} while it was being published",
                next_step=Label("収集をもう一度実行してください", "Run the harvest again"),
                value=service.id,
            )
        return
    try:
        catalogue.action("package_create", **written)
    except ValidationError as error:
        # Another publisher made it in between; only if it is this very record, nothing is left to be done.
        now = catalogue.find_package(package["name"]) if "name" in error.fields else None
        if now is None or _held(now) != service.digest:
            raise


def _broken(package: Mapping[str, Any], computed: str) -> IntegrityError:
    return IntegrityError(
        f"カタログのパッケージ {package['name']} は、記載どおりのサービスの記録を持っていません",
        f"Package {package['name']} of the catalogue does not hold the service record that it states",
        next_step=Label("台帳からもう一度公開してください", "Publish it again from the registry"),
        value=package["name"],
        stated=extras_of(package).get(SERVICE_DIGEST, ""),
        computed=computed,
    )


def _package(service: Service, source: str, kind: str) -> dict[str, Any]:
    contact = service.contact
    responsible = service.owner or service.operator
    return {
        "name": service_name(service.id),
        "type": kind,
        "state": "active",
        "private": False,
        "title": service.name.ja,
        "notes": _notes(service),
        "owner_org": service.publisher.name,
        "license_id": CC_BY.id,
        "url": service.url or "",
        "author": responsible.ja if responsible else "",
        "maintainer": contact.name.ja if contact and contact.name else "",
        "maintainer_email": (contact.email or "") if contact else "",
        "tags": [{"name": one} for one in _tags(service)],
        "extras": as_extras(_extras(service, source)),
        "resources": _resources(service),
    }


def _notes(service: Service) -> str:
    parts = [service.description, *([service.note] if service.note else [])]
    return "\n\n".join([*(one.ja for one in parts), *(one.en for one in parts)])


def _tags(service: Service) -> list[str]:
    vision, phases = load_reference().vision, load_service_reference().codelists["service_phase"]
    groups = [vision.get_group(one).label.ja for one in service.smarts]
    return list(dict.fromkeys([_TAG, *groups, phases.get(service.phase).label.ja]))


def _extras(service: Service, source: str) -> dict[str, str]:
    areas = load_reference().areas
    return {
        "identifier": service.id,
        "spatial_text": "、".join(areas.get(one).name_ja for one in service.areas),
        "publisher_name": service.publisher.label.ja,
        "shihyo_title_en": service.name.en,
        "shihyo_description_en": service.description.en,
        "shihyo_smarts": json.dumps(list(service.smarts)),
        "shihyo_step": str(service.step or ""),
        "shihyo_phase": service.phase,
        "shihyo_areas": json.dumps(list(service.areas)),
        _RECORD: service.to_bytes().decode(),
        SERVICE_DIGEST: service.digest,
        _PUBLISHED: datetime.now(UTC).isoformat(timespec="seconds"),
        _SOURCE: source,
    }


def _resources(service: Service) -> list[dict[str, str]]:
    page = [("page", service.url, "HTML", "サービスのページ / Page of the service")] if service.url else []
    links: list[tuple[str, str, str, str]] = [*page]
    for place, one in enumerate(service.interfaces):
        links.append((f"api-{place}", one.endpoint, "API", "API"))
        if one.openapi:
            links.append((f"openapi-{place}", one.openapi, "JSON", "OpenAPI"))
    return [
        {"id": str(uuid.uuid5(_NAMESPACE, f"service/{service.id}/{key}")), "url": url, "format": format, "name": name}
        for key, url, format, name in links
    ]
