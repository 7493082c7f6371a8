"""One way from a CSV to a file, in a process of its own: ``python -m benchmarks.ingest_steps STEP HOME NAME``.

Prints JSON: seconds, processor time and memory of the work itself; the start of the process (Python, imports, reference
data) is left out.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from catalog.formats import write_parquet
from catalog.reference import load_reference
from catalog.releases import build_release
from catalog.settings import Settings
from harvesters import Context, load_sources, run_sources
from harvesters.base import NoProgress, Tally
from harvesters.fetching.fetch import Fetcher
from harvesters.fetching.raw import RawStore
from harvesters.findings import Findings
from harvesters.http import HttpClient
from harvesters.publishing.proposal import Ground, Proposal, propose
from harvesters.reading import Reading
from harvesters.registry import harvesters

_LIMIT = """
    COPY (FROM read_csv('{source}', columns = {{
        'area': 'VARCHAR', 'month': 'VARCHAR', 'sex': 'VARCHAR', 'age': 'VARCHAR', 'rate': 'DOUBLE',
        'numerator': 'DOUBLE', 'denominator': 'DOUBLE'}}, header = true))
    TO '{target}' (FORMAT parquet)
"""
_MEGABYTES = 1_000_000


def limit(settings: Settings, name: str) -> None:
    """Let DuckDB read the CSV, typed, and write Parquet: no checks, no order of the key, no codes."""
    with duckdb.connect() as connection:
        connection.execute(
            _LIMIT.format(source=settings.harvest_file.parent / name / "data.csv", target=settings.home / "a.parquet")
        )


def parquet(settings: Settings, name: str) -> None:
    """Read, map, check, compare and sort, and write the Parquet file."""
    proposal = _proposed(settings, name)
    assert proposal.last is not None
    step = proposal.last
    write_parquet(step.table, step.dataset.structure, settings.home / "a.parquet", {}, is_sorted=True)


def files(settings: Settings, name: str) -> None:
    """Build the whole release."""
    proposal = _proposed(settings, name)
    assert proposal.last is not None
    step = proposal.last
    build_release(
        step.dataset,
        step.table,
        parent=None,
        issued=step.issued,
        provenance=step.provenance,
        folder=settings.home / "builds",
        judged=proposal.diff,
    )


def published(settings: Settings, name: str) -> None:
    """Do what ``shihyo harvest run`` does."""
    [report] = run_sources(settings, [one for one in load_sources(settings.harvest_file, settings) if one.name == name])
    if report.exit_code != 0:
        sys.exit(json.dumps(report.to_dict(), ensure_ascii=False))


def observations(home: Path, name: str) -> pa.Table:
    """Return the observations of a source."""
    [found] = _read(_settings(home), name).contributions[name]
    return found.table


def _proposed(settings: Settings, name: str) -> Proposal:
    reading = _read(settings, name)
    now = datetime.now(UTC).replace(microsecond=0)
    limits = reading.context.source.guards
    return propose(name, Ground(reading=reading, limits=limits, parent=None, now=now))


def _read(settings: Settings, name: str) -> Reading:
    [source] = [one for one in load_sources(settings.harvest_file, settings) if one.name == name]
    context = Context(
        source=source,
        reference=load_reference(),
        fetcher=Fetcher(settings, RawStore(settings.home / "raw"), HttpClient(settings)),
        findings=Findings(),
        tally=Tally(),
    )
    reading = Reading(harvester=harvesters()[source.kind], context=context, known={}, progress=NoProgress())
    reading.fetch()
    reading.transform()
    if reading.errors:
        sys.exit(json.dumps(reading.errors, ensure_ascii=False))
    return reading


def _settings(home: Path) -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    return Settings(home=home, harvest_file=home.parent / "harvest.yml", max_upload_mb=100_000, max_download_mb=100_000)


STEPS: dict[str, Callable[[Settings, str], None]] = {
    "limit": limit,
    "parquet": parquet,
    "files": files,
    "published": published,
}


class _OwnMemory(threading.Thread):
    """Watches the memory that the system cannot take back without losing something (``RssAnon`` of Linux)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak: float | None = None

    def run(self) -> None:
        """Look twenty times a second."""
        status = Path("/proc/self/status")
        while status.exists():
            [line] = [one for one in status.read_text().splitlines() if one.startswith("RssAnon")]
            self.peak = max(self.peak or 0.0, int(line.split()[1]) * 1024 / _MEGABYTES)
            time.sleep(0.05)


def _peak() -> float:
    """Return the most resident memory so far, in megabytes; ``ru_maxrss`` of Linux begins with that of the parent."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTES
    [line] = [one for one in status.read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / _MEGABYTES


def _start() -> None:
    """Do what a process does once, whatever it reads: import the kinds and libraries, load the reference data."""
    harvesters()
    load_reference()
    pa.array([1, None]).fill_null(0)


def main(step: str, home: str, name: str) -> dict[str, Any]:
    """Do a step and return what it cost."""
    settings = _settings(Path(home))
    _start()
    own = _OwnMemory()
    own.start()
    start, cpu = time.perf_counter(), time.process_time()
    STEPS[step](settings, name)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "peak": _peak(),
        "own": own.peak,
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
