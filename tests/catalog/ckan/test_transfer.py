"""One file on its way: verified where it comes from and where it goes to, under a name that is only a name."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from catalog.ckan.transfer import find_digest, send_file
from catalog.embedded.errors import NotFound
from catalog.errors import IntegrityError, Label

ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


class Shelf:
    """A catalogue of one file, as far as a transfer knows catalogues."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.uploads: list[tuple[str, str, bytes, dict[str, Any]]] = []

    @contextmanager
    def open_file(self, resource: Mapping[str, Any], *, limit: int | None = None) -> Iterator[BinaryIO]:
        """Give the next answer, and then the last one again and again."""
        if not self.answers:
            raise NotFound(Label("ない", "none"))
        yield io.BytesIO(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    def upload(self, name: str, /, path: Path, media_type: str, **data: Any) -> dict[str, Any]:
        """Keep the file, unless the shelf has other bytes, under its ASCII letters as CKAN does."""
        self.uploads.append((name, path.name, path.read_bytes(), data))
        self.answers = self.answers or [path.read_bytes()]
        ascii_name = path.name.encode("ascii", "ignore").decode()
        return {"id": ID, "url": f"http://ckan/dataset/x/resource/{ID}/download/{ascii_name}", "url_type": "upload"}


def resource(name: str = "a.csv", **more: Any) -> dict[str, Any]:
    return {"id": ID, "url": f"http://x/dataset/p/resource/{ID}/download/{name}", "url_type": "upload", **more}


def send(source: Shelf, target: Shelf, given: dict[str, Any], expected: str | None = None) -> Any:
    return send_file(source, target, given, package_id="p", replaces=False, expected=expected)  # type: ignore[arg-type]


def test_what_is_said_of_the_file_goes_with_it_and_its_sha256() -> None:
    target = Shelf()
    sent = send(Shelf(b"abc"), target, resource(format="CSV", title="表"))
    [(action, name, content, fields)] = target.uploads
    assert (action, name, content) == ("resource_create", "a.csv", b"abc")
    assert fields == {
        "id": ID,
        "package_id": "p",
        "format": "CSV",
        "title": "表",
        "url_type": "upload",
        "hash": hashlib.sha256(b"abc").hexdigest(),
    }
    assert sent.sha256 == fields["hash"]


def test_other_bytes_than_the_release_states_are_not_sent() -> None:
    target = Shelf()
    with pytest.raises(IntegrityError):
        send(Shelf(b"abc"), target, resource(), expected="00" * 32)
    assert target.uploads == []


def test_other_bytes_in_the_target_are_an_error() -> None:
    with pytest.raises(IntegrityError):
        send(Shelf(b"abc"), Shelf(b"abd"), resource())


def test_a_download_that_was_cut_off_is_noticed_by_the_size() -> None:
    with pytest.raises(IntegrityError):
        send(Shelf(b"ab", b"abc"), Shelf(), resource(size=3))


def test_a_size_that_is_wrong_in_the_catalogue_does_not_stop_the_file() -> None:
    target = Shelf()
    assert send(Shelf(b"abc", b"abc"), target, resource(size=99)).bytes == 3


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("..%2F..%2Fetc%2Fpasswd", "....etcpasswd"),
        ("%2E%2E", "file"),
        ("", "file"),
        ("a" * 300 + ".csv", "a" * 196 + ".csv"),
    ],
)
def test_a_hostile_file_name_leads_nowhere(name: str, kept: str) -> None:
    target = Shelf()
    send(Shelf(b"abc"), target, resource(name))
    assert target.uploads[0][1] == kept


def test_a_japanese_name_is_kept_where_it_can_be_and_replaced_where_it_is_cut() -> None:
    target = Shelf()
    sent = send(Shelf(b"abc"), target, resource("%E5%A4%B1%E6%A5%AD%E7%8E%87.csv"))
    assert [(one[0], one[1]) for one in target.uploads] == [
        ("resource_create", "失業率.csv"),
        ("resource_update", f"{ID[:8]}.csv"),
    ]
    assert sent.name == f"{ID[:8]}.csv"


def test_a_file_that_a_catalogue_lost_has_no_digest() -> None:
    assert find_digest(Shelf(), resource()) is None  # type: ignore[arg-type]
