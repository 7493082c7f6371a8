"""The draft indicators: what the document says of them, and what follows from counting."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from catalog.errors import UnknownCode
from catalog.model.indicator import OVERALL, IndicatorSet, KindCounts
from catalog.reference import Reference


def _one_line(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def test_there_are_fourteen_indicators_numbered_one_to_fourteen(reference: Reference) -> None:
    indicators = reference.indicator_set.indicators

    assert [one.number for one in indicators] == list(range(1, 15))
    assert [one.id for one in indicators] == [f"kpi-{number:02d}" for number in range(1, 15)]


def test_every_row_of_the_documents_table_is_carried_over_as_it_is(reference: Reference, document: str) -> None:
    marks = {"subjective": "主", "objective": "客"}

    for one in reference.indicator_set.indicators:
        group = reference.vision.get_group(one.smart).label.ja
        method = reference.codelists["collection"].get(one.collection).label.ja
        row = f"{one.number}{one.label.ja}{group}{marks[one.kind]}{method}"
        assert _one_line(row) in document


def test_the_kinds_are_five_to_nine_by_counting(reference: Reference) -> None:
    kinds = [one.kind for one in reference.indicator_set.indicators]

    assert reference.indicator_set.count_kinds() == KindCounts(subjective=5, objective=9)
    assert (kinds.count("subjective"), kinds.count("objective")) == (5, 9)


def test_eleven_are_citizen_surveys_one_a_company_survey_two_registers(reference: Reference) -> None:
    methods = [one.collection for one in reference.indicator_set.indicators]

    counted = {method: methods.count(method) for method in set(methods)}
    assert counted == {"citizen_survey": 11, "company_survey": 1, "register": 2}


def test_the_groups_hold_three_two_two_two_two_three(reference: Reference) -> None:
    sizes = [len(reference.indicator_set.in_group(one.id)) for one in reference.vision.groups]

    assert sizes == [3, 2, 2, 2, 2, 3]


def test_the_city_hall_is_the_only_smart_without_a_subjective_indicator(reference: Reference) -> None:
    assert reference.indicator_set.smarts_without_subjective() == ("cityhall",)


def test_overall_is_never_counted_among_the_smarts(reference: Reference) -> None:
    raw = reference.indicator_set.to_dict()
    raw["indicators"] = [one for one in raw["indicators"] if one["id"] != "kpi-03"]

    assert OVERALL not in IndicatorSet.from_dict(raw).smarts_without_subjective()


def test_an_unknown_indicator_names_the_known_ids_and_the_nearest(reference: Reference) -> None:
    with pytest.raises(UnknownCode) as caught:
        reference.indicator_set.get_indicator("KPI_12")

    assert caught.value.context["nearest"] == "kpi-12"
    assert caught.value.context["allowed"] == list(reference.indicator_set.ids)


def test_finding_an_unknown_indicator_gives_none(reference: Reference) -> None:
    assert reference.indicator_set.find_indicator("kpi-15") is None


def test_the_card_rate_has_two_definitions_that_are_not_comparable(reference: Reference) -> None:
    card = reference.indicator_set.get_indicator("kpi-12")

    assert card.definition_ids == ("kpi-12.issued", "kpi-12.possession")
    assert card.get_definition("kpi-12.issued").label.ja == "交付枚数率"
    possession = card.get_definition("kpi-12.possession")
    assert possession.label.ja == "保有枚数率"
    assert str(possession.valid_from) == "2023"
    assert possession.note is not None
    assert "比べることはできません" in possession.note.ja


def test_online_procedures_have_two_definitions(reference: Reference) -> None:
    online = reference.indicator_set.get_indicator("kpi-13")

    assert online.definition_ids == ("kpi-13.available", "kpi-13.done")


def test_a_definition_is_found_across_indicators_or_refused(reference: Reference) -> None:
    assert reference.indicator_set.get_definition("kpi-13.done").unit == "PT"
    with pytest.raises(UnknownCode) as caught:
        reference.indicator_set.get_definition("kpi-13.dune")
    assert caught.value.context["nearest"] == "kpi-13.done"


def test_an_indicator_refuses_the_definition_of_another(reference: Reference) -> None:
    with pytest.raises(UnknownCode):
        reference.indicator_set.get_indicator("kpi-12").get_definition("kpi-13.done")


def test_a_definition_takes_from_its_indicator_what_it_does_not_say(reference: Reference) -> None:
    five = reference.indicator_set.get_indicator("kpi-05")
    [definition] = five.definitions

    assert (definition.label, definition.numerator, definition.unit) == (five.label, five.numerator, five.unit)


def test_two_indicators_are_served_and_the_others_say_why_not(reference: Reference) -> None:
    served = {one.id: one.primary_dataset for one in reference.indicator_set.indicators if one.primary_dataset}
    reasons = [one.no_data_reason for one in reference.indicator_set.indicators if not one.primary_dataset]

    assert served == {"kpi-12": "mynumber-municipalities", "kpi-13": "procedures-online"}
    assert all(one is not None and "未収集" in one.ja and "no published figures yet" in one.en for one in reasons)


def test_there_are_five_pairs(reference: Reference) -> None:
    assert [one.id for one in reference.indicator_set.pairs] == ["5-4", "6-7", "9-8", "10-11", "3-2"]


def test_a_pair_holds_a_subjective_against_an_objective_indicator_of_one_group(reference: Reference) -> None:
    indicators = reference.indicator_set

    for pair in indicators.pairs:
        felt, fact = indicators.get_indicator(pair.subjective), indicators.get_indicator(pair.objective)
        assert (felt.kind, fact.kind) == ("subjective", "objective")
        assert felt.smart == fact.smart == pair.smart


def test_every_subjective_indicator_is_in_exactly_one_pair(reference: Reference) -> None:
    felt = [one.id for one in reference.indicator_set.indicators if one.kind == "subjective"]

    assert [len(reference.indicator_set.pairs_of(id)) for id in felt] == [1] * 5


@pytest.mark.parametrize(
    ("id", "same_population", "topic_match", "comparability"),
    [
        ("5-4", True, "near", "A"),
        ("6-7", False, "near", "B"),
        ("9-8", True, "exact", "A"),
        ("10-11", True, "loose", "C"),
        ("3-2", True, "near", "B"),
    ],
)
def test_a_pair_says_how_far_it_can_be_compared(
    reference: Reference, id: str, same_population: bool, topic_match: str, comparability: str
) -> None:
    pair = reference.indicator_set.get_pair(id)

    assert (pair.same_population, pair.topic_match, pair.comparability) == (
        same_population,
        topic_match,
        comparability,
    )


def test_citizens_and_companies_are_different_populations(reference: Reference) -> None:
    pair = reference.indicator_set.get_pair("6-7")
    methods = [reference.indicator_set.get_indicator(id).collection for id in (pair.subjective, pair.objective)]

    assert methods == ["citizen_survey", "company_survey"]
    assert not pair.same_respondents


def test_an_unknown_pair_names_the_pairs(reference: Reference) -> None:
    with pytest.raises(UnknownCode) as caught:
        reference.indicator_set.get_pair("4-5")

    assert caught.value.context["allowed"] == ["5-4", "6-7", "9-8", "10-11", "3-2"]


def test_an_indicator_set_survives_json(reference: Reference) -> None:
    raw = reference.indicator_set.to_dict()

    assert IndicatorSet.from_dict(raw) == reference.indicator_set


def test_every_definition_and_pair_is_documented(root: Path, reference: Reference) -> None:
    text = (root / "docs/reference-data.md").read_text("utf-8")
    definitions = [id for one in reference.indicator_set.indicators for id in one.definition_ids if one.primary_dataset]
    pairs = [f"| `{one.id}` | {one.smart} |" for one in reference.indicator_set.pairs]

    assert [one for one in [*definitions, *pairs] if one not in text] == []
