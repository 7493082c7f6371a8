"""One SQLite file, used by many threads and processes at once.

Order of events: :class:`Database` is made (the folder and the schema are created if they are missing); each thread
of each process opens its own connection on first use; :meth:`Database.reading` sees one state of the file for as
long as it lasts, :meth:`Database.writing` is alone in writing and is all or nothing.

Write-ahead log: readers never wait for a writer, and a process that is killed leaves either the old or the new state.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from filelock import FileLock

from catalog.embedded.clock import now
from catalog.errors import CatalogueUnavailable, Label

#: how long a writer waits for the one before it, in seconds
BUSY_SECONDS = 30.0


def _migrations() -> list[tuple[int, str, str]]:
    """Return (number, name, SQL) of every migration, in order."""
    folder = resources.files("catalog.embedded") / "migrations"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    return [(int(item.name[:4]), item.name, item.read_text("utf-8")) for item in files]


def _open(path: Path) -> sqlite3.Connection:
    # isolation_level None: transactions begin where this module says so, and nowhere else
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -16000")
    return connection


def unavailable(error: sqlite3.OperationalError) -> CatalogueUnavailable:
    """Return ours for SQLite's "database is locked", "disk I/O error", "unable to open"."""
    return CatalogueUnavailable(
        f"カタログのデータベースが使えません（{error}）",
        f"The database of the catalogue cannot be used ({error})",
        next_step=Label(
            "ほかの処理の終了を待つか、ディスクの空きと権限を確かめてください",
            "Wait for other work to end, or check the disk space and the permissions",
        ),
        value=str(error),
    )


class Database:
    """The file and its connections, one for each thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._migrate()

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection; a connection never crosses a fork."""
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.connection = _open(self.path)
            self._local.pid = os.getpid()
        connection: sqlite3.Connection = self._local.connection
        return connection

    def close(self) -> None:
        """Close this thread's connection, if it has one."""
        if getattr(self._local, "pid", None) == os.getpid():
            self._local.connection.close()
            del self._local.pid, self._local.connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that sees one state of the file until the end."""
        yield from self._transaction("BEGIN")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that may write; everything is committed at the end, or nothing."""
        yield from self._transaction("BEGIN IMMEDIATE")

    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self.connection()
        try:
            connection.execute(begin)
        except sqlite3.OperationalError as error:
            raise unavailable(error) from error
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _migrate(self) -> None:
        migrations = _migrations()
        if self._version() >= migrations[-1][0]:
            return
        # the lock serialises the first openings: turning a new file into WAL fails at once when two do it
        with FileLock(f"{self.path}.lock"):
            connection = self.connection()
            connection.execute("PRAGMA journal_mode = WAL")
            current = self._version()
            for number, name, script in migrations:
                if number > current:
                    connection.executescript(_one_transaction(number, name, script))

    def _version(self) -> int:
        try:
            return int(self.connection().execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.OperationalError as error:
            raise unavailable(error) from error


def _one_transaction(number: int, name: str, script: str) -> str:
    return (
        "BEGIN IMMEDIATE;"
        "CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT, applied_at TEXT);"
        f"{script}\n"
        f"INSERT INTO migration VALUES ({number}, '{name}', '{now()}');"
        f"PRAGMA user_version = {number};"
        "COMMIT;"
    )
