"""Build a release: an observation table becomes immutable files in a folder named by the release's digest.

Order of events: check the table; compare it with the parent; nothing new, no release; compute the version; write the
files into a temporary folder; describe them in ``datapackage.json`` and ``manifest.json``; rename the folder to
``<digest>``. A crash leaves a temporary folder that the next build sweeps away. The same input gives the same bytes and
the same digest, so building again is harmless.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from catalog.errors import IntegrityError, Label, VersionError
from catalog.folders import is_older
from catalog.formats import (
    CodeLabels,
    code_labels,
    single_unit,
    sort_by_key,
    write_csv,
    write_excel_csv,
    write_parquet,
)
from catalog.formats.csv import MEDIA_TYPE as CSV_TYPE
from catalog.formats.excel_csv import MOST_ROWS
from catalog.formats.known import different
from catalog.formats.parquet import MEDIA_TYPE as PARQUET_TYPE
from catalog.metadata import describe_datapackage
from catalog.metadata.datapackage import NAME as DATAPACKAGE_NAME
from catalog.model import (
    MANIFEST_NAME,
    Dataset,
    Distribution,
    Manifest,
    Omission,
    Provenance,
    Version,
    parse_manifest,
    parse_period,
)
from catalog.reference import Reference, load_reference
from catalog.releases.checks import check_table, require_passed
from catalog.releases.diff import ReleaseDiff, diff_tables
from catalog.releases.version import next_version

_TEMPORARY = ".building-"
#: a temporary folder this old, in seconds, belongs to a build that died
_ABANDONED_AFTER = 24 * 3600


class Parent(Protocol):
    """What the next release needs of the one before: a :class:`BuiltRelease` or a release of the local copy."""

    @property
    def manifest(self) -> Manifest:
        """The manifest."""

    @property
    def parquet(self) -> Path:
        """The Parquet file."""


@dataclass(frozen=True, slots=True)
class BuiltRelease:
    """A release in a folder on this machine, ready to be published."""

    #: everything about it
    manifest: Manifest
    #: folder with its files, named by the digest
    folder: Path

    @property
    def digest(self) -> str:
        """The sha256 that names the release."""
        return self.manifest.digest

    @property
    def parquet(self) -> Path:
        """The Parquet file."""
        return self.path(f"{self.manifest.dataset.name}.parquet")

    def path(self, name: str) -> Path:
        """Return where a file of the release is.

        Raises
        ------
        KeyError
            If the release has no such file.
        """
        if name != MANIFEST_NAME:
            self.manifest.get_file(name)
        return self.folder / name


def build_release(
    dataset: Dataset,
    table: pa.Table,
    *,
    parent: Parent | None,
    issued: str,
    provenance: Provenance,
    folder: Path,
    job: str | None = None,
    raise_to: Version | None = None,
    reference: Reference | None = None,
    judged: ReleaseDiff | None = None,
) -> BuiltRelease | None:
    """Build the next release of a dataset.

    Parameters
    ----------
    dataset
        The dataset as it is described now.
    table
        All its observations; columns and types as ``dataset.structure.arrow_schema()``. In any order, or in that of
        :func:`~catalog.formats.sort_by_key` if ``judged``.
    parent
        The release before, or None for the first.
    issued
        When the figures became known, ISO 8601 with offset; not before the parent's.
    provenance
        Where the figures came from.
    folder
        Where built releases are kept, ``builds/``; the release goes to ``folder/<digest>``.
    job
        Id of the harvest job.
    raise_to
        A version that a person asks for, not lower than the one the diff demands.
    reference
        Code lists, areas and labels; the installation's own if None.
    judged
        The difference to the parent, if exactly this table was checked and compared with it already; then neither is
        done again.

    Returns
    -------
    BuiltRelease or None
        None if neither an observation nor the description differs from the parent.

    Raises
    ------
    CheckFailed
        If the table breaks a rule of severity error.
    VersionError
        If ``raise_to`` is too low, or ``issued`` is no time or lies before the parent's.
    """
    known = (reference or load_reference()).with_areas(dataset.areas)
    if judged is None:
        require_passed(dataset, check_table(dataset, table, known.codelists, areas=_area_codes(known)))
    _check_issued(issued, parent)
    ordered = table if judged else sort_by_key(table, dataset.structure)
    diff = judged or diff_tables(parent.parquet if parent else None, ordered, dataset.structure)
    before = parent.manifest if parent else None
    if before and diff.is_empty and before.dataset.to_dict() == dataset.to_dict():
        return None
    version, reasons = next_version(before, diff, dataset, raise_to=raise_to)
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    work = folder / f"{_TEMPORARY}{secrets.token_hex(8)}"
    work.mkdir()
    draft = _Draft(dataset, ordered, version, issued, provenance, code_labels(known), _temporal(ordered))
    manifest = Manifest(
        dataset=dataset,
        sequence=before.sequence + 1 if before else 1,
        version=version,
        parent=before.digest if before else None,
        issued=issued,
        reasons=reasons,
        observations=ordered.num_rows,
        temporal=draft.temporal,
        changes=diff.counts,
        files=_write_files(draft, work),
        omitted=_omitted(draft),
        provenance=provenance,
        job=job,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    (work / MANIFEST_NAME).write_bytes(manifest.to_bytes())
    return _settle(work, manifest, folder)


def load_built(folder: Path) -> BuiltRelease:
    """Return the release in a folder that :func:`build_release` made.

    Raises
    ------
    IntegrityError
        If the manifest or a file is missing, or has other bytes than stated.
    """
    try:
        manifest = parse_manifest((folder / MANIFEST_NAME).read_bytes())
    except OSError as error:
        raise IntegrityError(
            f"フォルダ {folder.name} にリリースがありません",
            f"There is no release in folder {folder.name}",
            value=folder.name,
        ) from error
    for file in manifest.files:
        path = folder / file.name
        if not path.is_file() or path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
            raise IntegrityError(
                f"組み立てたリリースのファイル {file.name} が目録と一致しません",
                f"File {file.name} of a built release does not have its stated bytes",
                next_step=Label("収集をもう一度実行してください", "Run the harvest again"),
                value=file.name,
            )
    return BuiltRelease(manifest, folder)


def find_old_builds(folder: Path, *, before: float) -> list[Path]:
    """Return the folders of built releases that nobody built or used since a time (seconds of the epoch), by name.

    What was published is in the catalogue and in the local copy, so nothing is lost with them but the time to build
    them again.
    """
    return [built for built in sorted(folder.glob("[0-9a-f]" * 64)) if is_older(built, before)]


def remove_build(built: Path) -> None:
    """Remove a built release; nobody finds half of it, whenever this is killed."""
    doomed = built.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}")
    built.rename(doomed)
    shutil.rmtree(doomed)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the files of a release are written from."""

    dataset: Dataset
    table: pa.Table
    version: Version
    issued: str
    provenance: Provenance
    labels: CodeLabels
    temporal: tuple[str, str] | None


