"""All that a city hall has, of cities other than the one of the samples, by configuration only.

Files are written from people, companies and procedures that pandas counts, declared in a harvest file, harvested and
published; what is published is compared with pandas.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from api.application import create_application
from api.node import Node
from catalog.ckan import Follower, open_catalogue
from catalog.releases import LocalCopy
from catalog.settings import Settings
from harvesters import JobReport, load_sources, run_sources

HEADINGS = ["設問番号", "設問文", "回答形式", "選択肢番号", "選択肢", "肯定的回答", "指標No."]
KNOWN = ["よく知っている", "ある程度知っている", "あまり知らない", "知らない"]
AGES = {"18～39歳": "Y18T39", "40～64歳": "Y40T64", "65歳以上": "Y_GE65"}

#: city -> some of its wards with their codes, as MIC's list of codes has them
CITIES = {
    "011002": {"中央区": "011011", "北区": "011029", "厚別区": "011088", "清田区": "011100"},
    "141003": {"鶴見区": "141011", "西区": "141038", "保土ケ谷区": "141062", "都筑区": "141186"},
    "221309": {"中央区": "221384", "浜名区": "221392", "天竜区": "221406"},
    "231002": {"東区": "231029", "北区": "231037", "港区": "231118", "緑区": "231142"},
    "271004": {"福島区": "271039", "西区": "271063", "北区": "271276", "中央区": "271284"},
}


def make_people(groups: list[str], seed: int = 20261122) -> pd.DataFrame:
    """Return 200 people of each group with a weight and an answer; -1 is no answer."""
    random = np.random.default_rng(seed)
    size = 200 * len(groups)
    return pd.DataFrame(
        {
            "id": np.arange(1, size + 1),
            "group": np.repeat(groups, 200),
            "age": random.choice(list(AGES), size),
            "weight": random.uniform(0.4, 2.2, size).round(3),
            "answer": random.choice([1, 2, 3, 4, -1], size, p=[0.25, 0.3, 0.2, 0.2, 0.05]),
        }
    )


def share(people: pd.DataFrame) -> float:
    """Return the weighted percentage of positive answers."""
    base = people[people["answer"] > 0]
    return float(100 * base.loc[base["answer"] <= 2, "weight"].sum() / base["weight"].sum())


class CityHall:
    """A folder of files, its harvest file, and what was published of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.settings = folder, Settings(home=folder / "home")
        self.sources: list[dict[str, Any]] = []
        self.areas: Any = None
        self.reports: dict[str, JobReport] = {}

    def put(self, name: str, rows: list[list[Any]], encoding: str = "utf-8") -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding=encoding, newline="") as out:
            csv.writer(out).writerows(rows)

    def put_survey(self, year: str, people: pd.DataFrame, heading: str, encoding: str = "utf-8") -> None:
        rows = [
            [one.id, one.group, one.age, one.weight, one.answer if one.answer > 0 else 99]
            for one in people.itertuples()
        ]
        self.put(f"survey/{year}_個票.csv", [["回答者番号", heading, "年代", "ウェイト", "問1"], *rows], encoding)
        book = [
            [
                "問1" if i == 0 else "",
                "",
                "単一回答" if i == 0 else "",
                i + 1,
                one,
                "○" if i < 2 else "",
                1 if i == 0 else "",
            ]
            for i, one in enumerate(KNOWN)
        ]
        self.put("survey/コード表.csv", [HEADINGS, *book, ["※無回答は99"]])

    def put_crosstab(self, year: str, people: pd.DataFrame, heading: str) -> pd.DataFrame:
        """Write the cross table of the answers and return the printed percentages by group."""
        base = people[people["answer"] > 0]
        counts = pd.crosstab(base["answer"], base["group"])[list(dict.fromkeys(people["group"]))]
        counts.insert(0, "総数", counts.sum(axis=1))
        printed = (100 * counts / counts.sum()).round(1)
        head = [["問1 知っていますか"], ["", "総数", *[heading] * (len(counts.columns) - 1)], ["", *counts.columns]]
        rows = [[KNOWN[i - 1], *printed.loc[i]] for i in printed.index]
        self.put(f"crosstab/{year}_集計表.csv", [*head, ["回答者数", *counts.sum()], *rows])
        return printed

    def declare(self, name: str, kind: str, **options: Any) -> None:
        title = {"ja": name, "en": name}
        self.sources.append({"name": name, "kind": kind, "title": title, "path": name, "options": options})

    def run(self) -> None:
        content = {"version": 1, **({"areas": self.areas} if self.areas else {}), "sources": self.sources}
        path = self.folder / "harvest.yml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
        done = run_sources(self.settings, load_sources(path, self.settings))
        self.reports = {one.source: one for one in done}

    def rows(self, dataset: str) -> pd.DataFrame:
        """Return the observations of the newest release that was built."""
        found = list(self.settings.home.glob(f"builds/*/{dataset}.parquet"))
        assert len(found) == 1, (dataset, [one.error for one in self.reports.values()])
        [path] = found
        return pq.read_table(path).to_pandas()

    def value(self, dataset: str, **key: str) -> float:
        rows = self.rows(dataset)
        for name in rows.columns.intersection(["sex", "age", "mode", "industry", "size", "department"]):
            rows = rows[rows[name] == key.get(name, "_T")]
        for name in ("indicator_id", "definition_id", "area_code", "period"):
            rows = rows[rows[name] == key[name]] if name in key else rows
        assert len(rows) == 1, (dataset, key, rows, self.told())
        return float(rows["value"].iloc[0])

    def said_of(self, text: str) -> str:
        """Return the first line of what staff are told about a value."""
        return next(line for line in self.told() if text in line)

    def told(self) -> list[str]:
        return [line for one in self.reports.values() for line in one.findings.lines("ja")]


