from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from catalog.errors import Label, NoSuchDataset, NoSuchVersion
from catalog.model import DataStructure, Dimension, parse_selector
from catalog.reference import load_reference
from catalog.releases import BuiltRelease, DatasetHolding, Holdings, LocalCopy


@pytest.fixture
def cards(copy: LocalCopy) -> DatasetHolding:
    return copy.load().get("cards")


def test_releases_are_held_oldest_first(cards: DatasetHolding) -> None:
    assert [str(one.manifest.version) for one in cards.releases] == ["1.0.0", "1.1.0", "1.2.0"]
    assert cards.current is cards.releases[-1]
    assert cards.dataset.name == "cards"


@pytest.mark.parametrize(
    ("selector", "version"), [("latest", "1.2.0"), ("1.*", "1.2.0"), ("1.1.*", "1.1.0"), ("1.0.0", "1.0.0")]
)
def test_a_selector_picks_the_newest_release_that_it_matches(
    cards: DatasetHolding, selector: str, version: str
) -> None:
    assert str(cards.select(parse_selector(selector)).manifest.version) == version


def test_a_version_that_does_not_exist_is_answered_with_those_that_do(cards: DatasetHolding) -> None:
    with pytest.raises(NoSuchVersion) as caught:
        cards.select(parse_selector("1.3.0"))
    assert caught.value.context["allowed"] == ["1.2.0", "1.1.0", "1.0.0"]
    assert caught.value.context["nearest"] in {"1.2.0", "1.1.0", "1.0.0"}
    assert caught.value.context["parameter"] == "version"


def test_a_line_that_does_not_exist_is_named_as_it_was_asked_for(cards: DatasetHolding) -> None:
    with pytest.raises(NoSuchVersion, match=r"2\.\*"):
        cards.select(parse_selector("2.*"))


@pytest.mark.parametrize(
    ("moment", "version"),
    [
        ("2021-02-01T00:00:00+09:00", "1.0.0"),
        ("2021-02-28T15:00:00+00:00", "1.1.0"),
        ("2021-02-28T14:59:59+00:00", "1.0.0"),
        ("2030-01-01T00:00:00+09:00", "1.2.0"),
    ],
)
def test_as_of_gives_what_was_known_then_in_any_offset(cards: DatasetHolding, moment: str, version: str) -> None:
    assert str(cards.as_of(datetime.fromisoformat(moment)).manifest.version) == version


def test_before_the_first_release_nothing_was_known(cards: DatasetHolding) -> None:
    with pytest.raises(NoSuchVersion) as caught:
        cards.as_of(datetime.fromisoformat("2021-01-31T23:59:59+09:00"))
    assert caught.value.context["allowed"] == "2021-02-01T00:00:00+09:00"


def test_a_dataset_that_is_not_held_is_answered_with_the_nearest(copy: LocalCopy) -> None:
    assert copy.load().find("card") is None
    with pytest.raises(NoSuchDataset) as caught:
        copy.load().get("card")
    assert caught.value.context["nearest"] == "cards"


def test_the_digest_of_the_holdings_moves_with_a_release(copy: LocalCopy) -> None:
    held = copy.load()
    fewer = Holdings({"cards": DatasetHolding(held.get("cards").releases[:2])})
    assert held.digest != fewer.digest != Holdings().digest
    assert Holdings(dict(held.datasets)).digest == held.digest


def test_a_release_gives_the_paths_of_its_files_and_no_other(
    cards: DatasetHolding, built_chain: list[BuiltRelease]
) -> None:
    assert cards.current.parquet.read_bytes() == built_chain[-1].parquet.read_bytes()
    assert cards.current.digest == built_chain[-1].digest
    assert set(cards.current.paths) == {
        "cards.parquet",
        "cards.csv",
        "cards_excel.csv",
        "datapackage.json",
        "manifest.json",
    }
    with pytest.raises(KeyError):
        cards.current.path("../holdings.json")


def _held_as(cards: DatasetHolding, name: str, *, synthetic: bool = False, totals: bool = True) -> DatasetHolding:
    codes = {"_T": Label("計", "Total")} if totals else {"A": Label("甲", "A")}
    structure = DataStructure((Dimension("sex", Label("性別", "Sex"), codes),))
    dataset = replace(cards.dataset, name=name, synthetic=synthetic, indicators=("kpi-01",), structure=structure)
    current = cards.current
    return DatasetHolding((replace(current, manifest=replace(current.manifest, dataset=dataset)),))


def test_real_figures_answer_before_made_up_ones_and_totals_before_none(cards: DatasetHolding) -> None:
    held = [
        _held_as(cards, "a-made-up", synthetic=True),
        _held_as(cards, "b-made-up-parts", synthetic=True, totals=False),
        _held_as(cards, "c-real-parts", totals=False),
        _held_as(cards, "d-real"),
    ]
    holdings = Holdings({one.dataset.name: one for one in held})
    surveyed = load_reference().indicator_set.get_indicator("kpi-01")
    assert [one.dataset.name for one in holdings.holders(surveyed)] == [
        "d-real",
        "c-real-parts",
        "a-made-up",
        "b-made-up-parts",
    ]
    assert holdings.find_serving(surveyed) is holdings.holders(surveyed)[0]
    primary = replace(surveyed, primary_dataset="b-made-up-parts", no_data_reason=None)
    assert holdings.find_serving(primary) is holdings.holders(primary)[0] is held[1]


def test_an_indicator_is_not_answered_for_by_others_while_its_primary_dataset_is_missing(cards: DatasetHolding) -> None:
    holdings = Holdings({"a-made-up": _held_as(cards, "a-made-up", synthetic=True)})
    surveyed = load_reference().indicator_set.get_indicator("kpi-01")
    assert holdings.find_serving(replace(surveyed, primary_dataset="elsewhere")) is None
    assert holdings.find_serving(load_reference().indicator_set.get_indicator("kpi-02")) is None
