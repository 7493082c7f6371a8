"""From contributions to releases: new ones, corrections, late and vanished ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import Label
from catalog.model import TOTAL, Agent, Dataset, DataStructure, Dimension, Origin
from catalog.releases import BuiltRelease, build_release
from harvesters import Contribution
from harvesters.describe import describe
from harvesters.publishing.chain import Lineage, Step, iter_steps

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PUBLISHER = Agent("chiba-city", Label("千葉市", "Chiba City"))
KIND = Dimension("kind", Label("種別", "Kind"), {TOTAL: Label("総数", "Total"), "K1": Label("一", "One")})


def _dataset(**changes: Any) -> Dataset:
    return replace(describe("mynumber-prefectures", PUBLISHER), **changes)


def _contribution(
    day: str, value: float = 1.0, *, name: str | None = None, dataset: Dataset | None = None
) -> Contribution:
    described = dataset or _dataset()
    row = {
        "indicator_id": "kpi-12",
        "definition_id": "kpi-12.issued",
        "area_code": "120006",
        "period": day,
        "value": value,
        "unit": "PT",
        "obs_status": "A",
        **{one.id: TOTAL for one in described.structure.breakdowns},
    }
    return Contribution(
        dataset=described,
        table=described.structure.table([row]),
        issued=f"{day}T00:00:00+09:00",
        object=name or f"{day}.csv",
    )


def _lineage(contributions: list[Contribution]) -> Lineage:
    origins = {
        one.object: Origin(one.object, one.object.ljust(64, "0"), 1, "2026-11-22T09:00:00Z") for one in contributions
    }
    return Lineage(source="s", activity="shihyo.test 1", origins=origins)


def _steps(contributions: list[Contribution], parent: BuiltRelease | None = None) -> list[Step]:
    return list(iter_steps(contributions, parent, _lineage(contributions), now=NOW))


def _publish(steps: list[Step], folder: Path, parent: BuiltRelease | None = None) -> BuiltRelease:
    for step in steps:
        built = build_release(
            step.dataset,
            step.table,
            parent=parent,
            issued=step.issued,
            provenance=step.provenance,
            folder=folder,
        )
        assert built is not None
        parent = built
    assert parent is not None
    return parent


def _periods(step: Step) -> list[str]:
    return sorted(step.table["period"].to_pylist())


JANUARY, FEBRUARY, MARCH = (_contribution(f"2021-0{month}-01", float(month)) for month in (1, 2, 3))


def test_each_contribution_is_a_release_in_the_order_of_time_that_holds_all_before() -> None:
    steps = _steps([MARCH, JANUARY, FEBRUARY])
    assert [_periods(one) for one in steps] == [
        ["2021-01-01"],
        ["2021-01-01", "2021-02-01"],
        ["2021-01-01", "2021-02-01", "2021-03-01"],
    ]
    assert [one.issued[:10] for one in steps] == ["2021-01-01", "2021-02-01", "2021-03-01"]


def test_the_provenance_of_a_release_names_everything_it_came_from() -> None:
    *_, last = _steps([JANUARY, FEBRUARY])
    assert [one.name for one in last.provenance.origins] == ["2021-01-01.csv", "2021-02-01.csv"]


def test_what_is_published_already_is_not_published_again(tmp_path: Path) -> None:
    parent = _publish(_steps([JANUARY, FEBRUARY]), tmp_path)
    assert _steps([JANUARY, FEBRUARY], parent) == []


def test_an_interrupted_series_goes_on_where_it_stopped_with_the_same_digests(tmp_path: Path) -> None:
    whole = _publish(_steps([JANUARY, FEBRUARY, MARCH]), tmp_path / "whole")
    first = _publish(_steps([JANUARY]), tmp_path / "parts")
    rest = _steps([JANUARY, FEBRUARY, MARCH], first)
    assert len(rest) == 2
    assert _publish(rest, tmp_path / "parts", first).digest == whole.digest


def test_a_revised_past_is_one_correction_that_is_known_only_now(tmp_path: Path) -> None:
    parent = _publish(_steps([JANUARY, FEBRUARY]), tmp_path)
    [step] = _steps([_contribution("2021-01-01", 1.5), FEBRUARY], parent)
    assert step.issued == NOW.isoformat()
    assert step.table["value"].to_pylist() == [1.5, 2.0]


def test_a_late_file_corrects_the_past_and_new_ones_follow_it(tmp_path: Path) -> None:
    parent = _publish(_steps([JANUARY, MARCH]), tmp_path)
    april = _contribution("2021-04-01", 4.0)
    correction, new = _steps([JANUARY, FEBRUARY, MARCH, april], parent)
    assert (correction.issued, len(_periods(correction))) == (NOW.isoformat(), 3)
    assert _periods(new)[-1] == "2021-04-01"


def test_no_release_is_issued_before_the_one_before(tmp_path: Path) -> None:
    parent = _publish(_steps([JANUARY]), tmp_path)
    april = _contribution("2021-04-01", 4.0)
    correction, new = _steps([_contribution("2021-01-01", 1.5), april], parent)
    assert new.issued == correction.issued == NOW.isoformat()


def test_a_new_description_is_published_with_the_figures_known_when_they_were(tmp_path: Path) -> None:
    parent = _publish(_steps([JANUARY]), tmp_path)
    renamed = _dataset(title=Label("新しい題名", "New title"))
    [step] = _steps([_contribution("2021-01-01", 1.0, dataset=renamed)], parent)
    assert step.dataset.title.en == "New title"
    assert step.issued == parent.manifest.issued


def test_observations_of_a_file_that_is_gone_stay(tmp_path: Path) -> None:
    parent = _publish(_steps([JANUARY, FEBRUARY]), tmp_path)
    [step] = _steps([FEBRUARY, MARCH], parent)
    assert _periods(step) == ["2021-01-01", "2021-02-01", "2021-03-01"]
    assert step.provenance.origins[0].name == "2021-01-01.csv"


def test_nothing_is_published_when_only_old_files_are_gone(tmp_path: Path) -> None:
    parent = _publish(_steps([JANUARY, FEBRUARY]), tmp_path)
    assert _steps([FEBRUARY], parent) == []


def test_a_file_that_takes_a_row_back_takes_it_back(tmp_path: Path) -> None:
    two = JANUARY.table.to_pylist()
    two.append({**two[0], "area_code": "130001"})
    dataset = JANUARY.dataset
    parent = _publish(_steps([replace(JANUARY, table=dataset.structure.table(two))]), tmp_path)
    [step] = _steps([JANUARY], parent)
    assert step.table["area_code"].to_pylist() == ["120006"]


def test_codes_that_only_published_rows_use_stay_in_the_structure(tmp_path: Path) -> None:
    old = _dataset(structure=DataStructure((replace(KIND, codes={**KIND.codes, "OLD": Label("旧", "Old")}),)))
    new = _dataset(structure=DataStructure((KIND,)))
    first = _contribution("2021-01-01", dataset=old)
    with_old = first.table.set_column(
        first.table.column_names.index("kind"), first.table.schema.field("kind"), [["OLD"]]
    )
    parent = _publish(_steps([replace(first, table=with_old)]), tmp_path)
    [step] = _steps([_contribution("2021-02-01", dataset=new)], parent)
    assert list(step.dataset.structure.get_breakdown("kind").codes) == [TOTAL, "K1", "OLD"]


def test_rows_of_another_structure_are_left_behind(tmp_path: Path) -> None:
    parent = _publish(_steps([JANUARY]), tmp_path)
    broken_down = _dataset(structure=DataStructure((KIND,)))
    [step] = _steps([_contribution("2021-02-01", dataset=broken_down)], parent)
    assert _periods(step) == ["2021-02-01"]


def _edition(first: int, last: int, value: float, known: str) -> Contribution:
    one = _contribution(known, name=f"edition-{known}.csv")
    row = one.table.to_pylist()[0]
    rows = [{**row, "period": str(year), "value": value} for year in range(first, last + 1)]
    return replace(one, table=one.dataset.structure.table(rows))


def test_an_edition_that_goes_some_years_back_revises_the_one_before(tmp_path: Path) -> None:
    editions = [_edition(2018, 2020, 1.0, "2021-06-01"), _edition(2019, 2021, 2.0, "2022-06-01")]
    _, second = _steps(editions)
    assert dict(zip(_periods(second), second.table["value"].to_pylist(), strict=True)) == {
        "2018": 1.0,
        "2019": 2.0,
        "2020": 2.0,
        "2021": 2.0,
    }
    parent = _publish(_steps(editions), tmp_path)
    [third] = _steps([*editions, _edition(2020, 2022, 2.0, "2023-06-01")], parent)
    assert _periods(third) == ["2018", "2019", "2020", "2021", "2022"]


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_no_contribution_means_no_step(tmp_path: Path, parts: int) -> None:
    parent = _publish(_steps([JANUARY, FEBRUARY, MARCH][:parts]), tmp_path)
    assert _steps([], parent) == []