@pytest.fixture
def city_hall(tmp_path: Path) -> CityHall:
    """Return an empty city hall."""
    return CityHall(tmp_path)


@pytest.mark.parametrize("city", CITIES)
def test_a_survey_and_its_cross_table_of_any_designated_city_have_their_wards(city_hall: CityHall, city: str) -> None:
    people = make_people(list(CITIES[city]))
    city_hall.put_survey("令和6年度", people, "居住区", "cp932")
    printed = city_hall.put_crosstab("令和6年度", people, "居住区")
    city_hall.declare("survey", "survey", area=city, dataset="answers")
    questions = {"問1": {"indicator": "kpi-01", "positive": KNOWN[:2]}}
    city_hall.declare("crosstab", "crosstab", area=city, dataset="tables", questions=questions)
    city_hall.run()

    assert city_hall.value("answers", indicator_id="kpi-01", area_code=city) == pytest.approx(share(people), abs=1e-6)
    for ward, code in CITIES[city].items():
        mine = people[people["group"] == ward]
        assert city_hall.value("answers", area_code=code) == pytest.approx(share(mine), abs=1e-6), city_hall.told()
        assert city_hall.value("tables", area_code=code) == pytest.approx(printed[ward][:2].sum(), abs=1e-6)
    assert not [line for line in city_hall.told() if "group-unknown" in line or "読めない" in line]


