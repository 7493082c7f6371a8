"""One series past the cache: how its latency grows with the table, and what peers need for the same rows.

Order of events: tables of three lengths are published and served by one process; the shortest one is also loaded into
Datasette (SQLite with an index on the key) and into a real CKAN's DataStore (with indexes on the filters); then each
round asks every server for the same number of rows of one series, one after the other.

The limit is a Flask view that returns prepared bytes from the same server: what the framework costs without any work.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psutil

from api.server import THREADS
from benchmarks.ckan import Site, real_ckan
from benchmarks.ingest import FIELDS, fill_datastore
from benchmarks.load import Load, free_port, running
from benchmarks.long_table import SOURCE, write_long_table
from benchmarks.report import Result, middle
from benchmarks.serving import SECONDS, Target, get_answer

ROUNDS = 5
LENGTHS = (100_000, 1_000_000, 10_000_000)
#: months of each series, so that a longer table has more series and none is longer
MONTHS = 80
#: rows of an answer
ROWS = 50
#: the peer's newest stable version
DATASETTE = "datasette==0.65.2"

_FLASK = "Flask view, prepared bytes (the limit)"
_DATASETTE = "Datasette 0.65, counts and facets off"
_CKAN = "CKAN 2.12 datastore_search, indexed, without its count"


def measure() -> Result:
    """Measure all servers, interleaved, and return the table of medians."""
    with tempfile.TemporaryDirectory(prefix="shihyo-series-") as folder, ExitStack() as stack:
        home = Path(folder)
        ours = stack.enter_context(_shihyo(home))
        shortest = home / f"rows-{min(LENGTHS)}" / "data.csv"
        targets = {
            f"ours, {length:,} rows": Target(ours[0] + _path(home, length), ours[1], {"Cache-Control": "no-cache"})
            for length in LENGTHS
        }
        first = next(iter(targets.values()))
        targets[_FLASK] = stack.enter_context(_flask(home, get_answer(first.url).body))
        targets[_DATASETTE] = stack.enter_context(_datasette(home, shortest))
        targets[_CKAN] = _ckan(stack.enter_context(real_ckan(home / "ckan")), shortest)
        for name, target in targets.items():
            _expect_rows(name, target)
        rounds = [{name: one.load() for name, one in targets.items()} for _ in range(ROUNDS)]
    first_name = next(iter(targets))
    return Result(
        "One series past the cache",
        f"{ROWS} rows of one series of {MONTHS} months, as JSON. Ours: granian with one worker of {THREADS} threads, "
        "the cache passed by; a longer table has more series. Peers hold the shortest table. wrk with 16 connections "
        f"for {SECONDS} s a case, {ROUNDS} interleaved rounds, medians; ratios within a round, against ours at "
        f"{min(LENGTHS):,} rows. CPU of a web server, without databases of its own. Load of the machine at the end: "
        f"{os.getloadavg()[1]:.1f}.",
        ("server", "req/s", "CPU µs/req", "p50 ms", "p99 ms", "req/s, ratio", "p50, ratio"),
        tuple(_row(name, [one[name] for one in rounds], [one[first_name] for one in rounds]) for name in targets),
    )


def _row(name: str, loads: list[Load], firsts: list[Load]) -> tuple[str, ...]:
    pairs = list(zip(loads, firsts, strict=True))
    return (
        name,
        f"{middle([one.rate for one in loads]):,.0f}",
        f"{middle([one.cpu_us for one in loads]):,.0f}",
        f"{middle([one.p50 for one in loads]):.1f}",
        f"{middle([one.p99 for one in loads]):.1f}",
        f"{middle([one.rate / other.rate for one, other in pairs]):.2f}",
        f"{middle([one.p50 / other.p50 for one, other in pairs]):.2f}",
    )


def _expect_rows(name: str, target: Target) -> None:
    """Stop unless a server answers with as many rows as the others; a Flask view repeats ours."""
    document = json.loads(get_answer(target.url).body)
    found = document.get("result", {}).get("records") or document.get("data") or document.get("rows")
    if len(found) != ROWS:
        sys.exit(f"{name} answers with {len(found)} rows, not {ROWS}: {target.url}")


def _key(path: Path) -> dict[str, str]:
    """Return what tells the first series of a table from the others."""
    with path.open(encoding="utf-8", newline="") as file:
        return {name: value for name, value in next(_rows(file)).items() if name in {"area", "sex", "age"}}


def _rows(file: Iterator[str]) -> Iterator[dict[str, str]]:
    lines = csv.reader(file)
    next(lines)
    return (dict(zip(FIELDS, line, strict=True)) for line in lines)


# -- the servers


@contextmanager
def _shihyo(home: Path) -> Iterator[tuple[str, psutil.Process]]:
    for length in LENGTHS:
        (home / f"rows-{length}").mkdir()
        write_long_table(home / f"rows-{length}" / "data.csv", length, months=MONTHS)
    sources = "".join(SOURCE.format(name=f"rows-{length}", path=f"rows-{length}") for length in LENGTHS)
    (home / "harvest.yml").write_text("version: 1\nsources:" + sources, "utf-8")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = os.environ | {
        "SHIHYO_HOME": str(home / "home"),
        "SHIHYO_HARVEST_FILE": str(home / "harvest.yml"),
        "SHIHYO_PORT": str(port),
        "SHIHYO_SITE_URL": url,
        "SHIHYO_MAX_UPLOAD_MB": "100000",
        "SHIHYO_MAX_DOWNLOAD_MB": "100000",
    }
    command = str(Path(sys.executable).with_name("shihyo"))
    subprocess.run([command, "harvest", "run", "--json"], env=environ, check=True, stdout=subprocess.DEVNULL)
    with running([command, "serve", "--workers", "1"], f"{url}/healthz", environ) as server:
        yield url, server


def _path(home: Path, length: int) -> str:
    key = _key(home / f"rows-{length}" / "data.csv")
    return "/api/v1/indicators/kpi-12/observations?" + urlencode(key | {"dataset": f"rows-{length}", "limit": ROWS})


@contextmanager
def _flask(home: Path, body: bytes) -> Iterator[Target]:
    file, port = home / "flask.body", free_port()
    file.write_bytes(body)
    options = ["--interface", "wsgi", "--port", str(port), "--workers", "1", "--blocking-threads", str(THREADS)]
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "granian", *options, "benchmarks.flask_view:application"]
    with running(command, url, os.environ | {"VIEW_BODY": str(file)}) as server:
        yield Target(url, server, {})


@contextmanager
def _datasette(home: Path, table: Path) -> Iterator[Target]:
    venv.create(home / "datasette", with_pip=True)
    python = str(home / "datasette" / "bin" / "python")
    # setuptools 82 no longer has pkg_resources, which the plugins of this version need
    packages = [DATASETTE, "setuptools<82"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True)
    with table.open(encoding="utf-8", newline="") as file, sqlite3.connect(home / "rows.db") as database:
        database.execute(f"CREATE TABLE rows ({', '.join(FIELDS)})")
        marks = ", ".join(f":{name}" for name in FIELDS)
        database.executemany(f"INSERT INTO rows VALUES ({marks})", _rows(file))
        database.execute("CREATE INDEX by_key ON rows (area, sex, age, month)")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = [part for name in ("suggest_facets", "allow_facet") for part in ("--setting", name, "off")]
    command = [python, "-m", "datasette", "serve", "-i", str(home / "rows.db"), "-p", str(port), *settings]
    query = urlencode(_key(table) | {"_size": ROWS, "_shape": "objects", "_nocount": 1, "_nofacet": 1})
    with running(command, f"{url}/-/versions.json", os.environ) as server:
        yield Target(f"{url}/rows/rows.json?{query}", server, {})


def _ckan(site: Site, table: Path) -> Target:
    catalogue = site.open()
    organization = catalogue.action("organization_create", name="benchmark")["name"]
    catalogue.action("package_create", name="rows", owner_org=organization)
    resource = fill_datastore(catalogue, "rows", table, indexes=["area", "sex", "age"])
    catalogue.close()
    filters = json.dumps(_key(table))
    query = urlencode({"resource_id": resource, "filters": filters, "limit": ROWS, "include_total": "false"})
    # the web server is the last of the processes; PostgreSQL's are counted by `Site.cpu` alone
    return Target(f"{site.url}/api/3/action/datastore_search?{query}", site.processes[-1], {})
