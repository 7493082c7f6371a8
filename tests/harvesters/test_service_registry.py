"""Registries of services: YAML and JSON with JSON's types, and hostile files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import InputError, TooLarge
from harvesters.services import registry as service_registry
from harvesters.services.registry import Registry, read_registry


def read(folder: Path, text: str | bytes) -> Registry:
    """Read a registry of this content."""
    path = folder / "registry"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_registry(path, "services.yml")


def refusal(folder: Path, text: str | bytes) -> InputError:
    """Return what is said of this content."""
    with pytest.raises(InputError) as caught:
        read(folder, text)
    assert caught.value.place is not None
    assert caught.value.place.file == "services.yml"
    assert caught.value.next_step is not None
    return caught.value


def test_records_come_in_their_order_with_the_line_that_they_begin_in(tmp_path: Path) -> None:
    found = read(tmp_path, "version: 1\nservices:\n  - id: b\n    step: 1\n  # a comment\n  - id: a\n")
    assert [(one.place, one.raw["id"]) for one in found.entries] == [("line 3", "b"), ("line 6", "a")]


def test_json_is_read_with_the_number_of_the_record(tmp_path: Path) -> None:
    found = read(tmp_path, '{"version": 1, "services": [\n\t{"id": "a"},\n\t{"id": "b"}]}')
    assert [(one.place, one.raw["id"]) for one in found.entries] == [("services[0]", "a"), ("services[1]", "b")]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("011002", "011002"),
        ("121002", 121002),
        ("2021-01-28", "2021-01-28"),
        ("2013-M07", "2013-M07"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("null", None),
        ("1.5", 1.5),
        ("-3", -3),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        (".nan", ".nan"),
        ("=", "="),
        ('"12"', "12"),
    ],
)
def test_yaml_has_the_types_of_json_alone(written: str, value: Any, tmp_path: Path) -> None:
    found = read(tmp_path, f"services:\n  - x: {written}\n").entries[0].raw["x"]
    assert (found, type(found)) == (value, type(value))


def test_defaults_hold_unless_a_record_says_otherwise(tmp_path: Path) -> None:
    found = read(tmp_path, "defaults: {step: 1, owner: 課}\nservices: [{id: a}, {id: b, step: 2}]\n")
    assert [one.raw for one in found.entries] == [
        {"step": 1, "owner": "課", "id": "a"},
        {"step": 2, "owner": "課", "id": "b"},
    ]


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffservices: [{id: a}]").entries[0].raw == {"id": "a"}


def test_members_of_the_file_that_are_not_known_are_told(tmp_path: Path) -> None:
    assert read(tmp_path, "services: [{id: a}]\nowner: 課\n").others == ("owner",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "services: {}",
        "services:",
        "version: 2\nservices: []",
        "defaults: []\nservices: [",
        "defaults: 1\nservices: []",
        '{"services": {"id": "a"}}',
        '{"services": 1}',
        "just a text",
    ],
)
def test_what_is_no_registry_is_refused(text: str, tmp_path: Path) -> None:
    refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("services:\n  - {id: a, id: b}\n", "line 2"),
        ("services: []\nservices: []\n", "line 2"),
        ("services:\n  - &one {id: a}\n  - *one\n", "line 3"),
        ("services:\n  - !!python/object/apply:os.system [ls]\n", "line 2"),
        ("services:\n  - {[a, b]: 1}\n", "line 2"),
        ("services:\n\t- id: a\n", "line 2"),
        ("services: [\n", "line 2"),
    ],
)
def test_yaml_that_is_broken_or_dangerous_is_refused_with_its_line(text: str, line: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, text).place.cell == line  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ['{"services": [], "services": []}', '{"services": [{"x": NaN}]}'])
def test_json_that_hides_a_value_or_is_none_is_refused(text: str, tmp_path: Path) -> None:
    refusal(tmp_path, text)


def test_a_bomb_of_aliases_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    refusal(tmp_path, "\n".join([*lines, "services: [*a9]"]))


@pytest.mark.parametrize("text", ["services: " + "[" * 5000, '{"services": ' + "[" * 200_000])
def test_nesting_without_end_is_refused(text: str, tmp_path: Path) -> None:
    refusal(tmp_path, text)


def test_a_file_that_is_not_utf_8_is_refused_with_the_byte(tmp_path: Path) -> None:
    assert refusal(tmp_path, "services: [{id: 千葉}]".encode("cp932")).place.cell == "byte 17"  # type: ignore[union-attr]


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_registry, "LARGEST_FILE", 10)
    with pytest.raises(TooLarge):
        read(tmp_path, "services: []" + " " * 10)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab千", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text("ab千", min_size=1, max_size=3), json_values, max_size=3), max_size=3))
@settings(max_examples=60)
def test_any_json_comes_back(tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]) -> None:
    folder = tmp_path_factory.mktemp("json")
    for ascii in (True, False):
        found = read(folder, json.dumps({"services": records}, ensure_ascii=ascii))
        assert [one.raw for one in found.entries] == records
