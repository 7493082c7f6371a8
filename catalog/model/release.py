"""Releases: one immutable publication of a dataset each, described by its manifest.

The manifest is the file ``manifest.json`` of the release. Its ``digest`` names the release for ever: the sha256 over
the canonical JSON of everything that a reader can see in it (dataset, version, parent, issued, counts, files with their
sha256). The job and the hour in which it was built are beside it and not in the digest, so building the same release
again gives the same digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from catalog.errors import IntegrityError, Label
from catalog.model.dataset import Dataset, Distribution
from catalog.model.provenance import Provenance
from catalog.model.version import Version, parse_version

MANIFEST_NAME = "manifest.json"

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCounts:
    """What a release changed against its parent, in observations and structure."""

    #: observations with a key that the parent lacks
    added: int = 0
    #: observations whose key stayed and whose value or attributes differ
    changed: int = 0
    #: observations of the parent whose key is gone
    removed: int = 0
    #: of the changed ones, those whose value differs (the revisions)
    revised: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return the counts as JSON."""
        return {
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "revised": self.revised,
        }


@dataclass(frozen=True, slots=True)
class Omission:
    """A file that releases have and this one does not."""

    #: the name that it would have
    name: str
    #: why it is left out, and what to take instead
    why: Label

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"name": self.name, "why": self.why.to_dict()}


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything about one release except the bytes of its files."""

    #: the dataset as it was described then
    dataset: Dataset
    #: place in the dataset's chain of releases: 1, 2, 3...
    sequence: int
    #: semantic version
    version: Version
    #: digest of the release before, or None for the first
    parent: str | None
    #: when the figures became known: ISO 8601 with offset; ``as_of`` goes by it
    issued: str
    #: why the version is what it is: reasons in Japanese and English come from the diff
    reasons: tuple[dict[str, Any], ...]
    #: number of observations
    observations: int
    #: first and last period as texts, or None for an empty dataset
    temporal: tuple[str, str] | None
    #: what changed against the parent
    changes: ChangeCounts
    #: the files except the manifest itself, in a fixed order
    files: tuple[Distribution, ...]
    #: where it came from
    provenance: Provenance
    #: files that are left out; in JSON only if there are any
    omitted: tuple[Omission, ...] = ()
    #: id of the harvest job that built it; not in the digest
    job: str | None = None
    #: when it was built, ISO 8601 in UTC; not in the digest
    built: str | None = None

    @cached_property
    def digest(self) -> str:
        """The sha256 that names the release, hex; computed once, it is asked for in every request."""
        content = {key: value for key, value in self._content().items() if key not in {"job", "built"}}
        content["provenance"] = {
            **content["provenance"],
            "origins": _timeless(content["provenance"]["origins"]),
        }
        return hashlib.sha256(canonical_json(content)).hexdigest()

    def get_file(self, name: str) -> Distribution:
        """Return the file of this name.

        Raises
        ------
        KeyError
            If the release has no such file.
        """
        return {one.name: one for one in self.files}[name]

    @property
    def remarks(self) -> tuple[Label, ...]:
        """What people should know of the release: why it has its version, and what is left out."""
        return (*(Label(one["ja"], one["en"]) for one in self.reasons), *(one.why for one in self.omitted))

    def _content(self) -> dict[str, Any]:
        omitted = {"omitted": [one.to_dict() for one in self.omitted]} if self.omitted else {}
        return {
            "dataset": self.dataset.to_dict(),
            "sequence": self.sequence,
            "version": str(self.version),
            "parent": self.parent,
            "issued": self.issued,
            "reasons": list(self.reasons),
            "observations": self.observations,
            "temporal": list(self.temporal) if self.temporal else None,
            "changes": self.changes.to_dict(),
            "files": [one.to_dict() for one in self.files],
            **omitted,
            "provenance": self.provenance.to_dict(),
            "job": self.job,
            "built": self.built,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as JSON, the digest first."""
        return {"digest": self.digest, **self._content()}

    def to_bytes(self) -> bytes:
        """Return the bytes of the file ``manifest.json``."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Manifest:
        """Inverse of :meth:`to_dict`.

        Raises
        ------
        IntegrityError
            If the stated digest is not that of the content.
        """
        temporal = raw["temporal"]
        manifest = cls(
            dataset=Dataset.from_dict(raw["dataset"]),
            sequence=raw["sequence"],
            version=parse_version(raw["version"]),
            parent=raw["parent"],
            issued=raw["issued"],
            reasons=tuple(raw["reasons"]),
            observations=raw["observations"],
            temporal=(temporal[0], temporal[1]) if temporal else None,
            changes=ChangeCounts(**raw["changes"]),
            files=tuple(Distribution.from_dict(one) for one in raw["files"]),
            omitted=tuple(Omission(one["name"], Label(**one["why"])) for one in raw.get("omitted", ())),
            provenance=Provenance.from_dict(raw["provenance"]),
            job=raw["job"],
            built=raw["built"],
        )
        if manifest.digest != raw["digest"]:
            raise IntegrityError(
                f"リリースの目録が壊れています（{manifest.dataset.name} {manifest.version}）",
                f"The manifest of {manifest.dataset.name} {manifest.version} does not have its stated digest",
                stated=raw["digest"],
                computed=manifest.digest,
            )
        return manifest


def parse_manifest(raw: bytes) -> Manifest:
    """Read the bytes of a ``manifest.json``.

    Raises
    ------
    IntegrityError
        If they are not a manifest, or its stated digest is not that of the content.
    """
    try:
        manifest = Manifest.from_dict(json.loads(raw))
        if not all(_is_safe(file) for file in manifest.files):
            raise ValueError("a file has a name or a sha256 that cannot be one")
        return manifest
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(
            "リリースの目録（manifest.json）として読めません",
            "The bytes are not the manifest of a release",
            value=hashlib.sha256(raw).hexdigest(),
        ) from error


def _is_safe(file: Distribution) -> bool:
    """Return whether name and sha256 can be parts of a path: the manifest may come from anybody's catalogue."""
    plain = _FILE_NAME.fullmatch(file.name) and _SHA256.fullmatch(file.sha256)
    return bool(plain) and file.name != MANIFEST_NAME and file.bytes >= 0


def _timeless(origins: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out when and with which headers the raw bytes were fetched; their sha256 says what they were."""
    return [{key: origin[key] for key in ("name", "sha256", "bytes")} for origin in origins]


def canonical_json(value: Any) -> bytes:
    """Return JSON with sorted keys, no spaces and UTF-8 (the parts of RFC 8785 that our values need)."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()