def test_company_surveys_registers_and_tables_of_figures_of_osaka(city_hall: CityHall) -> None:
    random = np.random.default_rng(5)
    companies = pd.DataFrame(
        {
            "industry": ["製造業", "製造業", "情報通信業", "情報通信業"],
            "size": ["1～19人", "20人以上"] * 2,
            "n": random.integers(80, 300, 4),
        }
    )
    companies["yes"] = (companies["n"] * random.uniform(0.2, 0.7, 4)).astype(int)
    whole = ["全体", "", int(companies["n"].sum()), int(companies["yes"].sum())]
    city_hall.put(
        "company/企業アンケート_R6.csv", [["業種", "規模", "回答数", "実施中"], whole, *companies.values.tolist()]
    )
    city_hall.declare("company", "company_survey", area="271004", dataset="companies", positive=["実施中"])
    procedures = pd.DataFrame(
        {
            "name": ["転出届", "保育所の申込"],
            "department": ["市民課", "保育課"],
            "cases": [9000, 3100],
            "online": [4100, 700],
        }
    )
    head = ["手続名", "担当課", "件数", "電子申請件数"]
    city_hall.put("register/手続_令和6年度.csv", [head, *procedures.values.tolist()])
    city_hall.declare("register", "register", area="271004", dataset="procedures", files="*.csv")
    wards = pd.DataFrame({"ward": list(CITIES["271004"]), "cards": [31000, 52000, 61000, 44000]})
    wards["people"] = [79000, 105000, 140000, 111000]
    city_hall.put(
        "cards/区別.csv", [["区", "年度", "枚数", "人口"], *([a, "令和6年度", b, c] for a, b, c in wards.values)]
    )
    mapping = {
        "indicator": {"const": "kpi-12"},
        "definition": {"const": "kpi-12.issued"},
        "area": {"column": "区"},
        "period": {"column": "年度", "as": "fiscal-year"},
        "numerator": {"column": "枚数"},
        "denominator": {"column": "人口"},
        "value": {"unit": "PT"},
    }
    page = "https://www.city.osaka.lg.jp/"
    city_hall.declare("cards", "csv", area="271004", dataset="cards", mapping=mapping, landing_page=page)
    city_hall.run()

    everybody = 100 * companies["yes"].sum() / companies["n"].sum()
    assert city_hall.value("companies", area_code="271004") == pytest.approx(everybody, abs=1e-6)
    makers = companies[companies["industry"] == "製造業"].iloc[0]
    found = city_hall.value("companies", area_code="271004", industry="E", size="E1T19")
    assert found == pytest.approx(100 * makers["yes"] / makers["n"], abs=1e-6)
    online = 100 * procedures["online"].sum() / procedures["cases"].sum()
    done = city_hall.value("procedures", area_code="271004", definition_id="kpi-13.done")
    assert done == pytest.approx(online, abs=1e-6)
    for row in wards.itertuples():
        code = CITIES["271004"][row.ward]
        assert city_hall.value("cards", area_code=code) == pytest.approx(100 * row.cards / row.people, abs=1e-6)


OLD = {"中区": "221317", "浜北区": "221368", "天竜区": "221376"}
NEW = {"中央区": "221384", "浜名区": "221392", "天竜区": "221406"}


def test_surveys_of_hamamatsu_before_and_after_2024_have_the_wards_of_their_time(city_hall: CityHall) -> None:
    before, after = make_people(list(OLD), 1), make_people(list(NEW), 2)
    city_hall.put_survey("令和4年度", before, "区")
    city_hall.put_survey("令和6年度", after, "区")
    city_hall.declare("survey", "survey", area="221309", dataset="answers")
    city_hall.run()

    for period, people, wards in (("FY2022", before, OLD), ("FY2024", after, NEW)):
        for ward, code in wards.items():
            found = city_hall.value("answers", area_code=code, period=period)
            assert found == pytest.approx(share(people[people["group"] == ward]), abs=1e-6)
    rows = city_hall.rows("answers")
    assert set(rows[rows["period"] == "FY2022"]["area_code"]) == {"221309", *OLD.values()}
    assert set(rows[rows["period"] == "FY2024"]["area_code"]) == {"221309", *NEW.values()}


def test_the_page_charts_the_wards_of_now_and_tells_the_two_wards_of_one_name_apart(
    city_hall: CityHall, tmp_path: Path
) -> None:
    city_hall.put_survey("令和4年度", make_people(list(OLD), 1), "区")
    city_hall.put_survey("令和6年度", make_people(list(NEW), 2), "区")
    city_hall.declare("survey", "survey", area="221309", dataset="answers")
    city_hall.run()

    page = serve(city_hall.settings, Settings(home=tmp_path / "another-node")).get("/indicators/kpi-01").text
    assert "浜松市天竜区（2023-12-31 まで）" in page
    assert page.count("浜松市中区") < page.count("浜松市中央区")


