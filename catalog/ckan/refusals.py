"""What a catalogue answers when it does not do what it was asked, as errors of ours that say what to do.

The table of :mod:`catalog.ckan.client` says which answer becomes which error.
"""

from __future__ import annotations

import ast
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import ckanapi
from ckanapi.errors import CKANAPIError

from catalog.embedded.errors import NotAuthorized, ValidationError
from catalog.errors import CatalogueError, CatalogueUnavailable, Label

_SEE_ADDRESS = Label(
    "カタログが動いているか、SHIHYO_CATALOG_URL が正しいか確かめてください",
    "See that it is running and that SHIHYO_CATALOG_URL is right",
)
_SEE_TOKEN = Label(
    "SHIHYO_CATALOG_TOKEN が有効（期限切れや失効がない）で、その利用者に組織の編集者（editor）以上の権限があるか"
    "確かめてください（shihyo catalog status で分かります）",
    "See that the token in SHIHYO_CATALOG_TOKEN has not expired or been revoked, and that its user is an editor or"
    " admin of the organisation; shihyo catalog status tells",
)
_SEE_FRONT_PAGE = Label(
    "SHIHYO_CATALOG_URL には、CKANのトップページのURLを、/api や /dataset を付けずに指定してください",
    "Give the address of CKAN's front page in SHIHYO_CATALOG_URL, without /api or /dataset",
)
_SEE_CERTIFICATE = Label(
    "庁内の認証局の証明書なら、そのPEMファイルを SHIHYO_CATALOG_CA_FILE に指定してください",
    "If it is of a certification authority of your own, give its PEM file in SHIHYO_CATALOG_CA_FILE",
)
_SEE_SIZE = Label(
    "CKANの ckan.max_resource_size と、その手前のウェブサーバーの上限（nginxなら client_max_body_size）を"
    "上げてください",
    "Raise ckan.max_resource_size of CKAN and the limit of the web server in front of it (nginx: client_max_body_size)",
)

_SEE_OWN_SIZE = Label(
    "設定 SHIHYO_MAX_UPLOAD_MB を上げてください（単位はMB）",
    "Raise the setting SHIHYO_MAX_UPLOAD_MB (in MB)",
)

#: what a connection fails with -> why, and what to do; the first that fits counts
_REASONS: tuple[tuple[type[BaseException], Label, Label], ...] = (
    (
        ssl.SSLCertVerificationError,
        Label("証明書を確かめられません", "its certificate cannot be verified"),
        _SEE_CERTIFICATE,
    ),
    (ssl.SSLError, Label("TLSで接続できません", "no TLS connection"), _SEE_ADDRESS),
    (socket.gaierror, Label("その名前のサーバーが見つかりません", "there is no server of this name"), _SEE_ADDRESS),
    (ConnectionRefusedError, Label("接続を拒まれました", "connection refused"), _SEE_ADDRESS),
    (TimeoutError, Label("時間内に答えません", "no answer in time"), _SEE_ADDRESS),
)


def unavailable(address: str, reason: str | BaseException) -> CatalogueUnavailable:
    """Return the error of a catalogue that does not answer."""
    why, what = Label(str(reason), str(reason)), _SEE_ADDRESS
    if isinstance(reason, BaseException):
        causes = list(_causes(reason))
        known = ((ja_en, todo) for kind, ja_en, todo in _REASONS if any(isinstance(one, kind) for one in causes))
        why, what = next(known, (why, what))
    return CatalogueUnavailable(
        f"カタログ {address} が応答しません（{why.ja}）",
        f"The catalogue {address} does not answer ({why.en})",
        next_step=what,
        value=address,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it; requests and urllib3 hide it in ``args`` and ``reason``."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting.extend([getattr(one, "reason", None), one.__cause__, one.__context__, *one.args])


def refused(name: str, error: ckanapi.NotAuthorized) -> NotAuthorized:
    """Return the error of an action that the token may not do."""
    said = error.args[0].get("message", "") if error.args and isinstance(error.args[0], Mapping) else str(error)
    refusal = NotAuthorized(
        Label(f"カタログが {name} を許しません: {said}", f"The catalogue does not allow {name}: {said}")
    )
    refusal.next_step = _SEE_TOKEN
    return refusal


def invalid(error: ckanapi.ValidationError, *, embedded: bool = False) -> ValidationError:
    """Return the error of fields that cannot be used; ``embedded`` if the catalogue is that of this home folder."""
    fields = {key: value for key, value in error.error_dict.items() if not key.startswith("__")}
    found = ValidationError({key: [Label(text, text) for text in _texts(value)] for key, value in fields.items()})
    if set(fields) == {"upload"}:
        found.next_step = _SEE_OWN_SIZE if embedded else _SEE_SIZE
    return found


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def unknown(address: str, name: str, error: CKANAPIError, redirected: str | None) -> CatalogueError:
    """Return the error of an answer that ckanapi does not know.

    Parameters
    ----------
    address
        Of the catalogue.
    name
        Of the action.
    error
        Has the answer in its text.
    redirected
        Where the answer pointed, if it was a redirect.
    """
    status, body = _status_and_body(error)
    if status is None or status >= 500:
        return unavailable(address, f"HTTP {status}: {_short(body)}")
    if redirected and 300 <= status < 400:
        return _elsewhere(address, name, redirected)
    if status == 413:
        return _refusal(
            f"カタログ {address} はこの大きさのファイルを受け取りません",
            f"{address} takes no file of this size",
            _SEE_SIZE,
        )
    if not _is_json(body):
        return _refusal(
            f"{address} にCKANがありません（HTTP {status}、JSONでない答え）",
            f"There is no CKAN at {address} (HTTP {status}, and the answer is no JSON)",
            _SEE_FRONT_PAGE,
            status=status,
        )
    return _refusal(
        f"カタログが {name} に答えられません（HTTP {status}: {_short(body)}）",
        f"The catalogue could not do {name} (HTTP {status}: {_short(body)})",
        _SEE_FRONT_PAGE if status == 404 else None,
        status=status,
    )


def _elsewhere(address: str, name: str, redirected: str) -> CatalogueError:
    right = redirected.partition(f"/api/action/{name}")[0]
    return _refusal(
        f"カタログ {address} は {redirected} へ転送します",
        f"The catalogue {address} redirects to {redirected}",
        Label(f"SHIHYO_CATALOG_URL={right} にしてください", f"Set SHIHYO_CATALOG_URL={right}"),
    )


def _refusal(ja: str, en: str, what: Label | None, **context: Any) -> CatalogueError:
    return CatalogueError(ja, en, next_step=what, **context)


def _is_json(body: str) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _short(body: str) -> str:
    return " ".join(body.split())[:200]


def _status_and_body(error: CKANAPIError) -> tuple[int | None, str]:
    """Read what ckanapi puts into an error it does not know: the repr of ``[url, status, body]``."""
    try:
        _, status, body = ast.literal_eval(str(error))
        return int(status), str(body)
    except (ValueError, SyntaxError, TypeError):
        return None, str(error)
