from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest

from catalog.ckan import publish
from catalog.ckan.mapping import current_release, extras_of, release_file_id, release_name, release_package
from catalog.releases import BuiltRelease

ON_A_REAL_CKAN = True


@pytest.fixture
def package(site: Any, built_chain: list[BuiltRelease]) -> dict[str, Any]:
    """Return the dataset package as the catalogue answers it after two publications."""
    publish(site.open(), built_chain[0])
    publish(site.open(), built_chain[1])
    return dict(site.package())


def test_the_licence_is_the_one_that_aggregators_take_with_a_note(package: dict[str, Any]) -> None:
    assert package["license_id"] == "cc-by"
    assert "公共データ利用規約" in extras_of(package)["shihyo_license_note"]
    assert all("公共データ利用規約" in one["rights"] for one in package["resources"][:4])


def test_organisation_contact_and_tags_are_there(package: dict[str, Any]) -> None:
    assert package["organization"]["name"] == "chiba-city"
    assert (package["maintainer"], package["maintainer_email"]) == ("千葉市", "opendata@city.chiba.example")
    assert {one["name"] for one in package["tags"]} == {"マイナンバーカード", "千葉県"}


def test_the_names_of_ckanext_dcat_are_used(package: dict[str, Any]) -> None:
    extras = extras_of(package)
    assert (extras["temporal_start"], extras["temporal_end"]) == ("2021-01-01", "2021-02-28")
    assert extras["frequency"] == "http://publications.europa.eu/resource/authority/frequency/MONTHLY"
    assert extras["spatial_text"] == "千葉県"
    assert extras["publisher_name"] == "千葉市"
    assert extras["creator_name"] == "総務省"
    assert extras["contact_email"] == "opendata@city.chiba.example"
    assert "all_localgovs.csv" in extras["provenance"]
    assert "New periods" in extras["version_notes"]
    assert len(json.loads(extras["language"])) == 2
    assert json.loads(extras["theme"])


def test_issued_stays_and_modified_moves(package: dict[str, Any], built_chain: list[BuiltRelease]) -> None:
    extras = extras_of(package)
    assert extras["issued"] == built_chain[0].manifest.issued
    assert extras["modified"] == built_chain[1].manifest.issued


def test_each_distribution_states_its_form(package: dict[str, Any], built_chain: list[BuiltRelease]) -> None:
    resources = {one["shihyo_file"]: one for one in package["resources"]}
    programs, people, parquet = (resources[name] for name in ("cards.csv", "cards_excel.csv", "cards.parquet"))
    assert (programs["format"], programs["mimetype"], programs["encoding"], programs["bom"]) == (
        "CSV",
        "text/csv",
        "utf-8",
        "false",
    )
    assert people["bom"] == "true"
    assert "BOMあり" in people["description"]
    assert "BOMなし" in programs["description"]
    assert "encoding" not in parquet
    for name in ("cards.csv", "cards.parquet", "datapackage.json"):
        file = built_chain[1].manifest.get_file(name)
        assert (resources[name]["hash"], int(resources[name]["size"])) == (file.sha256, file.bytes)
    assert "JPN" in people["language"]
    assert "ENG" in programs["language"]


def test_both_languages_are_in_the_notes_and_english_alone_in_an_extra(package: dict[str, Any]) -> None:
    assert package["title"] == "マイナンバーカード交付状況"
    assert package["notes"].startswith("市区町村別の交付枚数率。")
    assert "Share of people with a card" in package["notes"]
    assert extras_of(package)["shihyo_title_en"] == "My Number cards issued"


def test_made_up_figures_are_said_to_be_so(site: Any, specimen: Any, tmp_path: Any) -> None:
    built = specimen.build(tmp_path / "builds", specimen.rates("2021"), dataset=specimen.dataset(synthetic=True))
    publish(site.open(), built)
    made_up = site.package()
    assert extras_of(made_up)["shihyo_synthetic"] == "true"
    assert made_up["notes"].startswith("架空のデータ")
    assert all("made up" in one["description"] for one in made_up["resources"][:4])


def test_the_release_package_points_to_its_dataset(package: dict[str, Any], site: Any) -> None:
    release = site.package("cards-r00002")
    extras = extras_of(release)
    assert (release["type"], release["version"]) == ("release", "1.1.0")
    assert extras["shihyo_release_of"] == "cards"
    assert extras["shihyo_parent"] == extras_of(site.package("cards-r00001"))["shihyo_release"]


def test_names_of_releases_sort_by_their_place() -> None:
    names = [release_name("cards", number) for number in (2, 10, 36, 12345)]
    assert names == sorted(names)
    assert all(re.fullmatch(r"[a-z0-9_-]{2,100}", name) for name in names)


def test_ids_of_files_are_uuids_made_of_the_digest() -> None:
    one, other = release_file_id("ab" * 32, "cards.csv"), release_file_id("cd" * 32, "cards.csv")
    assert uuid.UUID(one).version == 5
    assert one != other
    assert one == release_file_id("ab" * 32, "cards.csv")


@pytest.mark.parametrize(
    "change",
    [{"type": "release"}, {"extras": []}, {"extras": [{"key": "shihyo_release", "value": "x"}]}],
)
def test_a_package_that_is_no_dataset_of_ours_has_no_current_release(change: dict[str, Any]) -> None:
    ours = {
        "type": "dataset",
        "extras": [{"key": "shihyo_release", "value": "x"}, {"key": "shihyo_sequence", "value": "3"}],
    }
    assert current_release(ours) is not None
    assert current_release({**ours, **change}) is None


def test_extras_without_a_value_are_left_out(built_chain: list[BuiltRelease]) -> None:
    extras = release_package(built_chain[0].manifest, "me")["extras"]
    assert "shihyo_parent" not in {one["key"] for one in extras}
    assert all(one["value"] for one in extras)