def _area_codes(reference: Reference) -> frozenset[str]:
    return frozenset(one.code for one in reference.areas)


def _check_issued(issued: str, parent: Parent | None) -> None:
    moment = parse_issued(issued)
    if parent and moment < parse_issued(parent.manifest.issued):
        raise VersionError(
            f"公表日時 {issued} が前のリリース（{parent.manifest.issued}）より前です",
            f"Issued {issued} is before the parent's {parent.manifest.issued}",
            next_step=Label("古い順に公開してください", "Publish in the order of time"),
            value=issued,
        )


def parse_issued(issued: str) -> datetime:
    """Parse a time with offset.

    Raises
    ------
    VersionError
        If it is not ISO 8601, or has no offset.
    """
    try:
        moment = datetime.fromisoformat(issued)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise VersionError(
            f"「{issued}」は時差つきの日時ではありません",
            f"{issued!r} is not a time with offset",
            next_step=Label(
                "2021-05-01T00:00:00+09:00 のように書いてください", "Write it like 2021-05-01T00:00:00+09:00"
            ),
            value=issued,
        )
    return moment


def _temporal(table: pa.Table) -> tuple[str, str] | None:
    periods = [parse_period(one) for one in different(table, "period").to_pylist()]
    if not periods:
        return None
    first = min(periods, key=lambda one: (one.start, one.end))
    last = max(periods, key=lambda one: (one.end, one.start))
    return first.text, last.text


