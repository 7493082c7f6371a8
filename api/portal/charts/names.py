"""How long a name at the end of a line may be, and what stays of a longer one.

What a name says in brackets at its end (synthetic, sample) stays, whatever else is cut.
"""

from __future__ import annotations

import re
import unicodedata

#: height of the letters, as the style sheet sets them
_SIZE = 14.0
#: width over height of wide letters (kana, kanji) and of the others
_WIDE, _NARROW = 1.0, 0.58
_END = re.compile(r"(.*?)(\s?[（(][^（()）]+[)）])?", re.DOTALL)


def text_width(text: str) -> float:
    """Return about how wide a text is drawn, in user units."""
    return _SIZE * sum(_WIDE if unicodedata.east_asian_width(one) in "WFA" else _NARROW for one in text)


def fit(name: str, room: float) -> str:
    """Return a name that is not wider than ``room``: cut in front of the brackets at its end, with an ellipsis."""
    if text_width(name) <= room:
        return name
    match = _END.fullmatch(name)
    head, end = (match[1], match[2] or "") if match else (name, "")
    while head and text_width(f"{head}…{end}") > room:
        head = head[:-1].rstrip()
    return f"{head}…{end}"
