"""A portal with one dataset of one table."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def one(portal: Any, table: bytes) -> Any:
    """Return a portal with one dataset of one table."""
    portal.add("cards", ("t1", table))
    return portal
