"""Secrets in pieces of a file: found wherever the pieces end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import FetchError
from harvesters.fetching.credentials import Credential, Secret, iter_without

SECRET = Secret(Credential("portal_token", header="Authorization"), "a+b/c")
URL = "https://portal.example/a.csv"


@given(st.lists(st.text("ab+/c%2BF", max_size=6).map(str.encode)))
def test_a_secret_is_found_in_whatever_pieces_it_comes(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    if b"a+b/c" in whole or b"a%2Bb%2Fc" in whole:
        with pytest.raises(FetchError, match="repeats the token"):
            list(iter_without(pieces, SECRET, URL))
    else:
        assert b"".join(iter_without(pieces, SECRET, URL)) == whole


@given(st.text("ab+/c%2BF", max_size=12), st.integers(0, 9), st.sampled_from([b"a+b/c", b"a%2Bb%2Fc"]))
def test_a_secret_across_a_border_is_found(before: str, border: int, form: bytes) -> None:
    pieces = [before.encode() + form[:border], form[border:]]
    with pytest.raises(FetchError, match="repeats the token"):
        list(iter_without(pieces, SECRET, URL))


def test_without_a_secret_everything_passes() -> None:
    assert list(iter_without([b"a+b", b"/c"], None, URL)) == [b"a+b", b"/c"]


def test_a_secret_does_not_show_itself_when_it_is_printed() -> None:
    assert "a+b/c" not in repr(SECRET)
