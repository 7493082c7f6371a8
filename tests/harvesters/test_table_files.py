"""Files whose columns the configuration explains, from the folder to the catalogue."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.errors import ConfigurationError
from catalog.settings import Settings
from harvesters import load_sources, run_sources
from harvesters.base import Fetched
from harvesters.registry import harvesters


@pytest.fixture
def sources(specimens: Path, settings: Settings):
    return {one.name: one for one in load_sources(specimens / "mapping" / "harvest.yml", settings)}


def test_a_folder_of_files_becomes_one_release_each(sources, settings):
    [report] = run_sources(settings, [sources["cards-by-ward"]])
    assert (report.exit_code, report.rows.to_dict()) == (0, {"read": 54, "accepted": 54, "rejected": 0})
    [outcome] = report.datasets
    assert [(one.version, one.issued[:10]) for one in outcome.releases] == [
        ("1.0.0", "2022-05-20"),
        ("1.1.0", "2023-03-31"),
        ("1.2.0", "2024-03-31"),
    ]


def test_the_figures_are_those_of_the_files(sources, make_context):
    context = make_context(sources["cards-by-ward"])
    kind = harvesters()["csv"]
    rows = {}
    for wanted in kind.gather(context):
        [found] = kind.transform(context, kind.fetch(context, wanted, None))
        for row in found.table.to_pylist():
            rows[row["area_code"], row["period"], row["sex"]] = row
    first = rows["121011", "FY2021", "_T"]
    assert (first["value"], first["numerator"], first["denominator"]) == (30.0, 12_000, 40_000)
    assert (rows["121061", "FY2022", "F"]["value"], rows["121061", "FY2022", "F"]["obs_status"]) == (None, "Q")
    assert rows["121029", "FY2023", "M"]["obs_status"] == "P"
    assert context.findings.counts["row-not-wanted"] == context.findings.counts["row-total"] == 3


def test_sheets_become_periods(sources, make_context):
    context = make_context(sources["satisfaction"])
    kind = harvesters()["excel"]
    [wanted] = kind.gather(context)
    [found] = kind.transform(context, kind.fetch(context, wanted, None))
    values = {(row["area_code"], row["period"]): row["value"] for row in found.table.to_pylist()}
    assert len(values) == 18
    assert (values["121011", "FY2020"], values["121061", "FY2022"]) == (40.0, 49.0)
    assert "table-unused" not in context.findings.counts


def test_a_second_run_finds_nothing_new(sources, settings):
    run_sources(settings, [sources["satisfaction"]])
    [report] = run_sources(settings, [sources["satisfaction"]])
    assert report.skipped


def test_a_period_that_goes_on_became_known_when_the_file_was_fetched(sources, make_context):
    context = make_context(sources["satisfaction"])
    kind = harvesters()["excel"]
    [wanted] = kind.gather(context)
    fetched = kind.fetch(context, wanted, None)
    early = replace(fetched.object, fetched="2022-10-01T09:00:00+09:00")
    [found] = kind.transform(context, Fetched(early, fetched.path))
    assert found.issued == "2022-10-01T00:00:00+09:00"


def test_a_file_whose_column_was_renamed_is_held_and_the_headings_are_named(sources, settings, specimens, tmp_path):
    shutil.copytree(specimens / "mapping" / "cards", tmp_path / "cards")
    source = replace(sources["cards-by-ward"], path=tmp_path / "cards", file=tmp_path / "harvest.yml")
    run_sources(settings, [source])
    file = tmp_path / "cards" / "令和5年度.csv"
    file.write_bytes(file.read_bytes().replace("交付率".encode("cp932"), "率（％）".encode("cp932")))
    [report] = run_sources(settings, [source])
    assert report.exit_code != 0
    error = report.to_dict()["held_objects"]["令和5年度.csv"]
    assert "率（％）" in error["next_step"]["ja"]
    assert error["place"] == {"file": "令和5年度.csv", "sheet": None, "cell": "row 1"}


def test_a_source_without_a_page_says_so(sources, make_context):
    source = sources["cards-by-ward"]
    source = replace(source, publisher=replace(source.publisher, url=None))
    with pytest.raises(ConfigurationError, match="landing_page"):
        harvesters()["csv"].datasets(make_context(source))


WARD_FILES = """
version: 1
sources:
  - name: wards
    kind: csv
    title: {ja: 区ごとのファイル, en: A file a ward}
    path: wards
    options:
      area: "121002"
      dataset: by-ward
      landing_page: https://example.org/
      mapping:
        indicator: kpi-12
        definition: kpi-12.issued
        area: {column: 団体コード}
        period: {column: 年, as: year}
        value: {column: 率（%）, unit: PT, percent: points}
"""


def test_files_for_one_ward_each_become_one_release(settings, tmp_path):
    (tmp_path / "harvest.yml").write_text(WARD_FILES, "utf-8")
    (tmp_path / "wards").mkdir()
    for ward, years in (("121011", (2022, 2023)), ("121029", (2022, 2023)), ("121037", (2023,))):
        rows = [f"{ward},{year},{year - 2000}.5" for year in years]
        (tmp_path / "wards" / f"{ward}.csv").write_text("\n".join(["団体コード,年,率（%）", *rows, ""]), "utf-8")
    sources = load_sources(tmp_path / "harvest.yml", settings)
    [report] = run_sources(settings, sources)
    [release] = report.datasets[0].releases
    assert (report.exit_code, release.observations) == (0, 5)
    assert report.findings.counts["period-in-parts"] == 3
    (tmp_path / "wards" / "121045.csv").write_text("団体コード,年,率（%）\n121045,2023,9.5\n", "utf-8")
    [report] = run_sources(settings, sources)
    assert [one.changes["added"] for one in report.datasets[0].releases] == [1]
