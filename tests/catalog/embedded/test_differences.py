"""The page of differences says what the tables of the code say, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.embedded.differences import DIFFERENCES, EXTENSIONS, LACKING, OTHER_ERRORS
from catalog.embedded.registry import ACTIONS


@pytest.fixture(scope="module")
def rows(root: Path) -> dict[str, list[list[str]]]:
    """Return the rows of each table of the page, by the heading above it; heads and rules are left out."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in (root / "docs" / "ckan-differences.md").read_text("utf-8").splitlines():
        if line.startswith("## ") or line == "Actions of extensions:":
            heading = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith(("| | CKAN", "| action |", "| not here", "| of CKAN")):
            found.setdefault(heading, []).append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def _quoted(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{one}`" for one in names)


def test_what_is_done_otherwise_is_on_the_page(rows: dict[str, list[list[str]]]) -> None:
    wanted = [[one.about, one.ckan, one.here, one.why] for one in DIFFERENCES]
    assert rows["What is done otherwise"] == wanted


def test_mistakes_that_are_answered_otherwise_are_on_the_page(rows: dict[str, list[list[str]]]) -> None:
    def told(outcome: tuple[int, str, list[str]]) -> str:
        return f"{outcome[0]} {outcome[1]}: {_quoted(outcome[2])}"

    wanted = [[_quoted(one.actions), one.call, told(one.ckan), told(one.here), one.why] for one in OTHER_ERRORS]
    assert rows["Mistakes that are answered otherwise"] == wanted


def test_what_is_not_there_is_on_the_page(rows: dict[str, list[list[str]]]) -> None:
    assert rows["What is not there"] == [[_quoted(names), why] for why, names in LACKING.items()]
    assert rows["Actions of extensions:"] == [list(item) for item in EXTENSIONS.items()]


def test_the_number_of_actions_is_told(root: Path) -> None:
    lacking = sum(len(names) for names in LACKING.values())
    ours = len(set(ACTIONS) - {"site_read"})
    told = (root / "docs" / "ckan-differences.md").read_text("utf-8").replace("\n", " ")
    assert f"CKAN's core has {ours + lacking}; {ours} are here" in told
    assert f"The other {lacking}:" in told


def test_each_difference_is_told_once() -> None:
    names = [one.about for one in DIFFERENCES]
    assert len(names) == len(set(names))
