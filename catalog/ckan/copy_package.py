"""Copy one package: a release, a dataset of ours, or anybody's.

Order of events for a package with files that the other catalogue does not have: created hidden (a draft, private, with
our mark in it); each file uploaded and read back; one last call writes everything as it stands in the source, takes the
mark away and makes it visible. A package without files is written by that call alone.

======================  ================================================================================
in the target there is  what happens
======================  ================================================================================
nothing                 created
a draft with our mark   completed
what the last copy      updated if it changed in the source since, files by their stamps
left
the same content        unchanged, after comparing the bytes of all files
something else          reported and left alone; a release of another digest even with ``overwrite``
======================  ================================================================================
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from catalog.ckan.copy_journal import Entry
from catalog.ckan.copy_report import CopiedFile, CopyItem
from catalog.ckan.copy_sides import Sides
from catalog.ckan.edits import WRITTEN, carry_written, find_edits, merged
from catalog.ckan.mapping import as_extras, current_release, extras_of, release_name
from catalog.ckan.portable import (
    MARK,
    differences,
    fingerprint,
    is_upload,
    payload_of,
    portable_package,
    portable_resource,
    stamp,
)
from catalog.ckan.publish import MANIFEST_LIMIT, Progress, find_file
from catalog.ckan.services import is_service, service_type
from catalog.ckan.transfer import file_name, find_digest, send_file
from catalog.embedded.errors import NotFound
from catalog.errors import CatalogueError, EditedByHand, IntegrityError, Label, PublishConflict
from catalog.model import MANIFEST_NAME, parse_manifest

_FILE_PATH = re.compile(r"/[^/]+/[^/]+/resource/([^/]+)/download/")
#: what the target decides about a resource that it has, and what it filled in about its file
_OF_THE_TARGET = ("created", "datastore_active", "last_modified")
_OF_ITS_FILE = ("format", "hash", "mimetype", "size", "url", "url_type")


class PackageCopy:
    """The copy of one package.

    Parameters
    ----------
    sides
        From where, to where, and how.
    package
        The package as the source answers it.
    progress
        Hears each file that is there.
    """

    def __init__(self, sides: Sides, package: dict[str, Any], progress: Progress) -> None:
        self.sides = sides
        self.package = package
        self.progress = progress
        self.name = package["name"]
        self.key = f"package:{self.name}"
        self.is_release = "shihyo_release_of" in extras_of(package)
        self.kind = "release" if self.is_release else "dataset"
        #: resource id -> sha256 that the manifest of the release states
        self.stated: Mapping[str, str] = {}
        self._urls: dict[str, str] = {}

    def plain(self) -> CopyItem:
        """Copy a package that is no dataset of ours.

        Raises
        ------
        EditedByHand
            If the target has another one under its name.
        """
        existing = self._find_existing()
        if existing is None or self._is_unfinished(existing):
            return self._write(existing, "created")
        if (entry := self._left_alone(existing)) is not None:
            return self._unchanged(entry) if entry.source == self._print else self._write(existing, "updated", entry)
        changes = self._differences(existing)
        if not changes:
            return self._adopt(existing)
        if not self.sides.overwrite:
            raise self._not_ours(changes)
        return self._write(existing, "updated")

    def release(self) -> CopyItem:
        """Copy a release.

        Raises
        ------
        PublishConflict
            If the target has another release under its number.
        IntegrityError
            If the source does not have it whole.
        """
        existing = self._find_existing()
        digest = extras_of(self.package).get("shihyo_release")
        if existing is not None and extras_of(existing).get("shihyo_release") != digest:
            raise self._other_release(digest, extras_of(existing).get("shihyo_release"))
        if existing is not None and (entry := self._left_alone(existing)) and entry.source == self._print:
            return self._unchanged(entry)
        self.stated = self._read_manifest()
        if existing is None or self._is_unfinished(existing) or existing["state"] != "active":
            return self._write(existing, "created")
        return self._write(existing, "updated") if self._files_to_send(existing) else self._adopt(existing)

    def dataset(self, releases: Mapping[int, Mapping[str, Any]], failed: Sequence[str]) -> CopyItem:
        """Copy a dataset of ours, whose releases were copied before.

        Parameters
        ----------
        releases
            Sequence -> package of the release in the source.
        failed
            Names of releases that could not be copied.

        Raises
        ------
        CatalogueError
            If releases are missing: the target must not name what it does not have.
        PublishConflict
            If the target has other releases of this dataset.
        EditedByHand
            If it was edited there.
        """
        current = current_release(self.package)
        if current is None or failed or current.sequence not in releases:
            missing = [*failed] or [release_name(self.name, current.sequence if current else 0)]
            raise CatalogueError(
                f"データセット {self.name} は、リリース {'、'.join(missing)} を写せなかったので写しません",
                f"{self.name} is not copied, because its releases {', '.join(missing)} could not be",
                value=missing,
            )
        existing = self._find_existing()
        held = current_release(existing) if existing else None
        if existing is None or held is None or self._is_unfinished(existing):
            return self.plain()
        if held.sequence > current.sequence:
            return CopyItem(
                kind=self.kind, name=self.name, action="kept", type=self.package["type"], reason=_newer(held.sequence)
            )
        if extras_of(releases.get(held.sequence, {})).get("shihyo_release", held.digest) != held.digest:
            raise self._other_release(current.digest, held.digest)
        return self._update_dataset(existing)

    def _update_dataset(self, existing: dict[str, Any]) -> CopyItem:
        """Update a dataset of which the target has this release or one before."""
        entry = self._left_alone(existing)
        if entry is not None:
            return self._unchanged(entry) if entry.source == self._print else self._write(existing, "updated", entry)
        if not self._differences(existing):
            return self._adopt(existing)
        edits = find_edits(existing)
        if edits and not self.sides.overwrite:
            raise self._not_ours(edits)
        return self._write(existing, "updated", keep_additions=True)

    # -- what is there, and what is wanted

    @cached_property
    def _portable(self) -> dict[str, Any]:
        return portable_package(self.package)

    @cached_property
    def _print(self) -> str:
        return fingerprint(self.package, self._portable)

    @cached_property
    def _mark(self) -> str:
        return hashlib.sha256(f"{self.sides.source_address} {self.package['id']}".encode()).hexdigest()[:16]

    @property
    def _uploads(self) -> list[dict[str, Any]]:
        return [one for one in self.package["resources"] if is_upload(one)]

    def _find_existing(self) -> dict[str, Any] | None:
        existing = self.sides.target.find_package(self.name)
        if existing is not None and existing["state"] == "deleted" and not self.sides.overwrite:
            raise self._not_ours(["state"])
        return existing

    def _is_unfinished(self, existing: Mapping[str, Any]) -> bool:
        return extras_of(existing).get(MARK) == self._mark

    def _left_alone(self, existing: dict[str, Any]) -> Entry | None:
        if existing["state"] != "active":
            return None
        return self.sides.left_alone(self.key, existing, portable_package(existing))

    def _wanted(self, existing: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the portable package as the target shall have it."""
        resources = [self._wanted_resource(one) for one in self.package["resources"]]
        wanted = {**self._portable, "resources": resources}
        if self.is_release:
            wanted["type"] = existing["type"] if existing else self.sides.target.release_type
        elif is_service(self.package):
            wanted["type"] = existing["type"] if existing else service_type(self.sides.target)
        if WRITTEN in wanted.get("extras", {}):
            written = carry_written(self.package, {**payload_of(wanted), "state": "active"})
            wanted["extras"] = {**wanted["extras"], WRITTEN: written}
        return wanted

    def _wanted_resource(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        portable = portable_resource(resource)
        if "url" in portable:
            portable["url"] = self._wanted_url(portable["url"])
        return portable

    def _wanted_url(self, url: str) -> str:
        """Return an address; that of a file of the source becomes that of the same file in the target."""
        found = _FILE_PATH.search(urlsplit(url).path)
        if found is None or not url.startswith(self.sides.source_sites):
            return url
        if url not in self._urls:
            try:
                self._urls[url] = str(self.sides.target.action("resource_show", id=found[1])["url"])
            except NotFound:
                if self.sides.dry_run or current_release(self.package) is None:
                    return url
                raise
        return self._urls[url]

    def _differences(self, existing: Mapping[str, Any]) -> list[str]:
        fields = differences(self._wanted(existing), portable_package(existing))
        state = ["state"] if existing["state"] != "active" else []
        return [*fields, *state, *(f"resources.{one['id']}.file" for one in self._files_to_send(existing))]

    def _files_to_send(self, existing: Mapping[str, Any] | None, entry: Entry | None = None) -> list[dict[str, Any]]:
        """Return the resources whose file the target does not have with the same bytes."""
        held = {one["id"]: one for one in existing["resources"] if is_upload(one)} if existing else {}
        return [one for one in self._uploads if not self._is_held(one, held.get(one["id"]), entry)]

    def _is_held(self, resource: Mapping[str, Any], held: Mapping[str, Any] | None, entry: Entry | None) -> bool:
        if held is None:
            return False
        if entry is not None and entry.files.get(resource["id"]) == stamp(resource):
            return True
        stated = self.stated.get(resource["id"]) or find_digest(self.sides.source, resource)
        return stated == find_digest(self.sides.target, held)

    def _read_manifest(self) -> dict[str, str]:
        """Return what the manifest of the release states of its files: resource id -> sha256."""
        extras = extras_of(self.package)
        digest = extras.get("shihyo_release", "")
        resource = find_file(self.package, digest, MANIFEST_NAME)
        if resource is None:
            raise _broken(self.name, digest)
        manifest = parse_manifest(self.sides.source.read_file(resource, limit=MANIFEST_LIMIT))
        if manifest.digest != digest or release_name(manifest.dataset.name, manifest.sequence) != self.name:
            raise _broken(self.name, digest)
        found = [(find_file(self.package, digest, file.name), file.sha256) for file in manifest.files]
        stated = {one["id"]: sha256 for one, sha256 in found if one is not None and is_upload(one)}
        if len(stated) < len(found):
            raise _broken(self.name, digest)
        return stated

    # -- writing

    def _write(
        self,
        existing: dict[str, Any] | None,
        action: str,
        entry: Entry | None = None,
        *,
        keep_additions: bool = False,
    ) -> CopyItem:
        files = self._files_to_send(existing, entry)
        if self.sides.dry_run:
            changes = differences(self._wanted(existing), portable_package(existing)) if existing else []
            return self._item(action, changes=changes, files=[_planned(one) for one in files])
        if existing is None and not files:
            wanted = self._wanted(None)
            self.sides.create("package_create", {**payload_of(wanted), "state": "active"}, self.package["id"])
            return self._finish(wanted, action)
        changes = differences(self._wanted(existing), portable_package(existing)) if existing else []
        package = existing or self._create_hidden()
        sent = self._send(package, files)
        package = self.sides.target.action("package_show", id=package["id"])
        wanted = self._wanted(package)
        if self.sides.target.replace_package(package, self._payload(wanted, package, keep_additions)) is None:
            raise PublishConflict(
                f"{self.name} は、写している間に写し先で変更されました",
                f"{self.name} was changed in the target while it was being copied",
                next_step=Label("もう一度実行してください", "Run it again"),
                value=self.name,
            )
        return self._finish(wanted, action, changes, sent)

    def _create_hidden(self) -> dict[str, Any]:
        """Create the package without its files, so that nobody takes it for whole."""
        wanted = self._wanted(None)
        extras = {**wanted.get("extras", {}), MARK: self._mark}
        draft = {**payload_of(wanted), "extras": as_extras(extras), "resources": [], "state": "draft", "private": True}
        return self.sides.create("package_create", draft, self.package["id"])

    def _send(self, package: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> list[CopiedFile]:
        held = {one["id"] for one in package["resources"]}
        sent = []
        for done, resource in enumerate(files):
            self.progress(self.name, done, len(files))
            sent.append(
                send_file(
                    self.sides.source,
                    self.sides.target,
                    resource,
                    package_id=package["id"],
                    replaces=resource["id"] in held,
                    expected=self.stated.get(resource["id"]),
                )
            )
        self.progress(self.name, len(files), len(files))
        return sent

    def _payload(self, wanted: Mapping[str, Any], package: Mapping[str, Any], keep_additions: bool) -> dict[str, Any]:
        held = {one["id"]: one for one in package["resources"]}
        resources = (
            [_over(held.get(one["id"], {}), one) for one in wanted["resources"]] if "resources" in wanted else []
        )
        payload = {**payload_of(wanted), "resources": resources, "id": package["id"], "state": "active"}
        return {**merged(package, payload), "groups": _united(package, payload)} if keep_additions else payload

    def _finish(
        self,
        wanted: Mapping[str, Any],
        action: str,
        changes: Sequence[str] = (),
        sent: Sequence[CopiedFile] = (),
    ) -> CopyItem:
        found = self.sides.target.action("package_show", id=self.name)
        lost = differences(wanted, portable_package(found))
        item = self._item(action, changes=changes, files=sent, lost=lost)
        return self.sides.record(self.key, self._entry(found, lost), item)

    def _adopt(self, existing: dict[str, Any]) -> CopyItem:
        """Take what is there for the copy, because it is the same."""
        return self.sides.record(self.key, self._entry(existing), self._item("unchanged"))

    def _unchanged(self, entry: Entry) -> CopyItem:
        return self._item("unchanged", lost=entry.lost)

    def _entry(self, found: dict[str, Any], lost: Sequence[str] = ()) -> Entry:
        files = {one["id"]: stamp(one) for one in self._uploads}
        return Entry(self._print, fingerprint(found, portable_package(found)), files, list(lost))

    def _item(
        self,
        action: str,
        *,
        changes: Sequence[str] = (),
        files: Sequence[CopiedFile] = (),
        lost: Sequence[str] = (),
    ) -> CopyItem:
        return CopyItem(
            kind=self.kind,
            name=self.name,
            action=action,
            type=self.package["type"],
            files=tuple(files),
            changes=tuple(changes),
            lost=tuple(lost),
        )

    # -- refusals

    def _not_ours(self, changes: Sequence[str]) -> EditedByHand:
        return EditedByHand(
            f"写し先の {self.name} は、写した後に変えられたか、別のものです（{'、'.join(changes)}）",
            f"{self.name} of the target was changed there, or is another one ({', '.join(changes)})",
            next_step=Label(
                "写し先のものを置き換えてよければ --overwrite を付けてください",
                "Give --overwrite if that of the target may be replaced",
            ),
            value=self.name,
            fields=list(changes),
        )

    def _other_release(self, digest: str | None, theirs: str | None) -> PublishConflict:
        return PublishConflict(
            f"写し先には、同じ番号で別のリリース {self.name} があります",
            f"The target has another release under the number of {self.name}",
            next_step=Label(
                "どちらの系列を残すか決め、写し先のデータセットとそのリリースを消去してから写してください",
                "Decide which chain stays; purge the dataset and its releases in the target before copying",
            ),
            value=digest,
            current=theirs,
        )


def _over(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource for the last call: what is carried, over what the target has of it."""
    kept = _OF_THE_TARGET + (_OF_ITS_FILE if wanted.get("url_type") == "upload" else ())
    return {**{key: held[key] for key in kept if held.get(key)}, **wanted}


def _united(package: Mapping[str, Any], payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = {one["name"] for one in (*package.get("groups", ()), *payload["groups"])}
    return [{"name": name} for name in sorted(names)]


def _planned(resource: Mapping[str, Any]) -> CopiedFile:
    size = resource.get("size")
    return CopiedFile(resource["id"], file_name(resource), int(size) if size else None)


def _newer(sequence: int) -> Label:
    return Label(f"写し先のほうが新しい（リリース {sequence}）", f"The target is newer (release {sequence})")


def _broken(name: str, digest: str) -> IntegrityError:
    return IntegrityError(
        f"写し元のリリース {name} は、目録とそろっていません",
        f"Release {name} of the source is not what its manifest states",
        value=digest,
    )
