"""The limit: a WSGI application that returns prepared bytes, or 304 when asked with their ETag.

``RAW_BODY`` names the file with the bytes, ``RAW_TYPE`` their media type.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

BODY = Path(os.environ["RAW_BODY"]).read_bytes() if "RAW_BODY" in os.environ else b""
HEADERS = [
    ("Content-Type", os.environ.get("RAW_TYPE", "application/json")),
    ("Content-Length", str(len(BODY))),
    ("ETag", '"raw"'),
]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer every request with the same bytes."""
    if environ.get("HTTP_IF_NONE_MATCH") == '"raw"':
        start_response("304 Not Modified", HEADERS[2:])
        return [b""]
    start_response("200 OK", HEADERS)
    return [BODY]
