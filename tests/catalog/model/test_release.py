from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import IntegrityError
from catalog.model import CC_BY, Manifest, Origin, canonical_json, parse_manifest
from catalog.model.dataset import Dataset


@pytest.fixture(scope="module")
def manifest(specimen: Any, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder: Path = tmp_path_factory.mktemp("builds")
    built = specimen.build(folder, specimen.rates("2021-M01"))
    return built.manifest  # type: ignore[no-any-return]


def test_a_manifest_is_read_back_from_its_bytes(manifest: Manifest) -> None:
    again = parse_manifest(manifest.to_bytes())
    assert again == manifest
    assert again.digest == manifest.digest


def test_the_digest_does_not_depend_on_job_hour_and_time_of_fetching(manifest: Manifest) -> None:
    origin = replace(manifest.provenance.origins[0], fetched="2030-01-01T00:00:00Z", etag='"other"')
    later = replace(
        manifest, job="job-2", built="2030-01-01", provenance=replace(manifest.provenance, origins=(origin,))
    )
    assert later.digest == manifest.digest


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 2},
        {"parent": "ab" * 32},
        {"issued": "2022-01-01T00:00:00+09:00"},
        {"observations": 4},
        {"files": ()},
    ],
)
def test_the_digest_depends_on_what_a_reader_can_see(manifest: Manifest, change: dict[str, Any]) -> None:
    assert replace(manifest, **change).digest != manifest.digest


def test_the_digest_depends_on_the_raw_bytes(manifest: Manifest) -> None:
    other = Origin("all_localgovs.csv", "cd" * 32, 1234, "2021-05-01T00:00:00Z")
    assert replace(manifest, provenance=replace(manifest.provenance, origins=(other,))).digest != manifest.digest


def test_a_manifest_whose_content_was_changed_is_refused(manifest: Manifest) -> None:
    raw = json.loads(manifest.to_bytes())
    raw["observations"] = 99
    with pytest.raises(IntegrityError) as caught:
        parse_manifest(json.dumps(raw).encode())
    assert caught.value.context["stated"] == manifest.digest


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"digest": 1', b'{"dataset": []}'])
def test_bytes_that_are_no_manifest_are_an_integrity_error(raw: bytes) -> None:
    with pytest.raises(IntegrityError):
        parse_manifest(raw)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../cards.csv"},
        {"name": "/etc/passwd"},
        {"name": ".hidden"},
        {"name": "manifest.json"},
        {"name": "a b"},
        {"sha256": "../../../etc/passwd"},
        {"sha256": "AB" * 32},
        {"bytes": -1},
    ],
)
def test_a_manifest_with_a_path_trick_is_refused(manifest: Manifest, change: dict[str, Any]) -> None:
    hostile = replace(manifest, files=(replace(manifest.files[0], **change),))
    with pytest.raises(IntegrityError):
        parse_manifest(hostile.to_bytes())


def test_a_file_that_is_not_in_the_release_is_not_found(manifest: Manifest) -> None:
    assert manifest.get_file("cards.csv").format == "CSV"
    with pytest.raises(KeyError):
        manifest.get_file("../secrets.csv")


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert (
        canonical_json({"b": 1, "a": "千葉"}) == canonical_json({"a": "千葉", "b": 1}) == '{"a":"千葉","b":1}'.encode()
    )


def test_a_dataset_is_read_back_from_its_json(specimen: Any) -> None:
    dataset = specimen.dataset(structure=specimen.by_sex, synthetic=True)
    assert Dataset.from_dict(json.loads(json.dumps(dataset.to_dict()))) == dataset
    assert dataset.license is CC_BY
