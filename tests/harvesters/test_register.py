"""A register of procedures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import InputError
from harvesters import Context, Contribution
from harvesters.readers import Meaning
from harvesters.registry import harvesters

NIL = {"-": Meaning.NIL}
HEADER = "手続名,所管課,年間件数,うちオンライン,オンライン化年月日,備考"


@pytest.fixture
def harvest(make_source, make_context) -> Callable[..., tuple[Contribution, Context]]:
    """Return a function that harvests one register."""

    def run(path: Path, **options: Any) -> tuple[Contribution, Context]:
        context = make_context(make_source("register", path=path, area="121002", **{"markers": NIL, **options}))
        kind = harvesters()["register"]
        [wanted] = kind.gather(context)
        [found] = kind.transform(context, kind.fetch(context, wanted, None))
        return found, context

    return run


@pytest.fixture
def make_register(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a register."""

    def make(*rows: str, header: str = HEADER, note: str = "※件数は令和5年度実績") -> Path:
        path = tmp_path / "手続.csv"
        path.write_text("\n".join([header, *rows, f"{note}{',' * header.count(',')}", ""]), "utf-8")
        return path

    return make


def shares(contribution: Contribution) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the observations by definition and the label of the department."""
    labels = contribution.dataset.structure.get_breakdown("department").codes
    return {(row["definition_id"], labels[row["department"]].ja): row for row in contribution.table.to_pylist()}


def done(contribution: Contribution, department: str = "総数") -> tuple[Any, ...]:
    row = shares(contribution)["kpi-13.done", department]
    return row["numerator"], row["denominator"]


def available(contribution: Contribution) -> tuple[Any, ...]:
    row = shares(contribution)["kpi-13.available", "総数"]
    return row["numerator"], row["denominator"]


def test_the_share_equals_the_truth(shared_data, harvest):
    truth = json.loads((shared_data / "cityhall" / "truth.json").read_text("utf-8"))["online/total"]
    found, context = harvest(shared_data / "cityhall" / "オンライン手続_庁内データ.csv")
    row = shares(found)["kpi-13.done", "総数"]
    assert (row["numerator"], row["denominator"]) == (truth["numerator"], truth["denominator"])
    assert row["value"] == pytest.approx(truth["value"], abs=1e-6)
    assert (context.tally.accepted, context.tally.rejected) == (truth["rows"], 0)


def test_departments_add_up_to_the_whole(shared_data, harvest):
    rows = shares(harvest(shared_data / "cityhall" / "オンライン手続_庁内データ.csv")[0])
    for column in ("numerator", "denominator"):
        parts = sum(
            row[column] for (definition, name), row in rows.items() if definition == "kpi-13.done" and name != "総数"
        )
        assert parts == rows["kpi-13.done", "総数"][column]


def test_the_total_of_the_register_is_no_procedure_and_is_checked(make_register, harvest):
    path = make_register("転入届,市民課,100,40,R3.4.1,", '合計,,"1,000",40,,')
    found, context = harvest(path)
    assert done(found) == (40, 100)
    [one] = context.findings.examples["total-differs"]
    assert (one.place.cell, one.value) == ("C3", "1000 ≠ 100")


def test_the_year_is_found_in_the_note_and_told(make_register, harvest):
    found, context = harvest(make_register("転入届,市民課,100,40,R3.4.1,"))
    assert set(found.table["period"].to_pylist()) == {"FY2023"}
    assert context.findings.examples["detected-period"][0].value == "FY2023"


def test_numbers_with_units_separators_and_full_width_are_read_and_reported(make_register, harvest):
    found, context = harvest(make_register('転入届,市民課,"1,000件",４００,R3.4.1,'))
    assert done(found) == (400, 1000)
    assert context.findings.counts["cell-number-repaired"] == 2


def test_a_blank_of_a_procedure_that_is_not_online_is_none_and_that_is_told(make_register, harvest):
    found, context = harvest(
        make_register("a,市民課,100,,未実施,", "b,市民課,100,,,", "c,市民課,100,,―,", "d,市民課,100,50,R3.4.1,")
    )
    assert done(found) == (50, 400)
    assert context.findings.counts["online-blank"] == 3


def test_a_blank_of_a_procedure_that_is_online_is_unknown_and_left_out(make_register, harvest):
    found, context = harvest(make_register("a,市民課,100,,R3.4.1,", "d,市民課,100,50,R3.4.1,"))
    assert done(found) == (50, 100)
    assert available(found) == (2, 2)
    assert context.findings.examples["online-missing"][0].place.cell == "D2"


def test_a_dash_means_what_is_declared_and_nothing_otherwise(make_register, harvest):
    path = make_register("a,市民課,100,-,未実施,", "d,市民課,100,50,R3.4.1,")
    assert done(harvest(path)[0]) == (50, 200)
    found, context = harvest(path, markers=None)
    assert done(found) == (50, 100)
    assert context.findings.examples["cell-marker-unknown"][0].place.cell == "D2"


def test_more_online_cases_than_cases_are_left_out_and_named(make_register, harvest):
    found, context = harvest(make_register("a,市民課,100,150,R3.4.1,", "d,市民課,100,50,R3.4.1,"))
    assert done(found) == (50, 100)
    assert context.findings.examples["online-exceeds-cases"][0].value == "150 > 100"


def test_online_cases_of_a_procedure_that_is_not_online_are_used_and_told(make_register, harvest):
    found, context = harvest(make_register("a,市民課,100,50,未実施,"))
    assert (done(found), available(found)) == ((50, 100), (0, 1))
    assert context.findings.counts["online-before-start"] == 1


@pytest.mark.parametrize("since", ["R3.4.1", "H31.4.1", "令和元年5月7日", "2021/7/1", "2023-04-01"])
def test_a_day_in_any_writing_makes_a_procedure_available(make_register, harvest, since):
    assert available(harvest(make_register(f"a,市民課,100,50,{since},"))[0]) == (1, 1)


def test_a_day_that_does_not_exist_is_a_complaint(make_register, harvest):
    found, context = harvest(make_register("a,市民課,100,50,H31.41,"))
    assert available(found) == (0, 1)
    assert context.findings.examples["cell-not-a-date"][0].place.cell == "E2"


def test_the_second_row_of_a_procedure_is_left_out(make_register, harvest):
    found, context = harvest(make_register("転入届,市民課,100,40,R3.4.1,", "転入届,市民課,100,40,R3.4.1,"))
    assert done(found) == (40, 100)
    assert (context.tally.accepted, context.tally.rejected) == (1, 1)


def test_columns_of_ones_own_are_declared(make_register, harvest):
    path = make_register("転入届,100,40", header="事務,総数(件),電子(件)")
    found, _ = harvest(path, columns={"name": "事務", "cases": "総数(件)", "online": "電子(件)"})
    assert done(found) == (40, 100)
    assert available(found) == (1, 1)


def test_a_column_that_is_missing_is_an_error_that_names_the_nearest(make_register, harvest):
    with pytest.raises(InputError, match="年間件数") as caught:
        harvest(make_register("転入届,100,40", header="手続名,年問件数,うちオンライン"))
    assert "年問件数" in caught.value.next_step.ja


def test_no_cases_at_all_make_no_share(make_register, harvest):
    found, _ = harvest(make_register("転入届,市民課,0,0,未実施,"))
    row = shares(found)["kpi-13.done", "総数"]
    assert (row["value"], row["obs_status"]) == (None, "M")


def test_a_number_of_another_unit_than_the_others_of_the_register_is_refused(make_register, harvest):
    found, context = harvest(
        make_register("a,市民課,100件,40件,R3.4.1,", "b,市民課,12人,1件,R3.4.1,", "c,市民課,100,50.2%,R3.4.1,")
    )
    assert done(found) == (40, 100)
    assert [(one.place.cell, one.value, one.detail.ja) for one in context.findings.examples["unit-contradicts"]] == [
        ("C3", "12人", "セルの単位は「人」、列の単位は「件」（同じ列の3個のセルが「件」）"),
        ("D4", "50.2%", "セルの単位は「%」、列の単位は「件・人などの数」（人数・件数の列）"),
    ]


def test_cases_in_thousands_are_refused_because_nobody_declared_them(make_register, harvest):
    found, context = harvest(make_register("a,市民課,100件,40件,R3.4.1,", "b,市民課,3.5千件,1件,R3.4.1,"))
    assert done(found) == (40, 100)
    [one] = context.findings.examples["unit-contradicts"]
    assert (str(one.place), one.value) == ("手続.csv / C3", "3.5千件")
