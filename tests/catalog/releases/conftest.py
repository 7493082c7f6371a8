"""Built releases and a local copy that holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catalog.releases import BuiltRelease, LocalCopy


@pytest.fixture(scope="session")
def built_chain(specimen: Any, tmp_path_factory: pytest.TempPathFactory) -> list[BuiltRelease]:
    """Return three releases of the dataset ``cards``."""
    return list(specimen.chain(tmp_path_factory.mktemp("builds"), 3))


@pytest.fixture
def copy(tmp_path: Path, built_chain: list[BuiltRelease]) -> LocalCopy:
    """Return a local copy that holds the three releases."""
    made = LocalCopy(tmp_path / "copy")
    for built in built_chain:
        made.add_release(built.manifest, lambda name, built=built: built.path(name).open("rb"))  # type: ignore[misc]
    return made
