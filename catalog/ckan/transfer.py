"""Carry the files of a package from one catalogue to another, each verified by its sha256.

Order of events for a file: it is fetched into a folder of its own; its bytes are compared with what its release says
of them; it is uploaded; it is read back from the other catalogue, and those bytes must be the same.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog.ckan.client import Catalogue
from catalog.ckan.copy_report import CopiedFile
from catalog.ckan.portable import portable_resource
from catalog.embedded.errors import NotFound
from catalog.errors import IntegrityError, Label

_CHUNK = 1 << 20
_FALLBACK_NAME = "file"
#: in bytes; a folder takes 255
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file on its way."""

    #: where it is, under the name it has
    path: Path
    #: of its bytes
    sha256: str
    #: their number
    bytes: int


def file_name(resource: Mapping[str, Any]) -> str:
    """Return the name of an uploaded file."""
    return unquote(urlsplit(str(resource.get("url") or "")).path.rpartition("/")[2])


def send_file(
    source: Catalogue,
    target: Catalogue,
    resource: Mapping[str, Any],
    *,
    package_id: str,
    replaces: bool,
    expected: str | None = None,
) -> CopiedFile:
    """Copy the file of a resource with what is said of it, and read it back.

    Parameters
    ----------
    source, target
        From where, and to where.
    resource
        The resource as ``source`` answers it; its id stays.
    package_id
        The package of ``target``.
    replaces
        True if ``target`` has a resource of this id.
    expected
        The sha256 that its release states, or None if nothing states it.

    Raises
    ------
    IntegrityError
        If the bytes are not those that the release states, or ``target`` gives back others.
    CatalogueError
        If one of the two refuses or does not answer.
    """
    with _fetched(source, resource, expected) as file:
        said = portable_resource(resource)
        fields = {key: value for key, value in said.items() if not isinstance(value, dict | list)}
        fields = {"hash": file.sha256, **fields, "package_id": package_id}
        answer = _upload(target, file.path, fields, replaces=replaces)
        kept = digest_of(target, answer)
        if kept != file.sha256:
            raise _other_bytes(file_name(resource), file.sha256, kept, Label("写し先", "the target"))
        return CopiedFile(resource["id"], file_name(answer), file.bytes, file.sha256)


def _upload(target: Catalogue, path: Path, fields: Mapping[str, Any], *, replaces: bool) -> dict[str, Any]:
    """Upload a file; where the target cuts letters out of its name, under the first digits of its resource's id.

    CKAN makes .csv of 失業率.csv, which no program opens.
    """
    media_type = str(fields.get("mimetype") or "application/octet-stream")
    action = "resource_update" if replaces else "resource_create"
    answer = dict(target.upload(action, path=path, media_type=media_type, **fields))
    if path.name.isascii() or file_name(answer) == path.name:
        return answer
    plain = path.rename(path.with_name(str(fields["id"])[:8] + (path.suffix if path.suffix.isascii() else "")))
    return dict(target.upload("resource_update", path=plain, media_type=media_type, **fields))


def digest_of(catalogue: Catalogue, resource: Mapping[str, Any]) -> str:
    """Return the sha256 of an uploaded file, of all its bytes.

    Raises
    ------
    NotFound
        If the catalogue has lost it.
    """
    digest = hashlib.sha256()
    with catalogue.open_file(resource) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def find_digest(catalogue: Catalogue, resource: Mapping[str, Any]) -> str | None:
    """Return the sha256 of an uploaded file, or None if the catalogue lists it and does not have it."""
    try:
        return digest_of(catalogue, resource)
    except NotFound:
        return None


@contextmanager
def _fetched(source: Catalogue, resource: Mapping[str, Any], expected: str | None) -> Iterator[Fetched]:
    with tempfile.TemporaryDirectory(prefix="shihyo-copy-") as folder:
        file = _fetch(source, resource, Path(folder) / _safe_name(resource))
        if expected is not None and file.sha256 != expected:
            raise _other_bytes(file_name(resource), expected, file.sha256, Label("写し元", "the source"))
        size = resource.get("size")
        if expected is None and size not in (None, "", file.bytes):
            # Either the answer was cut off or the size is wrong: the same bytes twice settle it.
            again = _fetch(source, resource, file.path)
            if again.sha256 != file.sha256:
                raise _other_bytes(file_name(resource), again.sha256, file.sha256, Label("写し元", "the source"))
            file = again
        yield file


def _fetch(source: Catalogue, resource: Mapping[str, Any], path: Path) -> Fetched:
    digest, size = hashlib.sha256(), 0
    with source.open_file(resource) as stream, path.open("wb") as file:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
    return Fetched(path, digest.hexdigest(), size)


def _safe_name(resource: Mapping[str, Any]) -> str:
    """Return the name of the file without what could lead out of a folder or is too long for one."""
    name = "".join(one for one in file_name(resource) if one not in "/\\\0")
    name = name.encode()[-_LONGEST_NAME:].decode(errors="ignore")
    return _FALLBACK_NAME if name in {"", ".", ".."} else name


def _other_bytes(name: str, stated: str, computed: str, where: Label) -> IntegrityError:
    return IntegrityError(
        f"{where.ja}のファイル {name} の中身が、あるべきものと違います",
        f"File {name} of {where.en} has other bytes than it should",
        next_step=Label("もう一度実行すると、続きから写し直します", "Run it again: it goes on where it stopped"),
        value=name,
        stated=stated,
        computed=computed,
    )
