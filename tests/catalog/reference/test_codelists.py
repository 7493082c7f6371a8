"""The code lists: their codes, their order, and look-ups that teach."""

from __future__ import annotations

import csv
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import UnknownCode
from catalog.model.area import LOCAL, PARENT_LEVELS
from catalog.model.codelist import MOST_CODES_NAMED, Code, CodeList, Label, nearest, unknown_code
from catalog.model.observation import TOTAL
from catalog.model.period import FREQUENCIES
from catalog.reference import Reference


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def test_observation_statuses_stand_in_the_order_of_precedence_of_sdmx(reference: Reference) -> None:
    assert "".join(reference.codelists["obs_status"].ids) == "BOMLHQJSDKWIFEPNUVGA"


def test_some_statuses_need_a_value_and_some_forbid_it(reference: Reference) -> None:
    rules: dict[str | None, set[str]] = {}
    for one in reference.codelists["obs_status"]:
        rules.setdefault(one.value, set()).add(one.code)

    assert rules == {"forbidden": set("OMLHQK"), "required": set("DWIFEPNUVGA"), "either": set("BJS")}


@pytest.mark.parametrize(("flags", "shown"), [("AP", "P"), ("PB", "B"), ("A", "A"), ("UQ", "Q"), ("EPU", "E")])
def test_of_several_statuses_the_first_in_precedence_is_shown(reference: Reference, flags: str, shown: str) -> None:
    assert reference.codelists["obs_status"].first_of(list(flags)).code == shown


def test_the_first_of_an_unknown_status_is_refused(reference: Reference) -> None:
    with pytest.raises(UnknownCode):
        reference.codelists["obs_status"].first_of(["A", "X"])


def test_the_first_of_no_status_is_refused(reference: Reference) -> None:
    with pytest.raises(ValueError, match="empty"):
        reference.codelists["obs_status"].first_of([])


def test_sex_and_age_have_a_total(reference: Reference) -> None:
    assert reference.codelists["sex"].ids == (TOTAL, "M", "F")
    assert reference.codelists["age"].ids[0] == TOTAL


def test_ages_are_five_year_groups_with_both_open_ends_that_mic_used(reference: Reference) -> None:
    bands = [f"Y{first}T{first + 4}" for first in range(0, 100, 5)]

    assert reference.codelists["age"].ids == (TOTAL, *bands, "Y_GE90", "Y_GE100")


def test_age_labels_have_a_hyphen_and_no_wave_dash(reference: Reference) -> None:
    labels = reference.codelists["age"].labels

    assert labels["Y0T4"].ja == "0-4歳"
    assert not any(mark in one.ja for one in labels.values() for mark in "〜～~")


