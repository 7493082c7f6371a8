from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from catalog.errors import CheckFailed
from catalog.model import DataStructure
from catalog.reference import load_reference
from catalog.releases import Finding, check_table, require_passed

MONTHS = range(1, 13)


@pytest.fixture
def check(specimen: Any) -> Any:
    """Return a function that checks rows and returns what it found."""
    reference = load_reference()
    areas = {one.code for one in reference.areas}

    def checked(*rows: dict[str, Any], structure: DataStructure | None = None) -> list[Finding]:
        dataset = specimen.dataset(structure=structure or specimen.structure)
        table = specimen.table(list(rows), dataset.structure)
        return check_table(dataset, table, reference.codelists, areas=areas)

    return checked


def test_a_good_table_has_no_findings(check: Any, specimen: Any) -> None:
    missing = specimen.row(period="FY2019", value=None, obs_status="M", numerator=None, denominator=None)
    assert check(specimen.row(), missing) == []


def test_an_empty_table_has_no_findings(check: Any) -> None:
    assert check() == []


@pytest.mark.parametrize(
    ("rule", "column", "change"),
    [
        ("required", "unit", {"unit": None}),
        ("required", "period", {"period": None}),
        ("pattern", "indicator_id", {"indicator_id": "KPI 12"}),
        ("pattern", "area_code", {"area_code": "12100"}),
        ("code-unknown", "area_code", {"area_code": "121003"}),
        ("code-unknown", "indicator_id", {"indicator_id": "kpi-13"}),
        ("code-unknown", "unit", {"unit": "XX"}),
        ("code-unknown", "obs_status", {"obs_status": "Z"}),
        ("period", "period", {"period": "2021-04"}),
        ("period", "period", {"period": "2021-02-29"}),
        ("layout", "note", {"note": ""}),
        ("layout", "note", {"note": "a\nb"}),
        ("layout", "note", {"note": " a"}),
        ("layout", "note", {"note": "a　"}),
        ("layout", "note", {"note": "a\tb"}),
        ("minimum", "n", {"n": -1}),
        ("not-finite", "n_eff", {"n_eff": float("inf")}),
        ("not-finite", "ci_lower", {"ci_lower": float("nan")}),
        ("missing-needs-reason", "obs_status", {"value": None}),
        ("missing-needs-reason", "obs_status", {"value": None, "obs_status": "P"}),
        ("value-with-missing-status", "obs_status", {"obs_status": "M"}),
        ("value-with-missing-status", "obs_status", {"obs_status": "Q"}),
        ("percent-range", "value", {"value": 100.1, "numerator": None}),
        ("percent-range", "value", {"value": -0.1, "numerator": None}),
        ("numerator-above-denominator", "numerator", {"numerator": 972517.0}),
        ("count-negative", "numerator", {"numerator": -1.0}),
        ("denominator-zero", "denominator", {"numerator": 0.0, "denominator": 0.0}),
        ("interval", "ci_lower", {"ci_lower": 40.0, "ci_upper": 30.0}),
        ("interval", "ci_lower", {"ci_lower": 33.0, "ci_upper": 34.0}),
    ],
)
def test_each_rule_finds_the_row_that_breaks_it(
    check: Any, specimen: Any, rule: str, column: str, change: dict[str, Any]
) -> None:
    good = specimen.row(period="2020-04-01")
    found = [one for one in check(good, specimen.row(**change)) if one.rule == rule]
    assert [(one.column, one.row, one.severity) for one in found] == [(column, 2, "error")]
    assert found[0].what.ja
    assert found[0].what.en


@pytest.mark.parametrize("status", ["O", "M", "L", "H", "Q", "K"])
def test_a_missing_value_with_its_reason_passes(check: Any, specimen: Any, status: str) -> None:
    assert check(specimen.row(value=None, obs_status=status)) == []


@pytest.mark.parametrize("status", ["D", "W", "I", "F", "E", "P", "N", "U", "V", "G", "A", "B"])
def test_a_value_with_a_status_of_values_passes(check: Any, specimen: Any, status: str) -> None:
    assert check(specimen.row(obs_status=status)) == []


def test_a_break_may_be_missing_or_not(check: Any, specimen: Any) -> None:
    assert check(specimen.row(value=None, obs_status="B")) == []


def test_both_rows_of_a_duplicate_key_are_named(check: Any, specimen: Any) -> None:
    other = specimen.row(area_code="011002")
    found = check(specimen.row(), other, specimen.row(value=33.0, numerator=None))
    assert [(one.rule, one.row, one.total) for one in found] == [("duplicate-key", 1, 2), ("duplicate-key", 3, 2)]
    assert found[0].key == {
        "indicator_id": "kpi-12",
        "definition_id": "kpi-12.issued",
        "area_code": "121002",
        "period": "2021-04-01",
    }


def test_the_same_key_in_another_breakdown_is_no_duplicate(check: Any, specimen: Any) -> None:
    assert check(specimen.row(sex="M"), specimen.row(sex="F"), structure=specimen.by_sex) == []


