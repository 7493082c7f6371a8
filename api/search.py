"""Finding words in names: width, case, and hiragana against katakana do not count."""

from __future__ import annotations

import unicodedata

_KATAKANA = str.maketrans({chr(code): chr(code + 0x60) for code in range(0x3041, 0x3097)})


def matches(query: str, *texts: str | None) -> bool:
    """Return whether every word of the query is in one of the texts: ``ﾁﾊﾞ`` and ``ちば`` find チバシ."""
    haystack = "\n".join(_fold(one) for one in texts if one)
    return all(word in haystack for word in _fold(query).split())


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().translate(_KATAKANA)
