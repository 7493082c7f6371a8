"""The embedded catalogue: CKAN's actions on one folder.

Order of events of a call: the action is looked up; a file that came with it is copied to disk; a transaction begins
(a write transaction for an action that writes); the caller is found by the token; the action runs; the transaction
is committed and, for a write, an entry of the audit log with it. An error rolls everything back.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

# importing the modules enters their actions into the table
from catalog.embedded.actions import communities, members, packages, resources, revisions, site, tags, tokens, users
from catalog.embedded.callers import (
    SYSTEM_USER,
    Caller,
    find_caller,
    is_access_due,
    record_access,
    system_caller,
)
from catalog.embedded.clock import as_text, now
from catalog.embedded.database import Database, unavailable
from catalog.embedded.errors import ActionError, BadRequest, NotFound
from catalog.embedded.files import FileStore, StagedFile, StoredFile
from catalog.embedded.packages import may_read
from catalog.embedded.registry import ACTIONS, Action, Call, Site, denied
from catalog.errors import Label

#: name, bytes, media type as the client states it
UploadedFile = tuple[str, BinaryIO, str | None]

#: the modules of the actions, named so that none is left out
ACTION_MODULES = (communities, members, packages, resources, revisions, site, tags, tokens, users)

DATABASE_NAME = "catalog.sqlite"
FILES_NAME = "files"


class EmbeddedCatalog:
    """CKAN's action API on a folder; any number of threads and processes may use the same folder at once.

    Parameters
    ----------
    folder
        Where ``catalog.sqlite`` and ``files/`` are; made if it is missing.
    site_url
        Address under which people reach the site; it begins every download address.
    max_upload_bytes
        Largest file that is accepted.
    site_title
        What ``status_show`` answers.
    lang
        ``ja`` or ``en``: what ``status_show`` answers as the site's language.
    """

    def __init__(
        self, folder: Path, *, site_url: str, max_upload_bytes: int, site_title: str = "", lang: str = "ja"
    ) -> None:
        self.folder = folder
        self.site = Site(site_url.rstrip("/"), site_title, lang)
        self.max_upload_bytes = max_upload_bytes
        self.store = FileStore(folder / FILES_NAME)
        self.database = Database(folder / DATABASE_NAME)
        self._ensure_system_user()

    def call(
        self,
        action: str,
        data: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        files: Mapping[str, UploadedFile] | None = None,
        as_system: bool = False,
        lang: str = "ja",
    ) -> Any:
        """Do an action and return its result, plain JSON values.

        Parameters
        ----------
        action
            CKAN's name, such as ``package_create``.
        data
            The parameters.
        token
            The caller's API token; none or an unknown one is an anonymous caller.
        files
            The file under the key ``upload``.
        as_system
            Act as the built-in sysadmin, whatever the token.
        lang
            Language of names in the answer; errors carry both languages.

        Raises
        ------
        BadRequest
            If there is no such action.
        ActionError
            What CKAN would answer: ValidationError, NotFound, NotAuthorized, SearchError, SearchQueryError.
        CatalogueUnavailable
            If the database cannot be used.
        """
        found = self.find_action(action)
        given = {key: value for key, value in (data or {}).items() if key != "upload"}
        staged = self._stage(files, token, as_system)
        try:
            return self._run(found, given, token, as_system, lang, staged)
        except sqlite3.OperationalError as error:
            raise unavailable(error) from error
        finally:
            if staged:
                self.store.discard(staged)

    def find_action(self, name: str) -> Action:
        """Return the entry of an action, or raise BadRequest."""
        found = ACTIONS.get(name)
        if found is None:
            raise BadRequest(Label(f"アクション {name} はありません", f"Action name not known: {name}"), value=name)
        return found

    def open_file(self, resource_id: str, token: str | None = None, *, as_system: bool = False) -> StoredFile:
        """Return the uploaded file of a resource, if the caller may see it.

        Raises
        ------
        NotFound
            If there is no such resource or it has no uploaded file.
        NotAuthorized
            If the caller may not see its package.
        """
        with self.database.reading() as db:
            call = self._call("resource_show", db, token, as_system, "ja", None)
            row = resources.find_resource(db, resource_id)
            if row is None or row["file_sha256"] is None:
                raise NotFound(Label("ファイルが見つかりません", "Resource not found"))
            self._need_read(call, resource_id, row["package_id"])
            return StoredFile(
                path=self.store.path_of(row["file_sha256"]),
                filename=row["file_name"],
                mimetype=row["file_mimetype"],
                size=row["file_size"],
                sha256=row["file_sha256"],
                encoding=row["file_encoding"],
            )

    def collect_garbage(self) -> list[Path]:
        """Remove the files that no resource needs and abandoned uploads; return what was removed."""
        with self.database.writing() as db:
            return self.store.remove(self.store.find_garbage(_needed_files(db)))

    def find_garbage(self) -> list[Path]:
        """Return the files that :meth:`collect_garbage` would remove."""
        with self.database.reading() as db:
            return self.store.find_garbage(_needed_files(db))

    def count_audit(self, before: datetime) -> int:
        """Return how many entries of the audit log are older than a time."""
        with self.database.reading() as db:
            return int(db.execute("SELECT count(*) FROM audit WHERE at < ?", (as_text(before),)).fetchone()[0])

    def trim_audit(self, before: datetime) -> int:
        """Remove the entries of the audit log that are older than a time; return how many they were."""
        with self.database.writing() as db:
            return db.execute("DELETE FROM audit WHERE at < ?", (as_text(before),)).rowcount

    def close(self) -> None:
        """Close this thread's connection to the database."""
        self.database.close()

    def _run(
        self,
        found: Action,
        given: dict[str, Any],
        token: str | None,
        as_system: bool,
        lang: str,
        staged: StagedFile | None,
    ) -> Any:
        if not as_system:
            self._record_access(token)
        caller: Caller | None = None
        try:
            with self._transaction(found) as db:
                call = self._call(found.name, db, token, as_system, lang, staged)
                caller = call.caller
                result = found.function(call, given)
                if found.writes:
                    _audit(db, call.caller, found, _object_id(given, result), "ok")
                return result
        except ActionError as error:
            if found.writes and caller is not None and not caller.anonymous:
                with self.database.writing() as db:
                    _audit(db, caller, found, _object_id(given, None), error.kind)
            raise

    def _transaction(self, found: Action) -> AbstractContextManager[sqlite3.Connection]:
        return self.database.writing() if found.writes else self.database.reading()

    def _call(
        self,
        action: str,
        db: sqlite3.Connection,
        token: str | None,
        as_system: bool,
        lang: str,
        staged: StagedFile | None,
    ) -> Call:
        caller = system_caller(db) if as_system else find_caller(db, token)
        return Call(action, db, caller, self.store, self.site, lang, staged)

    def _stage(self, files: Mapping[str, UploadedFile] | None, token: str | None, as_system: bool) -> StagedFile | None:
        upload = (files or {}).get("upload")
        if upload is None:
            return None
        # an anonymous upload is refused by every action: do not copy it to disk first
        if not as_system and find_caller(self.database.connection(), token).anonymous:
            return None
        name, source, content_type = upload
        return self.store.stage(name, source, content_type, self.max_upload_bytes)

    def _need_read(self, call: Call, resource_id: str, package_id: str) -> None:
        row = call.db.execute("SELECT * FROM package WHERE id = ?", (package_id,)).fetchone()
        if not may_read(call, row):
            raise denied(call, f"リソース {resource_id} の閲覧", f"read resource {resource_id}")

    def _record_access(self, token: str | None) -> None:
        if token and is_access_due(self.database.connection(), token):
            with self.database.writing() as db:
                record_access(db, token)

    def _ensure_system_user(self) -> None:
        query = "SELECT 1 FROM user_account WHERE name = ?"
        if self.database.connection().execute(query, (SYSTEM_USER,)).fetchone():
            return
        with self.database.writing() as db:
            if db.execute(query, (SYSTEM_USER,)).fetchone():
                return
            columns = {"id": str(uuid.uuid4()), "name": SYSTEM_USER, "fullname": "管理者", "email": ""}
            users.insert_user(db, {**columns, "sysadmin": True, "created": now()})


def _object_id(given: Mapping[str, Any], result: Any) -> str | None:
    if isinstance(result, dict) and result.get("id"):
        return str(result["id"])
    named = given.get("id") or given.get("package_id") or given.get("name")
    return str(named) if named else None


def _needed_files(db: sqlite3.Connection) -> set[str]:
    rows = db.execute("SELECT DISTINCT file_sha256 FROM resource WHERE file_sha256 IS NOT NULL")
    return {row[0] for row in rows}


def _audit(db: sqlite3.Connection, caller: Caller, found: Action, object_id: str | None, outcome: str) -> None:
    db.execute(
        "INSERT INTO audit (at, user_id, user_name, action, object_id, outcome) VALUES (?, ?, ?, ?, ?, ?)",
        (now(), caller.user_id, caller.name, found.name, object_id, outcome),
    )
