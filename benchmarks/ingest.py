"""From a CSV with a declared mapping to a published release, beside DuckDB's unchecked limit and CKAN's DataStore.

Order of events: the tables are made; for each length the rounds take every step in a process of its own, interleaved;
then a real CKAN is started and its DataStore is filled with the same rows, by its API and by ckanext-xloader.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ckan import CKAN_FOLDER, Site, real_ckan
from benchmarks.long_table import SOURCE, write_long_table
from benchmarks.report import Result, middle
from benchmarks.xloader import XLoader
from catalog.ckan import Catalogue

#: rows -> rounds
ROUNDS = {100_000: 3, 1_000_000: 3, 10_000_000: 1}
#: rows that clients send to CKAN in one call
CHUNK = 10_000
#: CKAN is asked to take a longer table only if it should be done in so many seconds
PATIENCE = 120.0

_STEPS = {
    "limit": "DuckDB, typed, unchecked, unsorted, to Parquet (the limit)",
    "ordered": "DuckDB, the same in the order of the key",
    "columns": "only read as the mapping reads it",
    "parquet": "checked, sorted Parquet",
    "files": "all files of the release",
    "published": "published",
}
#: what the parts of the step ``parquet`` are
_PARTS = {
    "kept": "of these: kept raw (read, sha256, copied, synced)",
    "mapped": "of these: read, mapped, sorted",
    "checked": "of these: order, keys and codes looked at, checked, guarded",
    "written": "of these: written",
}
_METHOD = """\
A long table (area, month, sex, age, rate, numerator, denominator) through kind `csv` with a declared mapping. Each step
begins with the CSV and has a process of its own; its start (Python, imports, reference data: a second) is left out.
Lengths and rounds: {rounds}; interleaved, medians, ratios within a round. Peak is all resident memory, own is what is
not a mapped file (the system takes mapped pages back when memory is short). Above 1,048,575 rows a release has no CSV
for Excel. DuckDB writes Snappy, we write Zstandard of level 6, from which the published file is smaller. The rows "of
these" are the parts of a checked, sorted Parquet file; "only read" is what its largest part begins with.
Load of the machine at the end: {load:.1f}; other work on the same cores makes seconds longer, and CPU much
less.

