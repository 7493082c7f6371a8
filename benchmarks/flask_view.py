"""What Flask costs without any work: a view that returns prepared bytes (``VIEW_BODY`` names the file)."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response

_BODY = Path(os.environ["VIEW_BODY"]).read_bytes()

application = Flask(__name__)


@application.get("/")
def answer() -> Response:
    """Return the bytes."""
    return Response(_BODY, content_type="application/json")
