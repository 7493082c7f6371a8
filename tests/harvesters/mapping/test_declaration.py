"""What harvest.yml may say in a mapping, and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.errors import ConfigurationError, InvalidPeriod
from catalog.settings import Settings
from harvesters import load_sources
from harvesters.mapping import Mapper, read_mapping
from harvesters.mapping.times import find_time, read_column_time

MAPPING: dict[str, Any] = {
    "indicator": "kpi-12",
    "definition": "kpi-12.issued",
    "area": {"column": "団体コード"},
    "period": {"column": "年度"},
    "value": {"column": "率", "unit": "PT"},
}


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"indicater": "kpi-12"}, "mapping", "Did you mean 'indicator'"),
        ({"value": {"colunm": "率", "unit": "PT"}}, "value", "Did you mean 'column'"),
        ({"value": {"column": "率"}}, "value.unit", "unit is missing"),
        ({"value": {"unit": "PT"}}, "value", "neither a column of values nor"),
        ({"value": {"column": "率", "unit": "PT", "percent": "percent"}}, "value.percent", "points"),
        ({"value": {"column": "率", "unit": "PT", "multiply": "x"}}, "value.multiply", "no number but 0"),
        ({"value": {"column": "率", "unit": "PT", "multiply": 0}}, "value.multiply", "no number but 0"),
        ({"period": {"column": "年度", "as": "fiscal_year"}}, "period.as", "Did you mean 'fiscal-year'"),
        ({"period": {"const": "FY2021", "column": "年度"}}, "period", "one of const, column, columns and from"),
        ({"period": {"from": "filename"}}, "period.from", "Allowed: heading, sheet, title, file"),
        ({"period": {"from": "heading", "level": 0}}, "period.level", "from 1 on"),
        ({"breakdowns": {"Sex": {"column": "性別"}}}, "breakdowns.Sex", "cannot be the name"),
        ({"breakdowns": {"value": {"column": "性別"}}}, "breakdowns.value", "cannot be the name"),
        ({"breakdowns": {"x": {"column": "a", "title": {"ja": "甲"}}}}, "breakdowns.x.title", "both ja and en"),
        ({"columns_as": [{"column": "男"}]}, "value.column", "either a column of values or columns_as"),
        ({"columns_as": [{"breakdowns": {}}], "value": {"unit": "PT"}}, "columns_as[0]", "either column or columns"),
        ({"only": [{"column": "項目"}]}, "only[0]", "values or except"),
        ({"area": {"column": "団体コード", "digits": "five"}}, "area.digits", "lost_zero"),
        ({"area": ["x"]}, "area", "cannot be used"),
    ],
)
def test_a_mistake_names_its_key_and_what_would_be_allowed(change, key, words):
    with pytest.raises(ConfigurationError) as caught:
        read_mapping({**MAPPING, **change})
    assert caught.value.context["key"] == key
    assert words in caught.value.message("en")


def test_a_breakdown_of_some_columns_must_be_declared_for_all():
    mapping = {**MAPPING, "value": {"unit": "PT"}, "columns_as": [{"column": "男", "breakdowns": {"sex": "M"}}]}
    with pytest.raises(ConfigurationError, match="sex"):
        read_mapping(mapping)


def test_indicator_and_period_are_needed():
    for name in ("indicator", "period"):
        with pytest.raises(ConfigurationError, match=f"{name} is missing"):
            read_mapping({key: value for key, value in MAPPING.items() if key != name})


def test_a_text_is_short_for_a_constant():
    assert read_mapping(MAPPING) == read_mapping({**MAPPING, "indicator": {"const": "kpi-12"}})


def test_a_mistake_in_the_file_names_file_source_and_key(tmp_path):
    file = tmp_path / "harvest.yml"
    source = {
        "name": "cards",
        "kind": "csv",
        "title": {"ja": "交付", "en": "Cards"},
        "path": "a.csv",
        "options": {"mapping": {**MAPPING, "value": {"column": "率", "unit": "PT", "percnt": "points"}}},
    }
    file.write_text(yaml.safe_dump({"version": 1, "sources": [source]}, allow_unicode=True), "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_sources(file, Settings(home=tmp_path))
    assert (caught.value.place.file, caught.value.place.cell) == ("harvest.yml", "sources[0].options.mapping.value")


@pytest.mark.parametrize(
    ("change", "key", "nearest"),
    [
        ({"indicator": "kpi-112"}, "indicator", "kpi-12"),
        ({"definition": "kpi-12.isued"}, "definition", "kpi-12.issued"),
        ({"value": {"column": "率", "unit": "PTS"}}, "unit", "PT"),
        ({"breakdowns": {"sex": {"column": "性別", "codes": {"男": "X"}}}}, "sex", "M"),
        ({"status": {"column": "注", "codes": {"秘匿": "QQ"}}}, "status", "Q?"),
        ({"area": {"column": "地域", "codes": {"全市": "121003"}}}, "area", "expected 2"),
        ({"period": {"column": "年度", "codes": {"今年": "いま"}}}, "period", "いま"),
    ],
)
def test_codes_that_do_not_exist_are_refused_before_anything_is_read(make_mapping_context, change, key, nearest):
    with pytest.raises(ConfigurationError) as caught:
        Mapper(make_mapping_context({**MAPPING, **change}))
    assert caught.value.context["key"] == f"csv.options.mapping.{key}"
    assert nearest in caught.value.message("en")


def test_an_indicator_with_several_definitions_needs_one_named(make_mapping_context):
    mapping = {key: value for key, value in MAPPING.items() if key != "definition"}
    with pytest.raises(ConfigurationError) as caught:
        Mapper(make_mapping_context({**mapping, "indicator": "kpi-13"}))
    assert "Name one as definition: kpi-13.available, kpi-13.done" in caught.value.message("en")


def test_without_a_column_of_areas_the_source_must_declare_one(make_mapping_context):
    mapping = {key: value for key, value in MAPPING.items() if key != "area"}
    with pytest.raises(ConfigurationError, match="No area is declared"):
        Mapper(make_mapping_context(mapping))


def test_a_source_without_a_mapping_says_what_is_missing(make_source, make_context):
    with pytest.raises(ConfigurationError, match="lack mapping"):
        Mapper(make_context(make_source("csv", path=Path("x"))))


@pytest.mark.parametrize(
    ("form", "text", "period"),
    [
        ("fiscal-year", "令和3年度", "FY2021"),
        ("fiscal-year", "R3", "FY2021"),
        ("fiscal-year", "令和元", "FY2019"),
        ("fiscal-year", "２０２１", "FY2021"),
        ("fiscal-year", "FY2021", "FY2021"),
        ("year", "2021", "2021"),
        ("year", "H31", "2019"),
        ("year", "令和3年", "2021"),
        ("month", "202104", "2021-M04"),
        ("month", "2021-04", "2021-M04"),
        ("month", "令和3年4月", "2021-M04"),
        ("month", "2021/4/1", "2021-M04"),
        ("quarter", "2021Q1", "2021-Q1"),
        ("quarter", "2021-1", "2021-Q1"),
        ("quarter", "令和3年第2四半期", "2021-Q2"),
        ("fiscal-quarter", "令和3年度第1四半期", "2021-Q2"),
        ("fiscal-quarter", "2021Q4", "2022-Q1"),
        ("date", "R3.4.1", "2021-04-01"),
        ("date", "20210401", "2021-04-01"),
        ("date", "2021-04-01T00:00:00+09:00", "2021-04-01"),
        ("estat", "2021100000", "FY2021"),
        ("estat", "2021000000", "2021"),
        ("estat", "2021000103", "2021-Q1"),
        ("estat", "2021001012", "2021-Q4"),
        ("estat", "2021001212", "2021-M12"),
        (None, "2021-M04", "2021-M04"),
        (None, "令和3年度", "FY2021"),
    ],
)
def test_times_are_read_in_the_declared_form(form, text, period):
    assert str(read_column_time(text, form).period) == period


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("fiscal-year", "2021年"),
        ("fiscal-year", "2021-04-01"),
        ("year", "令和3年度"),
        ("month", "2021"),
        ("month", "202113"),
        ("month", "2021-04-02"),
        ("quarter", "2021Q5"),
        ("date", "2021"),
        ("date", "2021-02-30"),
        ("estat", "2021"),
        ("estat", "2021000204"),
        ("estat", "2021001313"),
        (None, "R3"),
        (None, "きのう"),
    ],
)
def test_times_of_another_form_are_refused(form, text):
    with pytest.raises(InvalidPeriod) as caught:
        read_column_time(text, form)
    assert text in caught.value.what.ja


@pytest.mark.parametrize(
    ("text", "form", "period"),
    [
        ("R3", "fiscal-year", "FY2021"),
        ("交付率_令和3年度.csv", None, "FY2021"),
        ("2021年4月の状況", "month", "2021-M04"),
    ],
)
def test_the_one_time_of_a_name_is_found(text, form, period):
    assert str(find_time(text, form).period) == period


@pytest.mark.parametrize("text", ["令和3年度と令和4年度", "メモ"])
def test_names_with_no_time_or_several_are_refused(text):
    with pytest.raises(InvalidPeriod):
        find_time(text, "fiscal-year")
