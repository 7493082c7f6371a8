"""The serving index of a release: one SQLite file, derived from its Parquet file and never changed.

Order of events: :func:`ensure_index` looks for ``<digest>.sqlite``; if it is not there it builds it under a name of its
own and renames it into place, so that several processes may do so at once and a reader never sees half an index. Then
:class:`SqliteEngine` opens it read-only and immutable. An index is thrown away and built anew at will: Parquet is the
truth.

The table is clustered by the key (``WITHOUT ROWID``), which answers one area's series; a second index leads with the
period and holds every column, which answers all areas of one period.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
import weakref
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import InputError
from catalog.folders import is_older
from catalog.model.observation import DataStructure
from catalog.query.engine import SqlEngine, load_coverage
from catalog.query.question import Row

#: Data Package type -> SQLite STRICT type; dates are ISO texts
_TYPES = {"string": "TEXT", "number": "REAL", "integer": "INTEGER", "date": "TEXT"}

#: raised when the layout of the index changes, so that files of an older layout are left alone
_LAYOUT = 1

_BATCH = 50_000

#: indexes that are not needed any more are kept so long, in seconds
KEEP_UNUSED = 24 * 3600


def index_name(digest: str) -> str:
    """Return the file name of the index of a release."""
    return f"{digest}.{_LAYOUT}.sqlite"


def ensure_index(parquet: Path, structure: DataStructure, digest: str, folder: Path) -> Path:
    """Return the index of a release, built if it is not there yet.

    Parameters
    ----------
    parquet
        The observation table of the release.
    digest
        Digest of the release, which names the index.
    folder
        Where indexes are kept; made if missing.
    """
    target = folder / index_name(digest)
    try:
        os.utime(target)
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        build_index(parquet, structure, target)
    return target


def prune_indexes(folder: Path, digests: Collection[str], *, older_than: float = KEEP_UNUSED) -> list[Path]:
    """Remove indexes and leftovers that no current release needs, and return them.

    Parameters
    ----------
    digests
        Of the current releases.
    older_than
        Only what was opened or written so many seconds ago: another process may serve it a little longer.
    """
    needed = {index_name(one) for one in digests}
    removed = []
    for path in folder.glob("*.sqlite*"):
        try:
            if path.name not in needed and is_older(path, time.time() - older_than):
                path.unlink()
                removed.append(path)
        except FileNotFoundError:
            continue  # another process was faster
    return removed


def build_index(parquet: Path, structure: DataStructure, target: Path) -> None:
    """Build an index and put it in place in one step; a kill leaves the place empty.

    Raises
    ------
    InputError
        If the file cannot be read as an observation table of this structure.
    """
    handle, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".part", dir=target.parent)
    os.close(handle)
    part = Path(name)
    try:
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            _fill(connection, parquet, structure)
        part.replace(target)
    except (sqlite3.Error, pa.ArrowException, OSError) as error:
        raise InputError(
            f"{parquet.name} から検索用の索引を作れません（{error}）",
            f"No index can be built from {parquet.name} ({error})",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, parquet: Path, structure: DataStructure) -> None:
    # An index that is not finished is thrown away, so nothing has to survive a crash.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    columns = ", ".join(
        f'"{one.name}" {_TYPES[one.type]}{" NOT NULL" if one.required else ""}' for one in structure.columns
    )
    connection.execute(
        f"CREATE TABLE observation ({columns}, PRIMARY KEY ({_list(structure.key)})) STRICT, WITHOUT ROWID"
    )
    marks = ", ".join("?" * len(structure.names))
    connection.execute("BEGIN")
    with pq.ParquetFile(parquet) as file:
        for batch in file.iter_batches(_BATCH, columns=list(structure.names)):
            connection.executemany(f"INSERT INTO observation VALUES ({marks})", _rows(batch, structure))  # noqa: S608
    connection.execute("COMMIT")
    rest = [one for one in structure.names if one not in {"period", "indicator_id"}]
    connection.execute(f"CREATE INDEX by_period ON observation (period, indicator_id, {_list(rest)})")
    connection.execute("ANALYZE")


def _rows(batch: pa.RecordBatch, structure: DataStructure) -> Iterator[tuple[Any, ...]]:
    columns = [
        batch.column(one.name).cast(pa.string()) if one.type == "date" else batch.column(one.name)
        for one in structure.columns
    ]
    return zip(*(column.to_pylist() for column in columns), strict=True)


def _list(columns: Sequence[str]) -> str:
    return ", ".join(f'"{one}"' for one in columns)


class SqliteEngine(SqlEngine):
    """Answers from the index of a release.

    Connections are kept in a pool: one is in use by one thread at a time.
    """

    source = "observation"

    def __init__(self, index: Path, structure: DataStructure) -> None:
        self.structure = structure
        # immutable=1: nobody writes this file, so no locks are taken and none are needed.
        self._uri = f"{index.resolve().as_uri()}?mode=ro&immutable=1"
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        # An engine that nobody holds any more leaves no connection open.
        weakref.finalize(self, _close_all, self._idle)
        self.coverage = load_coverage(self)

    def fetch(self, statement: str, values: Sequence[Any]) -> list[Row]:
        """Run a statement and return all rows."""
        with self._connection() as connection:
            return connection.execute(statement, values).fetchall()

    def stream(self, statement: str, values: Sequence[Any], size: int) -> Iterator[list[Row]]:
        """Run a statement and yield its rows in lists; the connection is back when the iterator ends or is closed."""
        with self._connection() as connection, closing(connection.execute(statement, values)) as cursor:
            while rows := cursor.fetchmany(size):
                yield rows

    def close(self) -> None:
        """Close idle connections now, those in use when they come back."""
        self._closed = True
        _close_all(self._idle)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = self._take()
        try:
            yield connection
        finally:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return sqlite3.connect(self._uri, uri=True, check_same_thread=False)


def _close_all(connections: deque[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()
