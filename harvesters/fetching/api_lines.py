"""Answers of an API as they are kept: one line of JSON each."""

from __future__ import annotations

from typing import Any

import orjson

from catalog.errors import InputError, Label, Place


def write_line(value: Any, place: Place) -> bytes:
    """Return a parsed answer as JSON without line breaks.

    Raises
    ------
    InputError
        If it is nested deeper than anything that is meant to be read.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise InputError(
            "応答の入れ子が深すぎます",
            "The answer is nested too deep",
            next_step=Label(
                "url が正しいか確かめ、提供元に知らせてください", "Check url, and tell the owner of the source"
            ),
            place=place,
            reason=str(error),
        ) from error
