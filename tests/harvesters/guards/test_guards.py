"""Guards: what trips them, what people see then, what is published and what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.database import JobStatus
from catalog.errors import ConfigurationError
from harvesters.guards.declared import GUARD_IDS, GUARDS, Limits, read_guards

Year = Callable[..., dict[tuple[str, str], float]]


def _guards(report: Any) -> list[str]:
    return [one["guard"] for one in report.datasets[0].trips]


def _said(report: Any, lang: str) -> list[str]:
    """Return what is said below the line of the first dataset, without indentation."""
    lines = [one.strip() for one in report.lines(lang)]
    start = next(i for i, one in enumerate(lines) if one.startswith("figures:"))
    stop = next(i for i, one in enumerate(lines) if one.startswith(("others:", "ファイル", "files")))
    return lines[start:stop]


def test_a_truncated_file_is_held_and_what_is_published_stays(bench: Any, figures: Year) -> None:
    before = bench.current()
    bench.write("a.csv", dict(list(figures("2023").items())[:12]))
    report = bench.run()
    assert (report.status, report.exit_code, report.published) == (JobStatus.HELD, 3, 0)
    assert bench.current() == before
    job = report.job
    assert _said(report, "ja") == [
        "figures: 承認待ち（公開していません）。公開中の版 1.0.0 のまま",
        "[row-loss] kpi-12.issued の 2023 の観測値が公開済みの 20 個から 12 個に減ります（40.0%減、上限 20.0%）",
        "a.csv: kpi-12 kpi-12.issued 130001 2023: 40.48 → ―",
        "a.csv: kpi-12 kpi-12.issued 140007 2023: 40.52 → ―",
        "a.csv: kpi-12 kpi-12.issued 150002 2023: 40.56 → ―",
        "a.csv: kpi-12 kpi-12.issued 160008 2023: 40.6 → ―",
        "a.csv: kpi-12 kpi-12.issued 170003 2023: 40.64 → ―",
        "ほか3件",
        "→ 収集元のファイルを確かめ、誤りなら直してください。正しいなら承認してください",
        "[revision] 公開済みの 20 個の値のうち 8 個（40.0%）が改訂・削除されます（上限 5.0%）",
        "a.csv: kpi-12 kpi-12.issued 130001 2023: 40.48 → ―",
        "a.csv: kpi-12 kpi-12.issued 140007 2023: 40.52 → ―",
        "a.csv: kpi-12 kpi-12.issued 150002 2023: 40.56 → ―",
        "a.csv: kpi-12 kpi-12.issued 160008 2023: 40.6 → ―",
        "a.csv: kpi-12 kpi-12.issued 170003 2023: 40.64 → ―",
        "ほか3件",
        "→ 収集元のファイルを確かめ、誤りなら直してください。正しいなら承認してください",
        f"承認するには: shihyo harvest approve figures --job {job} --reason '理由'",
        f"取りやめるには: shihyo harvest reject figures --job {job} --reason '理由'",
    ]
    assert _said(report, "en")[:2] == [
        "figures: held, not published; version 1.0.0 stays",
        "[row-loss] kpi-12.issued 2023 would have 12 observations, published are 20 (40.0% lost, limit 20.0%)",
    ]


def test_a_new_period_is_held_against_the_period_before(bench: Any, figures: Year) -> None:
    bench.write("b.csv", dict(list(figures("2024").items())[:10]))
    report = bench.run()
    assert _guards(report) == ["row-loss"]
    assert _said(report, "ja")[1] == (
        "[row-loss] kpi-12.issued の 2024 の観測値が2023の 20 個から 10 個に減ります（50.0%減、上限 20.0%）"
    )
    assert _said(report, "en")[1] == (
        "[row-loss] kpi-12.issued 2024 would have 10 observations, 2023 had 20 (50.0% lost, limit 20.0%)"
    )


def test_a_new_period_with_as_many_observations_is_published(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2024", value=41))
    report = bench.run()
    assert (report.status, report.published, _guards(report)) == (JobStatus.SUCCEEDED, 1, [])


def test_fractions_in_place_of_percentages_are_held(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2024", value=0.41))
    report = bench.run()
    assert (report.status, _guards(report)) == (JobStatus.HELD, ["unit-jump"])
    assert _said(report, "ja")[1:3] == [
        "[unit-jump] kpi-12.issued の 2024 の 20 系列のうち 20 系列が前の値の約 0.0103 倍です（上限 5.0%）",
        "b.csv: kpi-12 kpi-12.issued 010006 2024: 40.0 → 0.41",
    ]
    assert _said(report, "en")[1] == (
        "[unit-jump] 20 of 20 series of kpi-12.issued 2024 are about 0.0103 times their value before (limit 5.0%)"
    )
    figures_of_trip = report.datasets[0].trips[0]["figures"]
    assert figures_of_trip == {
        "definition": "kpi-12.issued",
        "period": "2024",
        "before": 20,
        "after": 20,
        "ratio": 0.01025,
        "share": 1.0,
        "limit": 0.05,
    }


def test_percentages_in_place_of_fractions_are_held_too(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2024", value=0.41))
    bench.guards(unit_jump=False)
    assert bench.run().published == 1
    bench.guards()
    bench.write("c.csv", figures("2025", value=42))
    assert _guards(bench.run()) == ["unit-jump"]


def test_one_area_that_jumps_among_many_is_below_the_limit_and_a_strict_source_holds_it(
    bench: Any, figures: Year
) -> None:
    values = figures("2024")
    values["010006", "2024"] = 0.4
    bench.write("b.csv", values)
    bench.guards(unit_jump=0.01)
    assert _guards(bench.plan()) == ["unit-jump"]
    bench.guards()
    assert bench.run().published == 1


@pytest.mark.parametrize("times", [0.5, 2, 10, 30])
def test_real_growth_is_no_jump_of_unit(bench: Any, figures: Year, times: float) -> None:
    bench.write("b.csv", figures("2022", value=3))
    bench.run()
    bench.write("c.csv", figures("2024", value=3 * times))
    assert "unit-jump" not in _guards(bench.plan())


def test_a_period_that_has_not_begun_is_held(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2099"))
    report = bench.run()
    assert _guards(report) == ["future-period"]
    assert "2099 の 20 個の値は、" in _said(report, "ja")[1]
    assert _said(report, "ja")[2] == "b.csv: 2099: ― → 20"
    assert "20 values of 2099 are of periods that begin after " in _said(report, "en")[1]
    assert bench.current().temporal == ("2023", "2023")


def test_forecasts_may_lie_in_the_future(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2099"), extra={"状態": "F"})
    assert bench.run().published == 1


def test_a_revision_of_more_than_the_dataset_declares_is_held(bench: Any, figures: Year) -> None:
    values = figures("2023")
    for area in ("010006", "020001"):
        values[area, "2023"] += 1
    bench.write("a.csv", values)
    report = bench.run()
    assert _guards(report) == ["revision"]
    assert _said(report, "ja")[1:4] == [
        "[revision] 公開済みの 20 個の値のうち 2 個（10.0%）が改訂・削除されます（上限 5.0%）",
        "a.csv: kpi-12 kpi-12.issued 010006 2023: 40.0 → 41.0",
        "a.csv: kpi-12 kpi-12.issued 020001 2023: 40.04 → 41.04",
    ]
    assert _said(report, "en")[1] == (
        "[revision] 2 of 20 published values (10.0%) would be revised or removed (limit 5.0%)"
    )


def test_a_small_revision_is_published(bench: Any, figures: Year) -> None:
    bench.write("a.csv", figures("2023") | {("010006", "2023"): 41.0})
    assert bench.run().published == 1


def test_values_outside_a_declared_range_are_held(bench: Any, figures: Year) -> None:
    bench.guards(value_range={"kpi-12": [35, 45]})
    bench.write("b.csv", figures("2024") | {("010006", "2024"): 51.5})
    report = bench.run()
    assert _guards(report) == ["value-range"]
    assert _said(report, "ja")[1:3] == [
        "[value-range] kpi-12 の 1 個の値が 35〜45 の外にあります",
        "b.csv: kpi-12 kpi-12.issued 010006 2024: ― → 51.5",
    ]
    assert _said(report, "en")[1] == "[value-range] 1 values of kpi-12 are outside 35 to 45"


def test_impossible_values_are_rejected_and_cannot_be_approved(bench: Any, figures: Year) -> None:
    bench.guards(value_range=False)
    bench.write("b.csv", figures("2024") | {("010006", "2024"): 151.0})
    report = bench.run()
    assert (report.status, report.exit_code) == (JobStatus.PARTIAL, 1)
    assert report.datasets[0].error["code"] == "check-failed"
    assert bench.plan().exit_code == 3


def test_a_duplicate_key_rejects_the_dataset_and_names_guard_key_and_what_to_do(bench: Any, figures: Year) -> None:
    rows = figures("2024")
    bench.write("b.csv", rows)
    with (bench.folder / "b.csv").open("a", encoding="utf-8") as file:
        file.write("010006,2024,12\n")
    report = bench.run()
    assert report.datasets[0].action == "failed"
    error = report.datasets[0].error
    assert (error["code"], error["guard"], error["limit"]) == ("check-failed", "duplicate-key", 0)
    assert _said(report, "ja")[0] == (
        "figures: 失敗: b.csv: [duplicate-key] 同じ次元の組の観測値が2つ以上ある: 2個（外してよい数 0）。"
        "データセット figures、kpi-12 kpi-12.issued 010006 2024: 同じキーの行がもう1つあります"
        " → 重なる行を直してください。"
        "外してよいなら guards の duplicate-key に数を書いてください"
    )
    assert "Two or more observations have the same key: 2 (may be left out: 0)" in _said(report, "en")[0]


def test_declared_duplicates_are_left_out_with_a_finding_each(bench: Any, figures: Year) -> None:
    bench.guards(duplicate_key=3)
    bench.write("b.csv", figures("2024"))
    with (bench.folder / "b.csv").open("a", encoding="utf-8") as file:
        file.write("010006,2024,12\n020001,2024,40.04\n")
    report = bench.run()
    assert report.published == 1
    assert report.findings.counts["observation-left-out"] == 3
    assert report.datasets[0].releases[0].observations == 39
    assert "b.csv: 同じキーの行がもう1つあります: kpi-12 kpi-12.issued 010006 2024" in "\n".join(report.lines("ja"))


def test_a_code_that_is_not_in_its_list_rejects_the_dataset(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2024") | {("123455", "2024"): 40.0})
    report = bench.run()
    error = report.datasets[0].error
    assert (error["guard"], error["value"], error["place"]["file"]) == ("code-not-in-list", "123455", "b.csv")
    assert bench.current().observations == 20


def test_declared_unknown_codes_are_left_out_and_off_leaves_out_all(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2024") | {("123455", "2024"): 40.0, ("123463", "2024"): 40.0})
    bench.guards(code_not_in_list=1)
    assert bench.run().datasets[0].action == "failed"
    bench.guards(code_not_in_list=False)
    report = bench.run()
    assert (report.published, report.findings.counts["observation-left-out"]) == (1, 2)


def test_an_empty_file_never_deletes_and_is_held(bench: Any) -> None:
    (bench.folder / "a.csv").write_text("団体コード,時点,率\n", "utf-8")
    report = bench.run()
    assert (report.status, _guards(report)) == (JobStatus.HELD, ["empty-source"])
    assert _said(report, "ja")[1] == (
        "[empty-source] 公開済みの観測値は 20 個ありますが、今回は0個です。公開済みの値は消しません"
    )
    assert _said(report, "en")[1] == (
        "[empty-source] 20 observations are published and none came now; what is published stays"
    )
    assert bench.current().observations == 20


def test_a_dataset_whose_files_are_gone_is_held_and_named(bench: Any, figures: Year) -> None:
    bench.write("other.csv", figures("2023"))
    bench.run()
    (bench.folder / "other.csv").unlink()
    report = bench.run()
    assert [one.action for one in report.datasets] == ["unchanged", "held"]
    assert report.datasets[1].trips[0]["examples"][0]["place"]["file"] == "other.csv"
    bench.guards(empty_source=False)
    assert bench.run().status is JobStatus.SUCCEEDED


def test_other_datasets_of_the_source_are_published(bench: Any, figures: Year) -> None:
    bench.write("other.csv", figures("2023"))
    bench.write("b.csv", figures("2099"))
    report = bench.run()
    assert [one.action for one in report.datasets] == ["held", "created"]
    assert report.status is JobStatus.HELD


def test_a_renamed_heading_is_held_and_no_failure(bench: Any, figures: Year) -> None:
    text = (bench.folder / "a.csv").read_text("utf-8")
    (bench.folder / "a.csv").write_text(text.replace("率", "交付率"), "utf-8")
    report = bench.run()
    assert (report.status, report.exit_code, _guards(report)) == (JobStatus.HELD, 3, ["schema-change"])
    assert report.object_errors == {}
    assert report.held_objects["a.csv"]["what"]["ja"] == "必要な列がありません: 率"
    assert _said(report, "ja")[1:3] == [
        "[schema-change] a.csv の形が前回（a.csv）と違います。なくなったもの 1: 率、増えたもの 1: ―。"
        "このままでは読めません: 必要な列がありません: 率。",
        "a.csv: 率 → ―",
    ]
    assert "It cannot be read so: Columns are missing: 率" in _said(report, "en")[1]
    assert bench.current().observations == 20


def test_the_file_of_the_next_month_is_held_against_the_newest_of_its_series(bench: Any, figures: Year) -> None:
    bench.write("m202401.csv", figures("2024-M01"), extra={"備考": "-"})
    bench.run()
    bench.write("m202402.csv", figures("2024-M02"))
    report = bench.run()
    assert _guards(report) == ["schema-change"]
    assert report.datasets[0].trips[0]["figures"]["compared_with"] == "m202401.csv"
    assert report.datasets[0].trips[0]["figures"]["gone"] == ["備考"]


def test_a_new_heading_is_held_only_where_any_change_is(bench: Any, figures: Year) -> None:
    bench.write("a.csv", figures("2023") | {("010006", "2023"): 41.0}, extra={"備考": "-"})
    bench.guards(schema_change="any")
    assert _guards(bench.plan()) == ["schema-change"]
    bench.guards()
    assert bench.run().published == 1


def test_a_new_dimension_is_held(bench: Any, figures: Year) -> None:
    bench.write("a.csv", figures("2023"), extra={"性別": "_T"})
    report = bench.run()
    assert "schema-change" in _guards(report)
    assert "データセットの形が変わります（なくなる: 0、増える: sex）" in _said(report, "ja")[1]


def test_a_changed_heading_that_changes_no_figure_is_not_held(bench: Any, figures: Year) -> None:
    bench.write("a.csv", figures("2023"), extra={"備考": "-"})
    bench.run()
    bench.write("a.csv", figures("2023"))
    assert bench.run().status is JobStatus.SUCCEEDED


@pytest.mark.parametrize("guard", [one for one in GUARD_IDS if one not in {"duplicate-key", "code-not-in-list"}])
def test_every_guard_can_be_switched_off_by_itself(bench: Any, figures: Year, guard: str) -> None:
    bench.guards(**{guard.replace("-", "_"): False})
    bench.write("b.csv", dict(list(figures("2099", value=0.4).items())[:10]))
    tripped = {"row-loss", "unit-jump", "future-period"}
    assert set(_guards(bench.run())) == tripped - {guard}


def test_a_hold_is_no_state_of_the_source_so_the_next_run_looks_again(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2099"))
    first, second = bench.run(), bench.run()
    assert not second.skipped
    assert first.datasets[0].hold["id"] == second.datasets[0].hold["id"]
    (bench.folder / "b.csv").unlink()
    assert bench.run().status is JobStatus.SUCCEEDED
    assert [str(one.state) for one in bench.holds().list_holds("figures")] == ["superseded"]


def test_what_is_held_is_published_when_the_file_is_corrected(bench: Any, figures: Year) -> None:
    bench.write("b.csv", figures("2024", value=0.4))
    bench.run()
    bench.write("b.csv", figures("2024", value=41))
    report = bench.run()
    assert (report.status, report.published) == (JobStatus.SUCCEEDED, 1)


def test_guards_are_data_with_both_languages_and_unique_ids() -> None:
    assert len({one.id for one in GUARDS}) == len(GUARDS)
    for one in GUARDS:
        texts = (one.title, one.protects, one.limit, one.next_step)
        assert all(text.ja and text.en for text in texts)
        assert one.to_dict()["severity"] in {"hold", "reject"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"row-los": 0.1}, "row-loss"),
        ({"row-loss": 2}, "0から1まで"),
        ({"row-loss": "some"}, "0から1まで"),
        ({"duplicate-key": -1}, "0以上"),
        ({"value-range": {"kpi-12": [5, 1]}}, "下限・上限"),
        ({"schema-change": "new"}, "gone か any"),
        (["row-loss"], "row-loss: off"),
    ],
)
def test_a_guard_that_does_not_exist_or_a_limit_that_cannot_be_is_named(raw: Any, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_guards(raw, file="harvest.yml", key="sources[0].guards")
    assert expected in str(caught.value)
    assert "sources[0].guards" in str(caught.value)


def test_limits_are_those_of_the_guards_unless_given_or_off() -> None:
    limits = read_guards({"row-loss": 0.3, "unit-jump": "off"}, file="harvest.yml", key="guards")
    assert (limits.to_dict()["row-loss"], limits.to_dict()["unit-jump"]) == (0.3, "off")
    defaults = Limits().to_dict()
    assert {name: defaults[name] for name in GUARD_IDS} == {
        "empty-source": True,
        "schema-change": "gone",
        "duplicate-key": 0,
        "code-not-in-list": 0,
        "value-range": {},
        "future-period": 0,
        "row-loss": 0.2,
        "unit-jump": 0.05,
        "revision": None,
        "rolled-back": True,
    }
