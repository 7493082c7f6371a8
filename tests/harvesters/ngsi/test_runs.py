"""A whole run over a context broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catalog.ckan import open_catalogue
from catalog.database import JobStatus
from catalog.settings import Settings
from harvesters import run_sources


def test_a_run_publishes_and_a_second_one_changes_nothing(
    broker: Any, source_of: Any, settings: Settings, entities_of: Callable[[str], list[Any]]
) -> None:
    source = source_of(broker(entities_of("v2-normalized.json")))
    [first] = run_sources(settings, [source])
    [second] = run_sources(settings, [source])
    assert first.status is JobStatus.SUCCEEDED, first.to_dict()
    assert second.skipped
    catalogue = open_catalogue(settings)
    try:
        assert catalogue.action("package_show", id="ngsi")["num_resources"] > 0
    finally:
        catalogue.close()
