"""CKAN's DataStore: the current release of a dataset as a table that CKAN itself previews, filters and answers from.

The table is that of the dataset's CSV resource, whose id never changes. Its columns are those of the observation
table, typed; the data dictionary has their titles in Japanese; the key is unique; area and period are indexed. The
entry of the first column carries, under ``shihyo_release``, the digest of the release whose rows the table has.

Order of events for a dataset::

    data dictionary      says this release: done, nothing is read
    release              its Parquet file is fetched and verified
    table                made if there is none, or one of other columns; else its rows are read back and compared
    removed rows         deleted
    changed, new rows    written, 10,000 a call; each call is one transaction of CKAN
    data dictionary      says this release

Whatever a run that was killed left in the table, the next one compares and completes. CKAN keeps the table of a dataset
that is purged: when the dataset is published again, its resource has the same id, the rows that are left are compared
like any others, and CKAN is told again that the resource has a table. When all changes fit in one call,
readers see the release before or this one. When they do not, ``shihyo_release`` is empty until the last one is there:
CKAN has no transaction over several calls (docs/adr/0116).

References
----------
CKAN 2.12, ``ckanext/datastore/logic/action.py`` (2026-11-22).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.ckan.client import Catalogue
from catalog.ckan.listing import iter_packages
from catalog.ckan.mapping import DATASET_TYPE, current_release, distribution_id, release_name
from catalog.ckan.publish import Progress, find_current, find_file, silent
from catalog.embedded.errors import NotFound
from catalog.errors import CatalogueError, IntegrityError, Label, ShihyoError
from catalog.model import Column, DataStructure, Manifest
from catalog.releases.build import sha256_of

#: rows of one call that writes, about four seconds of CKAN's time
ROWS_A_CALL = 10_000
#: rows of one call that reads; CKAN gives no more
_ROWS_A_PAGE = 32_000
_CHUNK = 1 << 20

#: key in the data dictionary's entry of the first column: digest of the release, empty while the table is written
RELEASE = "shihyo_release"
#: Data Package type -> PostgreSQL type
_TYPES = {"string": "text", "number": "float8", "integer": "int8", "date": "date"}
#: columns that people filter by
_INDEXES = ("area_code", "period")

_PUBLISHED = f"+dataset_type:{DATASET_TYPE} +shihyo_release:* -shihyo_release_of:*"

#: what a report says of ``Loaded.action``
ACTIONS = {
    "loaded": Label("反映した", "loaded"),
    "unchanged": Label("変更なし", "unchanged"),
    "failed": Label("失敗", "failed"),
    "absent": Label("DataStoreなし", "no DataStore"),
    "off": Label("使わない設定", "turned off"),
    "unpublished": Label("未公開", "not published"),
}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of one dataset's table."""

    #: name of the dataset
    dataset: str
    #: loaded, unchanged, failed; ``absent`` where the catalogue has no DataStore, ``off`` where it is not wanted,
    #: ``unpublished`` where it has no such dataset
    action: str
    #: digest of the release that was wanted, or None
    release: str | None = None
    #: rows that were written because their key was not in the table
    added: int = 0
    #: rows that were written because they differed
    changed: int = 0
    #: rows that were deleted
    removed: int = 0
    #: duration
    seconds: float = 0.0
    #: why it failed, or None
    error: ShihyoError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "dataset": self.dataset,
            "action": self.action,
            "release": self.release,
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "seconds": round(self.seconds, 3),
            "error": self.error.to_dict() if self.error else None,
        }


def load_datastore(catalogue: Catalogue, name: str, *, progress: Progress | None = None) -> Loaded:
    """Bring the DataStore's table of a dataset up to its current release; never raises what the catalogue answers.

    Parameters
    ----------
    catalogue
        Where the dataset is published; its settings say whether the DataStore is wanted.
    name
        The dataset.
    progress
        Hears how many rows are written.

    Returns
    -------
    Loaded
        With ``error`` if it failed: the publication stands, and the next call goes on where this one stopped.
    """
    begun = time.monotonic()
    if catalogue.settings.datastore == "off":
        return Loaded(dataset=name, action="off")
    try:
        if not has_datastore(catalogue):
            return _absent(catalogue, name)
        with catalogue.publishing(f"{name}-datastore"):
            return _Table(catalogue, name, progress or silent).load(begun)
    except (CatalogueError, IntegrityError) as error:
        return Loaded(dataset=name, action="failed", seconds=time.monotonic() - begun, error=error)


def load_datastores(
    catalogue: Catalogue, names: Sequence[str] | None = None, *, progress: Progress | None = None
) -> list[Loaded]:
    """Bring the tables of datasets up to date; of all that are published if ``names`` is None.

    Raises
    ------
    CatalogueError
        If the list of datasets cannot be had.
    """
    if names is None:
        names = [one["name"] for one in iter_packages(catalogue, _PUBLISHED) if current_release(one)]
    return [load_datastore(catalogue, name, progress=progress) for name in names]


