"""What an installed shihyo looks like to its environment."""

from __future__ import annotations

import ast
import re
import sys
from configparser import ConfigParser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PACKAGES = ("api", "catalog", "harvesters", "openapi")
#: modules that only type checkers know
NOT_INSTALLED = {"_typeshed"}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_owns_our_generic_top_level_names(package: str) -> None:
    owners = set(packages_distributions().get(package, ()))

    assert owners <= {"shihyo"}


def test_every_constraint_pins_one_version(root) -> None:
    lines = (root / "constraints.txt").read_text().split()

    assert len(lines) > 30
    assert all(line.count("==") == 1 for line in lines)


def _imported(root: Path) -> set[str]:
    """Return the top-level modules that the packages import, ours and the standard library's left out."""
    trees = [ast.parse(path.read_text("utf-8")) for name in PACKAGES for path in (root / name).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | parts} - set(PACKAGES) - sys.stdlib_module_names


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_distribution_that_is_imported_is_declared(root: Path) -> None:
    setup = ConfigParser()
    setup.read(root / "setup.cfg", "utf-8")
    extras = [text for extra, text in setup["options.extras_require"].items() if extra != "test"]
    lines = "\n".join([setup["options"]["install_requires"], *extras]).split("\n")
    declared = {_canonical(re.split(r"[ <>=\[]", line)[0]) for line in lines if line}
    owners = packages_distributions()

    undeclared = {
        module: owners.get(module)
        for module in _imported(root) - NOT_INSTALLED
        if not declared & {_canonical(one) for one in owners.get(module, [])}
    }
    assert undeclared == {}
