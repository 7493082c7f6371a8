"""What copying a catalogue did, or in a dry run would do: one item for each organisation, group and package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from catalog.ckan.datastore import Loaded
from catalog.errors import Label, ShihyoError

ACTIONS = {
    "created": Label("作成", "created"),
    "updated": Label("更新", "updated"),
    "unchanged": Label("変更なし", "unchanged"),
    "kept": Label("写し先のまま", "kept"),
    "skipped": Label("対象外", "skipped"),
    "failed": Label("失敗", "failed"),
}
#: actions of a dry run, where they read otherwise
_PLANNED = {"created": Label("作成する", "would create"), "updated": Label("更新する", "would update")}


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file that was sent, or would be."""

    #: id of its resource
    id: str
    #: name of the file
    name: str
    #: size; None if the catalogue does not say it and it was not fetched
    bytes: int | None
    #: sha256 of what was fetched and of what the other catalogue gave back; None in a dry run
    sha256: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"id": self.id, "name": self.name, "bytes": self.bytes, "sha256": self.sha256}


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyItem:
    """What became of one thing."""

    #: organization, group, release, dataset
    kind: str
    #: its name
    name: str
    #: created, updated, unchanged; kept: the other catalogue has another one and it stays; skipped, failed
    action: str
    #: CKAN's type of a package, such as ``service``
    type: str | None = None
    #: the files that were sent, or would be
    files: tuple[CopiedFile, ...] = ()
    #: what changes, or what is kept otherwise than it stands in the source
    changes: tuple[str, ...] = ()
    #: what the other catalogue did not keep as it was sent
    lost: tuple[str, ...] = ()
    #: why it was kept or skipped, or None
    reason: Label | None = None
    #: why it failed, or None
    error: ShihyoError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "kind": self.kind,
            "name": self.name,
            "action": self.action,
            "type": self.type,
            "files": [one.to_dict() for one in self.files],
            "changes": list(self.changes),
            "lost": list(self.lost),
            "reason": self.reason.to_dict() if self.reason else None,
            "error": self.error.to_dict() if self.error else None,
        }


@dataclass(slots=True)
class CopyReport:
    """What one run did."""

    #: address of the catalogue that was read, and of the one that was written
    source: str
    target: str
    #: True if nothing was written
    dry_run: bool
    #: in the order of their turn
    items: list[CopyItem] = field(default_factory=list)
    #: tables of CKAN's DataStore; empty where there is none
    datastore: list[Loaded] = field(default_factory=list)
    #: duration
    seconds: float = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Action -> number of items, all actions."""
        found = Counter(one.action for one in self.items)
        return {action: found[action] for action in ACTIONS}

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        return bool(self.counts["failed"]) or any(one.error for one in self.datastore)

    @property
    def changes(self) -> bool:
        """Whether anything was written, or in a dry run would be."""
        return bool(self.counts["created"] or self.counts["updated"])

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        files = [file for one in self.items for file in one.files]
        return {
            "from": self.source,
            "to": self.target,
            "dry_run": self.dry_run,
            "counts": self.counts,
            "files": len(files),
            "bytes": sum(file.bytes or 0 for file in files),
            "seconds": round(self.seconds, 3),
            "items": [one.to_dict() for one in self.items],
            "datastore": [one.to_dict() for one in self.datastore],
        }

    def lines(self, lang: str = "ja") -> Iterator[str]:
        """Yield the report for people; what stays as it is, is only counted."""
        for one in self.items:
            if one.action != "unchanged" or one.lost:
                yield from self._item_lines(one, lang)
        for table in self.datastore:
            if table.action != "unchanged":
                yield f"DataStore {table.dataset}: {_table_line(table, lang)}"
        counted = "  ".join(f"{self._word(key, lang)} {number}" for key, number in self.counts.items() if number)
        files = [file for one in self.items for file in one.files]
        size = sum(file.bytes or 0 for file in files)
        yield counted or Label("写すものはありません", "There is nothing to copy").in_language(lang)
        yield Label(f"ファイル {len(files)}件 {size:,}バイト", f"{len(files)} files, {size:,} bytes").in_language(lang)

    def _item_lines(self, one: CopyItem, lang: str) -> Iterator[str]:
        yield f"{self._word(one.action, lang)}: {one.name} ({_kind(one)})"
        for file in one.files:
            yield f"    + {file.name}  {'?' if file.bytes is None else format(file.bytes, ',')}  {file.sha256 or ''}"
        if one.changes:
            yield f"    ~ {', '.join(one.changes)}"
        if one.lost:
            not_kept = Label("写し先が保持しないもの", "not kept by the target").in_language(lang)
            yield f"    ! {not_kept}: {', '.join(one.lost)}"
        if one.reason:
            yield f"    {one.reason.in_language(lang)}"
        if one.error:
            yield f"    ✗ {one.error.message(lang)}"

    def _word(self, action: str, lang: str) -> str:
        words = {**ACTIONS, **_PLANNED} if self.dry_run else ACTIONS
        return words[action].in_language(lang)


def _kind(one: CopyItem) -> str:
    return one.type if one.kind == "dataset" and one.type else one.kind


def _table_line(table: Loaded, lang: str) -> str:
    return f"✗ {table.error.message(lang)}" if table.error else f"+{table.added} ~{table.changed} -{table.removed}"
