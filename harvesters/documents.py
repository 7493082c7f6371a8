"""JSON documents from elsewhere: parsed at the border, in bounded depth, with an error that says what came instead.

The size is bounded where the bytes are fetched (:data:`harvesters.fetching.fetch.LARGEST_DOCUMENT`). A server that
answers 200 with a page for people is the most common lie; the error names it.

References
----------
RFC 8259: JSON has no NaN and no Infinity.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from catalog.errors import InputError, Label, Place

#: Japan, where a time without an offset is meant to be unless its protocol says otherwise
JAPAN = timezone(timedelta(hours=9))
#: longest text of a foreign document that is shown
_SHOWN = 80

_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


def is_html(content: bytes) -> bool:
    """Return whether a document is a page for people."""
    return _HTML.match(content[:4096].removeprefix(b"\xef\xbb\xbf")) is not None


def read_json(content: bytes, name: str) -> Any:
    """Parse a JSON document.

    Raises
    ------
    InputError
        If it is a web page, no JSON, or nested too deep.
    """
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise unreadable_document("JSON", content, name, error) from error


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def unreadable_document(form: str, content: bytes, name: str, error: Exception) -> InputError:
    """Return the error for a document that is not what it should be; a web page is called so."""
    came = Label("Webページ（HTML）が返されました", "A web page (HTML) came") if is_html(content) else None
    if came is None:
        came = Label(f"{form}として読めません", f"It cannot be read as {form}")
    start = content[:_SHOWN].decode("utf-8", "replace")
    return InputError(
        f"{came.ja}（{form}のはずの場所）" if is_html(content) else came.ja,
        f"{came.en} where {form} should be" if is_html(content) else came.en,
        next_step=Label(
            "URLが正しいか、提供元が保守中でないか、ブラウザーで開いて確かめてください",
            "Open the URL in a browser: is it the right one, is the source under maintenance?",
        ),
        place=Place(file=name),
        value=start,
        reason=str(error)[:200] or type(error).__name__,
    )


def unexpected(name: str, where: str, what: Label, value: Any = None) -> InputError:
    """Return the error for a document whose parts are not what its standard says."""
    return InputError(
        what.ja,
        what.en,
        next_step=Label("提供元に知らせてください", "Tell the owner of the source"),
        place=Place(file=name, cell=where or None),
        value=str(value)[:_SHOWN] if value is not None else None,
    )


def text_of(raw: Any) -> str:
    """Return a text of a foreign document; empty if there is none."""
    return raw.strip() if isinstance(raw, str) else ""


def mappings_of(raw: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list of a foreign document; anything else in it is no object."""
    if isinstance(raw, list):
        yield from (one for one in raw if isinstance(one, Mapping))


def read_moment(text: str, zone: timezone) -> str | None:
    """Return a date or time as ISO 8601 with an offset; None if it is none.

    ``zone`` is that of times that name none.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if not 1 < moment.year < 9999:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).replace(microsecond=0).isoformat()
