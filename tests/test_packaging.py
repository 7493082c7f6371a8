"""What an installed shihyo looks like to its environment."""

from __future__ import annotations

from importlib.metadata import packages_distributions

import pytest


@pytest.mark.parametrize("package", ["api", "catalog", "harvesters", "openapi"])
def test_no_other_distribution_owns_our_generic_top_level_names(package: str) -> None:
    owners = set(packages_distributions().get(package, ()))

    assert owners <= {"shihyo"}


def test_every_constraint_pins_one_version(root) -> None:
    lines = (root / "constraints.txt").read_text().split()

    assert len(lines) > 30
    assert all(line.count("==") == 1 for line in lines)
