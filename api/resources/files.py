"""The files of a release, as they were published.

The ETag is the sha256 of the bytes, known from the manifest. ``latest`` is served, not redirected; ranges are served.
"""

from __future__ import annotations

import hashlib

from flask import Response, request, send_file

from api.caching import cache_control, is_current
from api.calls import Call, answers
from api.resources.datasets import find_release, release_path
from catalog.errors import Label
from catalog.model import MANIFEST_NAME, Distribution
from catalog.model.codelist import unknown_code
from catalog.releases import ReleaseHolding


@answers("downloadFile")
def download_file(call: Call) -> Response:
    """Answer with a file of a release."""
    release = find_release(call)
    name = call.path["filename"]
    pinned_path = f"/api/v1{release_path(release)}/files/{name}"
    etag, media_type = _describe(release, name)
    if is_current(request.headers.get("If-None-Match"), f'"{etag}"'):
        response = Response(status=304)
        response.set_etag(etag)
    else:
        response = send_file(release.path(name), mimetype=media_type, conditional=True, etag=etag, max_age=None)
        response.content_type = media_type
    response.headers["Link"] = f'<{call.url(pinned_path)}>; rel="canonical"'
    if name == f"{release.manifest.dataset.name}.csv":
        columns = call.api_url(f"{release_path(release)}/csvw.json")
        response.headers.add("Link", f'<{columns}>; rel="describedby"; type="application/csvm+json"')
    response.headers["Cache-Control"] = cache_control(pinned=pinned_path == call.url_path)
    response.headers["Content-Disposition"] = f'attachment; filename="{_download_name(release, name)}"'
    response.headers["X-Data-Version"] = str(release.manifest.version)
    return response


def _describe(release: ReleaseHolding, name: str) -> tuple[str, str]:
    """Return the sha256 of a file and its media type."""
    if name == MANIFEST_NAME:
        return hashlib.sha256(release.manifest.to_bytes()).hexdigest(), "application/json"
    files: dict[str, Distribution] = {one.name: one for one in release.manifest.files}
    if name not in files:
        raise unknown_code(Label("ファイル", "file"), name, [*files, MANIFEST_NAME])
    return files[name].sha256, files[name].media_type


def _download_name(release: ReleaseHolding, name: str) -> str:
    """``mynumber-municipalities.csv`` -> ``mynumber-municipalities_v1.4.0.csv``; names are ASCII by the manifest."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}_v{release.manifest.version}{dot}{suffix}"