def has_datastore(catalogue: Catalogue) -> bool:
    """Return whether the catalogue says that it has a DataStore."""
    return "datastore" in catalogue.action("status_show")["extensions"]


def _absent(catalogue: Catalogue, name: str) -> Loaded:
    if catalogue.settings.datastore == "auto":
        return Loaded(dataset=name, action="absent")
    error = CatalogueError(
        "カタログに DataStore がありません",
        "The catalogue has no DataStore",
        next_step=Label(
            "CKANの ckan.plugins に datastore を加えるか、SHIHYO_DATASTORE を auto にしてください",
            "Add datastore to ckan.plugins of the CKAN, or set SHIHYO_DATASTORE to auto",
        ),
        value=name,
    )
    return Loaded(dataset=name, action="failed", error=error)


class _Table:
    """The table of one dataset."""

    def __init__(self, catalogue: Catalogue, name: str, progress: Progress) -> None:
        self.catalogue = catalogue
        self.name = name
        self.progress = progress
        self.resource_id = distribution_id(name, f"{name}.csv")

    def load(self, begun: float) -> Loaded:
        """Do everything."""
        manifest = find_current(self.catalogue, self.name)
        if manifest is None:
            return Loaded(dataset=self.name, action="unpublished")
        structure = manifest.dataset.structure
        held, shown = self._find_fields(), self._is_shown()
        if held == describe_fields(structure, manifest.digest) and shown:
            return Loaded(dataset=self.name, action="unchanged", release=manifest.digest)
        with self._fetch(manifest) as parquet:
            changes = self._bring_up(structure, manifest.digest, held, shown, pq.read_table(parquet))
        return Loaded(
            dataset=self.name,
            action="loaded",
            release=manifest.digest,
            added=len(changes.added),
            changed=len(changes.changed),
            removed=len(changes.removed),
            seconds=time.monotonic() - begun,
        )

    def _find_fields(self) -> list[dict[str, Any]] | None:
        """Return the fields of the table with their entries in the data dictionary; None if there is no table."""
        try:
            answer = self.catalogue.action("datastore_search", resource_id=self.resource_id, limit=0)
        except NotFound:
            return None
        fields = [one for one in answer["fields"] if one["id"] != "_id"]
        return [{"id": one["id"], "type": one["type"], "info": one.get("info") or {}} for one in fields]

    def _is_shown(self) -> bool:
        """Return whether CKAN's pages know of the table; an update or a purge of the dataset makes them forget."""
        return bool(self.catalogue.action("resource_show", id=self.resource_id).get("datastore_active"))

    @contextmanager
    def _fetch(self, manifest: Manifest) -> Iterator[Path]:
        """Give the release's Parquet file, verified; it is removed afterwards."""
        file = manifest.get_file(f"{self.name}.parquet")
        package = self.catalogue.action("package_show", id=release_name(self.name, manifest.sequence))
        resource = find_file(package, manifest.digest, file.name)
        if resource is None:
            raise _not_the_release(file.name)
        with tempfile.TemporaryDirectory(prefix="shihyo-datastore-") as folder:
            path = Path(folder) / file.name
            with self.catalogue.open_file(resource, limit=file.bytes) as source, path.open("wb") as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
            if sha256_of(path) != file.sha256:
                raise _not_the_release(file.name)
            yield path

    def _bring_up(
        self, structure: DataStructure, digest: str, held: list[dict[str, Any]] | None, shown: bool, table: pa.Table
    ) -> Changes:
        if held is not None and not _is_ours(held, structure):
            self.catalogue.action("datastore_delete", resource_id=self.resource_id, force=True)
            held = None
        if held is None:
            self._write(fields=describe_fields(structure, ""), primary_key=list(structure.key), indexes=list(_INDEXES))
        rows = dict(self._iter_held(structure)) if held is not None else {}
        changes = compare_rows(structure, rows, iter_rows(table, structure))
        if held is not None and (changes.calls > 1 or not shown):
            self._write(fields=describe_fields(structure, ""))
        self._apply(changes, structure)
        if held is None or not shown:
            self._offer_views()
        self._write(fields=describe_fields(structure, digest))
        return changes

    def _write(self, **table: Any) -> None:
        """Make or change the table itself; CKAN also marks the resource as one with a table."""
        self.catalogue.action("datastore_create", resource_id=self.resource_id, force=True, **table)

    def _iter_held(self, structure: DataStructure) -> Iterator[tuple[int, Row]]:
        """Yield the rows of the table by their ``_id``."""
        start = 0
        while True:
            page = self.catalogue.action(
                "datastore_search",
                resource_id=self.resource_id,
                fields=["_id", *structure.names],
                sort="_id",
                limit=_ROWS_A_PAGE,
                offset=start,
                records_format="lists",
                include_total=False,
            )
            records = page["records"]
            for number, *values in records:
                yield number, tuple(values)
            start += len(records)
            if not records:
                return

    def _apply(self, changes: Changes, structure: DataStructure) -> None:
        for ids in _batches(changes.removed):
            self.catalogue.action(
                "datastore_records_delete", resource_id=self.resource_id, force=True, filters={"_id": ids}
            )
        done, total = 0, len(changes.changed) + len(changes.added)
        method = "upsert" if changes.changed else "insert"
        for batch in _batches([*changes.changed, *changes.added]):
            self.progress(f"{self.name}: DataStore", done, total)
            self.catalogue.action(
                "datastore_upsert",
                resource_id=self.resource_id,
                force=True,
                method=method,
                records=[dict(zip(structure.names, row, strict=True)) for row in batch],
                calculate_record_count=done + len(batch) == total,
            )
            done += len(batch)
        self.progress(f"{self.name}: DataStore", total, total)

    def _offer_views(self) -> None:
        """Let CKAN make the previews that it makes of tables; it makes none twice."""
        resource = self.catalogue.action("resource_show", id=self.resource_id)
        self.catalogue.action("resource_create_default_resource_views", resource=resource, create_datastore_views=True)


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be written so that the table has the rows of a release."""

    #: rows whose key is not in the table
    added: tuple[Row, ...]
    #: rows whose key is in the table with other values
    changed: tuple[Row, ...]
    #: ``_id`` of the rows whose key is not in the release
    removed: tuple[int, ...]

    @property
    def calls(self) -> int:
        """How many calls they need."""
        written = len(self.added) + len(self.changed)
        return -(-written // ROWS_A_CALL) + -(-len(self.removed) // ROWS_A_CALL)


def compare_rows(structure: DataStructure, held: Mapping[int, Row], wanted: Iterable[Row]) -> Changes:
    """Compare the rows of a table with those of a release.

    Parameters
    ----------
    structure
        Says which columns are the key.
    held
        ``_id`` -> values of the table's row, in column order.
    wanted
        The rows of the release, likewise.
    """
    places = [structure.names.index(name) for name in structure.key]
    left = {tuple(row[place] for place in places): (number, row) for number, row in held.items()}
    twice = set(held) - {number for number, _ in left.values()}
    added: list[Row] = []
    changed: list[Row] = []
    for row in wanted:
        found = left.pop(tuple(row[place] for place in places), None)
        if found is None:
            added.append(row)
        elif found[1] != row:
            changed.append(row)
    return Changes(tuple(added), tuple(changed), tuple(sorted({number for number, _ in left.values()} | twice)))


def iter_rows(table: pa.Table, structure: DataStructure) -> Iterator[Row]:
    """Yield the rows of an observation table as the DataStore answers them: dates are texts, null is None."""
    for batch in table.select(list(structure.names)).to_batches(max_chunksize=ROWS_A_CALL):
        columns = [[_plain(value) for value in column.to_pylist()] for column in batch.columns]
        yield from zip(*columns, strict=True)


def describe_fields(structure: DataStructure, release: str) -> list[dict[str, Any]]:
    """Return the fields of the table: types, titles in Japanese, and what they mean in both languages.

    Parameters
    ----------
    structure
        The columns.
    release
        Digest of the release whose rows the table has; empty while it is written.
    """
    fields = [_describe_field(column) for column in structure.columns]
    fields[0]["info"][RELEASE] = release
    return fields


def _describe_field(column: Column) -> dict[str, Any]:
    notes = f"{column.description.ja}\n{column.label.en}: {column.description.en}"
    return {"id": column.name, "type": _TYPES[column.type], "info": {"label": column.label.ja, "notes": notes}}


def _is_ours(held: Sequence[Mapping[str, Any]], structure: DataStructure) -> bool:
    """Return whether a table has our mark and the columns of this structure, so that rows can be compared."""
    columns = [(one["id"], one["type"]) for one in held]
    wanted = [(column.name, _TYPES[column.type]) for column in structure.columns]
    return columns == wanted and RELEASE in held[0]["info"]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _batches(items: Sequence[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while batch := list(islice(rest, ROWS_A_CALL)):
        yield batch


def _not_the_release(name: str) -> IntegrityError:
    return IntegrityError(
        f"カタログにあるファイル {name} は、リリースの目録と一致しません",
        f"The file {name} in the catalogue is not the one that the manifest states",
        value=name,
    )
