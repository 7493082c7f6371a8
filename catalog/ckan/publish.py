"""Publish a built release.

Order of events::

    lock                 other processes of this home folder wait
    dataset package      what is current? already this release: done. Parent is not current: PublishConflict.
                         Edited by hand: EditedByHand.
    release package      claimed by creating it as a draft under its unique name; one that is there already
                         is resumed, taken over, or somebody else's (PublishConflict)
    files                uploaded one by one under ids made of the digest; those that are there are skipped;
                         the manifest last, so that a release with a manifest is whole
    release package      becomes active
    dataset package      ONE call makes the release current: package_create, later package_revise,
                         which does nothing if anybody changed the dataset since it was looked at

A kill at any point leaves the release before current and complete; publishing again goes on where it stopped. Readers
go by the dataset package alone, so they see the old release or the new one and nothing in between. What protects two
publishers from each other is in docs/adr/0044 and 0117.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from catalog.ckan.client import Catalogue
from catalog.ckan.edits import find_edits, merged, with_written
from catalog.ckan.mapping import (
    CurrentRelease,
    current_release,
    dataset_package,
    extras_of,
    release_file_id,
    release_name,
    release_package,
    release_resource,
)
from catalog.ckan.organizations import ensure_owner
from catalog.embedded.errors import ValidationError
from catalog.errors import CatalogueError, CatalogueUnavailable, EditedByHand, IntegrityError, Label, PublishConflict
from catalog.model import MANIFEST_NAME, Distribution, Manifest, parse_manifest
from catalog.releases import BuiltRelease

#: largest manifest that is read, in bytes
MANIFEST_LIMIT = 16_000_000

#: how often all files are looked for again after an upload, because CKAN can lose one of two uploads at once
_ROUNDS = 3
_POLL_SECONDS = 0.5


class Progress(Protocol):
    """Hears how far publishing or following is; the command draws bars of it."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Hear that ``done`` of ``total`` steps of a stage are done; ``total`` is None while it is unknown."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Hear and say nothing."""


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did."""

    #: the release that is current now
    manifest: Manifest
    #: True if it was current before and nothing was done
    already: bool
    #: names of the files that were uploaded
    uploaded: tuple[str, ...] = ()
    #: names of the files that were there from an earlier try
    skipped: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "dataset": self.manifest.dataset.name,
            "version": str(self.manifest.version),
            "sequence": self.manifest.sequence,
            "digest": self.manifest.digest,
            "already": self.already,
            "uploaded": list(self.uploaded),
            "skipped": list(self.skipped),
        }


def publish(
    catalogue: Catalogue, built: BuiltRelease, *, progress: Progress | None = None, overwrite: bool = False
) -> Published:
    """Make a built release the current one of its dataset.

    Parameters
    ----------
    catalogue
        Where to publish.
    built
        The release; its parent must be the one that is current.
    progress
        Hears each file that is there.
    overwrite
        True to replace what was edited by hand in the catalogue, and to bring back a dataset that was deleted there.

    Raises
    ------
    PublishConflict
        If another release became current in between, or someone else is publishing the same dataset.
    EditedByHand
        If the dataset was changed in the catalogue by other means; ``context`` has the fields.
    CatalogueError
        If the catalogue refuses, or does not answer.
    """
    with catalogue.publishing(built.manifest.dataset.name):
        return _Publication(catalogue, built, progress or silent, overwrite).run()


def find_current(catalogue: Catalogue, name: str) -> Manifest | None:
    """Return the manifest of the current release of a dataset, or None if none was published.

    Raises
    ------
    IntegrityError
        If the manifest in the catalogue is not that of the stated release.
    """
    package = catalogue.find_package(name)
    current = current_release(package) if package else None
    return read_manifest(catalogue, name, current) if current else None


