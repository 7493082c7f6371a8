"""A plan tells what the run then does: releases, counts, holds and outcome, whatever the files are."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from harvesters.guards.declared import GUARDS

Year = Callable[..., dict[tuple[str, str], float]]

_IDS = {one.id for one in GUARDS}

_KINDS = ("new", "revise", "truncate", "fractions", "future", "empty", "gone", "header", "broken", "twice")


def _change(bench: Any, figures: Year, chance: random.Random) -> None:
    """Do one of the things that happen to files."""
    kind = chance.choice(
        ["new", "revise", "truncate", "fractions", "future", "empty", "gone", "header", "broken", "twice"]
    )
    name = chance.choice(["a.csv", "b.csv", "other.csv"])
    period = chance.choice(["2022", "2023", "2024"])
    values = figures(period, value=chance.choice([40, 41]))
    file = bench.folder / name
    if kind == "revise":
        values |= {key: values[key] + 1 for key in chance.sample(sorted(values), chance.choice([1, 6]))}
    elif kind == "truncate":
        values = dict(list(values.items())[: chance.choice([3, 18])])
    elif kind == "fractions":
        values = {key: value / 100 for key, value in values.items()}
    elif kind == "future":
        values = figures("2098")
    elif kind == "empty":
        values = {}
    bench.write(name, values, extra={"備考": "-"} if kind == "header" else None)
    if kind == "broken":
        file.write_text("都道府県,年\n千葉県,2024\n", "utf-8")
    elif kind == "twice":
        file.write_text(file.read_text("utf-8") + "010006,2024,12\n010006,2024,13\n", "utf-8")
    elif kind == "gone":
        file.unlink()


def _told(one: Any) -> dict[str, Any]:
    return {
        "releases": [(each.sequence, each.version, each.changes, each.observations) for each in one.releases],
        "guards": [(trip["guard"], trip["what"], trip["total"]) for trip in one.trips],
        "error": one.error["code"] if one.error else None,
    }


@pytest.mark.parametrize("seed", range(8))
def test_random_changes_give_the_same_releases_holds_and_exit_codes(bench: Any, figures: Year, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(4):
        _change(bench, figures, chance)
        plan = bench.plan()
        report = bench.run()
        published = {one.name: one for one in report.datasets}
        if plan.error is not None:
            assert report.error == plan.error
            continue
        for planned in plan.datasets:
            run = published[planned.name]
            expected, actual = _told(planned), _told(run)
            if run.action in {"held", "rejected"}:
                assert str(planned.passage) == run.action
                assert planned.trips
                del expected["releases"]
                assert actual.pop("releases") == []
            assert actual == expected
            assert {guard for guard, _, _ in actual["guards"]} <= _IDS
        assert (plan.exit_code == 3) == (report.exit_code != 0)
        assert (plan.exit_code == 2) == (report.exit_code == 0 and report.published > 0)


def test_a_plan_counts_what_is_added_changed_removed_missing_and_unknown(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2022"))
    bench.run()
    (bench.folder / "b.csv").unlink()
    bench.write("a.csv", figures("2023") | {("010006", "2023"): 41.0})
    bench.write("c.csv", figures("2024"))
    plan = bench.plan()
    assert plan.datasets[0].counts == {"added": 20, "changed": 1, "removed": 0, "missing": 20, "unknown": 0}
    kinds = {one.kind: one for one in plan.datasets[0].examples}
    assert (kinds["revised"].before, kinds["revised"].after) == ({"value": 40.0}, {"value": 41.0})
    assert kinds["missing"].key["period"] == "2022"
    lines = plan.lines("ja")
    assert "    ~ kpi-12 kpi-12.issued 010006 2023: 40.0 → 41.0" in lines
    assert "    収集元にもうない公開済みの観測値（残す）: 20" in lines
    (bench.folder / "c.csv").write_bytes(b"\x00\x01")
    told = bench.plan()
    assert told.datasets[0].counts == {"added": 0, "changed": 1, "removed": 0, "missing": 0, "unknown": 20}
    assert told.exit_code == 3


def test_a_plan_of_a_hold_shows_guard_figures_and_that_nothing_would_be_published(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2099"))
    before = bench.current()
    plan = bench.plan()
    assert plan.exit_code == 3
    ja, en = plan.lines("ja"), plan.lines("en")
    assert ja[0] == "数値 (figures): 承認待ちになるものがあります"
    assert en[0] == "Figures (figures): something would be held for approval"
    assert "    実行すると承認待ちになります（公開されません）" in ja
    assert any(line.startswith("    [future-period] 2099 の 20 個の値は") for line in ja)
    assert bench.holds().list_holds() == []
    assert bench.current() == before
