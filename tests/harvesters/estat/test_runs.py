"""Whole runs over e-Stat: what is published, and that the application id is nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalog.ckan import open_catalogue
from catalog.database import JobStatus
from catalog.errors import ShihyoError
from catalog.settings import Settings
from harvesters import run_sources

APP_ID = "0123456789abcdef0123456789abcdef01234567"


Api = Callable[..., Any]


def test_a_run_publishes_and_the_secret_is_nowhere(
    api: Api, source_of: Any, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    def bend(answer: Any, _: int) -> Any:
        answer["GET_STATS_DATA"]["STATISTICAL_DATA"]["TABLE_INF"]["echo"] = f"appId={APP_ID}"
        return answer

    source = source_of(api("usage.json", bend=bend))
    [report] = run_sources(settings, [source])
    assert report.status is JobStatus.SUCCEEDED, report.to_dict()
    catalogue = open_catalogue(settings)
    try:
        package = catalogue.action("package_show", id="estat")
    finally:
        catalogue.close()
    assert package["name"] == "estat"
    said = json.dumps(report.to_dict(), ensure_ascii=False) + json.dumps(package) + caplog.text
    assert APP_ID not in said
    files = [one for one in settings.home.rglob("*") if one.is_file()]
    assert len(files) > 5
    assert not [one for one in files if APP_ID.encode() in one.read_bytes()]


def test_a_second_run_with_the_same_data_changes_nothing(api: Api, source_of: Any, settings: Settings) -> None:
    source = source_of(api("usage.json"))
    run_sources(settings, [source])
    [again] = run_sources(settings, [source])
    assert again.skipped
    assert again.status is JobStatus.SUCCEEDED


def test_a_run_that_fails_leaves_the_published_release_and_no_secret(
    api: Api, source_of: Any, settings: Settings
) -> None:
    source = source_of(api("usage.json"))
    [first] = run_sources(settings, [source])
    broken = source_of(api("usage.json", bend=lambda *_: f"<html>{APP_ID}</html>".encode()))
    [second] = run_sources(settings, [broken])
    assert first.status is JobStatus.SUCCEEDED
    assert second.status is JobStatus.FAILED
    assert APP_ID not in json.dumps(second.to_dict(), ensure_ascii=False)
    catalogue = open_catalogue(settings)
    try:
        assert catalogue.action("package_show", id="estat")["num_resources"] > 0
    finally:
        catalogue.close()


def test_every_error_says_what_to_do_in_both_languages(api: Api, source_of: Any, read: Any) -> None:
    with pytest.raises(ShihyoError) as caught:
        read(source_of(api("usage.json", bend=lambda *_: b"{}")))
    assert caught.value.next_step is not None
    assert all((caught.value.what.ja, caught.value.what.en, caught.value.next_step.ja, caught.value.next_step.en))
