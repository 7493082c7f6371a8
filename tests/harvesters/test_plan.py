"""Plans: exactly what a run would publish, and nothing written."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.releases.diff import ChangeExample
from catalog.settings import Settings
from harvesters import HarvestSource, plan_sources, run_sources
from harvesters.plan import exit_code, to_dict
from harvesters.publishing.proposal import example_line

MakeSource = Callable[..., HarvestSource]


@pytest.fixture
def folder(samples: Path, tmp_path: Path) -> Path:
    for publication in ("20210401", "20210801"):
        shutil.copytree(samples / "mynumber" / publication, tmp_path / "in" / publication)
    return tmp_path / "in"


@pytest.fixture
def source(make_source: MakeSource, folder: Path) -> HarvestSource:
    return make_source(path=folder, datasets=("prefectures",))


def _tree(folder: Path) -> dict[str, str]:
    """Return every file and folder below with the sha256 of its bytes."""
    return {
        str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest() if one.is_file() else "folder"
        for one in sorted(folder.rglob("*"))
    }


def _add(samples: Path, folder: Path) -> None:
    shutil.copytree(samples / "mynumber" / "20211201", folder / "20211201")


def test_a_plan_on_an_empty_home_makes_not_even_the_home(settings: Settings, source: HarvestSource) -> None:
    [plan] = plan_sources(settings, [source])
    assert not settings.home.exists()
    assert plan.exit_code == 2
    assert [(one.version, one.changes["added"]) for one in plan.datasets[0].releases] == [("1.0.0", 47), ("1.1.0", 47)]


def test_a_plan_writes_nothing_neither_files_nor_rows(
    settings: Settings, source: HarvestSource, samples: Path, folder: Path
) -> None:
    run_sources(settings, [source])
    _add(samples, folder)
    before = _tree(settings.home)
    [plan] = plan_sources(settings, [source])
    assert plan.exit_code == 2
    assert _tree(settings.home) == before


def test_a_plan_tells_what_the_run_then_does(
    settings: Settings, source: HarvestSource, samples: Path, folder: Path
) -> None:
    run_sources(settings, [source])
    _add(samples, folder)
    file = folder / "20210401" / "all_prefectures.csv"
    file.write_text(file.read_text("utf-8-sig").replace("1311001,24.9", "1311001,24.8"), "utf-8-sig")
    [plan] = plan_sources(settings, [source])
    [report] = run_sources(settings, [source])
    planned = [(one.sequence, one.version, one.changes, one.observations) for one in plan.datasets[0].releases]
    published = [(one.sequence, one.version, one.changes, one.observations) for one in report.datasets[0].releases]
    assert planned == published
    assert len(planned) == 2


def test_reasons_and_objects_of_a_planned_release_are_named(
    settings: Settings, source: HarvestSource, samples: Path, folder: Path
) -> None:
    run_sources(settings, [source])
    _add(samples, folder)
    [plan] = plan_sources(settings, [source])
    [release] = plan.datasets[0].releases
    assert release.objects == ("20211201/all_prefectures.csv",)
    assert release.reasons
    assert plan.datasets[0].current == "1.1.0"


def test_nothing_to_do_is_exit_code_0(settings: Settings, source: HarvestSource) -> None:
    run_sources(settings, [source])
    [plan] = plan_sources(settings, [source])
    assert (plan.exit_code, plan.datasets[0].releases) == (0, [])
    assert "変わりません" in plan.lines("ja")[0]


def test_a_file_that_cannot_be_read_means_that_it_cannot_be_told(
    settings: Settings, source: HarvestSource, folder: Path
) -> None:
    (folder / "20210401" / "all_prefectures.csv").write_bytes(b"\x00")
    [plan] = plan_sources(settings, [source])
    assert plan.exit_code == 3
    assert list(plan.object_errors) == ["20210401/all_prefectures.csv"]


def test_a_catalogue_that_does_not_answer_means_that_it_cannot_be_told(
    settings: Settings, source: HarvestSource
) -> None:
    [plan] = plan_sources(replace(settings, catalog_url="http://127.0.0.1:9", catalog_timeout=1), [source])
    assert plan.exit_code == 3
    assert plan.datasets[0].error is not None


def test_a_source_that_is_not_there_does_not_keep_the_next_from_being_planned(
    settings: Settings, source: HarvestSource, make_source: MakeSource, tmp_path: Path
) -> None:
    missing = make_source("procedures", path=tmp_path / "nothing.csv")
    plans = plan_sources(settings, [missing, source])
    assert [one.exit_code for one in plans] == [3, 2]
    assert exit_code(plans) == 3
    assert to_dict(plans)["exit_code"] == 3


def test_a_table_that_breaks_a_rule_means_that_it_cannot_be_told(
    settings: Settings, source: HarvestSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harvesters.mynumber.harvester import MyNumber

    real = MyNumber.transform

    def worse(self: MyNumber, context: Any, fetched: Any) -> Any:
        [one] = real(self, context, fetched)
        column = one.table.schema.get_field_index("unit")
        units = [["furlong"] * one.table.num_rows]
        return [replace(one, table=one.table.set_column(column, one.table.schema.field("unit"), units))]

    monkeypatch.setattr(MyNumber, "transform", worse)
    [plan] = plan_sources(settings, [source])
    assert plan.exit_code == 3
    assert plan.datasets[0].error is not None
    assert plan.datasets[0].error["code"] == "check-failed"


def test_plans_speak_both_languages(settings: Settings, source: HarvestSource) -> None:
    [plan] = plan_sources(settings, [source])
    assert plan.lines("en")[:2] == [
        "Test (mynumber): would change",
        "  mynumber-prefectures: → 1.0.0 (2021-04-01) +47 ~0 -0 = 47",
    ]


def test_findings_are_part_of_the_plan(settings: Settings, source: HarvestSource) -> None:
    [plan] = plan_sources(settings, [source])
    assert plan.findings.counts["byte-order-mark"] == 2
    assert plan.to_dict()["rows"] == {"read": 94, "accepted": 94, "rejected": 0}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, {"value": 12.5, "obs_status": "A"}, "― → 12.5"),
        ({"value": None, "obs_status": "Q"}, {"value": 12.5, "obs_status": "A"}, "― (Q) → 12.5"),
        ({"value": 12.5}, {"value": None}, "12.5 → ―"),
        ({"note": None}, {"note": "改訂"}, "note=― → note=改訂"),
    ],
)
def test_a_missing_value_of_a_change_is_shown_with_its_status(before, after, said):
    key = {"area_code": "121002", "sex": "_T"}
    example = ChangeExample(kind="revised", key=key, before=before, after=after)
    assert example_line(example) == f"121002: {said}"
