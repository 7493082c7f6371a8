from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.formats import write_parquet
from catalog.model import ChangeCounts
from catalog.releases import diff_tables

AREAS = ("011002", "121002", "122041")
tables = st.dictionaries(
    st.tuples(st.sampled_from(AREAS), st.sampled_from(["2020", "2021", "FY2021"])),
    st.tuples(st.one_of(st.none(), st.sampled_from([1.0, 2.5])), st.one_of(st.none(), st.sampled_from(["a", "b"]))),
)


def as_table(specimen: Any, cells: dict[tuple[str, str], tuple[float | None, str | None]]) -> Any:
    rows = [
        specimen.row(area_code=area, period=period, value=value, note=note, obs_status="A" if value else "M")
        for (area, period), (value, note) in cells.items()
    ]
    return specimen.table(rows)


@settings(max_examples=40)
@given(old=tables, new=tables)
def test_the_counts_are_those_of_a_comparison_by_hand(specimen: Any, old: Any, new: Any) -> None:
    diff = diff_tables(as_table(specimen, old), as_table(specimen, new), specimen.structure)
    both = old.keys() & new.keys()
    assert diff.counts == ChangeCounts(
        added=len(new.keys() - old.keys()),
        removed=len(old.keys() - new.keys()),
        changed=sum(old[key] != new[key] for key in both),
        revised=sum(old[key][0] != new[key][0] for key in both),
    )
    assert (diff.before, diff.after) == (len(old), len(new))


def test_equal_tables_have_an_empty_diff(specimen: Any) -> None:
    table = specimen.rates("2021-M01", "2021-M02")
    assert diff_tables(table, table.take(list(reversed(range(6)))), specimen.structure).is_empty


def test_the_first_release_adds_everything(specimen: Any) -> None:
    diff = diff_tables(None, specimen.rates("2021-M01"), specimen.structure)
    assert diff.counts == ChangeCounts(added=3)
    assert diff.new["area_code"] == AREAS
    assert diff.revised_share == 0


def test_a_release_is_compared_from_its_parquet_file(specimen: Any, tmp_path: Path) -> None:
    write_parquet(specimen.rates("2021-M01"), specimen.structure, tmp_path / "old.parquet", {})
    diff = diff_tables(tmp_path / "old.parquet", specimen.rates("2021-M01", "2021-M02"), specimen.structure)
    assert diff.counts == ChangeCounts(added=3)
    assert diff.new == {"period": ("2021-M02",)}


def test_gone_codes_and_periods_are_listed(specimen: Any) -> None:
    old = specimen.table([specimen.row(), specimen.row(area_code="011002", period="2020")])
    diff = diff_tables(old, specimen.table([specimen.row()]), specimen.structure)
    assert diff.gone == {"area_code": ("011002",), "period": ("2020",)}
    assert diff.new == {}


def test_a_changed_unit_is_listed_with_its_definition(specimen: Any) -> None:
    diff = diff_tables(specimen.table([specimen.row()]), specimen.table([specimen.row(unit="PP")]), specimen.structure)
    assert diff.units == (("kpi-12.issued", "PT", "PP"),)


def test_a_break_counts_where_it_is_new(specimen: Any) -> None:
    before = specimen.table([specimen.row(obs_status="B")])
    after = specimen.table([specimen.row(obs_status="B"), specimen.row(period="2022", obs_status="B")])
    assert diff_tables(before, after, specimen.structure).breaks == (("kpi-12.issued", "2022"),)


def test_an_example_shows_what_was_and_what_is(specimen: Any) -> None:
    before, after = specimen.table([specimen.row()]), specimen.table([specimen.row(value=32.9, note="訂正")])
    [example] = diff_tables(before, after, specimen.structure).examples
    assert example.kind == "revised"
    assert example.key["area_code"] == "121002"
    assert example.before == {"value": 32.8, "note": None}
    assert example.after == {"value": 32.9, "note": "訂正"}


def test_each_kind_of_change_has_its_first_examples(specimen: Any) -> None:
    before = specimen.rates("2020", "2021")
    after = specimen.rates("2022", "2021")
    diff = diff_tables(before, after, specimen.structure, examples=2)
    kinds = [example.kind for example in diff.examples]
    assert kinds == ["added", "added", "removed", "removed"]


def test_a_value_that_becomes_missing_is_a_revision(specimen: Any) -> None:
    after = specimen.table([specimen.row(value=None, obs_status="M")])
    assert diff_tables(specimen.table([specimen.row()]), after, specimen.structure).counts.revised == 1


def test_a_new_breakdown_keeps_the_totals_comparable(specimen: Any) -> None:
    after = specimen.table([specimen.row(sex="_T"), specimen.row(sex="M", value=1.0)], specimen.by_sex)
    diff = diff_tables(specimen.table([specimen.row()]), after, specimen.by_sex)
    assert diff.counts == ChangeCounts(added=1)
    assert diff.columns_new == ("sex",)


def test_a_breakdown_that_goes_takes_its_rows_with_it(specimen: Any) -> None:
    before = specimen.table([specimen.row(sex="_T"), specimen.row(sex="M", value=1.0)], specimen.by_sex)
    diff = diff_tables(before, specimen.table([specimen.row()]), specimen.structure)
    assert diff.counts == ChangeCounts(removed=1)
    assert diff.columns_gone == ("sex",)


def test_the_share_of_revised_values_counts_removed_ones_too(specimen: Any) -> None:
    before = specimen.rates("2020", "2021")
    after = specimen.table(before.to_pylist()[:-1])
    assert diff_tables(before, after, specimen.structure).revised_share == pytest.approx(1 / 6)


def test_the_diff_is_json(specimen: Any) -> None:
    diff = diff_tables(specimen.rates("2020"), specimen.rates("2021", extra=1), specimen.structure)
    assert json.loads(json.dumps(diff.to_dict()))["counts"]["added"] == 3


def test_two_empty_tables_do_not_differ(specimen: Any) -> None:
    assert diff_tables(specimen.table([]), specimen.table([]), specimen.structure).is_empty
