"""What make demo publishes: every indicator has observations, and the made-up ones are what other programs compute."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from catalog.ckan import Follower, open_catalogue
from catalog.reference import load_reference
from catalog.releases import Holdings, LocalCopy
from catalog.settings import Settings
from harvesters import load_sources, run_sources
from harvesters.report import JobReport
from harvesters.samples.make_survey_samples import MARK, main
from harvesters.samples.people import AGES, WARDS
from harvesters.synthetic import MARK as NOTE_MARK

REAL = {"mynumber-municipalities": 12, "mynumber-prefectures": 12, "mynumber-age-sex": 11, "procedures-online": 1}
SYNTHETIC = {"citizen-survey": 4, "citizen-survey-pairs": 3, "company-survey": 3, "procedures-register": 3}
CITY = "121002"
CHIBA_WARDS = {"121011", "121029", "121037", "121045", "121053", "121061"}
CITIZENS = [one.id for one in load_reference().indicator_set.indicators if one.collection == "citizen_survey"]
#: asked with several answers, which cross tables cannot tell
SEVERAL = {"kpi-02", "kpi-11"}


@pytest.fixture(scope="module")
def demo(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[JobReport], Holdings]:
    """Harvest all sources of the project once: about ten seconds, most of it for the real samples."""
    settings = Settings(home=tmp_path_factory.mktemp("demo"))
    reports = run_sources(settings, load_sources(root / "harvest.yml", settings))
    catalogue = open_catalogue(settings)
    try:
        return reports, Follower(catalogue, LocalCopy(settings.home / "copy")).synchronise()
    finally:
        catalogue.close()


@pytest.fixture(scope="module")
def rows(demo: tuple[list[JobReport], Holdings]) -> Callable[[str], list[dict[str, Any]]]:
    """Return a function that gives the observations of the current release of a dataset."""
    return lambda name: pq.read_table(demo[1].datasets[name].current.parquet).to_pylist()


@pytest.fixture(scope="module")
def survey(root: Path) -> Path:
    """Return the folder of the made-up survey."""
    return root / "harvesters" / "samples" / "survey"


def test_the_sample_sources_are_harvested_whole(demo: tuple[list[JobReport], Holdings]) -> None:
    reports, held = demo
    assert {one.exit_code for one in reports} == {0}
    assert {name: len(one.releases) for name, one in held.datasets.items()} == REAL | SYNTHETIC
    marks = dict.fromkeys(REAL, "（見本）") | dict.fromkeys(SYNTHETIC, "（合成データ）")
    assert all(marks[name] in one.dataset.title.ja for name, one in held.datasets.items())
    assert {name for name, one in held.datasets.items() if one.dataset.synthetic} == set(SYNTHETIC)
    assert list(held.services) == ["chibarepo", "foryou", "ideabox", "makuhari-drone"]


def test_nothing_of_the_made_up_files_is_left_out_but_a_few_careless_answers(
    demo: tuple[list[JobReport], Holdings],
) -> None:
    counts: dict[str, int] = {}
    for one in demo[0][3:]:
        counts |= dict(one.findings.counts)
        assert one.rows.rejected == 0
    assert counts["answer-unknown"] == 9
    assert counts["wording-changed"] == 1
    assert not counts.keys() & {"group-unknown", "total-differs", "rate-differs", "wording-differs", "period-differs"}


def test_every_indicator_has_observations_of_three_periods_and_more(
    demo: tuple[list[JobReport], Holdings], rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    periods: dict[str, set[str]] = {}
    for name in demo[1].datasets:
        for row in rows(name):
            if row["value"] is not None:
                periods.setdefault(row["indicator_id"], set()).add(row["period"])
    assert sorted(periods) == [f"kpi-{number:02d}" for number in range(1, 15)]
    assert {id for id, one in periods.items() if len(one) < 3} == set()


@pytest.mark.parametrize("indicator", CITIZENS)
def test_a_survey_indicator_has_all_wards_and_ages_in_each_wave(
    rows: Callable[[str], list[dict[str, Any]]], indicator: str
) -> None:
    found = [one for one in rows("citizen-survey") if one["indicator_id"] == indicator and one["value"] is not None]
    waves = {"FY2022", "FY2023", "FY2024"} | (set() if indicator in SEVERAL else {"FY2021"})
    assert {one["period"] for one in found} == waves
    for wave in waves:
        own = [one for one in found if one["period"] == wave]
        assert {one["area_code"] for one in own} == CHIBA_WARDS | {CITY}
        assert len({one["age"] for one in own} - {"_T"}) == len(AGES) == 6
        assert {one["sex"] for one in own} >= {"_T", "M", "F"}


def test_the_city_s_procedures_and_companies_have_three_years(rows: Callable[[str], list[dict[str, Any]]]) -> None:
    years = {"FY2022", "FY2023", "FY2024"}
    register = [one for one in rows("procedures-register") if one["department"] == "_T"]
    assert {(one["definition_id"], one["period"]) for one in register} == {
        (f"kpi-13.{name}", year) for name in ("available", "done") for year in years
    }
    companies = rows("company-survey")
    assert {one["period"] for one in companies if (one["industry"], one["size"]) == ("_T", "_T")} == years
    assert len({one["industry"] for one in companies if one["size"] == "_T"}) == 8
    assert {one["obs_status"] for one in companies} == {"A", "Q"}


def test_every_made_up_observation_says_so_and_no_real_one_does(
    demo: tuple[list[JobReport], Holdings], rows: Callable[[str], list[dict[str, Any]]]
) -> None:
    for name in demo[1].datasets:
        marked = {(one["note"] or "").startswith(NOTE_MARK) for one in rows(name)}
        assert marked == {name in SYNTHETIC}


def test_the_national_figures_stay_what_answers_for_the_procedures(
    demo: tuple[list[JobReport], Holdings],
) -> None:
    indicator = load_reference().indicator_set.get_indicator("kpi-13")
    assert [one.dataset.name for one in demo[1].holders(indicator)] == ["procedures-online", "procedures-register"]


def test_a_made_up_wave_is_a_break_where_the_question_was_reworded(
    rows: Callable[[str], list[dict[str, Any]]],
) -> None:
    broken = {(one["indicator_id"], one["period"]) for one in rows("citizen-survey") if one["obs_status"] == "B"}
    assert broken == {("kpi-03", "FY2024")}


CELLS = (
    ("kpi-01", "R4", {}),
    ("kpi-02", "R5", {"区": "美浜区"}),
    ("kpi-04", "R6", {"年代": "70歳以上"}),
    ("kpi-05", "R6", {"区": "若葉区"}),
    ("kpi-09", "R5", {"性別": "女性"}),
    ("kpi-11", "R6", {"回答方法": "郵送"}),
    ("kpi-14", "R4", {"年代": "18～29歳"}),
)
CODES = {
    "美浜区": "121061",
    "若葉区": "121045",
    "70歳以上": "Y_GE70",
    "18～29歳": "Y18T29",
    "女性": "F",
    "郵送": "MAIL",
}
COLUMNS = {"区": "area_code", "年代": "age", "性別": "sex", "回答方法": "mode"}


def _positive(book: Path, indicator: int) -> tuple[str, list[str], list[str], bool]:
    """Return question, options, positive ones and whether several may be chosen, as openpyxl reads the code book."""
    table = [list(one) for one in openpyxl.load_workbook(book).active.iter_rows(values_only=True)][2:]
    first = next(place for place, row in enumerate(table) if row[6] == indicator)
    options = [row for place, row in enumerate(table) if place >= first and len(row) > 4 and row[4]]
    last = next((place for place, row in enumerate(options) if place and row[0]), len(options))
    own = options[:last]
    return own[0][0], [str(row[3]) for row in own], [str(row[3]) for row in own if row[5]], own[0][2] == "複数回答"


@pytest.mark.parametrize(("indicator", "wave", "group"), CELLS)
def test_a_published_share_is_what_pandas_and_statsmodels_compute(
    rows: Callable[[str], list[dict[str, Any]]], survey: Path, indicator: str, wave: str, group: dict[str, str]
) -> None:
    frame = pd.read_csv(survey / f"{MARK}市民アンケート_{wave}_個票.csv", encoding="cp932", dtype=str)
    book = survey / f"{MARK}{'R6' if wave == 'R6' else 'R4'}_コード表.xlsx"
    question, options, positive, several = _positive(book, int(indicator[-2:]))
    for column, label in group.items():
        frame = frame[frame[column] == label]
    if several:
        chosen = frame[[f"{question}_{one}" for one in options]]
        known = ~(chosen == "9").any(axis=1)
        yes = (frame[[f"{question}_{one}" for one in positive]] == "1").any(axis=1)
    else:
        answers = frame[question].str.normalize("NFKC")
        known, yes = answers.isin(options), answers.isin(positive)
    weights = frame["ウェイト"].astype(float)[known]
    share = DescrStatsW(yes[known].astype(float), weights=weights).mean
    n_eff = weights.sum() ** 2 / (weights**2).sum()
    lower, upper = proportion_confint(share * n_eff, n_eff, method="wilson")

    wanted = {"indicator_id": indicator, "period": f"FY{2018 + int(wave[1])}", "area_code": CITY}
    wanted |= {"sex": "_T", "age": "_T", "mode": "_T"} | {COLUMNS[key]: CODES[one] for key, one in group.items()}
    [row] = [one for one in rows("citizen-survey") if wanted.items() <= one.items()]
    assert row["n"] == known.sum()
    assert row["value"] == pytest.approx(100 * share, abs=1e-6)
    assert row["n_eff"] == pytest.approx(n_eff, abs=1e-6)
    assert (row["ci_lower"], row["ci_upper"]) == pytest.approx((100 * lower, 100 * upper), abs=1e-5)


def test_the_register_s_shares_are_sums_of_its_rows(rows: Callable[[str], list[dict[str, Any]]], root: Path) -> None:
    path = root / "harvesters" / "samples" / "register" / f"{MARK}手続台帳_R6.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = [one for one in csv.DictReader(file) if one["所管課"]]
    cases = sum(int(one["年間件数"].replace(",", "")) for one in records)
    online = sum(int(one["うちオンライン"].replace(",", "")) for one in records if one["うちオンライン"] != "-")
    available = sum(one["オンライン化年月日"] != "未実施" for one in records)
    found = {
        one["definition_id"]: one["value"]
        for one in rows("procedures-register")
        if (one["period"], one["department"]) == ("FY2024", "_T")
    }
    assert found == pytest.approx(
        {"kpi-13.done": 100 * online / cases, "kpi-13.available": 100 * available / len(records)}, abs=1e-6
    )


def test_the_made_up_files_are_made_again_byte_for_byte(root: Path, tmp_path: Path) -> None:
    samples = root / "harvesters" / "samples"
    main(tmp_path)
    made = {one.relative_to(tmp_path): one.read_bytes() for one in tmp_path.rglob("*.*")}
    kept = {one.relative_to(samples): one.read_bytes() for one in samples.glob("*/合成_*")}
    assert made == kept
    assert len(kept) == 12
    assert sum(map(len, kept.values())) < 1_000_000
    assert all(one.name.startswith(MARK) for one in made)


def test_the_weights_give_wards_and_ages_the_shares_of_the_people(survey: Path) -> None:
    frame = pd.read_csv(survey / f"{MARK}市民アンケート_R5_個票.csv", encoding="cp932")
    weights = frame["ウェイト"]
    for column, shares in (
        ("区", {name: one[0] for name, one in WARDS.items()}),
        ("年代", {name: one[0] for name, one in AGES.items()}),
    ):
        found = weights.groupby(frame[column]).sum() / weights.sum()
        assert found.to_dict() == pytest.approx(shares, abs=2e-4)


def test_no_line_of_a_made_up_workbook_is_without_its_mark(survey: Path) -> None:
    for path in survey.glob("*.xlsx"):
        assert "合成データ" in openpyxl.load_workbook(path).active["A1"].value