def _write_files(draft: _Draft, work: Path) -> tuple[Distribution, ...]:
    dataset, structure = draft.dataset, draft.dataset.structure
    name = dataset.name
    write_parquet(draft.table, structure, work / f"{name}.parquet", _parquet_description(draft), is_sorted=True)
    write_csv(draft.table, structure, work / f"{name}.csv")
    suffixes = [".parquet", ".csv"]
    omitted = _omitted(draft)
    if not omitted:
        people = work / f"{name}_excel.csv"
        write_excel_csv(draft.table, structure, draft.labels, people, synthetic=dataset.synthetic)
        suffixes.append("_excel.csv")
    tables = tuple(_distribution(work / f"{name}{suffix}", suffix) for suffix in suffixes)
    descriptor = describe_datapackage(
        dataset,
        version=draft.version,
        issued=draft.issued,
        files=tables,
        provenance=draft.provenance,
        temporal=draft.temporal,
        unit=single_unit(draft.table, draft.labels),
        labels=draft.labels,
        used=_used_codes(draft.table, draft.labels),
        omitted=omitted,
    )
    text = json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"
    (work / DATAPACKAGE_NAME).write_text(text, "utf-8", newline="")
    return (*tables, _distribution(work / DATAPACKAGE_NAME, DATAPACKAGE_NAME))


def _omitted(draft: _Draft) -> tuple[Omission, ...]:
    """Return the CSV for people if it had more rows than a spreadsheet shows: nobody would see that some are gone."""
    rows = draft.table.num_rows
    if rows <= MOST_ROWS:
        return ()
    why = Label(
        f"Excelで開けるのは1,048,576行までのため、{rows:,}件あるこの版にExcel用CSVはありません。"
        "必要な範囲を絞って検索結果のCSVを使うか、ParquetかCSVを使ってください",
        f"There is no CSV for Excel: it opens 1,048,576 rows and this release has {rows:,} observations. "
        "Select what you need and download the CSV of the answer, or take Parquet or CSV",
    )
    return (Omission(f"{draft.dataset.name}_excel.csv", why),)


def _parquet_description(draft: _Draft) -> dict[str, Any]:
    dataset = draft.dataset
    return {
        "dataset": dataset.name,
        "title": dataset.title.to_dict(),
        "version": str(draft.version),
        "issued": draft.issued,
        "license": dataset.license.url,
        "citation": dataset.citation.to_dict(),
        "synthetic": dataset.synthetic,
        "key": list(dataset.structure.key),
        "labels": {one.name: one.label.to_dict() for one in dataset.structure.columns},
    }


def _used_codes(table: pa.Table, labels: CodeLabels) -> dict[str, Sequence[str]]:
    return {name: sorted(different(table, name).to_pylist()) for name in labels if name in table.column_names}


@dataclass(frozen=True, slots=True)
class _Form:
    """What is true of a file of a release because of its format."""

    title: Label
    format: str
    media_type: str
    encoding: str | None = None
    bom: bool | None = None


#: suffix or name of the file -> its form
_FORMS = {
    ".parquet": _Form(
        Label("Parquet（分析・大量処理用）", "Parquet, for analysis and bulk use"), "PARQUET", PARQUET_TYPE
    ),
    ".csv": _Form(
        Label("CSV（プログラム用、UTF-8・BOMなし、英語の列名）", "CSV for programs, UTF-8 without BOM, English names"),
        "CSV",
        CSV_TYPE,
        "utf-8",
        False,
    ),
    "_excel.csv": _Form(
        Label("CSV（Excel用、UTF-8・BOMあり、日本語の列名）", "CSV for Excel, UTF-8 with BOM, Japanese names"),
        "CSV",
        CSV_TYPE,
        "utf-8",
        True,
    ),
    DATAPACKAGE_NAME: _Form(
        Label("Data Package 記述子（列の定義とコード表）", "Data Package descriptor: columns and code lists"),
        "JSON",
        "application/json",
        "utf-8",
        False,
    ),
}


def _distribution(path: Path, kind: str) -> Distribution:
    form = _FORMS[kind]
    return Distribution(
        name=path.name,
        title=form.title,
        format=form.format,
        media_type=form.media_type,
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
        encoding=form.encoding,
        bom=form.bom,
    )


def _settle(work: Path, manifest: Manifest, folder: Path) -> BuiltRelease:
    """Rename the finished folder; keep the one that is there if it holds the same release unharmed."""
    final = folder / manifest.digest
    if final.exists():
        try:
            built = load_built(final)
        except IntegrityError:
            shutil.rmtree(final)
        else:
            shutil.rmtree(work)
            os.utime(final)
            return built
    try:
        work.rename(final)
    except OSError:
        # Another process finished the same release in between.
        shutil.rmtree(work)
        return load_built(final)
    return BuiltRelease(manifest, final)


def _sweep(folder: Path) -> None:
    for abandoned in folder.glob(f"{_TEMPORARY}*"):
        if is_older(abandoned, time.time() - _ABANDONED_AFTER):
            shutil.rmtree(abandoned, ignore_errors=True)