def read_manifest(catalogue: Catalogue, name: str, release: CurrentRelease) -> Manifest:
    """Return the manifest of a release from its release package.

    Raises
    ------
    IntegrityError
        If it is missing, damaged, or of another release.
    """
    package = catalogue.find_package(release_name(name, release.sequence))
    resource = find_file(package, release.digest, MANIFEST_NAME) if package else None
    if resource is None:
        raise IntegrityError(
            f"データセット {name} のリリース {release.sequence} の目録がカタログにありません",
            f"The catalogue lacks the manifest of release {release.sequence} of {name}",
            value=release.digest,
        )
    manifest = parse_manifest(catalogue.read_file(resource, limit=MANIFEST_LIMIT))
    if manifest.digest != release.digest:
        raise IntegrityError(
            f"データセット {name} のリリース {release.sequence} の目録が別のリリースのものです",
            f"The manifest of release {release.sequence} of {name} belongs to another release",
            stated=release.digest,
            computed=manifest.digest,
        )
    return manifest


def find_file(package: Mapping[str, Any], digest: str, name: str) -> Mapping[str, Any] | None:
    """Return the resource of a release package that holds a file, or None."""
    wanted = release_file_id(digest, name)
    return next((one for one in package["resources"] if one["id"] == wanted), None)


def restoring(name: str) -> Label:
    """Return what to do about an edit by hand."""
    return Label(
        f"直した内容を収集元に移してから、shihyo catalog overwrite {name} で公開した内容に戻し、収集をもう一度実行して"
        f"ください（何が直されたかは shihyo catalog edits {name}）",
        f"Bring the edits into the source, put back what was published with shihyo catalog overwrite {name}, and run"
        f" the harvest again; shihyo catalog edits {name} shows what was edited",
    )


class _OvertakenError(Exception):
    """Another publisher of the same release has it now.

    CKAN checks a name, then writes: of two ``package_create`` within milliseconds the second one overwrites the package
    of the first one, and both are told that it is theirs. Uploads of both at once fail in CKAN with status 500.
    """


