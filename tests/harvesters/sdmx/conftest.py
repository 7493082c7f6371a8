"""Sources of SDMX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.settings import Settings
from harvesters import HarvestSource
from harvesters.sdmx.harvester import Sdmx

MAPPING = {"indicator": "kpi-02", "breakdowns": {"sex": {"column": "SEX"}}}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, allow_private_addresses=True)


@pytest.fixture
def folder(specimens: Path) -> Path:
    return specimens / "sdmx"


@pytest.fixture
def source_of(make_source: Callable[..., HarvestSource]) -> Callable[..., HarvestSource]:
    def make(*, url: str | None = None, path: Path | None = None, **options: Any) -> HarvestSource:
        mapping = next(one for one in Sdmx.options if one.name == "mapping").type.parse(options.pop("mapping", MAPPING))
        given = {"landing_page": "https://sdmx.org/", **options}
        return make_source("sdmx", url=url, path=path, mapping=mapping, **given)

    return make
