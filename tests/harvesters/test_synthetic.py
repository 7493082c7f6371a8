"""The mark of made-up observations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from catalog.errors import Label
from catalog.model import Agent, Dimension
from harvesters.base import Contribution
from harvesters.describe import describe
from harvesters.synthetic import MARK, mark_synthetic


@pytest.fixture
def contribution() -> Contribution:
    """Return a contribution of three observations: without a note, with one, and one that is marked already."""
    publisher = Agent("another-city", Label("別の市", "Another city"))
    dataset = describe(
        "citizen-survey", publisher, Dimension("sex", Label("性別", "Sex"), {"_T": Label("計", "Total")})
    )
    common: dict[str, Any] = {"definition_id": "kpi-01.draft", "area_code": "121002", "period": "FY2023", "sex": "_T"}
    notes = {"kpi-01": None, "kpi-02": "秘匿", "kpi-03": f"{MARK}秘匿"}
    rows = [
        {**common, "indicator_id": id, "value": 1.0, "unit": "PT", "obs_status": "A", "note": note}
        for id, note in notes.items()
    ]
    return Contribution(
        dataset=dataset, table=dataset.structure.table(rows), issued="2024-03-31T00:00:00+09:00", object="a"
    )


def test_each_observation_of_a_made_up_dataset_is_marked_once(contribution: Contribution) -> None:
    made_up = replace(contribution, dataset=replace(contribution.dataset, synthetic=True))
    marked = mark_synthetic(made_up).table
    assert marked["note"].to_pylist() == [MARK, f"{MARK}秘匿", f"{MARK}秘匿"]
    assert marked.schema == contribution.table.schema
    assert marked.drop_columns(["note"]) == contribution.table.drop_columns(["note"])


def test_real_observations_stay_as_they_are(contribution: Contribution) -> None:
    assert mark_synthetic(contribution) is contribution


def test_a_made_up_dataset_without_observations_stays_without(contribution: Contribution) -> None:
    empty = replace(
        contribution, dataset=replace(contribution.dataset, synthetic=True), table=contribution.table.slice(0, 0)
    )
    assert mark_synthetic(empty).table.num_rows == 0
