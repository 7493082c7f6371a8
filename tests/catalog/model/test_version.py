from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from catalog.errors import VersionError
from catalog.model import Version, parse_selector, parse_version

versions = st.builds(Version, *(st.integers(0, 999_999_999) for _ in range(3)))


@given(versions)
def test_a_version_is_read_as_it_is_written(version: Version) -> None:
    assert parse_version(str(version)) == version
    assert parse_selector(str(version)).pinned == version


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    assume(not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", text))
    with pytest.raises(VersionError) as caught:
        parse_version(text)
    assert caught.value.context["value"] == text


@given(versions, st.sampled_from(["major", "minor", "patch"]))
def test_a_bump_gives_a_higher_version(version: Version, part: str) -> None:
    assert version.bump(part) > version


@given(versions, versions)
def test_versions_are_ordered_as_numbers(one: Version, other: Version) -> None:
    assert (one < other) == ((one.major, one.minor, one.patch) < (other.major, other.minor, other.patch))


@pytest.mark.parametrize("text", ["1.2", "01.2.3", "1.2.3-rc1", "v1.2.3", "1.2.3 ", "1.2.1000000000", "１.２.３", ""])
def test_what_is_not_three_plain_numbers_is_refused(text: str) -> None:
    with pytest.raises(VersionError, match=r"1\.4\.2"):
        parse_version(text)


@given(versions, versions)
def test_a_selector_of_a_line_matches_the_versions_of_that_line_alone(asked: Version, other: Version) -> None:
    assert parse_selector(f"{asked.major}.*").matches(other) == (asked.major == other.major)
    minor = parse_selector(f"{asked.major}.{asked.minor}.*")
    assert minor.matches(other) == ((asked.major, asked.minor) == (other.major, other.minor))


@given(versions)
def test_latest_matches_every_version(version: Version) -> None:
    assert parse_selector("latest").matches(version)


@pytest.mark.parametrize("text", ["*", "1", "1.2", "1.*.2", "*.*", "1.2.*.*", "newest", ""])
def test_what_selects_nothing_is_refused_with_the_forms_that_do(text: str) -> None:
    with pytest.raises(VersionError, match="latest"):
        parse_selector(text)
