from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from catalog.errors import CheckFailed, IntegrityError, VersionError
from catalog.formats import read_description
from catalog.model import ChangeCounts, Label, Version, parse_manifest
from catalog.releases import build_release, find_old_builds, load_built, remove_build

LATER = "2021-06-01T00:00:00+09:00"


def test_the_release_is_in_a_folder_named_by_its_digest(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01"))
    assert built.folder == tmp_path / built.digest
    assert {path.name for path in built.folder.iterdir()} == {
        "cards.parquet",
        "cards.csv",
        "cards_excel.csv",
        "datapackage.json",
        "manifest.json",
    }


def test_the_same_input_gives_the_same_bytes_and_digest(specimen: Any, tmp_path: Path) -> None:
    table = specimen.rates("2021-M01")
    one = specimen.build(tmp_path / "a", table, job="job-1")
    two = specimen.build(tmp_path / "b", table.take([2, 0, 1]), job="job-2")
    assert one.digest == two.digest
    for file in one.manifest.files:
        assert one.path(file.name).read_bytes() == two.path(file.name).read_bytes()


def test_the_manifest_tells_what_the_release_is(specimen: Any, tmp_path: Path) -> None:
    first = specimen.build(tmp_path, specimen.rates("2021-M01"))
    second = specimen.build(tmp_path, specimen.rates("2021-M01", "2021-M02"), first, issued=LATER, job="job-2")
    manifest = parse_manifest(second.path("manifest.json").read_bytes())
    assert (manifest.sequence, str(manifest.version), manifest.parent) == (2, "1.1.0", first.digest)
    assert (manifest.observations, manifest.temporal, manifest.job) == (6, ("2021-M01", "2021-M02"), "job-2")
    assert manifest.changes == ChangeCounts(added=3)


def test_each_file_has_its_form_stated(specimen: Any, tmp_path: Path) -> None:
    files = {one.name: one for one in specimen.build(tmp_path, specimen.rates("2021-M01")).manifest.files}
    assert list(files) == ["cards.parquet", "cards.csv", "cards_excel.csv", "datapackage.json"]
    assert files["cards.csv"].media_type == "text/csv; charset=utf-8; header=present"
    assert (files["cards.csv"].bom, files["cards_excel.csv"].bom, files["cards.parquet"].bom) == (False, True, None)


def test_all_three_tables_hold_the_same_observations(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01", "2021-M02"))
    parquet = pd.read_parquet(built.parquet)
    programs = pd.read_csv(built.path("cards.csv"), dtype={"area_code": str})
    people = pd.read_csv(built.path("cards_excel.csv"), encoding="utf-8-sig", dtype=str)
    assert parquet["value"].tolist() == programs["value"].tolist() == people["値（%）"].astype(float).tolist()
    assert parquet["area_code"].tolist() == programs["area_code"].tolist() == people["全国地方公共団体コード"].tolist()


def test_a_release_with_more_rows_than_excel_shows_has_no_csv_for_excel_and_says_so(
    specimen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.releases.build.MOST_ROWS", 2)
    built = specimen.build(tmp_path, specimen.rates("2021-M01"))
    manifest = parse_manifest(built.path("manifest.json").read_bytes())
    assert [one.name for one in manifest.files] == ["cards.parquet", "cards.csv", "datapackage.json"]
    [omitted] = manifest.omitted
    assert omitted.name == "cards_excel.csv"
    assert "1,048,576行" in omitted.why.ja
    assert omitted.why in manifest.remarks
    described = json.loads(built.path("datapackage.json").read_bytes())
    assert described["omitted"] == [omitted.to_dict()]
    assert [one["path"] for one in described["resources"]] == ["cards.parquet", "cards.csv"]


def test_a_release_with_all_its_files_does_not_speak_of_omissions(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01"))
    assert b"omitted" not in built.path("manifest.json").read_bytes() + built.path("datapackage.json").read_bytes()


def test_parquet_and_descriptor_name_the_version(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01"))
    assert read_description(built.parquet)["version"] == "1.0.0"
    assert json.loads(built.path("datapackage.json").read_bytes())["version"] == "1.0.0"


def test_nothing_new_is_no_release(specimen: Any, tmp_path: Path) -> None:
    first = specimen.build(tmp_path, specimen.rates("2021-M01"))
    again = build_release(
        specimen.dataset(),
        specimen.rates("2021-M01"),
        parent=first,
        issued=LATER,
        provenance=specimen.provenance,
        folder=tmp_path,
    )
    assert again is None
    assert len(list(tmp_path.iterdir())) == 1


def test_another_description_alone_is_a_release(specimen: Any, tmp_path: Path) -> None:
    first = specimen.build(tmp_path, specimen.rates("2021-M01"))
    renamed = specimen.dataset(title=Label("新しい題", "New title"))
    second = specimen.build(tmp_path, specimen.rates("2021-M01"), first, issued=LATER, dataset=renamed)
    assert str(second.manifest.version) == "1.0.1"


def test_a_table_with_an_error_is_not_built(specimen: Any, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed):
        specimen.build(tmp_path, specimen.table([specimen.row(area_code="999999")]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("issued", ["2021-05-01", "2021-05-01T00:00:00", "May 2021", ""])
def test_a_time_without_offset_is_refused(specimen: Any, tmp_path: Path, issued: str) -> None:
    with pytest.raises(VersionError, match="offset"):
        specimen.build(tmp_path, specimen.rates("2021-M01"), issued=issued)


def test_a_release_is_not_issued_before_its_parent(specimen: Any, tmp_path: Path) -> None:
    first = specimen.build(tmp_path, specimen.rates("2021-M01"), issued=LATER)
    with pytest.raises(VersionError, match="before the parent"):
        specimen.build(tmp_path, specimen.rates("2021-M02"), first, issued="2021-05-31T23:59:59+09:00")


def test_offsets_are_compared_and_not_texts(specimen: Any, tmp_path: Path) -> None:
    first = specimen.build(tmp_path, specimen.rates("2021-M01"), issued="2021-06-01T08:00:00+09:00")
    specimen.build(tmp_path, specimen.rates("2021-M02"), first, issued="2021-05-31T23:30:00+00:00")


def test_a_version_that_is_too_low_is_refused(specimen: Any, tmp_path: Path) -> None:
    first = specimen.build(tmp_path, specimen.rates("2021-M01"))
    with pytest.raises(VersionError, match="too low"):
        specimen.build(tmp_path, specimen.rates("2021-M01", "2021-M02"), first, issued=LATER, raise_to=Version(1, 0, 1))


def test_an_empty_dataset_can_be_released(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.table([]))
    assert (built.manifest.observations, built.manifest.temporal) == (0, None)


def test_the_span_of_time_is_by_days_and_not_by_texts(specimen: Any, tmp_path: Path) -> None:
    assert specimen.build(tmp_path, specimen.rates("FY2020", "2020-M02", "2021")).manifest.temporal == (
        "2020-M02",
        "2021",
    )


def test_a_built_release_is_read_back(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01"))
    assert load_built(built.folder) == built


@pytest.mark.parametrize("name", ["cards.csv", "cards.parquet", "manifest.json"])
def test_a_built_release_with_a_damaged_file_is_noticed(specimen: Any, tmp_path: Path, name: str) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01"))
    raw = bytearray(built.path(name).read_bytes())
    raw[len(raw) // 2] ^= 1
    built.path(name).write_bytes(raw)
    with pytest.raises(IntegrityError):
        load_built(built.folder)


def test_building_again_repairs_a_damaged_release(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01"))
    built.path("cards.csv").write_bytes(b"")
    assert load_built(specimen.build(tmp_path, specimen.rates("2021-M01")).folder).digest == built.digest


def test_builds_that_nobody_used_for_long_are_old_and_what_is_no_release_is_not(specimen: Any, tmp_path: Path) -> None:
    first = specimen.build(tmp_path, specimen.rates("2021-M01"))
    second = specimen.build(tmp_path, specimen.rates("2021-M01", "2021-M02"), first, issued=LATER)
    (tmp_path / "notes").mkdir()
    for folder in (first.folder, tmp_path / "notes"):
        os.utime(folder, (1000, 1000))
    assert find_old_builds(tmp_path, before=2000) == [first.folder]
    remove_build(first.folder)
    assert {path.name for path in tmp_path.iterdir()} == {second.digest, "notes"}


def test_a_release_that_is_built_again_is_in_use(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01"))
    os.utime(built.folder, (1000, 1000))
    specimen.build(tmp_path, specimen.rates("2021-M01"))
    assert find_old_builds(tmp_path, before=2000) == []


def test_a_folder_without_a_release_is_an_integrity_error(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        load_built(tmp_path)


def test_a_path_out_of_the_release_is_not_given(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01"))
    with pytest.raises(KeyError):
        built.path("../../etc/passwd")


def test_several_builders_of_the_same_release_agree(specimen: Any, tmp_path: Path) -> None:
    table = specimen.rates("2021-M01")
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda _: specimen.build(tmp_path, table), range(8)))
    assert len({one.digest for one in built}) == 1
    assert [path.name for path in tmp_path.iterdir()] == [built[0].digest]
    assert load_built(built[0].folder).digest == built[0].digest