def test_a_code_of_a_breakdown_that_is_not_in_its_list_is_found(check: Any, specimen: Any) -> None:
    found = check(specimen.row(sex="X"), structure=specimen.by_sex)
    assert [(one.rule, one.column, one.value) for one in found] == [("code-unknown", "sex", "X")]


def test_an_unknown_code_comes_with_the_nearest_one(check: Any, specimen: Any) -> None:
    [found] = check(specimen.row(area_code="121001"))
    assert "did you mean" in found.what.en


def test_a_rate_that_is_not_its_fraction_is_a_warning(check: Any, specimen: Any) -> None:
    [found] = check(specimen.row(value=32.7))
    assert (found.rule, found.severity) == ("rate-differs", "warning")
    assert "32.7614" in found.what.en


@pytest.mark.parametrize(
    ("value", "numerator", "denominator"),
    [(32.8, 318610.0, 972516.0), (50.0, 1.0, 2.0), (66.7, 2.0, 3.0), (0.1, 1.0, 2000.0)],
)
def test_a_rate_rounded_to_the_digits_that_are_printed_passes(
    check: Any, specimen: Any, value: float, numerator: float, denominator: float
) -> None:
    one_digit = specimen.row(period="2020-04-01", value=19.5, numerator=195.0, denominator=1000.0)
    assert check(one_digit, specimen.row(value=value, numerator=numerator, denominator=denominator)) == []


def test_the_printed_digits_are_those_of_the_whole_definition(check: Any, specimen: Any) -> None:
    """25.0 among values of one digit is 25.0 and not "about 25"."""
    one_digit = specimen.row(period="2020-04-01", value=19.5, numerator=195.0, denominator=1000.0)
    [found] = check(one_digit, specimen.row(value=25.0, numerator=253.0, denominator=1000.0))
    assert (found.rule, found.row) == ("rate-differs", 2)


def test_a_count_is_not_held_to_the_rules_of_percentages(check: Any, specimen: Any) -> None:
    assert check(specimen.row(value=318610.0, unit="PS", numerator=None, denominator=None)) == []


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("column-missing", lambda table: table.drop(["note"])),
        ("column-unknown", lambda table: table.append_column("extra", pa.array(["x"]))),
        ("column-order", lambda table: table.select(table.column_names[::-1])),
        ("column-type", lambda table: table.set_column(4, "value", pa.array(["32.8"]))),
        ("column-type", lambda table: table.set_column(8, "numerator_date", pa.array(["2021-04-01"]))),
    ],
)
def test_other_columns_or_types_are_found_before_anything_else(specimen: Any, rule: str, change: Any) -> None:
    table = change(specimen.table([specimen.row(obs_status="Z", numerator_date=date(2021, 4, 1))]))
    found = check_table(specimen.dataset(), table, load_reference().codelists)
    assert {one.rule for one in found} == {rule}


def test_a_hostile_text_in_a_code_is_data_and_not_sql(check: Any, specimen: Any) -> None:
    found = check(specimen.row(unit="'); DROP TABLE observations; --", definition_id='x"y'))
    assert {one.rule for one in found} == {"code-unknown", "pattern"}


def test_of_many_broken_rows_a_thousand_are_named_and_all_are_counted(check: Any, specimen: Any) -> None:
    rows = [specimen.row(period=str(1000 + number), value=None) for number in range(1500)]
    found = check(*rows)
    assert len(found) == 1000
    assert {one.total for one in found} == {1500}


def test_a_warning_lets_the_table_through(check: Any, specimen: Any) -> None:
    require_passed(specimen.dataset(), check(specimen.row(value=32.7)))


def test_an_error_keeps_the_table_out_and_says_how_many_there_are(check: Any, specimen: Any) -> None:
    findings = check(specimen.row(value=None), specimen.row(period="2021-04"))
    with pytest.raises(CheckFailed) as caught:
        require_passed(specimen.dataset(), findings)
    assert "2 errors" in caught.value.what.en
    assert caught.value.context["rule"] in {"period", "missing-needs-reason"}
    assert len(caught.value.context["findings"]) == 2


@pytest.mark.parametrize("text", ["\0", "'; DROP TABLE given; --", "a\nb", " ", "", "'", "$1"], ids=repr)
def test_a_text_that_all_rows_have_is_data_and_not_sql(check: Any, specimen: Any, text: str) -> None:
    found = check(specimen.row(unit=text), specimen.row(unit=text, period="FY2019"))
    unknown = [one for one in found if (one.rule, one.column) == ("code-unknown", "unit")]
    assert [(one.row, one.value, one.total) for one in unknown] == [(1, text, 2), (2, text, 2)]


def test_what_all_rows_lack_is_found_in_each(check: Any, specimen: Any) -> None:
    rows = [specimen.row(period=period, value=None) for period in ("FY2019", "FY2020")]
    assert [(one.rule, one.row) for one in check(*rows)] == [("missing-needs-reason", 1), ("missing-needs-reason", 2)]
