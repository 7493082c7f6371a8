"""The catalogue, wherever it is: CKAN's action API over HTTP, or the embedded catalogue in this process.

Both are reached through ckanapi's interface (``call_action(action, data_dict, files=...)``, ckanapi's exceptions), so
publishing and following are one code path. Order of events of a call: ckanapi sends it; an answer that says "error"
is an exception of ckanapi; it becomes one of ours here and nowhere else.

=================================  ==============================================================
what happens                       what is raised
=================================  ==============================================================
``Not Found Error``                :class:`catalog.embedded.errors.NotFound`
``Validation Error``               :class:`catalog.embedded.errors.ValidationError`
``Authorization Error``            :class:`catalog.embedded.errors.NotAuthorized`
``Search ... Error``               :class:`catalog.embedded.errors.SearchError`
no answer, no JSON, 5xx            :class:`catalog.errors.CatalogueUnavailable`
anything else                      :class:`catalog.errors.CatalogueError`
=================================  ==============================================================

Files are read with :meth:`Catalogue.open_file`. Only files that were uploaded to this catalogue are read, only below
its own address, whatever address a dataset states.

References
----------
ckanapi 4.11; CKAN 2.12, ``ckan/views/api.py`` (2026-11-22).
"""

from __future__ import annotations

import secrets
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import quote, unquote, urlsplit

import ckanapi
import filelock
import tenacity
from ckanapi.common import ActionShortcut
from ckanapi.errors import CKANAPIError, SearchIndexError, ServerIncompatibleError

from catalog.ckan import refusals
from catalog.ckan.mapping import DATASET_TYPE, RELEASE_TYPE
from catalog.ckan.refusals import unavailable
from catalog.embedded import ActionError, BadRequest, EmbeddedCatalog
from catalog.embedded.errors import NotAuthorized, NotFound, SearchError, SearchQueryError, ValidationError
from catalog.errors import (
    CatalogueUnavailable,
    ForbiddenAddress,
    Label,
    PublishConflict,
    TooLarge,
)
from catalog.settings import Settings

_USER_AGENT = "shihyo (+https://docs.ckan.org/en/latest/api/)"

#: actions that change nothing and are asked again when the catalogue does not answer
_READING = ("_show", "_list", "_search", "site_read")
_TRIES = 3

#: a catalogue that names it in ``status_show`` knows packages of the type ``release``
_EXTENSION = "shihyo"

_MEGABYTE = 1_000_000

Upload = tuple[str, BinaryIO, str]