def test_every_age_group_of_mics_files_has_a_code(reference: Reference, shared_data: Path) -> None:
    known = {one.ja for one in reference.codelists["age"].labels.values()}
    texts = set()
    for path in (shared_data / "mynumber").glob("*/demographics.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            texts |= {row["年齢"] for row in csv.DictReader(file)}

    assert len(texts) == 23
    for text in texts - {"全体"}:
        label = text.replace("～", "-")
        assert (label if "歳" in label else f"{label}歳") in known


def test_percent_is_a_unit_and_every_indicator_uses_a_unit_of_the_list(reference: Reference) -> None:
    units = reference.codelists["unit"]

    assert units.get("PT").label.ja == "%"
    assert all(one.unit in units for one in reference.indicator_set.indicators)


def test_every_frequency_of_a_period_is_in_the_list(reference: Reference) -> None:
    assert set(FREQUENCIES.values()) <= set(reference.codelists["frequency"].ids)


def test_the_levels_are_those_of_the_model(reference: Reference) -> None:
    assert set(reference.codelists["level"].ids) == set(PARENT_LEVELS)
    assert {one.level for one in reference.areas} == set(PARENT_LEVELS) - {LOCAL}


@pytest.mark.parametrize(
    ("schema", "path", "list_id"),
    [
        ("indicators", "$defs/indicator/properties/kind", "kind"),
        ("indicators", "$defs/indicator/properties/collection", "collection"),
        ("indicators", "$defs/indicator/properties/direction", "direction"),
        ("indicators", "$defs/pair/properties/topic_match", "topic_match"),
        ("indicators", "$defs/pair/properties/comparability", "comparability"),
    ],
)
def test_the_choices_of_a_schema_are_the_codes_of_its_list(
    root: Path, reference: Reference, schema: str, path: str, list_id: str
) -> None:
    node = json.loads((root / f"catalog/reference/schemas/{schema}.schema.json").read_text("utf-8"))
    for key in path.split("/"):
        node = node[key]

    assert tuple(node["enum"]) == reference.codelists[list_id].ids


def test_the_national_list_has_every_level_but_that_of_local_areas(root: Path, reference: Reference) -> None:
    schema = json.loads((root / "catalog/reference/schemas/areas.schema.json").read_text("utf-8"))

    allowed = schema["items"]["properties"]["level"]["enum"]
    assert (*allowed, LOCAL) == reference.codelists["level"].ids


def test_every_file_of_codes_is_listed(root: Path, reference: Reference) -> None:
    files = {path.stem for path in (root / "catalog/reference/codelists").glob("*.csv")}

    assert files == set(reference.codelists)


def test_every_list_is_documented(root: Path, reference: Reference) -> None:
    text = (root / "docs/reference-data.md").read_text("utf-8")

    assert [one for one in reference.codelists if f"`{one}`" not in text] == []


def test_an_unknown_code_names_the_codes_and_the_nearest(reference: Reference) -> None:
    with pytest.raises(UnknownCode) as caught:
        reference.codelists["age"].get("Y0-4")

    assert caught.value.context["nearest"] == "Y0T4"
    assert "Y_GE100" in caught.value.context["allowed"]
    assert "Y0T4" in caught.value.message("ja")


def test_a_code_like_no_other_names_all_codes(reference: Reference) -> None:
    with pytest.raises(UnknownCode) as caught:
        reference.codelists["sex"].get("男性")

    assert caught.value.context["nearest"] is None
    assert "_T, M, F" in caught.value.message("en")


def test_an_error_does_not_list_thousands_of_codes() -> None:
    many = [f"{number:06d}" for number in range(MOST_CODES_NAMED + 1)]
    context = unknown_code(Label("地域", "area"), "zzz", many).context

    assert context["allowed_count"] == MOST_CODES_NAMED + 1
    assert "allowed" not in context


def test_finding_an_unknown_code_gives_none(reference: Reference) -> None:
    assert reference.codelists["sex"].find("X") is None
    assert "X" not in reference.codelists["sex"]


def test_a_code_list_survives_json(reference: Reference) -> None:
    for one in reference.codelists.values():
        assert CodeList.from_dict(one.to_dict()) == one
        assert len(one) == len(one.ids)


def test_a_code_without_a_rule_on_values_does_not_mention_one() -> None:
    assert Code("M", Label("男", "Male")).to_dict() == {"code": "M", "label": {"ja": "男", "en": "Male"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("KPI-12", "kpi-12"), ("ｋｐｉ-12", "kpi-12"), ("kpi12", "kpi-12"), ("zzz", None), ("", None)],
)
def test_the_nearest_text_is_found_whatever_its_width_and_case(value: str, expected: str | None) -> None:
    assert nearest(value, ["kpi-12", "kpi-13", "area"]) == expected


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_the_nearest_text_is_one_of_the_allowed_or_none(value: str, allowed: list[str]) -> None:
    assert nearest(value, allowed) in {None, *allowed}


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5, unique_by=_folded), st.data())
def test_an_allowed_text_is_nearest_to_itself(allowed: list[str], data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(allowed))

    assert nearest(value, allowed) == value
