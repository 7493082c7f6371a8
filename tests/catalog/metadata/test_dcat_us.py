"""The list of all datasets for aggregators: members of DCAT-US 1.1, and what Japanese crawlers filter by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from catalog.metadata.dcat_us import list_datasets
from catalog.metadata.site import Site
from catalog.model import Manifest
from catalog.reference import Reference


@pytest.fixture
def listed(site: Site, chains: Sequence[Sequence[Manifest]], reference: Reference) -> dict[str, Any]:
    """Return the list of two datasets."""
    return list_datasets(site, chains, reference)


def test_every_dataset_has_the_members_that_dcat_us_requires(listed: dict[str, Any]) -> None:
    assert listed["conformsTo"] == "https://project-open-data.cio.gov/v1.1/schema"
    for one in listed["dataset"]:
        assert {
            "title",
            "description",
            "keyword",
            "modified",
            "publisher",
            "contactPoint",
            "identifier",
            "accessLevel",
        } <= one.keys()


def test_the_licence_has_the_id_that_japanese_aggregators_take(listed: dict[str, Any]) -> None:
    assert {one["license_id"] for one in listed["dataset"]} == {"cc-by"}


def test_no_dataset_claims_to_be_one_of_the_standard_datasets(listed: dict[str, Any]) -> None:
    tags = {word for one in listed["dataset"] for word in one["keyword"]}

    assert tags.isdisjoint({"自治体標準ODS", "推奨データセット"})


def test_periods_are_iso_intervals_and_irregular_updates_are_said(listed: dict[str, Any]) -> None:
    monthly, irregular = listed["dataset"]

    assert (monthly["temporal"], monthly["accrualPeriodicity"]) == ("2020-04-01/2021-12-01", "R/P1M")
    assert irregular["accrualPeriodicity"] == "irregular"


def test_text_files_say_their_encoding_and_byte_order_mark(listed: dict[str, Any]) -> None:
    files = {one["downloadURL"].rpartition("/")[2]: one for one in listed["dataset"][0]["distribution"]}

    assert files["mynumber-municipalities.csv"]["bom"] is False
    assert files["mynumber-municipalities_excel.csv"]["bom"] is True
    assert "encoding" not in files["mynumber-municipalities.parquet"]