class _Ckan(Protocol):
    """The part of ckanapi's interface that is used."""

    def call_action(
        self,
        action: str,
        data_dict: Mapping[str, Any] | None = None,
        context: None = None,
        apikey: str | None = None,
        files: Mapping[str, Upload] | None = None,
        requests_kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call an action."""


class EmbeddedCKAN:
    """The embedded catalogue with the interface of :class:`ckanapi.RemoteCKAN`, acting as its built-in sysadmin."""

    def __init__(self, catalog: EmbeddedCatalog) -> None:
        self.catalog = catalog
        self.address = catalog.site.url
        self.action = ActionShortcut(self)

    def call_action(
        self,
        action: str,
        data_dict: Mapping[str, Any] | None = None,
        context: None = None,
        apikey: str | None = None,
        files: Mapping[str, Upload] | None = None,
        requests_kwargs: Mapping[str, Any] | None = None,  # noqa: ARG002 - there is no request
    ) -> Any:
        """Call an action; raises ckanapi's exceptions."""
        if context:
            raise CKANAPIError("EmbeddedCKAN.call_action does not support use of context parameter")
        try:
            return self.catalog.call(action, data_dict, token=apikey, files=files, as_system=apikey is None)
        except BadRequest as error:
            raise CKANAPIError(repr([self.address, error.status, error.what.en])) from error
        except ActionError as error:
            raise _as_ckanapi(error) from error

    def close(self) -> None:
        """Close the connection of this thread."""
        self.catalog.close()


def _as_ckanapi(error: ActionError) -> CKANAPIError:
    if isinstance(error, ValidationError):
        return ckanapi.ValidationError(error.error_dict("ja"))
    if isinstance(error, NotAuthorized):
        return ckanapi.NotAuthorized(error.error_dict("ja"))
    kinds = {NotFound: ckanapi.NotFound, SearchQueryError: ckanapi.SearchQueryError, SearchError: ckanapi.SearchError}
    return kinds[type(error)](error.what.ja)


class Catalogue:
    """What publishing and following know of the catalogue.

    An object belongs to one thread; make another with :func:`open_catalogue`.

    Parameters
    ----------
    ckan
        ckanapi's client, or :class:`EmbeddedCKAN`.
    settings
        Of this process: folder for locks, timeout, lease.
    """

    def __init__(self, ckan: _Ckan, settings: Settings) -> None:
        self._ckan = ckan
        self.settings = settings
        self._release_type: str | None = None

    def action(self, name: str, /, **data: Any) -> Any:
        """Call an action and return its result.

        Reading actions are tried three times when the catalogue does not answer; writing ones once, because the
        first try may have succeeded unheard.

        Raises
        ------
        CatalogueError
            As the table of this module says.
        """
        if name.endswith(_READING):
            return _patiently(lambda: self._call(name, data, None))
        return self._call(name, data, None)

    def upload(self, name: str, /, path: Path, media_type: str, **data: Any) -> Any:
        """Call an action with a file, which is sent under the name it has.

        Raises
        ------
        CatalogueError
            As the table of this module says.
        """
        with path.open("rb") as file:
            return self._call(name, data, {"upload": (path.name, file, media_type)})

    def find_package(self, name: str) -> dict[str, Any] | None:
        """Return a package by name or id, or None if there is none that this token may see."""
        try:
            return dict(self.action("package_show", id=name))
        except NotFound:
            return None

    def open_file(self, resource: Mapping[str, Any], *, limit: int | None = None) -> AbstractContextManager[BinaryIO]:
        """Open the uploaded file of a CKAN resource for reading; to be used with ``with``.

        Parameters
        ----------
        resource
            The resource as the catalogue answers it; it must be an upload (``url_type``).
        limit
            Most bytes to read; the settings' upload limit if None.

        Raises
        ------
        NotFound
            If there is no such file.
        TooLarge
            While reading, if there are more bytes.
        CatalogueUnavailable
            If it cannot be read.
        """
        most = limit if limit is not None else self.settings.max_upload_mb * _MEGABYTE
        return self._open(resource, most)

    def read_file(self, resource: Mapping[str, Any], *, limit: int) -> bytes:
        """Return the bytes of a small uploaded file; raises as :meth:`open_file`."""
        with self.open_file(resource, limit=limit) as file:
            return file.read()

    def replace_package(self, existing: Mapping[str, Any], package: Mapping[str, Any]) -> dict[str, Any] | None:
        """Replace a package if nobody changed it since it was read; return it as it is then, None if somebody did.

        The look and the change are one step of the catalogue (``package_revise``), so of two who read the same one
        succeeds, and a call that arrives late does nothing.

        Parameters
        ----------
        existing
            The package as it was read.
        package
            All of the package as it shall be.

        Raises
        ------
        CatalogueError
            As the table of this module says.
        """
        match = {"id": existing["id"], "metadata_modified": existing["metadata_modified"]}
        # a time that is sent back stays as it is in CKAN, and the change could not be noticed
        wanted = {key: one for key, one in package.items() if key not in {"id", "metadata_modified"}}
        try:
            return dict(self.action("package_revise", match=match, filter=["-*"], update=wanted)["package"])
        except ValidationError as error:
            if set(error.fields) == {"match"}:
                return None
            raise

    @property
    def publisher(self) -> str:
        """Id of this home folder as a publisher; made once and kept in it."""
        return _publisher_id(self.settings.home / "publisher-id")

    @property
    def release_type(self) -> str:
        """The ``type`` of a release package in this catalogue: ``release`` if it knows that type, else ``dataset``."""
        if self._release_type is None:
            known = isinstance(self._ckan, EmbeddedCKAN) or _EXTENSION in self.action("status_show")["extensions"]
            self._release_type = RELEASE_TYPE if known else DATASET_TYPE
        return self._release_type

    @contextmanager
    def publishing(self, name: str) -> Iterator[None]:
        """Keep other processes of this home folder from publishing a dataset at the same time.

        Raises
        ------
        PublishConflict
            If another one does not finish within the lease.
        """
        folder = self.settings.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"publish-{name}.lock", timeout=self.settings.publish_lease_seconds)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise PublishConflict(
                f"データセット {name} を別のプロセスが公開し続けています",
                f"Another process keeps publishing {name}",
                next_step=Label("終わってからもう一度実行してください", "Run it again when it has finished"),
                value=name,
            ) from error
        try:
            yield
        finally:
            lock.release()

    def close(self) -> None:
        """Close connections."""
        close = getattr(self._ckan, "close", None)
        if close is not None:
            close()

    def _call(self, name: str, data: Mapping[str, Any], files: Mapping[str, Upload] | None) -> Any:
        answered: list[str | None] = []
        kwargs = {
            "timeout": self.settings.catalog_timeout,
            # requests' own interface for looking at an answer: ckanapi tells of a redirect, but not where to
            "hooks": {"response": lambda answer, **_: answered.append(answer.headers.get("Location"))},
            **({"verify": self.settings.catalog_ca_file} if self.settings.catalog_ca_file else {}),
        }
        try:
            return self._ckan.call_action(name, dict(data), files=files, requests_kwargs=kwargs)
        except ckanapi.NotFound as error:
            raise NotFound(_label(error)) from error
        except ckanapi.ValidationError as error:
            raise refusals.invalid(error, embedded=isinstance(self._ckan, EmbeddedCKAN)) from error
        except ckanapi.NotAuthorized as error:
            raise refusals.refused(name, error) from error
        except (ckanapi.SearchError, ckanapi.SearchQueryError, SearchIndexError) as error:
            raise SearchError(_label(error)) from error
        except ServerIncompatibleError as error:
            raise unavailable(self._address, str(error)) from error
        except CKANAPIError as error:
            raise refusals.unknown(self._address, name, error, answered[-1] if answered else None) from error
        except OSError as error:
            # requests' exceptions are OSErrors: no connection, a timeout, a broken answer
            raise unavailable(self._address, error) from error

    @property
    def _address(self) -> str:
        return self.settings.catalog_url or self.settings.site_url

    @contextmanager
    def _open(self, resource: Mapping[str, Any], limit: int) -> Iterator[BinaryIO]:
        if isinstance(self._ckan, EmbeddedCKAN):
            stored = self._ckan.catalog.open_file(resource["id"], as_system=True)
            with stored.path.open("rb") as file:
                yield _Bounded(file, limit, resource)  # type: ignore[misc]
            return
        url = download_url(self.settings.catalog_url, resource)
        try:
            with self._opener(url).open(self._request(url), timeout=self.settings.catalog_timeout) as answer:
                yield _Bounded(answer, limit, resource)  # type: ignore[misc]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise NotFound(Label(f"ファイル {url} がありません", f"There is no file {url}")) from error
            if error.code in {401, 403}:
                raise NotAuthorized(Label(f"ファイル {url} を読む権限がありません", f"May not read {url}")) from error
            raise unavailable(url, f"HTTP {error.code}") from error
        except OSError as error:
            raise unavailable(url, error) from error

    def _opener(self, url: str) -> urllib.request.OpenerDirector:
        trusted = ssl.create_default_context(cafile=self.settings.catalog_ca_file or None)
        return urllib.request.build_opener(_SameSite(url), urllib.request.HTTPSHandler(context=trusted))

    def _request(self, url: str) -> urllib.request.Request:
        headers = {"User-Agent": _USER_AGENT}
        if self.settings.catalog_token:
            headers["Authorization"] = self.settings.catalog_token
        return urllib.request.Request(url, headers=headers)  # noqa: S310 - settings allow http and https only


