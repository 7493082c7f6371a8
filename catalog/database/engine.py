"""Open the application database and bring its schema up to date.

Order of events: the engine is made; if the schema is older than the newest migration, the migrations run under a lock
(a file beside SQLite, an advisory lock in PostgreSQL), so that two processes that start at once do not both migrate.
Whether migrations are needed is seen without alembic, which takes as long to import as a small command takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from catalog.errors import DatabaseError, Label, SettingError

if TYPE_CHECKING:
    from alembic.config import Config

#: how long a writer of SQLite waits for the one before it, in seconds
BUSY_SECONDS = 30
#: key of PostgreSQL's advisory lock around migrations; any fixed number that nothing else here uses
_ADVISORY_KEY = 7_441_548
#: the folder of alembic; the files of ``versions`` begin with their revision: ``v0003_running.py``
_MIGRATIONS = Path(__file__).with_name("migrations")


def open_database(url: str) -> Engine:
    """Open the database and run the migrations that it lacks.

    Parameters
    ----------
    url
        As in ``Settings.application_database_url``. The folder of an SQLite file is made if it is missing.

    Raises
    ------
    SettingError
        If the URL is not one that SQLAlchemy knows.
    DatabaseError
        If the database cannot be reached or migrated.
    """
    engine = _connect(url)
    try:
        migrate(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise _unusable(engine.url, error) from error
    return engine


@contextmanager
def open_readonly(url: str) -> Iterator[Engine | None]:
    """Open the database for reading only; None if there is none, or its schema is not the newest.

    Nothing is made and nothing is migrated, so that a plan or a status leaves no trace. What a killed process left half
    written is rolled back.
    """
    if not _exists(make_url(url)):
        yield None
        return
    _roll_back_left(url)
    engine = _connect(url, readonly=True)
    try:
        yield engine if schema_revision(engine) == _revisions()[-1] else None
    except SQLAlchemyError as error:
        raise _unusable(engine.url, error) from error
    finally:
        engine.dispose()


def _roll_back_left(url: str) -> None:
    """Let SQLite undo an unfinished transaction, which it does at the next read, but not of who may only read.

    References
    ----------
    SQLite, "Atomic Commit In SQLite", section 4 (rollback of hot journals).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not Path(f"{parsed.database}-journal").is_file():
        return
    engine = _connect(url, readonly=False)
    try:
        schema_revision(engine)
    except SQLAlchemyError as error:
        raise _unusable(engine.url, error) from error
    finally:
        engine.dispose()


def _exists(url: URL) -> bool:
    return url.get_backend_name() != "sqlite" or (bool(url.database) and Path(str(url.database)).is_file())


def migrate(engine: Engine) -> None:
    """Run the migrations that the database lacks; does nothing if it is up to date.

    Raises
    ------
    DatabaseError
        If the schema comes from a newer version of the product.
    """
    revisions = _revisions()
    if schema_revision(engine) == revisions[-1]:
        return
    with _migration_lock(engine), engine.begin() as connection:
        current = _revision(connection)
        if current is not None and current not in revisions:
            raise _too_new(engine.url, current)
        _upgrade(connection)


def schema_revision(engine: Engine) -> str | None:
    """Return the migration that the schema stands at, or None for an empty database."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    """Return what alembic noted in the database, or None."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _revisions() -> list[str]:
    """Return all migrations that there are, the oldest first."""
    return sorted(one.name[1:5] for one in (_MIGRATIONS / "versions").glob("v[0-9]*.py"))


def _upgrade(connection: Connection) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _connect(url: str, *, readonly: bool = False) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _connect_readonly(parsed) if readonly else _connect_sqlite(parsed)
        return create_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingError(
            "業務データベースのURLが使えません",
            "The URL of the application database cannot be used",
            next_step=Label(
                "SHIHYO_DATABASE_URL を sqlite:///… か postgresql+psycopg://… の形にし、接続ライブラリを入れてください",
                "Write SHIHYO_DATABASE_URL as sqlite:///... or postgresql+psycopg://... and install its driver",
            ),
            setting="SHIHYO_DATABASE_URL",
            reason=type(error).__name__,
        ) from error


def _connect_sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine


def _connect_readonly(url: URL) -> Engine:
    """Open an SQLite file with ``mode=ro``: with a rollback journal, reading makes no file beside it."""
    quoted = quote(str(Path(str(url.database)).resolve()))
    return create_engine(f"sqlite:///file:{quoted}?mode=ro&uri=true", connect_args={"timeout": BUSY_SECONDS})


@contextmanager
def _migration_lock(engine: Engine) -> Iterator[None]:
    backend, database = engine.url.get_backend_name(), engine.url.database
    if backend == "sqlite" and database and database != ":memory:":
        from filelock import FileLock

        with FileLock(f"{database}.migration.lock"):
            yield
    elif backend == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_KEY})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_KEY})
    else:
        yield


def _unusable(url: URL, error: SQLAlchemyError) -> DatabaseError:
    shown = url.render_as_string(hide_password=True)
    return DatabaseError(
        f"業務データベース {shown} を使えません",
        f"The application database {shown} cannot be used",
        next_step=Label(
            "場所と権限、空き容量、データベースが動いていることを確かめてください",
            "Check its place, permissions, free space, and that the database runs",
        ),
        reason=str(error.__cause__ or error),
    )


def _too_new(url: URL, revision: str) -> DatabaseError:
    shown = url.render_as_string(hide_password=True)
    return DatabaseError(
        f"業務データベース {shown} は、より新しい版のソフトウェアで作られています（{revision}）",
        f"The application database {shown} was made by a newer version of the software ({revision})",
        next_step=Label("ソフトウェアを新しくしてください", "Update the software"),
        value=revision,
    )
