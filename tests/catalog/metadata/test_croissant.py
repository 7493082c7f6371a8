"""Croissant: the judge is mlcroissant, without network, and it reads the records of the release back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from catalog.metadata.croissant import OBSERVATIONS, describe_croissant
from catalog.metadata.site import Site
from catalog.releases import BuiltRelease

# The judge runs in a process of its own: its imports warn, and it takes pandas and scipy with it.
_READ = """
import json, sys
import mlcroissant
dataset = mlcroissant.Dataset(jsonld=sys.argv[1])
records = [
    {key.partition("/")[2]: value.decode() if isinstance(value, bytes) else value for key, value in record.items()}
    for record in dataset.records(sys.argv[2])
]
print(json.dumps(records, default=str))
"""


def _validate(described: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    target = folder / "croissant.json"
    target.write_text(json.dumps(described, ensure_ascii=False), "utf-8")
    command = [str(Path(sys.executable).parent / "mlcroissant"), "validate", "--jsonld", str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _read(described: dict[str, Any], records: str, folder: Path) -> list[dict[str, Any]]:
    for file in described["distribution"]:
        file["contentUrl"] = file["@id"]
    target = folder / "croissant.json"
    target.write_text(json.dumps(described, ensure_ascii=False), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(target), records], capture_output=True, text=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("fixture", ["releases", "by_sex"])
def test_mlcroissant_accepts_a_release(
    fixture: str, site: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    release: BuiltRelease = request.getfixturevalue(fixture)[-1]

    done = _validate(describe_croissant(site, release.manifest), tmp_path)

    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower(), done.stderr


def test_mlcroissant_refuses_a_field_of_a_file_that_is_not_there(
    site: Site, releases: Sequence[BuiltRelease], tmp_path: Path
) -> None:
    described = describe_croissant(site, releases[-1].manifest)
    described["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "other.csv"

    assert _validate(described, tmp_path).returncode != 0


def test_mlcroissant_reads_the_observations_back(site: Site, by_sex: Sequence[BuiltRelease], tmp_path: Path) -> None:
    release = by_sex[-1]
    for file in release.manifest.files:
        (tmp_path / file.name).write_bytes(release.path(file.name).read_bytes())

    records = _read(describe_croissant(site, release.manifest), OBSERVATIONS, tmp_path)

    assert len(records) == release.manifest.observations
    assert {record["area_code"] for record in records} == {"121002"}
    assert sorted(record["sex"] for record in records if record["value"] == 32.8) == ["F", "M", "_T"]


def test_mlcroissant_reads_the_code_list_back(site: Site, by_sex: Sequence[BuiltRelease], tmp_path: Path) -> None:
    records = _read(describe_croissant(site, by_sex[-1].manifest), "sex", tmp_path)

    assert {"code": "M", "label_ja": "男", "label_en": "Male"} in records


def test_every_file_has_its_sha256_and_its_pinned_address(site: Site, releases: Sequence[BuiltRelease]) -> None:
    manifest = releases[0].manifest

    files = describe_croissant(site, manifest)["distribution"]

    assert [(one["@id"], one["sha256"]) for one in files] == [(one.name, one.sha256) for one in manifest.files]
    assert all(f"/releases/{manifest.version}/files/" in one["contentUrl"] for one in files)
