"""The files for containers agree with each other; no container engine is needed to know that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def folder(root: Path) -> Path:
    """Return the folder of the compose file."""
    return root / "deploy" / "ckan"


@pytest.fixture
def compose(folder: Path) -> dict[str, Any]:
    """Return the compose file."""
    found: dict[str, Any] = yaml.safe_load((folder / "compose.yml").read_text("utf-8"))
    return found


def test_the_example_of_the_environment_has_exactly_the_variables_that_are_read(folder: Path) -> None:
    read = set(re.findall(r"\$\{(\w+)", (folder / "compose.yml").read_text("utf-8")))
    given = set(re.findall(r"^(\w+)=", (folder / ".env.example").read_text("utf-8"), re.MULTILINE))

    assert given == read


def test_the_example_of_the_environment_has_no_secret(folder: Path) -> None:
    lines = (folder / ".env.example").read_text("utf-8").splitlines()

    assert [line for line in lines if re.match(r"\w*(PASSWORD|SECRET|TOKEN)\w*=.", line)] == []


def test_every_mounted_file_is_here(folder: Path, compose: dict[str, Any]) -> None:
    mounted = [volume.split(":")[0] for part in compose["services"].values() for volume in part.get("volumes", ())]
    files = [path for path in mounted if path.startswith(".")]

    assert files
    assert [path for path in files if not (folder / path).exists()] == []


def test_every_name_in_the_template_of_nginx_is_given_to_nginx(folder: Path, compose: dict[str, Any]) -> None:
    named = set(re.findall(r"\$\{(\w+)\}", (folder / "nginx" / "sites.conf.template").read_text("utf-8")))

    assert named <= set(compose["services"]["nginx"]["environment"])


def test_the_image_of_the_application_copies_what_exists(root: Path, compose: dict[str, Any]) -> None:
    dockerfile = root / compose["services"]["shihyo"]["build"]["dockerfile"]
    copies = re.findall(r"^COPY (.+) \S+$", dockerfile.read_text("utf-8"), re.MULTILINE)

    assert [name for line in copies for name in line.split() if not (root / name).exists()] == []


def test_the_containers_run_the_version_of_ckan_that_the_tests_run(folder: Path, compose: dict[str, Any]) -> None:
    pinned = re.search(r"^ckan\[requirements\]==(\d+\.\d+)\.", (folder / "requirements.txt").read_text("utf-8"), re.M)

    assert pinned
    assert compose["services"]["ckan"]["image"] == f"ckan/ckan-base:{pinned[1]}"
    assert compose["services"]["solr"]["image"] == f"ckan/ckan-solr:{pinned[1]}-solr9"
