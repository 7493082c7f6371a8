"""CSVW metadata: the judge is the csvw package, on the CSV as it was really written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from csvw import CSVW

from catalog.metadata.csvw import describe_csvw
from catalog.metadata.site import Site
from catalog.releases import BuiltRelease

Describe = Callable[[BuiltRelease], Path]


@pytest.fixture
def describe(site: Site, tmp_path: Path) -> Describe:
    """Return a function that puts a release's CSV and its metadata into a folder and returns the metadata."""

    def put(release: BuiltRelease) -> Path:
        file = f"{release.manifest.dataset.name}.csv"
        (tmp_path / file).write_bytes(release.path(file).read_bytes())
        target = tmp_path / "csvw.json"
        target.write_text(json.dumps(describe_csvw(site, release.manifest, url=file), ensure_ascii=False), "utf-8")
        return target

    return put


def _validate(metadata: Path) -> str:
    command = [str(Path(sys.executable).parent / "csvwvalidate"), "-v", str(metadata)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_csvwvalidate_accepts_a_release(describe: Describe, releases: Sequence[BuiltRelease]) -> None:
    assert "OK" in _validate(describe(releases[-1]))


def test_csvwvalidate_accepts_a_release_with_a_breakdown(describe: Describe, by_sex: Sequence[BuiltRelease]) -> None:
    assert "OK" in _validate(describe(by_sex[-1]))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param(",32.8,", ",about 33,", id="a word where a number stands"),
        pytest.param(",121002,", ",12100,", id="an area code of five digits"),
        pytest.param(",2020-01-01,", ",2020/1/1,", id="a date in another form"),
        pytest.param("kpi-12,", ",", id="a required cell that is empty"),
        pytest.param("area_code", "area", id="a column of another name"),
    ],
)
def test_csvwvalidate_refuses_what_the_columns_forbid(
    right: str, wrong: str, describe: Describe, releases: Sequence[BuiltRelease]
) -> None:
    metadata = describe(releases[-1])
    [csv] = metadata.parent.glob("*.csv")
    text = csv.read_text("utf-8")
    assert right in text
    csv.write_text(text.replace(right, wrong, 1), "utf-8")

    assert "FAIL" in _validate(metadata)


def test_csvwvalidate_refuses_a_code_that_is_not_in_the_list(
    describe: Describe, by_sex: Sequence[BuiltRelease]
) -> None:
    metadata = describe(by_sex[-1])
    [csv] = metadata.parent.glob("*.csv")
    csv.write_text(csv.read_text("utf-8").replace(",_T,", ",X,", 1), "utf-8")

    assert "FAIL" in _validate(metadata)


def test_the_types_give_back_the_figures(describe: Describe, releases: Sequence[BuiltRelease]) -> None:
    table = CSVW(str(describe(releases[-1]))).t

    rows: list[dict[str, Any]] = list(table)

    assert [row["value"] for row in rows] == [19.5, 32.8, None]
    assert rows[1]["area_code"] == "121002"
    assert rows[1]["denominator_date"] == datetime(2020, 1, 1)  # noqa: DTZ001 - what the judge makes of a date
    assert rows[2]["note"] == '備考に,コンマと"引用符"'


def test_rows_become_observations_with_the_properties_of_sdmx(
    describe: Describe, releases: Sequence[BuiltRelease]
) -> None:
    [first, *_] = CSVW(str(describe(releases[-1]))).to_json(minimal=True)

    assert first["@id"].endswith("#observation/kpi-12/kpi-12.issued/121002/2020-04-01")
    assert first["http://purl.org/linked-data/sdmx/2009/measure#obsValue"] == 19.5
    assert first["http://purl.org/linked-data/sdmx/2009/dimension#refArea"] == (
        "https://data.example.jp/api/v1/areas/121002"
    )
    assert first["rdf:type"] == "qb:Observation"


def test_the_key_and_the_titles_are_those_of_the_structure(site: Site, by_sex: Sequence[BuiltRelease]) -> None:
    manifest = by_sex[-1].manifest

    schema = describe_csvw(site, manifest)["tableSchema"]

    assert schema["primaryKey"] == list(manifest.dataset.structure.key)
    sex = next(one for one in schema["columns"] if one["name"] == "sex")
    assert sex["titles"] == {"und": "sex", "ja": "性別", "en": "Sex"}


def test_without_an_address_the_pinned_csv_is_described(site: Site, releases: Sequence[BuiltRelease]) -> None:
    manifest = releases[0].manifest

    assert describe_csvw(site, manifest)["url"] == (
        "https://data.example.jp/api/v1/datasets/mynumber-municipalities/releases/"
        f"{manifest.version}/files/mynumber-municipalities.csv"
    )
