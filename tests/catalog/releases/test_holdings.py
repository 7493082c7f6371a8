from __future__ import annotations

from datetime import datetime

import pytest

from catalog.errors import NoSuchDataset, NoSuchVersion
from catalog.model import parse_selector
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
