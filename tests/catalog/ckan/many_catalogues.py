"""A WSGI application that serves one embedded catalogue for each folder name in its address; run by granian."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask

from api.action import create_action_blueprint
from catalog.embedded import EmbeddedCatalog

ROOT = Path(os.environ["MANY_CATALOGUES"])


@cache
def _site(name: str, host: str) -> Flask:
    flask = Flask(name)
    catalog = EmbeddedCatalog(ROOT / name, site_url=f"http://{host}/{name}", max_upload_bytes=10_000_000)
    flask.register_blueprint(create_action_blueprint(catalog))
    return flask


def app(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer ``/<name>/...`` from the catalogue in the folder of that name."""
    _, name, *rest = environ["PATH_INFO"].split("/")
    environ = {**environ, "SCRIPT_NAME": f"/{name}", "PATH_INFO": "/" + "/".join(rest)}
    return _site(name, environ["HTTP_HOST"])(environ, start_response)
