"""Where bytes came from and what made them (PROV-O: Entity, Activity, wasDerivedFrom)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from catalog.errors import Label


@dataclass(frozen=True, slots=True)
class Origin:
    """One raw input, kept by checksum."""

    #: what people call it: a URL, or a file name without the machine's folders
    name: str
    #: sha256 of the raw bytes, hex
    sha256: str
    #: size in bytes
    bytes: int
    #: when it was fetched, ISO 8601 in UTC
    fetched: str
    #: ETag and Last-Modified as the server gave them, or None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """An earlier release that was published again (PROV-O wasRevisionOf)."""

    #: digest, sequence and version of the release whose observations these are
    restored: str
    restored_sequence: int
    restored_version: str
    #: digest, sequence and version of the release that was current and is withdrawn by this
    withdrawn: str
    withdrawn_sequence: int
    withdrawn_version: str
    #: why, in the words of who did it
    reason: str

    @property
    def label(self) -> Label:
        """What readers are told."""
        return Label(
            f"版 {self.withdrawn_version} を取り下げ、版 {self.restored_version} の内容を再び公開"
            f"（理由: {self.reason}）",
            f"Version {self.withdrawn_version} is withdrawn, version {self.restored_version} published again "
            f"(reason: {self.reason})",
        )


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a release came to be."""

    #: raw inputs, in reading order
    origins: tuple[Origin, ...]
    #: name of the harvest source
    source: str
    #: name and version of the code that made it, such as ``shihyo.mynumber 0.1.0``
    activity: str
    #: citation of who produced the figures, such as 出典：総務省「マイナンバーカード交付状況」
    citation: str = ""
    #: which release it brings back, or None if it is an ordinary one
    rollback: Rollback | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the provenance as JSON; ``rollback`` only where there was one, so that older digests stay."""
        content = asdict(self)
        if self.rollback is None:
            del content["rollback"]
        return content | {"origins": [asdict(origin) for origin in self.origins]}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Provenance:
        """Inverse of :meth:`to_dict`."""
        rollback = raw.get("rollback")
        parsed = {
            "origins": tuple(Origin(**origin) for origin in raw["origins"]),
            "rollback": Rollback(**rollback) if rollback else None,
        }
        return cls(**{**raw, **parsed})
