"""How well machines can read the CSVs of a release: as JSON and as a page.

Each file is judged twice: with the release's Data Package, as the rule's text has it ("in the column name or the
metadata"), and bare, as the Digital Agency's sample checker does. A release is judged once in a process, by its digest;
of a large file the first megabytes are judged, and the answer says so.

The harvesters are imported when the first release is judged: a process that serves starts without them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, request

from api.caching import is_current, strong_etag
from api.calls import JSON_TYPE, Call, answers, finish
from api.resources.datasets import find_release, release_path
from catalog.metadata.datapackage import NAME
from catalog.releases import ReleaseHolding

if TYPE_CHECKING:
    from harvesters.readability import ReadabilityReport

#: bytes of each file that are judged
_MOST_TEXT = 4_000_000
#: releases whose reports are kept
_KEPT = 64

_PAGE_TYPE = "text/html; charset=utf-8"
#: the page has its style inside and nothing from elsewhere
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@dataclass(frozen=True, slots=True)
class Judged:
    """One CSV of a release."""

    #: the report with the Data Package
    described: ReadabilityReport
    #: the report of the file alone
    bare: ReadabilityReport

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "name": self.described.name,
            "scores": list(self.described.scores),
            "failed": list(self.described.broken),
            "bare": {"scores": list(self.bare.scores), "failed": list(self.bare.broken)},
            "cut": self.described.cut,
            "report": self.described.to_dict(),
        }


@answers("showReadability")
def show_readability(call: Call) -> Response:
    """Answer scores and findings of the CSVs of a release."""
    return _answer(call, "readability.json", JSON_TYPE, _document)


@answers("showReadabilityPage")
def show_page(call: Call) -> Response:
    """Answer the same as a page for people."""
    response = _answer(call, "readability.html", _PAGE_TYPE, _page)
    response.headers["Content-Security-Policy"] = _PAGE_POLICY
    return response


def _document(release: ReleaseHolding) -> bytes:
    manifest = release.manifest
    files = [one.to_dict() for one in judge_release(release)]
    return orjson.dumps({"dataset": manifest.dataset.name, "version": str(manifest.version), "files": files})


def _page(release: ReleaseHolding) -> bytes:
    from harvesters.readability import write_pages

    judged = judge_release(release)
    alone = [replace(one.bare, name=f"{one.bare.name}（ファイルだけ / the file alone）") for one in judged]
    return write_pages([one.described for one in judged] + alone).encode()


def _answer(call: Call, file: str, media_type: str, write: Callable[[ReleaseHolding], bytes]) -> Response:
    release = find_release(call)
    etag = strong_etag(release.digest, file)
    if is_current(request.headers.get("If-None-Match"), etag):
        response = Response(status=304)
    else:
        response = Response(write(release), content_type=media_type)
    canonical = call.api_url(f"{release_path(release)}/{file}")
    # Never immutable: a later version of the software may judge the same release better.
    return finish(response, etag, canonical, pinned=False)


def judge_release(release: ReleaseHolding) -> tuple[Judged, ...]:
    """Return the judged CSVs of a release, in the order of its files."""
    names = tuple(one.name for one in release.manifest.files if one.name.endswith(".csv"))
    return _judge(release.digest, release.path(NAME), tuple((name, release.path(name)) for name in names))


@lru_cache(maxsize=_KEPT)
def _judge(digest: str, descriptor: Path, files: tuple[tuple[str, Path], ...]) -> tuple[Judged, ...]:  # noqa: ARG001
    from harvesters.readability import check_file, describe

    package = json.loads(descriptor.read_bytes())
    resources = {one["path"]: one for one in package["resources"]}
    judged = []
    for name, path in files:
        described = check_file(path, name=name, described=describe(resources[name], package), most_text=_MOST_TEXT)
        judged.append(Judged(described, check_file(path, name=name, most_text=_MOST_TEXT)))
    return tuple(judged)
