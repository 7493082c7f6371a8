"""Files of a portal: what it states of them, and their forms."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.errors import ConfigurationError

ROWS = [("121002", "FY2021", 32.8), ("121002", "FY2022", 45.1), ("122041", "FY2021", 30.0)]


@pytest.mark.parametrize(
    "stated",
    [
        {"size": 3},
        {"hash": "0" * 64},
        {"hash": "0" * 40},
        {"hash": "md5:" + "0" * 32},
        {"hash": "0" * 32},
    ],
    ids=["size", "sha256", "sha1", "named md5", "md5"],
)
def test_a_file_that_is_not_what_the_portal_states_fails_alone(
    portal: Any, run: Any, make_source: Any, table: bytes, stated: dict[str, Any]
) -> None:
    found = portal.add("cards", ("t1", table), ("t2", table))
    found["resources"][1] |= stated
    done = run(make_source("ckan", url=portal.url, pick=("cards",)))
    assert done.rows == ROWS
    assert [error["code"] for error in done.errors.values()] == ["integrity"]
    assert done.states["cards/t2.csv"] == "failed"


def test_with_checksums_report_it_is_read_and_told(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    portal.add("cards", ("t1", table))["resources"][0] |= {"hash": "0" * 64}
    done = run(make_source("ckan", url=portal.url, pick=("cards",), checksums="report"))
    assert done.rows == ROWS
    assert done.counts["not-as-stated"] == 1


def test_a_file_that_is_what_the_portal_states_is_read(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    found = portal.add("cards", ("t1", table))
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        found["resources"][0] |= {"hash": hashlib.new(algorithm, table).hexdigest().upper(), "size": str(len(table))}
        assert run(make_source("ckan", url=portal.url, pick=("cards",))).rows == ROWS


def test_a_web_page_instead_of_a_file_is_named(portal: Any, run: Any, make_source: Any) -> None:
    portal.add("cards", ("t1", b"<!DOCTYPE html><html>login</html>"))
    done = run(make_source("ckan", url=portal.url, pick=("cards",)))
    assert "HTML" in done.errors["cards/t1.csv"]["what"]["ja"]


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "../../secret.csv", "ftp://example.org/a.csv"])
def test_a_resource_never_leads_to_a_file_of_this_machine(
    portal: Any, run: Any, make_source: Any, table: bytes, url: str
) -> None:
    found = portal.add("cards", ("t1", table), ("t2", table))
    found["resources"][1] |= {"url": url, "size": None}
    done = run(make_source("ckan", url=portal.url, pick=("cards",)))
    assert done.rows == ROWS
    assert list(done.errors) == ["cards/t2.csv"]


def test_a_licence_that_is_not_open_is_told(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    portal.add("cards", ("t1", table), license_id="cc-by-nc-sa-4.0")
    assert run(make_source("ckan", url=portal.url, pick=("cards",))).counts["license-differs"] == 1


def test_without_a_mapping_a_portal_of_others_is_an_error_that_says_what_is_missing(
    one: Any, run: Any, make_source: Any
) -> None:
    with pytest.raises(ConfigurationError, match="mapping"):
        run(make_source("ckan", url=one.url, pick=("cards",), mapping=None))


def test_the_list_keeps_what_a_harvest_needs_and_nothing_of_people(one: Any, run: Any, make_source: Any) -> None:
    one.packages["id-cards"] |= {"author": "somebody", "maintainer_email": "somebody@example.org"}
    done = run(make_source("ckan", url=one.url, pick=("cards",)))
    listed = done.reading.context.fetcher.find(done.known["datasets.json"].sha256).read_text("utf-8")
    assert "somebody" not in listed
    assert "<script>" not in listed


def test_a_zip_of_tables_is_read(portal: Any, run: Any, make_source: Any, table: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("cards.csv", table)
        archive.writestr("readme.md", "about")
    portal.add("cards", ("t1", packed.getvalue()))["resources"][0] |= {"format": "ZIP"}
    done = run(make_source("ckan", url=portal.url, pick=("cards",)))
    assert done.errors == {}
    assert done.rows == ROWS


def test_a_portal_that_dates_a_file_in_the_future_does_not_date_the_figures(
    one: Any, run: Any, make_source: Any
) -> None:
    one.packages["id-cards"]["resources"][0] |= {"last_modified": "2099-01-01T00:00:00"}
    [[contribution]] = run(make_source("ckan", url=one.url, pick=("cards",))).reading.contributions.values()
    assert datetime.fromisoformat(contribution.issued) <= datetime.now(UTC)