def open_catalogue(settings: Settings, *, embedded: EmbeddedCatalog | None = None) -> Catalogue:
    """Return the catalogue that the settings name.

    Parameters
    ----------
    settings
        ``catalog_url`` and ``catalog_token`` of a CKAN; without them the embedded catalogue in ``home``.
    embedded
        An embedded catalogue that is open already in this process.
    """
    if settings.catalog_url:
        remote = ckanapi.RemoteCKAN(settings.catalog_url, apikey=settings.catalog_token or None, user_agent=_USER_AGENT)
        return Catalogue(remote, settings)
    return Catalogue(EmbeddedCKAN(embedded or open_embedded(settings)), settings)


def open_embedded(settings: Settings) -> EmbeddedCatalog:
    """Return the embedded catalogue in the home of the settings."""
    return EmbeddedCatalog(
        settings.home / "catalog",
        site_url=settings.site_url,
        max_upload_bytes=settings.max_upload_mb * _MEGABYTE,
        site_title=settings.site_title,
        lang=settings.lang,
    )


def download_url(catalog_url: str, resource: Mapping[str, Any]) -> str:
    """Return where the catalogue at ``catalog_url`` has the uploaded file of a resource.

    The path is CKAN's, made of the ids; of the address that the resource states only the last part, the file name, is
    taken. So the host it states (often another name of the same server) does not matter and cannot lead elsewhere.

    Raises
    ------
    ForbiddenAddress
        If the resource is a link and not an upload.
    """
    if resource.get("url_type") != "upload":
        raise ForbiddenAddress(
            f"リソース {resource.get('id')} はカタログに登録されたファイルではありません",
            f"Resource {resource.get('id')} is not a file that was uploaded to the catalogue",
            value=resource.get("url"),
        )
    name = unquote(urlsplit(resource["url"]).path.rpartition("/")[2])
    parts = ("dataset", resource["package_id"], "resource", resource["id"], "download", name)
    return "/".join([catalog_url.rstrip("/"), *(quote(part, safe="") for part in parts)])


