from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from catalog.metadata import describe_datapackage
from catalog.model import Distribution, Label, Version
from catalog.releases import BuiltRelease


@pytest.fixture(scope="module")
def built(specimen: Any, tmp_path_factory: pytest.TempPathFactory) -> BuiltRelease:
    rows = [
        specimen.row(sex="_T"),
        specimen.row(sex="M", value=None, numerator=None, denominator=None, obs_status="Q", note="秘匿"),
        specimen.row(sex="F", area_code="011002", value=50.0, numerator=1.0, denominator=2.0),
    ]
    dataset = specimen.dataset(structure=specimen.by_sex)
    folder: Path = tmp_path_factory.mktemp("builds")
    return specimen.build(folder, specimen.table(rows, specimen.by_sex), dataset=dataset)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def descriptor(built: BuiltRelease) -> dict[str, Any]:
    return dict(json.loads(built.path("datapackage.json").read_bytes()))


def resource(descriptor: dict[str, Any], path: str) -> dict[str, Any]:
    return next(one for one in descriptor["resources"] if one["path"] == path)


def field(descriptor: dict[str, Any], path: str, name: str) -> dict[str, Any]:
    return next(one for one in resource(descriptor, path)["schema"]["fields"] if one["name"] == name)


def frictionless(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "frictionless", "validate", "datapackage.json", "--json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_frictionless_finds_every_file_valid(built: BuiltRelease) -> None:
    result = frictionless(built.folder)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["stats"]["tasks"] == 3
    assert report["stats"]["errors"] == 0


def test_frictionless_notices_a_file_with_other_bytes(built: BuiltRelease, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built.folder, copy)
    path = copy / "cards.csv"
    path.write_bytes(path.read_bytes().replace(b"32.8", b"32.9"))
    assert frictionless(copy).returncode != 0


def test_frictionless_notices_a_code_that_is_not_in_the_list(built: BuiltRelease, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built.folder, copy)
    changed = json.loads((copy / "datapackage.json").read_bytes())
    field(changed, "cards.csv", "sex")["constraints"]["enum"].remove("M")
    (copy / "datapackage.json").write_text(json.dumps(changed), "utf-8")
    result = frictionless(copy)
    assert result.returncode != 0
    assert "constraint" in result.stdout


def test_the_descriptor_is_that_of_the_golden_file(specimen: Any, expected: Path) -> None:
    files = (
        distribution("cards.parquet", None),
        distribution("cards.csv", False),
        distribution("cards_excel.csv", True),
    )
    made = describe_datapackage(
        specimen.dataset(structure=specimen.by_sex),
        version=Version(1, 2, 3),
        issued="2021-05-01T00:00:00+09:00",
        files=files,
        provenance=specimen.provenance,
        temporal=("FY2019", "2021-04-01"),
        unit="%",
        labels={"area_code": {"121002": Label("千葉市", "Chiba City")}},
        used={"area_code": ["121002"]},
    )
    assert made == json.loads((expected / "datapackage.json").read_bytes())


def distribution(name: str, bom: bool | None) -> Distribution:
    return Distribution(
        name=name,
        title=Label(f"ファイル {name}", f"File {name}"),
        format="PARQUET" if bom is None else "CSV",
        media_type="application/vnd.apache.parquet" if bom is None else "text/csv; charset=utf-8; header=present",
        bytes=1000,
        sha256="ab" * 32,
        encoding=None if bom is None else "utf-8",
        bom=bom,
    )


def test_the_descriptor_has_what_version_2_requires(descriptor: dict[str, Any]) -> None:
    assert descriptor["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", descriptor["created"])
    for one in descriptor["contributors"]:
        assert set(one["roles"]) <= {"publisher", "creator", "contact"}
    for one in descriptor["licenses"]:
        assert one["name"] == "CC-BY-4.0"
    for one in descriptor["sources"]:
        assert one["title"]


def test_each_resource_has_what_version_2_requires(descriptor: dict[str, Any], built: BuiltRelease) -> None:
    names = [one["name"] for one in descriptor["resources"]]
    assert len(set(names)) == len(names) == 3
    for one in descriptor["resources"]:
        assert not one["path"].startswith(("/", "."))
        assert re.fullmatch(r"[^/]+/[^/;]+", one["mediatype"])
        assert one["hash"] == f"sha256:{built.manifest.get_file(one['path']).sha256}"


def test_the_primary_key_names_fields_that_exist(descriptor: dict[str, Any], built: BuiltRelease) -> None:
    for one in descriptor["resources"][1:]:
        assert one["type"] == "table"
        assert one["bytes"] == (built.folder / one["path"]).stat().st_size
        fields = [entry["name"] for entry in one["schema"]["fields"]]
        assert set(one["schema"]["primaryKey"]) <= set(fields)
        assert len(one["schema"]["primaryKey"]) == 5


def test_the_fields_are_the_columns_of_the_file(descriptor: dict[str, Any], built: BuiltRelease) -> None:
    for name, encoding in (("cards.csv", "utf-8"), ("cards_excel.csv", "utf-8-sig")):
        header = built.path(name).read_text(encoding).splitlines()[0].replace('"', "").split(",")
        assert [one["name"] for one in resource(descriptor, name)["schema"]["fields"]] == header


def test_an_empty_cell_is_explained(descriptor: dict[str, Any]) -> None:
    missing = resource(descriptor, "cards.csv")["schema"]["missingValues"]
    assert [one["value"] for one in missing] == [""]
    assert "obs_status" in missing[0]["label"]


def test_codes_come_with_their_table(descriptor: dict[str, Any]) -> None:
    sex = field(descriptor, "cards.csv", "sex")
    assert sex["constraints"]["enum"] == ["_T", "M", "F"]
    assert sex["categories"][1] == {"value": "M", "label": "男 / Male"}
    areas = field(descriptor, "cards.csv", "area_code")["categories"]
    assert [one["value"] for one in areas] == ["011002", "121002"]


def test_encoding_and_byte_order_mark_are_stated(descriptor: dict[str, Any], built: BuiltRelease) -> None:
    for name in ("cards.csv", "cards_excel.csv"):
        one = resource(descriptor, name)
        assert one["encoding"] == "utf-8"
        assert one["bom"] == built.path(name).read_bytes().startswith(b"\xef\xbb\xbf")


def test_both_languages_are_there(descriptor: dict[str, Any]) -> None:
    assert descriptor["titles"] == {"ja": "マイナンバーカード交付状況", "en": "My Number cards issued"}
    assert field(descriptor, "cards.csv", "value")["titles"] == {"ja": "値", "en": "Value"}


def test_an_agent_with_two_roles_is_one_contributor(descriptor: dict[str, Any]) -> None:
    roles = {one["title"]: one["roles"] for one in descriptor["contributors"]}
    assert roles["千葉市 / Chiba City"] == ["publisher", "contact"]


def test_made_up_figures_are_marked(specimen: Any, tmp_path: Path) -> None:
    built = specimen.build(tmp_path, specimen.rates("2021-M01"), dataset=specimen.dataset(synthetic=True))
    made_up = json.loads(built.path("datapackage.json").read_bytes())
    assert made_up["synthetic"] is True
    assert resource(made_up, "cards_excel.csv")["schema"]["fields"][-1]["name"] == "データの種別"
    assert frictionless(built.folder).returncode == 0
