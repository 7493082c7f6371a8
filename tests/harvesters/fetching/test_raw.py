"""The raw store: every byte once, by its sha256, with where it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.database import HarvestObject, ObjectState
from catalog.errors import FetchError
from harvesters.fetching.raw import RawStore

BODY = b"a,b\n"
SHA = hashlib.sha256(BODY).hexdigest()


def test_bytes_are_kept_under_their_sha256(tmp_path: Path) -> None:
    kept = RawStore(tmp_path / "raw").keep([b"a,", b"b\n"])
    assert (kept.sha256, kept.bytes, kept.path.read_bytes()) == (SHA, 4, BODY)


def test_identical_bytes_are_kept_once(tmp_path: Path) -> None:
    store = RawStore(tmp_path)
    assert store.keep([BODY]).path == store.keep([BODY]).path
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == [SHA]


def test_a_stream_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        RawStore(tmp_path).keep(broken())
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_damaged_bytes_are_not_found(tmp_path: Path) -> None:
    store = RawStore(tmp_path)
    store.keep([BODY]).path.write_bytes(b"x,y\n")
    assert store.find(SHA) is None


def test_a_store_beneath_is_read_and_not_written(tmp_path: Path) -> None:
    below = RawStore(tmp_path / "below")
    below.keep([BODY])
    above = RawStore(tmp_path / "above", beneath=below)
    assert above.find(SHA) is not None
    above.keep([b"new"])
    assert below.find(hashlib.sha256(b"new").hexdigest()) is None


def test_where_bytes_came_from_stands_beside_them_once_for_each_place(tmp_path: Path) -> None:
    store = RawStore(tmp_path)
    kept = store.keep([BODY])
    for name in ("20220401/a.csv", "latest/a.csv", "latest/a.csv"):
        seen = HarvestObject(
            name=name,
            location=f"https://example.jp/{name}",
            state=ObjectState.NEW,
            sha256=SHA,
            bytes=4,
            etag='"1"',
            fetched="2026-11-22T09:00:00Z",
        )
        store.note("cards", seen)
    noted = json.loads(kept.path.with_suffix(".json").read_text("utf-8"))
    assert noted["bytes"] == 4
    assert [one["name"] for one in noted["sightings"]] == ["20220401/a.csv", "latest/a.csv"]
    assert noted["sightings"][0]["etag"] == '"1"'


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("a file, not a folder")
    with pytest.raises(FetchError, match="SHIHYO_HOME"):
        RawStore(tmp_path / "raw").keep([BODY])