def test_a_ward_that_changed_its_code_within_the_period_is_reported_with_both_codes(city_hall: CityHall) -> None:
    city_hall.put_survey("令和5年度", make_people(list(OLD)), "区")
    city_hall.declare("survey", "survey", area="221309", dataset="answers")
    city_hall.run()

    assert "221376 浜松市天竜区（2023-12-31 まで）、221406 浜松市天竜区" in city_hall.said_of("天竜区")
    codes = set(city_hall.rows("answers")["area_code"])
    assert codes == {"221309", OLD["中区"], OLD["浜北区"]}


def test_a_code_that_is_declared_for_such_a_ward_counts_in_the_periods_in_which_it_exists(city_hall: CityHall) -> None:
    during, after = make_people(list(OLD), 1), make_people(list(NEW), 2)
    city_hall.put_survey("令和5年度", during, "区")
    city_hall.put_survey("令和6年度", after, "区")
    city_hall.declare("survey", "survey", area="221309", dataset="answers", codes={"area": {"天竜区": "221376"}})
    city_hall.run()

    for period, people, code in (("FY2023", during, "221376"), ("FY2024", after, "221406")):
        found = city_hall.value("answers", area_code=code, period=period)
        assert found == pytest.approx(share(people[people["group"] == "天竜区"]), abs=1e-6)


def test_a_ward_that_is_gone_by_the_time_of_the_survey_is_reported_with_its_last_day(city_hall: CityHall) -> None:
    city_hall.put_survey("令和6年度", make_people(["中央区", "浜北区"]), "区")
    city_hall.declare("survey", "survey", area="221309", dataset="answers")
    city_hall.run()

    assert "この時点にはない地域です: 221368 浜松市浜北区（2023-12-31 まで）" in city_hall.said_of("浜北区")


def test_a_name_that_several_wards_of_a_prefecture_have_is_reported_with_all_of_them(city_hall: CityHall) -> None:
    city_hall.put_survey("令和6年度", make_people(["此花区", "北区"]), "区")
    city_hall.declare("survey", "survey", area="270008", dataset="answers")
    city_hall.run()

    assert "どれとも決められません: 271276 大阪市北区、271462 堺市北区" in city_hall.said_of("北区")
    assert set(city_hall.rows("answers")["area_code"]) == {"270008", "271047"}


def serve(published: Settings, node: Settings) -> Any:
    """Return a client of a node with a home of its own that follows the catalogue."""
    catalogue = open_catalogue(published)
    holdings = Follower(catalogue, LocalCopy(node.home / "copy")).synchronise()
    catalogue.close()
    return create_application(node, Node.from_holdings(holdings, node)).test_client()


DISTRICTS = [
    ["code", "name_ja", "name_en", "parent", "valid_from", "valid_to"],
    ["28201-shikama", "飾磨地区", "Shikama", "282014", "", ""],
    ["28201-abo", "安室中学校区", "", "282014", "2010-04-01", ""],
    ["28201-abo-1", "安室東小学校区", "Amuro Higashi", "28201-abo", "", ""],
]


@pytest.fixture
def districts(city_hall: CityHall) -> CityHall:
    """Return a city without wards that declares districts of its own, harvested."""
    people = make_people(["飾磨地区", "安室東小学校区"])
    city_hall.put("areas.csv", DISTRICTS, "cp932")
    city_hall.areas = "areas.csv"
    city_hall.put_survey("令和6年度", people, "地区")
    city_hall.put_crosstab("令和6年度", people, "地区")
    city_hall.declare("survey", "survey", area="282014", dataset="answers")
    questions = {"問1": {"indicator": "kpi-01", "positive": KNOWN[:2]}}
    city_hall.declare("crosstab", "crosstab", area="282014", dataset="tables", questions=questions)
    city_hall.run()
    return city_hall


