"""One way from a CSV to a file, in a process of its own: ``python -m benchmarks.ingest_steps STEP HOME NAME``.

Prints JSON: seconds, processor time and memory of the work itself, and seconds and processor time of its parts; the
start of the process (Python, imports, reference data) is left out.
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
from harvesters.readers.plain import open_plain
from harvesters.reading import Reading
from harvesters.registry import harvesters

_LIMIT = """
    COPY (SELECT * FROM read_csv('{source}', columns = {{
        'area': 'VARCHAR', 'month': 'VARCHAR', 'sex': 'VARCHAR', 'age': 'VARCHAR', 'rate': 'DOUBLE',
        'numerator': 'DOUBLE', 'denominator': 'DOUBLE'}}, header = true){order})
    TO '{target}' (FORMAT parquet)
"""
_MEGABYTES = 1_000_000


class Laps:
    """What the parts of a step cost."""

    def __init__(self) -> None:
        #: name of a part -> its seconds and processor time
        self.parts: dict[str, tuple[float, float]] = {}
        self._last = (time.perf_counter(), time.process_time())

    def end(self, part: str) -> None:
        """Note that a part is done."""
        now = (time.perf_counter(), time.process_time())
        self.parts[part] = (now[0] - self._last[0], now[1] - self._last[1])
        self._last = now


def limit(settings: Settings, name: str, laps: Laps) -> None:  # noqa: ARG001
    """Let DuckDB read the CSV, typed, and write Parquet: no checks, no order of the key, no codes."""
    _copy(settings, name, "")


def ordered(settings: Settings, name: str, laps: Laps) -> None:  # noqa: ARG001
    """Let DuckDB do the same in the order of the key."""
    _copy(settings, name, " ORDER BY area, month, sex, age")


def _copy(settings: Settings, name: str, order: str) -> None:
    source, target = _source(settings, name), settings.home / "a.parquet"
    with duckdb.connect() as connection:
        connection.execute(_LIMIT.format(source=source, target=target, order=order))


def columns(settings: Settings, name: str, laps: Laps) -> None:  # noqa: ARG001
    """Read the CSV as the mapping reads it, codes encoded, numbers as text, and do nothing with it."""
    plain = open_plain(_source(settings, name), name=name, folder=settings.home)
    assert plain is not None
    for _ in plain.iter_batches(range(len(plain.columns)), range(4)):
        pass


def parquet(settings: Settings, name: str, laps: Laps) -> None:
    """Read, map, check, compare and sort, and write the Parquet file."""
    proposal = _proposed(settings, name, laps)
    assert proposal.last is not None
    step = proposal.last
    write_parquet(step.table, step.dataset.structure, settings.home / "a.parquet", {}, is_sorted=True)
    laps.end("written")


def files(settings: Settings, name: str, laps: Laps) -> None:
    """Build the whole release."""
    proposal = _proposed(settings, name, laps)
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
    laps.end("files")


def published(settings: Settings, name: str, laps: Laps) -> None:  # noqa: ARG001
    """Do what ``shihyo harvest run`` does."""
    [report] = run_sources(settings, [one for one in load_sources(settings.harvest_file, settings) if one.name == name])
    if report.exit_code != 0:
        sys.exit(json.dumps(report.to_dict(), ensure_ascii=False))


def observations(home: Path, name: str) -> pa.Table:
    """Return the observations of a source."""
    [found] = _read(_settings(home), name, Laps()).contributions[name]
    return found.table


def _proposed(settings: Settings, name: str, laps: Laps) -> Proposal:
    reading = _read(settings, name, laps)
    now = datetime.now(UTC).replace(microsecond=0)
    limits = reading.context.source.guards
    proposal = propose(name, Ground(reading=reading, limits=limits, parent=None, now=now))
    laps.end("checked")
    return proposal


def _read(settings: Settings, name: str, laps: Laps) -> Reading:
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
    laps.end("kept")
    reading.transform()
    laps.end("mapped")
    if reading.errors:
        sys.exit(json.dumps(reading.errors, ensure_ascii=False))
    return reading


def _settings(home: Path) -> Settings:
    home.mkdir(parents=True, exist_ok=True)
    return Settings(home=home, harvest_file=home.parent / "harvest.yml", max_upload_mb=100_000, max_download_mb=100_000)


def _source(settings: Settings, name: str) -> Path:
    return settings.harvest_file.parent / name / "data.csv"


STEPS: dict[str, Callable[[Settings, str, Laps], None]] = {
    "limit": limit,
    "ordered": ordered,
    "columns": columns,
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
    harvesters()["csv"]
    load_reference()
    pa.array([1, None]).fill_null(0)


def main(step: str, home: str, name: str) -> dict[str, Any]:
    """Do a step and return what it cost."""
    settings = _settings(Path(home))
    _start()
    own = _OwnMemory()
    own.start()
    start, cpu, laps = time.perf_counter(), time.process_time(), Laps()
    STEPS[step](settings, name, laps)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "peak": _peak(),
        "own": own.peak,
        "parts": laps.parts,
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
