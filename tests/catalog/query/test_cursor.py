"""Cursors survive the way to the client and back, and nothing else is taken for one."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import QueryError
from catalog.query.cursor import Cursor, _checksum, decode_cursor

values = st.one_of(st.none(), st.text(max_size=10), st.integers(-(2**53), 2**53), st.floats(allow_nan=False))
cursors = st.builds(Cursor, st.text(max_size=64), st.text(max_size=16), st.lists(values, max_size=6).map(tuple))


@given(cursors)
def test_a_cursor_comes_back_as_it_was(cursor: Cursor) -> None:
    text = cursor.encode()
    assert decode_cursor(text) == cursor
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(cursors, st.data())
def test_a_changed_cursor_is_refused(cursor: Cursor, data: st.DataObject) -> None:
    text = cursor.encode()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("Aa0-_").filter(lambda one: one != text[place]))
    with pytest.raises(QueryError, match="cursor"):
        decode_cursor(text[:place] + other + text[place + 1 :])


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        decode_cursor(text)


@pytest.mark.parametrize("after", [({"a": 1},), ([1],), (2**70,)])
def test_a_cursor_made_by_hand_with_what_no_row_has_is_refused(after: tuple[object, ...]) -> None:
    with pytest.raises(QueryError):
        decode_cursor(Cursor("d", "f", after).encode())


@pytest.mark.parametrize("parts", [(1, "f", ()), ("d", None, ())])
def test_a_cursor_made_by_hand_of_another_shape_is_refused(parts: tuple[object, ...]) -> None:
    with pytest.raises(QueryError):
        decode_cursor(Cursor(*parts).encode())  # type: ignore[arg-type]


def test_a_text_that_is_no_unicode_is_refused() -> None:
    raw = rb'["d","f",["\ud800"]]'
    text = base64.urlsafe_b64encode(_checksum(raw) + raw).decode().rstrip("=")
    with pytest.raises(QueryError):
        decode_cursor(text)
