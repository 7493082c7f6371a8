"""Code lists and step rules of services: complete, and true to the table of the steps."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import ReferenceDataError
from catalog.model.service import Service, parse_service
from catalog.reference import Reference
from catalog.reference.service_checks import FACTS, check_codes, check_step
from catalog.reference.services import load_service_reference, read_service_reference

ORGANISATION = {"name": "chiba-city", "label": {"ja": "千葉市", "en": "Chiba City"}}
TEXT = {"ja": "名", "en": "name"}

#: a record that fits each step in every row
FITTING: dict[int, dict[str, Any]] = {
    1: {
        "phase": "pilot",
        "areas": ["121061"],
        "users": {"scope": "area"},
        "governance": {"architect": "a", "team": [{"name": "x", "role": "city"}], "city_role": "lead"},
        "city_os": {"stage": "spec"},
    },
    2: {
        "phase": "implemented",
        "areas": ["121061"],
        "linked_services": ["foryou"],
        "users": {"scope": "widening"},
        "governance": {"architect": "a", "area_bodies": ["x"], "city_role": "equal"},
        "city_os": {"stage": "built"},
    },
    3: {
        "phase": "rolled_out",
        "areas": ["121061", "121011"],
        "users": {"scope": "all"},
        "governance": {"architect": "a", "area_bodies": ["x", "y"], "city_role": "equal"},
        "city_os": {"stage": "federated"},
    },
}


def record(**members: Any) -> Service:
    """Return a record with these members."""
    least = {"id": "a", "name": TEXT, "description": TEXT, "publisher": ORGANISATION, "phase": "implemented"}
    return parse_service({**least, **members})


def misfits(**members: Any) -> list[tuple[str, str, str]]:
    """Return (row, fact, value) of what does not fit."""
    return [(one.row, one.fact, one.value) for one in check_step(record(**members))]


# ---- STEP


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_record_as_the_vision_draws_the_step_fits(step: int) -> None:
    assert misfits(step=step, **FITTING[step]) == []


@pytest.mark.parametrize("stated", [1, 2, 3])
@pytest.mark.parametrize("real", [1, 2, 3])
def test_a_record_of_another_step_does_not_fit_in_every_row(stated: int, real: int) -> None:
    rows = {row for row, _, _ in misfits(step=stated, **FITTING[real])}
    same = {"administration"} if {stated, real} == {2, 3} else set()
    expected = {"services", "organisation", "users", "administration", "data_platform"} - same
    assert rows == (set() if stated == real else expected)


@pytest.mark.parametrize(
    ("step", "members", "found"),
    [
        (1, {"linked_services": ["x"]}, ("services", "combination", "linked")),
        (2, {}, ("services", "combination", "single")),
        (1, {"areas": ["121002"]}, ("services", "coverage", "city")),
        (1, {"areas": ["121061"], "spread": {"places": ["芦屋市"]}}, ("services", "coverage", "several")),
        (3, {"areas": ["121061"]}, ("services", "coverage", "part")),
        (3, {"areas": ["121002"], "sub_area": "幕張"}, ("services", "coverage", "part")),
        (3, {"phase": "pilot"}, ("services", "phase", "pilot")),
        (1, {"phase": "citywide"}, ("services", "phase", "citywide")),
        (1, {"governance": {"architect": "x", "area_bodies": ["y"]}}, ("organisation", "body", "one_body")),
        (2, {"governance": {"team": [{"name": "x", "role": "city"}]}}, ("organisation", "body", "team")),
        (1, {"governance": {"team": [{"name": "x", "role": "city"}]}}, ("organisation", "architect", "missing")),
        (2, {"users": {"scope": "all"}}, ("users", "user_scope", "all")),
        (2, {"governance": {"city_role": "lead"}}, ("administration", "city_role", "lead")),
        (1, {"city_os": {"stage": "federated"}}, ("data_platform", "city_os_stage", "federated")),
    ],
)  # fmt: skip
def test_a_fact_that_does_not_fit_is_found(step: int, members: dict[str, Any], found: tuple[str, str, str]) -> None:
    assert found in misfits(step=step, **members)


def test_what_is_not_recorded_breaks_no_rule() -> None:
    assert misfits(step=1) == []
    assert misfits(step=3) == []
    assert misfits(step=1, governance={}) == []


def test_a_record_without_a_step_is_not_compared() -> None:
    assert misfits(**FITTING[2]) == []


def test_an_architect_may_stand_in_the_team() -> None:
    team = [{"name": "x", "role": "architect"}]
    assert misfits(step=1, governance={"team": team}) == []


def test_a_finding_says_what_the_steps_look_like_in_both_languages(reference: Reference) -> None:
    [one] = check_step(record(step=1, areas=["121002"]))
    row = reference.vision.get_step(1).get_row("services")
    assert one.fits == (3,)
    assert "STEP1" in one.message.ja
    assert "市の全体" in one.message.ja
    assert "STEP3" in one.message.ja
    assert row.summary.ja in one.expected.ja
    assert row.summary.en in one.expected.en
    assert one.to_dict()["fits"] == [3]


def test_every_rule_has_a_way_to_find_its_fact_and_every_fact_a_rule() -> None:
    assert [one.fact for one in load_service_reference().step_rules] == list(FACTS)


def test_every_step_is_the_place_of_some_value_of_every_fact() -> None:
    for rule in load_service_reference().step_rules:
        assert {step for fit in rule.values.values() for step in fit.steps} == {1, 2, 3}


@pytest.mark.parametrize(
    ("fact", "codelist"),
    [("phase", "service_phase"), *((one, one) for one in ("user_scope", "city_role", "city_os_stage"))],
)
def test_a_rule_on_a_code_knows_every_code_of_the_list(fact: str, codelist: str) -> None:
    found = load_service_reference()
    [rule] = [one for one in found.step_rules if one.fact == fact]
    assert tuple(rule.values) == found.codelists[codelist].ids


# ---- codes


@pytest.mark.parametrize(
    ("pointer", "nearest", "members"),
    [
        ("/phase", "pilot", {"phase": "pilots"}),
        ("/smarts/1", "cityhall", {"smarts": ["living", "city_hall"]}),
        ("/target_states/0", "living-1", {"target_states": ["living-11"]}),
        ("/areas/0", "121002", {"areas": ["1210021"]}),
        ("/phase_history/0/phase", "pilot", {"phase_history": [{"phase": "piolt"}]}),
        ("/channels/0/kind", "line", {"channels": [{"kind": "lines"}]}),
        ("/kpis/0/kind", "outcome", {"kpis": [{"kind": "outcomes", "name": "x"}]}),
        ("/kpis/0/indicator", "kpi-12", {"kpis": [{"kind": "output", "name": "x", "indicator": "kpi12"}]}),
        ("/data/inputs/0/basis", "consent", {"data": {"inputs": [{"name": "x", "basis": "consents"}]}}),
        ("/data/outputs/0/method", "csv", {"data": {"outputs": [{"name": "x", "method": "cvs"}]}}),
        ("/users/scope", "widening", {"users": {"scope": "widenin"}}),
        ("/city_os/stage", "built", {"city_os": {"stage": "build"}}),
        ("/governance/city_role", "equal", {"governance": {"city_role": "equals"}}),
        ("/governance/team/0/role", "academia", {"governance": {"team": [{"name": "x", "role": "academy"}]}}),
    ],
)  # fmt: skip
def test_a_code_that_does_not_exist_is_named_with_its_place_and_the_nearest(
    pointer: str, nearest: str, members: dict[str, Any]
) -> None:
    [error] = check_codes(record(**members))
    assert (error.context["pointer"], error.context["nearest"]) == (pointer, nearest)


def test_a_frequency_is_a_code_of_sdmx() -> None:
    item = {"name": "x", "frequency": "M"}
    assert check_codes(record(data={"inputs": [item]})) == ()
    assert len(check_codes(record(data={"inputs": [{**item, "frequency": "monthly"}]}))) == 1


def test_records_that_fit_the_steps_have_only_codes_that_exist() -> None:
    assert all(check_codes(record(**members)) == () for members in FITTING.values())


def test_overall_is_a_place_for_services_of_no_smart() -> None:
    assert check_codes(record(smarts=["overall"])) == ()


# ---- the file


@pytest.fixture
def folder(tmp_path: Path, root: Path) -> Path:
    shutil.copy(root / "catalog" / "reference" / "services.yml", tmp_path)
    return tmp_path


def refusal(folder: Path, reference: Reference, old: str, new: str) -> ReferenceDataError:
    """Return what is said of the file with a change."""
    path = folder / "services.yml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ReferenceDataError) as caught:
        read_service_reference(folder, reference.vision)
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("- row: services", "- row: service", "/step_rules/0/row"),
        ("{code: pilot,", "{code: concept,", "/codelists/service_phase"),
        ("steps: [1, 3]}", "steps: [4]}", "/step_rules/0/values/single/steps/0"),
        ("  - id: service_phase\n", "  - id: service_phase\n    colour: red\n", "/codelists/0"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(
    old: str, new: str, path: str, folder: Path, reference: Reference
) -> None:
    assert refusal(folder, reference, old, new).context["path"] == path


def test_every_code_has_two_different_labels_or_is_a_proper_name() -> None:
    same = {
        one.code for each in load_service_reference().codelists.values() for one in each if one.label.ja == one.label.en
    }
    assert same == {"line", "api", "rest_api", "ngsi_v2", "ngsi_ld"}
