"""Put back what was published where it was edited by hand: on purpose, by name, and written down.

Publishing never overwrites an edit. Who has looked at the edits (:func:`find_edited`) and decided puts back what was
published (:func:`overwrite`). Order of events::

    package              read; is it ours, and what was edited?
    what was published   made again: a dataset of the manifest of its current release, a service of the record in it
    log                  the package as it was goes into overwritten.jsonl of the home folder, so that nothing is lost
    package              replaced in one call, if nobody changed it meanwhile; additions stay

A service whose record itself was edited cannot be put back from the catalogue alone. What is there then counts as
written by us, so that the next harvest replaces it with the record of the registry.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.ckan.client import Catalogue
from catalog.ckan.edits import find_edits, merged, values_of, with_written
from catalog.ckan.listing import iter_packages
from catalog.ckan.mapping import CurrentRelease, as_extras, current_release, dataset_package, extras_of, release_name
from catalog.ckan.publish import find_file, read_manifest
from catalog.ckan.services import SERVICE_DIGEST, is_service, restored_service, service_name
from catalog.errors import CatalogueError, IntegrityError, Label, PublishConflict
from catalog.model import MANIFEST_NAME

LOG_NAME = "overwritten.jsonl"

#: the digest of no record: the source that wrote it sees that the catalogue is not as it left it
_UNKNOWN = "unknown"

_OURS = f"+(shihyo_release:* OR {SERVICE_DIGEST}:*) -shihyo_release_of:*"


@dataclass(frozen=True, slots=True)
class Edited:
    """A package that was published from here and was changed by other means."""

    #: its name
    name: str
    #: field -> its value now, None if it was removed; empty if nothing was changed
    fields: Mapping[str, str | None]
    #: True if publishing again is needed to put it back
    needs_harvest: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"name": self.name, "fields": dict(self.fields), "needs_harvest": self.needs_harvest}


def find_edited(catalogue: Catalogue, names: Sequence[str] = ()) -> list[Edited]:
    """Return what was edited by hand, by name.

    Parameters
    ----------
    catalogue
        Where to look.
    names
        Datasets and services to look at; all that were published from here and are not deleted, if empty.

    Raises
    ------
    CatalogueError
        If one of the names was not published from here.
    """
    packages = [_get_ours(catalogue, one) for one in names] or list(iter_packages(catalogue, _OURS))
    found = (_edited(package) for package in packages if _is_ours(package))
    return sorted((one for one in found if one.fields), key=lambda one: one.name)


def overwrite(catalogue: Catalogue, name: str) -> Edited:
    """Put back what was published of a dataset or service; return what was edited.

    Raises
    ------
    CatalogueError
        If it was not published from here, or the catalogue refuses.
    PublishConflict
        If somebody changed it meanwhile.
    """
    package = _get_ours(catalogue, name)
    with catalogue.publishing(package["name"]):
        package = _get_ours(catalogue, name)
        edited = _edited(package)
        if not edited.fields:
            return edited
        wanted = _as_published(catalogue, package, edited)
        _write_down(catalogue.settings.home / LOG_NAME, catalogue, package, edited)
        if catalogue.replace_package(package, wanted) is None:
            raise PublishConflict(
                f"{package['name']} は、戻そうとする間に別の人が変更しました",
                f"Somebody changed {package['name']} while it was to be put back",
                next_step=Label("shihyo catalog edits でもう一度確かめてください", "Look again: shihyo catalog edits"),
                value=package["name"],
            )
        return edited


def _get_ours(catalogue: Catalogue, name: str) -> dict[str, Any]:
    found = catalogue.find_package(name) or catalogue.find_package(service_name(name))
    if found is None or not _is_ours(found):
        raise CatalogueError(
            f"カタログに、ここから公開したデータセットやサービス {name} がありません",
            f"The catalogue has no dataset or service {name} that was published from here",
            next_step=Label("shihyo catalog list で名前を確かめてください", "See the names: shihyo catalog list"),
            value=name,
        )
    return found


def _is_ours(package: Mapping[str, Any]) -> bool:
    return is_service(package) or current_release(package) is not None


def _edited(package: Mapping[str, Any]) -> Edited:
    now = values_of(package)
    fields = {field: now.get(field) for field in find_edits(package)}
    return Edited(package["name"], fields, needs_harvest=is_service(package) and not _record_is_whole(package))


def _record_is_whole(package: Mapping[str, Any]) -> bool:
    try:
        restored_service(package)
    except IntegrityError:
        return False
    return True


def _as_published(catalogue: Catalogue, package: dict[str, Any], edited: Edited) -> dict[str, Any]:
    if edited.needs_harvest:
        extras = {**extras_of(package), SERVICE_DIGEST: _UNKNOWN}
        return with_written({**package, "extras": as_extras(extras)})
    if is_service(package):
        return restored_service(package)
    current = current_release(package)
    assert current is not None
    manifest = read_manifest(catalogue, package["name"], current)
    release = catalogue.find_package(release_name(package["name"], current.sequence)) or {"resources": []}
    names = [*(file.name for file in manifest.files), MANIFEST_NAME]
    files = {one: find_file(release, manifest.digest, one) or {} for one in names}
    wanted = dataset_package(manifest, files, _first_issued(catalogue, package, edited))
    return merged(package, with_written(wanted))


def _first_issued(catalogue: Catalogue, package: Mapping[str, Any], edited: Edited) -> str | None:
    """Return when the dataset was first published: as it says, or as its first release says if that was edited."""
    if "extras.issued" not in edited.fields:
        return extras_of(package).get("issued")
    first = catalogue.find_package(release_name(package["name"], 1))
    digest = extras_of(first).get("shihyo_release") if first else None
    return read_manifest(catalogue, package["name"], CurrentRelease(digest, 1)).issued if digest else None


def _write_down(path: Path, catalogue: Catalogue, package: Mapping[str, Any], edited: Edited) -> None:
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "catalogue": catalogue.settings.catalog_url or catalogue.settings.site_url,
        "name": edited.name,
        "edited": dict(edited.fields),
        "package": package,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(entry, ensure_ascii=False) + "\n")
        log.flush()
        os.fsync(log.fileno())