class _Bounded:
    """A stream that refuses to give more than ``limit`` bytes."""

    def __init__(self, stream: BinaryIO, limit: int, resource: Mapping[str, Any]) -> None:
        self._stream, self._left, self._limit = stream, limit, limit
        self._name = resource.get("name")

    def read(self, size: int = -1) -> bytes:
        asked = self._left + 1 if size is None or size < 0 else min(size, self._left + 1)
        chunk = self._stream.read(asked)
        self._left -= len(chunk)
        if self._left < 0:
            raise TooLarge(
                f"ファイル {self._name} が上限の {self._limit:,} バイトより大きい",
                f"File {self._name} is larger than the limit of {self._limit:,} bytes",
                value=self._limit,
            )
        return chunk


class _SameSite(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only within the scheme, host and port of the first address."""

    def __init__(self, url: str) -> None:
        self._origin = urlsplit(url)[:2]

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urlsplit(newurl)[:2] != self._origin:
            raise ForbiddenAddress(
                f"カタログが外部のアドレスへ転送しました（{newurl}）",
                f"The catalogue redirects to another site ({newurl})",
                next_step=Label(
                    "カタログのファイルをカタログ自身から配信してください", "Let the catalogue serve its files itself"
                ),
                value=newurl,
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _patiently(call: Any) -> Any:
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(CatalogueUnavailable),
        stop=tenacity.stop_after_attempt(_TRIES),
        wait=tenacity.wait_exponential_jitter(multiplier=0.2, max=2),
        reraise=True,
    )
    return retrying(call)


def _publisher_id(path: Path) -> str:
    while True:
        try:
            return path.read_text("ascii").strip()
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
            temporary.write_text(secrets.token_hex(16), "ascii")
            _link_if_absent(temporary, path)


def _link_if_absent(temporary: Path, path: Path) -> None:
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        # Another process was first; its id is the one.
        return
    finally:
        temporary.unlink()


def _label(error: Exception) -> Label:
    text = str(error) or type(error).__name__
    return Label(text, text)
