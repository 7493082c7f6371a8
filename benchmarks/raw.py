"""The limit: a WSGI application that returns prepared bytes, or 304 when asked with their ETag.

``RAW_ANSWER`` names a JSON file: ``body`` (a path), ``headers`` (pairs), ``not_modified`` (pairs).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_ANSWER = json.loads(Path(os.environ["RAW_ANSWER"]).read_text("utf-8"))
BODY = Path(_ANSWER["body"]).read_bytes()
HEADERS, NOT_MODIFIED = ([(name, value) for name, value in _ANSWER[part]] for part in ("headers", "not_modified"))
ETAG = dict(HEADERS)["etag"]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer every request with the same bytes."""
    if environ.get("HTTP_IF_NONE_MATCH") == ETAG:
        start_response("304 Not Modified", NOT_MODIFIED)
        return ()
    start_response("200 OK", HEADERS)
    return (BODY,)