CKAN: a real 2.12, `datastore_create` and `datastore_upsert` over HTTP in chunks of {chunk:,} rows, processor time and
memory of all its processes. It has no checks, no order of a key and no files. xloader: the same CKAN with
ckanext-xloader 2.6, from the upload of the CSV to the end of `ckan xloader submit --sync` ({start:.1f} s to start).
It copies every column as text, and writes the headings 団体コード and 率（%） as `Tuan Ti ko-do` and `Lu (%)`."""
#: columns of the table, as programs call them
FIELDS = ("area", "month", "sex", "age", "rate", "numerator", "denominator")


@dataclass(frozen=True, slots=True)
class _Cost:
    seconds: float
    cpu: float
    peak: float | None = None
    #: without pages of files that are mapped
    own: float | None = None
    #: part -> seconds and processor time
    parts: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def part(self, name: str) -> _Cost:
        """Return what a part of it cost."""
        return _Cost(*self.parts[name])


def measure() -> Result:
    """Measure all lengths and return the table of medians."""
    with tempfile.TemporaryDirectory(prefix="shihyo-ingest-") as folder:
        rows = [row for length, rounds in ROUNDS.items() for row in _measure(Path(folder), length, rounds)]
        load = os.getloadavg()[0]
        filled, start = _measure_ckan(Path(folder))
        rows += filled
    return Result(
        "From a CSV to a published release",
        _METHOD.format(
            rounds=", ".join(f"{length:,} ({rounds})" for length, rounds in ROUNDS.items()),
            chunk=CHUNK,
            load=load,
            start=start,
        ),
        ("rows", "step", "rows/s", "seconds", "CPU s", "peak MB", "own MB", "times the limit", "CPU times the limit"),
        tuple(rows),
    )


def _measure(folder: Path, length: int, rounds: int) -> list[tuple[str, ...]]:
    name = f"rows-{length}"
    (folder / name).mkdir()
    write_long_table(folder / name / "data.csv", length)
    (folder / "harvest.yml").write_text("version: 1\nsources:" + SOURCE.format(name=name, path=name), "utf-8")
    found = [{step: _step(folder, step, name, length) for step in _STEPS} for _ in range(rounds)]
    if length * 10 not in ROUNDS and length != min(ROUNDS):
        shutil.rmtree(folder / name)
    limits = [one["limit"] for one in found]
    rows = []
    for step, title in _STEPS.items():
        rows.append(_row(length, title, [one[step] for one in found], limits))
        parts = _PARTS.items() if step == "parquet" else ()
        rows += [_row(length, what, [one[step].part(part) for one in found], limits) for part, what in parts]
    return rows


def _step(folder: Path, step: str, name: str, length: int) -> _Cost:
    home = folder / "home"
    command = [sys.executable, "-m", "benchmarks.ingest_steps", step, str(home), name]
    environ = {"TMPDIR": str(folder)} | {
        key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")
    }
    done = subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE)
    shutil.rmtree(home)
    cost = _Cost(**json.loads(done.stdout))
    print(f"{length:,} rows, {step}: {cost.seconds:.1f} s, {cost.cpu:.1f} CPU s, {cost.peak:.0f} MB", file=sys.stderr)
    return cost


def _row(length: int, title: str, costs: Sequence[_Cost], limits: Sequence[_Cost]) -> tuple[str, ...]:
    seconds = middle([one.seconds for one in costs])
    peak, own = ([each for one in costs if (each := getattr(one, name)) is not None] for name in ("peak", "own"))
    return (
        f"{length:,}",
        title,
        f"{length / seconds:,.0f}",
        f"{seconds:.2f}",
        f"{middle([one.cpu for one in costs]):.2f}",
        f"{middle(peak):,.0f}" if peak else "",
        f"{middle(own):,.0f}" if own else "",
        f"{middle([one.seconds / limit.seconds for one, limit in zip(costs, limits, strict=True)]):.2f}",
        f"{middle([one.cpu / limit.cpu for one, limit in zip(costs, limits, strict=True)]):.2f}",
    )


def _measure_ckan(folder: Path) -> tuple[list[tuple[str, ...]], float]:
    """Fill CKAN's DataStore in both ways, each as long as its patience lasts; and what xloader's start costs."""
    with real_ckan(folder / "ckan") as site:
        catalogue = site.open()
        organization = catalogue.action("organization_create", name="benchmark")["name"]
        xloader = XLoader.install(CKAN_FOLDER, folder)

        def load(path: Path) -> float:
            name = path.parent.name
            catalogue.action("package_create", name=name, owner_org=organization)
            return xloader.load(catalogue, name, path)

        def fill(path: Path) -> float:
            name = f"filled-{path.parent.name}"
            catalogue.action("package_create", name=name, owner_org=organization)
            fill_datastore(catalogue, name, path)
            return 0.0

        rows = [*_patiently(folder, site, "CKAN's DataStore", fill), *_patiently(folder, site, "xloader", load)]
        start = xloader.start()
        catalogue.close()
    return rows, start


def _patiently(folder: Path, site: Site, name: str, work: Callable[[Path], float]) -> Iterator[tuple[str, ...]]:
    """Do the work on ever longer tables; it returns the processor time that the site's processes do not show."""
    expected = 0.0
    for length in sorted(ROUNDS):
        if expected > PATIENCE:
            return
        cpu, start = site.cpu(), time.perf_counter()
        spent = work(folder / f"rows-{length}" / "data.csv")
        seconds, spent = time.perf_counter() - start, spent + site.cpu() - cpu
        print(f"{length:,} rows, {name}: {seconds:.1f} s", file=sys.stderr)
        figures = f"{length / seconds:,.0f}", f"{seconds:.2f}", f"{spent:.2f}", f"{site.memory():,.0f}"
        yield (f"{length:,}", name, *figures, "", "", "")
        expected = 10 * seconds


def fill_datastore(catalogue: Catalogue, dataset: str, path: Path, *, indexes: Sequence[str] = ()) -> str:
    """Make a resource and fill its DataStore with a table, as clients do; return the resource's id."""
    action = catalogue.action
    resource = str(action("resource_create", package_id=dataset, url="https://example.org/", name=dataset)["id"])
    fields = [{"id": one, "type": "text" if number < 4 else "numeric"} for number, one in enumerate(FIELDS)]
    action("datastore_create", resource_id=resource, fields=fields, indexes=list(indexes), records=[], force=True)
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        while chunk := [dict(zip(FIELDS, row, strict=True)) for row in itertools.islice(lines, CHUNK)]:
            action("datastore_upsert", resource_id=resource, records=chunk, method="insert", force=True)
    return resource
