"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of the shared input files; skip where it is missing, except in CI."""
    folder = Path(os.environ.get("SHIHYO_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        reason = (
            f"the shared input files are not on this machine ({folder}); set SHIHYO_SHARED to their folder"
        )
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def shared_data(shared: Path) -> Path:
    """Return ``shared/data``."""
    return shared / "data"
