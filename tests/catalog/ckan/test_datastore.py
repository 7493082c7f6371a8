"""The DataStore without a CKAN: what is compared, how columns are described, and catalogues that have none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ckan import load_datastore, load_datastores, open_catalogue, publish
from catalog.ckan.datastore import RELEASE, Changes, compare_rows, describe_fields, iter_rows
from catalog.model import DataStructure
from catalog.settings import Settings

STRUCTURE = DataStructure()
WIDTH = len(STRUCTURE.names)


def row(key: int, value: float) -> tuple[Any, ...]:
    """Return a row whose key is a number."""
    places = [STRUCTURE.names.index(name) for name in STRUCTURE.key]
    cells: list[Any] = [value] * WIDTH
    for place in places:
        cells[place] = str(key)
    return tuple(cells)


@given(
    st.dictionaries(st.integers(0, 30), st.sampled_from([1.0, 2.0])),
    st.dictionaries(st.integers(0, 30), st.sampled_from([1.0, 2.0])),
)
def test_what_is_compared_and_applied_is_the_release(held: dict[int, float], wanted: dict[int, float]) -> None:
    table = {number: row(key, value) for number, (key, value) in enumerate(held.items(), start=1)}
    changes = compare_rows(STRUCTURE, table, [row(key, value) for key, value in wanted.items()])
    left = {number: one for number, one in table.items() if number not in changes.removed}
    written = {one[0]: one for one in (*left.values(), *changes.changed, *changes.added)}
    assert written == {str(key): row(key, value) for key, value in wanted.items()}
    assert len(left) + len(changes.added) == len(wanted)
    assert not (changes.changed and held == wanted)


def test_a_key_that_is_there_twice_is_removed_once() -> None:
    changes = compare_rows(STRUCTURE, {1: row(5, 1.0), 2: row(5, 1.0)}, [row(5, 1.0)])
    assert (changes.added, changes.changed, len(changes.removed)) == ((), (), 1)


def test_calls_are_counted_by_what_is_written_and_removed() -> None:
    assert Changes((), (), ()).calls == 0
    assert Changes((row(1, 1.0),), (row(2, 1.0),), (3,)).calls == 2


def test_every_column_has_a_type_a_japanese_title_and_notes_in_both_languages() -> None:
    fields = describe_fields(STRUCTURE, "abc")
    assert [one["id"] for one in fields] == list(STRUCTURE.names)
    assert {one["type"] for one in fields} == {"text", "float8", "int8", "date"}
    assert fields[4]["info"]["label"] == "値"
    assert "\nValue: " in fields[4]["info"]["notes"]
    assert [one["info"].get(RELEASE) for one in fields] == ["abc", *[None] * (WIDTH - 1)]


def test_dates_are_texts_and_null_is_none(specimen: Any) -> None:
    [only] = iter_rows(specimen.table([specimen.row()]), STRUCTURE)
    cells = dict(zip(STRUCTURE.names, only, strict=True))
    assert (cells["numerator_date"], cells["numerator"]) == (None, 318610.0)


def test_a_catalogue_without_a_datastore_is_left_alone(tmp_path: Path, built_chain: list[Any]) -> None:
    catalogue = open_catalogue(Settings(home=tmp_path))
    publish(catalogue, built_chain[0])
    assert [one.action for one in load_datastores(catalogue)] == ["absent"]
    catalogue.close()


def test_one_that_is_wanted_and_missing_is_an_error(tmp_path: Path, built_chain: list[Any]) -> None:
    catalogue = open_catalogue(Settings(home=tmp_path, datastore="on"))
    publish(catalogue, built_chain[0])
    loaded = load_datastore(catalogue, "cards")
    assert loaded.action == "failed"
    assert loaded.to_dict()["error"]["code"] == "catalogue-error"
    catalogue.close()


def test_a_catalogue_that_does_not_answer_is_reported_and_raises_nothing(tmp_path: Path) -> None:
    catalogue = open_catalogue(Settings(home=tmp_path, catalog_url="http://127.0.0.1:1", catalog_timeout=1))
    loaded = load_datastore(catalogue, "cards")
    assert loaded.error is not None
    assert loaded.error.code == "catalogue-unavailable"
    catalogue.close()


@pytest.mark.parametrize("value", ["auto", "on", "off"])
def test_the_setting_takes_three_values(value: str) -> None:
    assert Settings.from_environ({"SHIHYO_DATASTORE": value}).datastore == value
