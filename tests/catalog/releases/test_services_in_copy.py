"""Services in the local copy: kept by digest, damaged, collected, beside releases."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import UnknownCode
from catalog.model.service import Service, parse_service
from catalog.releases import Holdings, LocalCopy, ServiceHolding
from catalog.releases.local_copy import KEEP_UNREFERENCED

TEXT = {"ja": "名", "en": "name"}


def record(id: str = "a", **members: Any) -> Service:
    """Return a record."""
    publisher = {"name": "chiba-city", "label": TEXT}
    return parse_service(
        {"id": id, "name": TEXT, "description": TEXT, "publisher": publisher, "phase": "pilot", **members}
    )


def hold(copy: LocalCopy, *services: Service) -> Holdings:
    """Put services into the copy."""
    for one in services:
        copy.store_service(one)
    return copy.replace({}, {one.id: ServiceHolding(one, "2026-11-22T00:00:00+00:00") for one in services})


def path_of(copy: LocalCopy, service: Service) -> Path:
    return copy.folder / "objects" / service.digest[:2] / service.digest[2:]


@pytest.fixture
def copy(tmp_path: Path) -> LocalCopy:
    return LocalCopy(tmp_path / "copy")


def test_what_is_held_is_read_back_from_disk_alone(copy: LocalCopy) -> None:
    held = hold(copy, record("b", extra=1), record("a"))
    again = LocalCopy(copy.folder).load()
    assert again.services == held.services
    assert list(again.services) == ["a", "b"]
    assert again.digest == held.digest


def test_a_record_is_kept_as_an_object_under_its_sha256(copy: LocalCopy) -> None:
    hold(copy, record())
    assert path_of(copy, record()).read_bytes() == record().to_bytes()


def test_a_service_changes_the_digest_of_what_is_held(copy: LocalCopy) -> None:
    digests = {hold(copy).digest, hold(copy, record()).digest, hold(copy, record(step=1)).digest}
    assert len(digests) == 3


@pytest.mark.parametrize("damage", [b"", b"{}", b"{", record("a", step=3).to_bytes()])
def test_a_damaged_record_is_left_out_and_mended_when_it_is_stored_again(copy: LocalCopy, damage: bytes) -> None:
    hold(copy, record("a"), record("b"))
    path_of(copy, record("a")).write_bytes(damage)
    fresh = LocalCopy(copy.folder)
    assert list(fresh.load().services) == ["b"]
    assert hold(fresh, record("a"), record("b")).get_service("a") == record("a")


def test_a_list_without_services_is_of_an_older_copy(copy: LocalCopy) -> None:
    hold(copy, record())
    path = copy.folder / "holdings.json"
    listed = json.loads(path.read_text("utf-8"))
    del listed["services"]
    path.write_text(json.dumps(listed), "utf-8")
    assert LocalCopy(copy.folder).load() == Holdings()


def test_a_record_that_nothing_refers_to_is_collected_when_it_is_old(copy: LocalCopy) -> None:
    hold(copy, record("a"), record("b"))
    hold(copy, record("b"))
    assert copy.collect_garbage() == 0
    for one in (record("a"), record("b")):
        os.utime(path_of(copy, one), (1, 1))
    assert copy.collect_garbage(older_than=KEEP_UNREFERENCED) == len(record("a").to_bytes())
    assert list(LocalCopy(copy.folder).load().services) == ["b"]


def test_a_release_that_arrives_leaves_the_services_where_they_are(
    copy: LocalCopy, specimen: Any, tmp_path: Path
) -> None:
    hold(copy, record())
    built = specimen.build(tmp_path / "builds", specimen.rates("2021-M01"), None, issued="2021-01-28T00:00:00+09:00")
    copy.add_release(built.manifest, lambda name: built.path(name).open("rb"))
    held = copy.load()
    assert list(held.services) == ["a"]
    assert list(held.datasets) == ["cards"]


def test_a_service_that_is_not_held_is_an_error_with_the_nearest(copy: LocalCopy) -> None:
    with pytest.raises(UnknownCode) as caught:
        hold(copy, record("foryou"), record("ideabox")).get_service("for-you")
    assert caught.value.context["nearest"] == "foryou"
