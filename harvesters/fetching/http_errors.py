"""Errors of getting bytes over HTTP: what happened, at which URL, and what to do."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from catalog.errors import FetchError, ForbiddenAddress, Label, Place, SourceUnavailable, TooLarge
from harvesters.fetching.credentials import origin_of

#: statuses that may go better the next time
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})

_NOT_PUBLIC = Label(
    "公開されているURLを書くか、収集元のトークンと、それで読めるものを確かめてください",
    "Give a URL that is public, or check the token of the source and what it may read",
)
_STATUS_STEPS = {
    0: Label(
        "提供元のページを確かめ、時間を置いて再実行してください", "Look at the page of the source, and run again later"
    ),
    401: _NOT_PUBLIC,
    403: _NOT_PUBLIC,
    404: Label("URLが変わっていないか確かめてください", "Check whether the URL has changed"),
    410: Label(
        "提供元が公開をやめました。新しい場所を確かめてください", "The source withdrew it; look for its new place"
    ),
    429: Label("収集の間隔を空けてください", "Harvest it less often"),
}


def check_url(url: str, first: str) -> None:
    """Refuse a URL that is not http(s), has a password, or is less safe than the first one.

    Raises
    ------
    ForbiddenAddress
        Without the password.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _forbidden(
            url,
            Label(f"「{url}」は http か https のURLではありません", f"{url} is not an http or https URL"),
        )
    if parts.username is not None or parts.password is not None:
        raise _forbidden(
            f"{parts.scheme}://…@{parts.hostname}",
            Label("URLに利用者名やパスワードは書けません", "A URL must not carry a user name or password"),
        )
    if origin_of(first)[0] == "https" and parts.scheme == "http":
        raise _forbidden(
            url,
            Label(
                f"https から暗号化されない「{url}」へ転送されました",
                f"It redirects from https to {url}, which is not encrypted",
            ),
        )


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


def _forbidden(url: str, what: Label) -> ForbiddenAddress:
    return ForbiddenAddress(
        what.ja,
        what.en,
        next_step=Label("http:// か https:// の公開URLを書いてください", "Give a public http:// or https:// URL"),
        value=url,
    )


def redirects_nowhere(url: str, status: int | None) -> FetchError:
    """Return the error for a redirect without a target, or with one that is no URL."""
    return FetchError(
        "転送先が示されていないか、URLではありません",
        "It redirects without saying where, or to what is no URL",
        next_step=Label("提供元に知らせてください", "Tell the owner of the source"),
        place=Place(file=url),
        status=status,
    )


def too_many_redirects(url: str, most: int) -> FetchError:
    """Return the error for redirects that do not end."""
    return FetchError(
        f"転送が{most}回を超えました",
        f"More than {most} redirects",
        next_step=Label("転送先の最後のURLを書いてください", "Give the URL where the redirects end"),
        place=Place(file=url),
        value=url,
    )


def bad_status(url: str, status: int) -> FetchError:
    """Return the error for a status that is no success."""
    kind = SourceUnavailable if status in TRANSIENT else FetchError
    return kind(
        f"サーバーが {status} を返しました",
        f"The server answered {status}",
        next_step=_STATUS_STEPS.get(status, _STATUS_STEPS[0]),
        place=Place(file=url),
        status=status,
    )


def too_slow(url: str, seconds: int) -> FetchError:
    """Return the error for what is not there in time."""
    return SourceUnavailable(
        f"{seconds}秒以内に取得し終わりませんでした",
        f"It took longer than {seconds} seconds",
        next_step=Label(
            "提供元が動いているか確かめ、必要なら SHIHYO_HTTP_TOTAL_TIMEOUT を上げてください",
            "Check that the source is well; if it is, raise SHIHYO_HTTP_TOTAL_TIMEOUT",
        ),
        place=Place(file=url),
        seconds=seconds,
    )


def too_large(url: str, megabytes: int) -> TooLarge:
    """Return the error for a body above the limit."""
    return TooLarge(
        f"上限の{megabytes}MBを超えています",
        f"It is larger than the limit of {megabytes} MB",
        next_step=Label(
            "正しいファイルか確かめ、必要なら SHIHYO_MAX_DOWNLOAD_MB を上げてください",
            "Check that it is the right file; if it is, raise SHIHYO_MAX_DOWNLOAD_MB",
        ),
        place=Place(file=url),
        limit_mb=megabytes,
    )


def cut_off(url: str, received: int, declared: int | None) -> FetchError:
    """Return the error for a body that ends too early."""
    return SourceUnavailable(
        "応答が途中で切れました",
        "The answer stopped in the middle",
        next_step=Label("時間を置いて再実行してください", "Run again later"),
        place=Place(file=url),
        received=received,
        declared=declared,
    )


def broken(url: str, error: Exception) -> FetchError:
    """Return the error for a connection that cannot be had or breaks."""
    return SourceUnavailable(
        "接続できないか、途中で切れました",
        "It could not be reached, or the connection broke",
        next_step=Label(
            "URLと、この機械からインターネットへ出られることを確かめてください",
            "Check the URL, and that this machine can reach the internet",
        ),
        place=Place(file=url),
        reason=type(error).__name__,
    )
