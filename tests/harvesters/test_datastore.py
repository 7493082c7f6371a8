"""The DataStore after a run: brought up, reported, tried again, and never the undoing of a publication."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.database import JobStatus
from catalog.releases import Holdings
from catalog.settings import Settings
from harvesters import HarvestSource, run_sources


@pytest.fixture
def source(make_source: Callable[..., HarvestSource], samples: Path, tmp_path: Path) -> HarvestSource:
    """Return a source of one publication."""
    shutil.copytree(samples / "mynumber" / "20210401", tmp_path / "in" / "20210401")
    return make_source(path=tmp_path / "in", datasets=("prefectures",))


def test_a_datastore_that_fails_leaves_the_publication_and_is_reported_until_it_works(
    settings: Settings, source: HarvestSource, holdings: Callable[[], Holdings]
) -> None:
    wanting = replace(settings, datastore="on")
    for skipped in (False, True):
        [report] = run_sources(wanting, [source])
        assert (report.status, report.skipped, report.exit_code) == (JobStatus.SUCCEEDED, skipped, 1)
        assert [(one.dataset, one.action) for one in report.datastore] == [("mynumber-prefectures", "failed")]
        assert any("DataStore mynumber-prefectures: ✗" in line for line in report.lines())
        assert report.to_dict()["datastore"][0]["error"]["code"] == "catalogue-error"
    assert len(holdings().get("mynumber-prefectures").releases) == 1
    [report] = run_sources(settings, [source])
    assert (report.exit_code, report.datastore) == (0, [])
