"""What the columns and files of a release are, in the words of others: CSVW and Croissant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, request

from api.caching import is_current, strong_etag
from api.calls import Call, answers, finish
from api.resources.datasets import find_release, release_path
from api.site import describe_site
from catalog.metadata import croissant, csvw
from catalog.metadata.site import Site
from catalog.model import Manifest


@answers("describeCsvw")
def describe_csvw(call: Call) -> Response:
    """Answer the CSVW metadata of the CSV of a release."""
    return _describe(call, "csvw.json", csvw.MEDIA_TYPE, csvw.describe_csvw)


@answers("describeCroissant")
def describe_croissant(call: Call) -> Response:
    """Answer the Croissant description of a release."""
    return _describe(call, "croissant.json", croissant.MEDIA_TYPE, croissant.describe_croissant)


def _describe(call: Call, file: str, media_type: str, describe: Callable[[Site, Manifest], dict[str, Any]]) -> Response:
    release = find_release(call)
    site = describe_site(call.node, call.holdings)
    etag = strong_etag(release.digest, repr(site), file)
    if is_current(request.headers.get("If-None-Match"), etag):
        response = Response(status=304)
    else:
        response = Response(orjson.dumps(describe(site, release.manifest)), content_type=media_type)
    canonical = call.api_url(f"{release_path(release)}/{file}")
    # Never immutable: a later version of the software may describe the same release better.
    return finish(response, etag, canonical, pinned=False)
