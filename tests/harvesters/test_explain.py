"""Explanations: every id of the code base has one, and a mistyped one names the nearest."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import harvesters
from api.cli.console import Exit
from api.cli.explaining import explain_errors
from catalog import errors
from catalog.database import JobStatus
from catalog.errors import Label, ShihyoError, UnknownCode
from catalog.reference import load_reference
from catalog.releases import checks
from harvesters.explain import SORTS, Explanation, find_explanations, list_explanations
from harvesters.findings import Rule
from harvesters.guards.declared import GUARDS
from harvesters.readability import RULES


@pytest.fixture(scope="module")
def explained() -> list[Explanation]:
    return list_explanations(explain_errors())


@pytest.fixture(scope="module")
def ids(explained: list[Explanation]) -> set[tuple[str, str]]:
    return {(one.sort, one.id) for one in explained}


def _rules_of(value: object) -> Iterator[Rule]:
    if isinstance(value, Rule):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _rules_of(one)
    elif isinstance(value, list | tuple | frozenset):
        for one in value:
            yield from _rules_of(one)


def _all_rules() -> Iterator[Rule]:
    for module in pkgutil.walk_packages(harvesters.__path__, "harvesters."):
        if module.name.rpartition(".")[2].endswith("_child") or ".samples" in module.name:
            continue
        for value in vars(importlib.import_module(module.name)).values():
            yield from _rules_of(value)


def test_every_finding_rule_in_any_module_is_explained(ids: set[tuple[str, str]]) -> None:
    rules = {one.id for one in _all_rules()}
    assert len(rules) > 50
    assert {one for one in rules if ("finding", one) not in ids} == set()


def test_every_error_of_the_tree_is_explained(ids: set[tuple[str, str]]) -> None:
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, ShihyoError)]
    codes = {one.code for one in classes if one is not ShihyoError}
    assert {one for one in codes if ("error", one) not in ids} == set()


def test_every_guard_readability_rule_status_and_exit_code_is_explained(ids: set[tuple[str, str]]) -> None:
    wanted = {
        *(("guard", one.id) for one in GUARDS),
        *(("readability", one) for one in RULES),
        *(("obs-status", one.code) for one in load_reference().codelists["obs_status"]),
        *(("job-status", str(one)) for one in JobStatus),
        *(("exit-code", str(int(one))) for one in Exit),
    }
    assert wanted <= ids


def test_every_rule_of_the_observation_schema_is_explained(ids: set[tuple[str, str]]) -> None:
    tree = ast.parse(Path(checks.__file__).read_text("utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "_RowRule":
                names |= {ast.literal_eval(one.value) for one in node.keywords if one.arg == "name"}
            if node.func.id == "_column_finding":
                names.add(ast.literal_eval(node.args[0]))
    assert len(names) > 15
    assert {("check", one) for one in names} <= ids


def test_every_explanation_speaks_both_languages_and_belongs_to_a_sort(explained: list[Explanation]) -> None:
    for one in explained:
        assert one.sort in SORTS
        for text in (one.title, one.why, one.next_step):
            assert text is None or (text.ja.strip() and text.en.strip())
        assert one.why or one.next_step


def test_a_guard_is_told_with_meaning_reason_advice_and_how_it_is_written(explained: list[Explanation]) -> None:
    [guard] = [one for one in find_explanations("row-loss", explained) if one.sort == "guard"]
    ja = guard.lines("ja")
    assert ja[0] == "row-loss [ガード]: 観測値が減りすぎている"
    assert [line.split(":")[0].strip() for line in ja[1:4]] == ["なぜ", "どうする", "例"]
    assert "row-loss: 0.2" in "\n".join(ja)
    assert guard.lines("en")[0] == "row-loss [guard]: Too many observations are missing"


def test_an_id_of_two_sorts_is_told_as_both(explained: list[Explanation]) -> None:
    assert {one.sort for one in find_explanations("duplicate-key", explained)} >= {"guard", "check"}


def test_case_does_not_count(explained: list[Explanation]) -> None:
    assert find_explanations("ROW-LOSS", explained)[0].id == "row-loss"
    assert find_explanations("l1-04", explained)[0].id == "L1-04"


@pytest.mark.parametrize(
    ("typed", "meant"), [("row-los", "row-loss"), ("chek-failed", "check-failed"), ("L1-04x", "L1-04")]
)
def test_a_mistyped_id_names_the_nearest(explained: list[Explanation], typed: str, meant: str) -> None:
    with pytest.raises(UnknownCode) as caught:
        find_explanations(typed, explained)
    assert caught.value.context["nearest"] == meant


def test_an_id_like_no_other_is_answered_with_the_command_that_lists_them(explained: list[Explanation]) -> None:
    with pytest.raises(UnknownCode) as caught:
        find_explanations("まったく違うもの", explained)
    assert caught.value.next_step == Label(
        "一覧は shihyo harvest explain です", "shihyo harvest explain lists them all"
    )
