"""Paths of ``package_revise``, alone."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.embedded.parts import PartError, differing, kept, merge, merge_at, part_at, patterns_of

PACKAGE = {
    "title": "題名",
    "notes": None,
    "tags": [{"name": "a"}, {"name": "b"}],
    "resources": [{"id": "1f9ab001", "name": "x"}, {"id": "1f9ac002", "name": "y"}],
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_nothing_differs_from_itself(value):
    assert list(differing(value, copy.deepcopy(value))) == []


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4))
def test_a_change_without_anything_changes_nothing(value):
    assert merge(value, {}) == value


@given(st.dictionaries(st.text(min_size=1, max_size=3), json_values, max_size=4))
def test_what_was_merged_into_nothing_is_there(value):
    assert merge({}, value) == value


@given(json_values, st.lists(st.text("+-*_ab01", max_size=8), max_size=4))
def test_patterns_only_take_away(value, texts):
    remaining = kept(value, patterns_of(texts))
    if isinstance(value, dict):
        assert set(remaining) <= set(value)
    elif isinstance(value, list):
        assert len(remaining) <= len(value)
    else:
        assert remaining == value


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("title", "題名"),
        ("notes", None),
        ("resources__0__name", "x"),
        ("resources__-1__name", "y"),
        ("resources__1f9ac__name", "y"),
        ("tags__1", {"name": "b"}),
    ],
)
def test_a_path_leads_to_its_part(path, found):
    assert part_at(PACKAGE, path) == found


@pytest.mark.parametrize(
    "path", ["no", "title__0", "resources__2", "resources__-3", "resources__1f9ad", "resources__x", "tags__abcdef", ""]
)
def test_a_path_that_leads_nowhere_is_named(path):
    with pytest.raises(PartError):
        part_at(PACKAGE, path)


@pytest.mark.parametrize(
    ("texts", "keys"),
    [
        (["-title"], {"notes", "tags", "resources"}),
        (["-title", "+title"], {"notes", "tags", "resources"}),
        (["+title", "-title"], set(PACKAGE)),
        (["+title", "+tags", "-*"], {"title", "tags"}),
        (["-nothing"], set(PACKAGE)),
        (["-resources__0"], set(PACKAGE)),
    ],
)
def test_the_first_pattern_that_fits_counts(texts, keys):
    assert set(kept(PACKAGE, patterns_of(texts))) == keys


def test_a_change_leaves_what_it_was_made_of():
    before = copy.deepcopy(PACKAGE)
    assert merge_at(PACKAGE, "resources__1f9ac__name", "z")["resources"][1]["name"] == "z"
    assert merge_at(PACKAGE, "tags__extend", [{"name": "c"}])["tags"][2] == {"name": "c"}
    kept(PACKAGE, patterns_of(["-*"]))
    assert before == PACKAGE
