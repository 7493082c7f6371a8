"""harvest.yml: what is read and what is refused, with errors that teach."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from catalog.errors import ConfigurationError, Label
from catalog.settings import Settings
from harvesters import HarvestSource, load_sources

GOOD = """
version: 1
organisations:
  chiba-city:
    title: {ja: 千葉市, en: Chiba City}
    url: https://www.city.chiba.jp/
sources:
  - name: cards
    kind: mynumber
    title: {ja: カード, en: Cards}
    path: in/cards
    every: 2 weeks
    options:
      datasets: [municipalities]
      max_rejected: 0.1
  - name: survey
    kind: procedures
    title: {ja: 手続, en: Procedures}
    url: https://example.jp/survey.csv
    organisation: another-city
    options: {published: 2025-07-29, sample: true}
"""


def _load(tmp_path: Path, text: str) -> list[HarvestSource]:
    file = tmp_path / "harvest.yml"
    file.write_text(text, "utf-8")
    return load_sources(file, Settings())


def _refused(tmp_path: Path, text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, text)
    return caught.value


def test_a_good_file_gives_its_sources_in_order(tmp_path: Path) -> None:
    cards, survey = _load(tmp_path, GOOD)
    assert (cards.name, cards.path, cards.url, cards.every) == ("cards", Path("in/cards"), None, timedelta(weeks=2))
    assert cards.publisher.label == Label("千葉市", "Chiba City")
    assert cards.options["datasets"] == ("municipalities",)
    assert (survey.url, survey.every, survey.publisher.name) == ("https://example.jp/survey.csv", None, "another-city")
    assert survey.options["published"] == date(2025, 7, 29)


def test_schedule_timeout_retries_and_watch_are_read(tmp_path: Path) -> None:
    keys = "schedule: 毎月1日 3:00\n    timeout: 90 minutes\n    retries: 4\n    watch: '*.csv'"
    cards, survey = _load(tmp_path, GOOD.replace("every: 2 weeks", keys))
    assert str(cards.schedule) == "毎月1日 3:00"
    assert (cards.timeout, cards.retries, cards.watch) == (timedelta(minutes=90), 4, "*.csv")
    assert (survey.schedule, survey.timeout, survey.retries, survey.watch) == (None, None, None, None)
    assert cards.to_dict()["timeout_minutes"] == 90


def test_options_that_are_not_given_have_their_defaults(tmp_path: Path) -> None:
    cards, survey = _load(tmp_path, GOOD)
    assert cards.options["sample"] is False
    assert survey.options["fiscal_year"] == 2023


def test_the_file_of_the_project_is_good(root: Path) -> None:
    sources = load_sources(root / "harvest.yml", Settings())
    assert [one.name for one in sources] == [
        "mynumber",
        "procedures",
        "services",
        "citizen-survey-tables",
        "citizen-survey",
        "company-survey",
        "procedures-register",
    ]
    assert [one.options.get("synthetic", False) for one in sources] == [False] * 3 + [True] * 4


def test_the_owner_of_the_project_s_datasets_is_not_the_city(root: Path) -> None:
    [owner] = {one.publisher for one in load_sources(root / "harvest.yml", Settings())}
    assert "千葉市の公式ではない" in owner.label.ja
    assert "not official" in owner.label.en
    assert (owner.url, owner.email) == (None, None)


def test_an_unknown_option_names_file_key_allowed_ones_and_the_nearest(tmp_path: Path) -> None:
    error = _refused(tmp_path, GOOD.replace("max_rejected", "max_reject"))
    assert str(error.place) == "harvest.yml / sources[0].options"
    assert error.context["nearest"] == "max_rejected"
    assert "max_rejected" in error.message("ja")
    assert "datasets, folders, max_rejected, sample" in error.message("en")


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("max_rejected: 0.1", "max_rejected: 10", "sources[0].options.max_rejected", "number from 0 to 1"),
        ("[municipalities]", "[municipality]", "sources[0].options.datasets", "Did you mean 'municipalities'"),
        ("[municipalities]", "municipalities", "sources[0].options.datasets", "a list of texts"),
        ("[municipalities]", "[]", "sources[0].options.datasets", "a list of texts"),
        ("published: 2025-07-29", "published: July", "sources[1].options.published", "a date such as"),
        ("published: 2025-07-29", "published: 2025-07-29 10:00:00", "sources[1].options.published", "a date"),
        ("sample: true", "sample: maybe", "sources[1].options.sample", "true or false"),
        ("sample: true", "fiscal_year: -1", "sources[1].options.fiscal_year", "whole number"),
        ("kind: mynumber", "kind: mynumbers", "sources[0].kind", "Did you mean 'mynumber'"),
        ("name: cards", "name: Cards!", "sources[0].name", "a name of a-z"),
        ("title: {ja: カード, en: Cards}", "title: カード", "sources[0].title", "both languages"),
        ("every: 2 weeks", "every: fortnightly", "sources[0].every", "an interval"),
        ("every: 2 weeks", "schedule: 毎曜 3:00", "sources[0].schedule", "毎曜"),
        ("every: 2 weeks", "schedule: 3", "sources[0].schedule", "a text"),
        ("every: 2 weeks", "schedule: 毎日 3:00\n    every: 1 day", "sources[0]", "not both"),
        ("every: 2 weeks", "timeout: 2 weeks", "sources[0].timeout", "2 hours"),
        ("every: 2 weeks", "retries: -1", "sources[0].retries", "from 0 to 20"),
        ("url: https://example.jp/survey.csv", "url: file:///etc/passwd", "sources[1].url", "http://"),
        ("organisation: another-city", "organisation: Ä", "sources[1].organisation", "CKAN organisation"),
        ("version: 1", "version: 2", "version", "the version of this format"),
        ("    path: in/cards\n", "", "sources[0]", "either a path or a url"),
        ("path: in/cards", "path: in/cards\n    url: https://example.jp/", "sources[0]", "either a path or a url"),
        ("path: in/cards", "path: ../../etc", "sources[0].path", "leads out"),
        ("path: in/cards", "paths: in/cards", "sources[0]", "Did you mean 'path'"),
        ("    kind: mynumber\n", "", "sources[0]", "kind is missing"),
        ("name: survey", "name: cards", "sources[1].name", "two sources named cards"),
        ("options: {published", "options: [1]\n    every: 1 day\n    x: {published", "sources[1]", "x"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_key(
    tmp_path: Path, old: str, new: str, key: str, said: str
) -> None:
    error = _refused(tmp_path, GOOD.replace(old, new, 1))
    assert error.context["key"] == key
    assert said in error.message("en")
    assert error.place is not None
    assert error.place.file == "harvest.yml"
    assert error.next_step is not None


def test_a_key_given_twice_is_an_error_with_its_line(tmp_path: Path) -> None:
    error = _refused(tmp_path, GOOD.replace("    every: 2 weeks", "    path: elsewhere"))
    assert "given twice" in error.message("en")


def test_broken_yaml_is_an_error_with_its_line(tmp_path: Path) -> None:
    error = _refused(tmp_path, GOOD.replace("version: 1", "version: [1"))
    assert error.place is not None
    assert str(error.place.cell).startswith("line ")


@pytest.mark.parametrize("text", ["", "[]", "version: 1", "version: 1\nsources: {}", "sources: []"])
def test_a_file_without_version_or_sources_is_an_error(tmp_path: Path, text: str) -> None:
    assert _refused(tmp_path, text).next_step is not None


def test_python_objects_in_yaml_are_not_made(tmp_path: Path) -> None:
    error = _refused(tmp_path, "version: !!python/object/apply:os.system ['true']\nsources: []")
    assert "YAML" in error.message("en")


def test_a_missing_file_says_where_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SHIHYO_HARVEST_FILE"):
        load_sources(tmp_path / "nothing.yml", Settings())


def test_a_file_of_megabytes_is_refused(tmp_path: Path) -> None:
    assert "1 MB" in _refused(tmp_path, "#" * 1_000_001).message("en")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "harvest.yml"
    file.write_bytes("version: 1 # 千葉".encode("cp932"))
    with pytest.raises(ConfigurationError, match="YAML"):
        load_sources(file, Settings())


def test_a_source_is_json(tmp_path: Path) -> None:
    [cards, survey] = _load(tmp_path, GOOD)
    assert cards.to_dict()["every_hours"] == 336
    assert survey.to_dict()["options"]["published"] == "2025-07-29"