def test_districts_that_a_city_declares_are_read_and_published_like_wards(districts: CityHall) -> None:
    people = make_people(["飾磨地区", "安室東小学校区"])

    for name, code in (("飾磨地区", "28201-shikama"), ("安室東小学校区", "28201-abo-1")):
        expected = share(people[people["group"] == name])
        assert districts.value("answers", area_code=code) == pytest.approx(expected, abs=1e-6), districts.told()
        assert districts.value("tables", area_code=code) == pytest.approx(expected, abs=8)
    assert {one.status.value for one in districts.reports.values()} == {"succeeded"}


def test_the_release_names_its_districts_for_people_and_programs(districts: CityHall) -> None:
    [folder] = [one.parent for one in districts.settings.home.glob("builds/*/answers.parquet")]
    described = yaml.safe_load((folder / "datapackage.json").read_text("utf-8"))

    found = {one["code"]: (one["name"]["ja"], one["name"]["en"], one["parent"]) for one in described["areas"]}
    assert found == {
        "28201-shikama": ("飾磨地区", "Shikama", "282014"),
        "28201-abo": ("安室中学校区", None, "282014"),
        "28201-abo-1": ("安室東小学校区", "Amuro Higashi", "28201-abo"),
    }
    shown = pd.read_csv(folder / "answers_excel.csv", encoding="utf-8-sig", dtype=str)
    rows = shown[shown.eq("28201-abo-1").any(axis=1)]
    assert rows.eq("安室東小学校区").any(axis=None)
    assert rows.eq("兵庫県").any(axis=None)


def test_nodes_that_never_saw_the_harvest_file_name_the_districts(districts: CityHall, tmp_path: Path) -> None:
    client = serve(districts.settings, Settings(home=tmp_path / "another-node"))

    area = client.get("/api/v1/areas/28201-abo-1").json["data"]
    assert (area["name"]["ja"], area["parent"], area["level"]) == ("安室東小学校区", "28201-abo", "local_area")
    assert client.get("/api/v1/areas/282014").json["data"]["children"] == ["28201-abo", "28201-shikama"]
    found = client.get("/api/v1/observations?dataset=answers&area=28201-shikama&indicator=kpi-01").json["data"]
    assert {one["area_code"] for one in found} == {"28201-shikama"}
    assert client.get("/api/v1/datasets/answers").json["data"]["areas"] == ["28201-abo", "28201-abo-1", "28201-shikama"]
    page = client.get("/indicators/kpi-01?area=28201-shikama")
    assert page.status_code == 200
    assert "飾磨地区" in page.text


def test_a_district_that_is_declared_no_more_stays_in_what_was_published_of_it(districts: CityHall) -> None:
    districts.put_survey("令和7年度", make_people(["飾磨地区"]), "地区")
    districts.put("areas.csv", DISTRICTS[:2])
    (districts.folder / "survey/令和6年度_個票.csv").unlink()
    districts.run()

    rows = districts.rows("answers")
    assert set(rows[rows["period"] == "FY2024"]["area_code"]) == {"282014", "28201-shikama", "28201-abo-1"}
    assert set(rows[rows["period"] == "FY2025"]["area_code"]) == {"282014", "28201-shikama"}


def test_another_installation_that_harvests_the_release_knows_its_districts(
    districts: CityHall, tmp_path: Path
) -> None:
    [folder] = [one.parent for one in districts.settings.home.glob("builds/*/answers.parquet")]
    other = CityHall(tmp_path / "other")
    shutil.copytree(folder, other.folder / "copied")
    other.declare("copied", "datapackage", dataset="copied")
    other.sources[-1]["path"] = "copied/datapackage.json"
    other.run()

    mine, theirs = districts.rows("answers"), other.rows("copied")
    assert sorted(theirs["area_code"]) == sorted(mine["area_code"])
    area = serve(other.settings, Settings(home=tmp_path / "node")).get("/api/v1/areas/28201-abo-1").json["data"]
    assert (area["name"]["ja"], area["parent"]) == ("安室東小学校区", "28201-abo")
