"""What the kinds share that ask an API page by page: its address, the size of a page, answers as they are kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson

from catalog.errors import ConfigurationError, InputError, Label, Place
from harvesters.base import HarvestSource
from harvesters.options import Option, OptionType


def api_address(source: HarvestSource) -> str:
    """Return the address as harvest.yml gives it: without a query, because queries carry keys and are made here.

    Raises
    ------
    ConfigurationError
        If it has a query or a fragment; the message does not repeat it, since it may have a key.
    """
    parts = urlsplit(str(source.url))
    if parts.query or parts.fragment:
        key = f"{source.name}.url"
        raise ConfigurationError(
            f"「{key}」に「?」や「#」より後を書かないでください",
            f"{key} must end before ? and #",
            next_step=Label(
                "条件は options に書いてください。鍵を書いていた場合は、消して発行し直してください",
                "Write conditions in the options; a key that stood there must be removed and issued anew",
            ),
            place=Place(file=source.file.name, cell=key),
            key=key,
        )
    return parts.geturl().rstrip("/")


def page_size_option(default: int, most: int, what: Label) -> Option:
    """Return the option that says how much is asked for at once, from 1 to ``most``."""

    def parse(raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= most:
            raise ValueError
        return raw

    expected = Label(f"1から{most}までの整数", f"a whole number from 1 to {most}")
    return Option(name="page_size", type=OptionType("page size", expected, parse), default=default, help=what)


def write_line(value: Any, place: Place) -> bytes:
    """Return a parsed answer as it is kept: JSON without line breaks.

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