class _Publication:
    """One try to publish one release."""

    def __init__(self, catalogue: Catalogue, built: BuiltRelease, progress: Progress, overwrite: bool) -> None:
        self.catalogue = catalogue
        self.built = built
        self.manifest = built.manifest
        self.name = self.manifest.dataset.name
        self.release_name = release_name(self.name, self.manifest.sequence)
        self.progress = progress
        self.overwrite = overwrite

    def run(self) -> Published:
        existing = self.catalogue.find_package(self.name)
        if self._is_current(existing):
            return Published(self.manifest, already=True)
        self._require_parent(existing)
        self._require_untouched(existing)
        ensure_owner(self.catalogue, existing, self.manifest.dataset.publisher)
        uploaded = self._bring_files()
        if uploaded is None:
            return Published(self.manifest, already=True)
        release = self._activate()
        self._make_current(release)
        skipped = tuple(name for name in self._file_names() if name not in uploaded)
        return Published(self.manifest, already=False, uploaded=uploaded, skipped=skipped)

    def _is_current(self, package: Mapping[str, Any] | None) -> bool:
        current = current_release(package) if package and package["state"] == "active" else None
        return current is not None and current.digest == self.manifest.digest

    def _require_parent(self, package: Mapping[str, Any] | None) -> None:
        current = current_release(package) if package else None
        if current is None and self.manifest.parent is None:
            return
        if current is not None and current.digest in {self.manifest.parent, self.manifest.digest}:
            return
        held = current.sequence if current else 0
        raise PublishConflict(
            f"{self.name} の公開中のリリース（{held}）は、このリリース（{self.manifest.sequence}）の親ではありません",
            f"The current release {held} of {self.name} is not the parent of release {self.manifest.sequence}",
            next_step=Label(
                "最新のリリースの上に組み立て直してください（収集をもう一度実行）",
                "Build it again on top of the current release: run the harvest again",
            ),
            value=self.manifest.digest,
            current=current.digest if current else None,
            parent=self.manifest.parent,
        )

    def _require_untouched(self, package: Mapping[str, Any] | None) -> None:
        if package is None or self.overwrite:
            return
        if current_release(package) is None:
            raise EditedByHand(
                f"カタログには、この仕組みで公開したものではないデータセット {self.name} があります",
                f"The catalogue has a dataset {self.name} that was not published from here",
                next_step=Label(
                    "そのデータセットの名前を変えるか消すか、収集元の options で別の名前を指定してください",
                    "Rename or remove that dataset, or give the source another name for its own in its options",
                ),
                value=self.name,
            )
        edits = find_edits(package)
        if edits:
            raise EditedByHand(
                f"データセット {self.name} はカタログ上で手で直されています（{'、'.join(edits)}）",
                f"{self.name} was edited by hand in the catalogue ({', '.join(edits)})",
                next_step=restoring(self.name),
                value=self.name,
                fields=edits,
            )

    def _bring_files(self) -> tuple[str, ...] | None:
        """Return the names of the files that were uploaded; None if someone else made the release current."""
        while True:
            release = self._claim()
            if release is None:
                return None
            try:
                return self._upload_files(release)
            except _OvertakenError:
                continue

    def _claim(self) -> dict[str, Any] | None:
        """Return the release package with this release's digest in it; None if someone else made it current."""
        while True:
            package = self.catalogue.find_package(self.release_name)
            if package is None or package["state"] == "deleted":
                package = self._create_release()
                if package is not None:
                    return package
                continue
            same = extras_of(package).get("shihyo_release") == self.manifest.digest
            if not self._is_free(package):
                if not same:
                    raise self._busy(package)
                if self._is_current(self.catalogue.find_package(self.name)):
                    return None
                self.progress(f"{self.release_name}: waiting", 0, None)
                time.sleep(_POLL_SECONDS)
                continue
            taken = self._take_over(package, same)
            if taken is not None:
                return taken

    def _create_release(self) -> dict[str, Any] | None:
        """Create the draft; None if the name was taken in between. The unique name is the put-if-absent."""
        wanted = release_package(self.manifest, self.catalogue.publisher, self.catalogue.release_type)
        try:
            return dict(self.catalogue.action("package_create", **wanted))
        except _TAKEN as error:
            if _may_be_taken(error) and self.catalogue.find_package(self.release_name) is not None:
                return None
            raise

    def _is_free(self, package: Mapping[str, Any]) -> bool:
        """Return whether nobody else is at work: it is our own, or its last sign of life is older than the lease."""
        if extras_of(package).get("shihyo_publisher") == self.catalogue.publisher:
            return True
        return _age(package["metadata_modified"]) > self.catalogue.settings.publish_lease_seconds

    def _take_over(self, package: Mapping[str, Any], same: bool) -> dict[str, Any] | None:
        """Make a release package that someone left behind ours; None if it changed since it was looked at.

        Files of another release are dropped.
        """
        if same and extras_of(package).get("shihyo_publisher") == self.catalogue.publisher:
            return dict(package)
        wanted = release_package(self.manifest, self.catalogue.publisher, package["type"])
        kept = {"resources": package["resources"], "state": package["state"]} if same else {"resources": []}
        return self.catalogue.replace_package(package, {**package, **wanted, **kept})

    def _busy(self, package: Mapping[str, Any]) -> PublishConflict:
        age = _age(package["metadata_modified"])
        left = max(1, round(self.catalogue.settings.publish_lease_seconds - age))
        return PublishConflict(
            f"別の公開者がデータセット {self.name} のリリース {self.manifest.sequence} を公開中です",
            f"Another publisher is publishing release {self.manifest.sequence} of {self.name}",
            next_step=Label(
                f"公開が終わってから収集をもう一度実行してください。止まっている場合は{left}秒後に引き継げます",
                f"Run the harvest again when it has finished; if it died, it can be taken over in {left} seconds",
            ),
            value=self.manifest.digest,
            retry_after=left,
        )

    def _file_names(self) -> list[str]:
        return [*(file.name for file in self.manifest.files), MANIFEST_NAME]

    def _upload_files(self, release: Mapping[str, Any]) -> tuple[str, ...]:
        uploaded: list[str] = []
        for _ in range(_ROUNDS):
            missing = [file for file in (*self.manifest.files, None) if not _holds(release, self.manifest, file)]
            total = len(self._file_names())
            if not missing:
                self.progress(self.release_name, total, total)
                return tuple(uploaded)
            for file in missing:
                self.progress(self.release_name, total - len(missing) + missing.index(file), total)
                self._upload(release, file)
                uploaded.append(file.name if file else MANIFEST_NAME)
            release = self._own_release()
        raise CatalogueError(
            f"カタログがリリース {self.release_name} のファイルを保持しません",
            f"The catalogue does not keep the files of release {self.release_name}",
            value=self.release_name,
        )

    def _upload(self, release: Mapping[str, Any], file: Distribution | None) -> None:
        """Upload one file; try once more if the catalogue fails while the release is ours."""
        for is_last in (False, True):
            try:
                self._upload_once(release, file)
            except _TAKEN:
                release = self._own_release()
                if not _holds(release, self.manifest, file):
                    if extras_of(release).get("shihyo_publisher") != self.catalogue.publisher:
                        raise _OvertakenError from None
                    if is_last:
                        raise
                    time.sleep(_POLL_SECONDS)
                    continue
            return

    def _upload_once(self, release: Mapping[str, Any], file: Distribution | None) -> None:
        name = file.name if file else MANIFEST_NAME
        media_type = file.media_type if file else "application/json"
        action = "resource_update" if find_file(release, self.manifest.digest, name) else "resource_create"
        fields = {**release_resource(self.manifest, file), "package_id": release["id"]}
        self.catalogue.upload(action, path=self.built.path(name), media_type=media_type, **fields)

    def _own_release(self) -> dict[str, Any]:
        """Return the release package, which must still be ours."""
        package = self.catalogue.find_package(self.release_name)
        if package is None or extras_of(package).get("shihyo_release") != self.manifest.digest:
            raise PublishConflict(
                f"公開の途中で、別の公開者がリリース {self.release_name} を引き継ぎました",
                f"Another publisher took over release {self.release_name} in between",
                next_step=Label("収集をもう一度実行してください", "Run the harvest again"),
                value=self.manifest.digest,
            )
        return package

    def _activate(self) -> dict[str, Any]:
        package = self._own_release()
        if package["state"] != "active":
            self.catalogue.action("package_patch", id=package["id"], state="active")
            package = self._own_release()
        return package

    def _make_current(self, release: Mapping[str, Any]) -> None:
        files = {name: find_file(release, self.manifest.digest, name) or {} for name in self._file_names()}
        for _ in range(_ROUNDS):
            existing = self.catalogue.find_package(self.name)
            self._own_release()
            if self._is_current(existing):
                return
            first_issued = extras_of(existing).get("issued") if existing and current_release(existing) else None
            wanted = with_written(dataset_package(self.manifest, files, first_issued))
            self._require_parent(existing)
            self._require_untouched(existing)
            if existing is None:
                self._create_dataset(wanted)
                return
            if self.catalogue.replace_package(existing, merged(existing, wanted)) is not None:
                return
        raise PublishConflict(
            f"データセット {self.name} は、公開しようとするたびに別の人が変更しています",
            f"Somebody changes {self.name} each time it is to be published",
            next_step=Label(
                "変更が終わってから収集をもう一度実行してください", "Run the harvest again when they have finished"
            ),
            value=self.name,
        )

    def _create_dataset(self, package: Mapping[str, Any]) -> None:
        try:
            self.catalogue.action("package_create", **package)
        except _TAKEN as error:
            now = self.catalogue.find_package(self.name) if _may_be_taken(error) else None
            if now is None:
                raise
            if not self._is_current(now):
                self._require_parent(now)
                raise


#: what creating something raises when someone else creates it at the same moment: CKAN checks, then writes, and answers
#: 500 if the other was in between. An answer that was lost looks the same.
_TAKEN = (ValidationError, CatalogueUnavailable)


def _may_be_taken(error: CatalogueError) -> bool:
    return not isinstance(error, ValidationError) or "name" in error.fields


def _holds(package: Mapping[str, Any], manifest: Manifest, file: Distribution | None) -> bool:
    """Return whether a release package has a file. A manifest is known by its id, which is made of the digest."""
    resource = find_file(package, manifest.digest, file.name if file else MANIFEST_NAME)
    if resource is None or resource.get("url_type") != "upload":
        return False
    return file is None or resource.get("hash") == file.sha256


def _age(moment: str) -> float:
    """Return how many seconds ago a time of CKAN (UTC without offset) was."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment).replace(tzinfo=UTC)).total_seconds()
