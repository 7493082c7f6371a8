"""Characters that look like others, or like nothing: what pages, PDFs and old input methods leave in cells.

``12⼈`` has the radical ⼈ (U+2F08) in place of 人, ``12ﾎﾟｲﾝﾄ`` is half width, and between ``12`` and ``.3`` may stand a
space without width. To people they are what they seem; to a program they are not. Exactly these are put right, and it
is told; ``①`` and ``¹`` are no look-alikes of 1, but notes.

References
----------
Unicode Standard, chapter 18.1 (Kangxi radicals), UAX #15 (compatibility), general category Cf.
"""

from __future__ import annotations

import re
import unicodedata

from catalog.errors import Label

_SIMILAR = re.compile("[\u2e80-\u2fdf\uf900-\ufaff\uff61-\uff9f]+")


def is_invisible(one: str) -> bool:
    """Return whether a character shows nothing and takes no room: U+200B, U+FEFF and their like."""
    return unicodedata.category(one) == "Cf"


def put_right(text: str) -> tuple[str, Label | None]:
    """Return a text without invisible characters and with look-alikes replaced, and what was done; None if nothing."""
    if text.isascii():
        return text, None
    hidden = list(dict.fromkeys(f"U+{ord(one):04X}" for one in text if is_invisible(one)))
    seen = "".join(one for one in text if not is_invisible(one)) if hidden else text
    similar = [(one, unicodedata.normalize("NFKC", one)) for one in _SIMILAR.findall(seen)]
    changed = [f"{one}→{plain}" for one, plain in dict(similar).items() if one != plain]
    right = _SIMILAR.sub(lambda match: unicodedata.normalize("NFKC", match[0]), seen)
    ja, en = [], []
    if hidden:
        ja.append(f"見えない文字（{'、'.join(hidden)}）を除いた")
        en.append(f"invisible characters removed ({', '.join(hidden)})")
    if changed:
        ja.append(f"似た文字を直した（{'、'.join(changed)}）")
        en.append(f"look-alike characters replaced ({', '.join(changed)})")
    return right, Label("、".join(ja), ", ".join(en)) if ja else None
