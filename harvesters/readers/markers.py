"""Markers: what stands in a table where a number should be, by the legend of the source.

The same dash is "none" in one yearbook and "unknown" in the next, so a marker means what its source's legend says and
nothing otherwise: a marker that is not in the legend is a complaint. Look-alikes are one marker: ``―`` ``－`` ``ー``
are ``-``; ``Ｘ`` ``×`` ``χ`` are ``x``; ``...`` ``・・・`` are ``…``.

References
----------
Legends of 千葉県統計年鑑, of the yearbooks of 埼玉県, 山形県 and 大阪府, and of 厚生労働省 (表章記号の規約). Statuses:
SDMX CL_OBS_STATUS 2.0.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Meaning(StrEnum):
    """What a marker says."""

    #: there is none: the number 0
    NIL = "nil"
    #: more than nothing and less than half a unit: shown as 0
    BELOW_UNIT = "below_unit"
    #: missing for whatever reason
    MISSING = "missing"
    #: it was not asked or collected
    NOT_COLLECTED = "not_collected"
    #: there can be no such number
    CANNOT_EXIST = "cannot_exist"
    #: withheld
    SUPPRESSED = "suppressed"
    #: beside a number: few respondents
    UNRELIABLE = "unreliable"
    #: beside a number: provisional
    PROVISIONAL = "provisional"
    #: beside a number: corrected since it was last published
    REVISED = "revised"
    #: beside a number: not comparable with those before
    BREAK = "break"


#: meaning -> number and SDMX status; a status alone marks a missing number, None means that the number beside it stays
STATUSES: dict[Meaning, tuple[Decimal | None, str]] = {
    Meaning.NIL: (Decimal(0), "A"),
    Meaning.BELOW_UNIT: (Decimal(0), "A"),
    Meaning.MISSING: (None, "O"),
    Meaning.NOT_COLLECTED: (None, "L"),
    Meaning.CANNOT_EXIST: (None, "M"),
    Meaning.SUPPRESSED: (None, "Q"),
    Meaning.UNRELIABLE: (None, "U"),
    Meaning.PROVISIONAL: (None, "P"),
    Meaning.REVISED: (None, "A"),
    Meaning.BREAK: (None, "B"),
}
#: meanings that need a number beside them
BESIDE_NUMBERS = frozenset({Meaning.UNRELIABLE, Meaning.PROVISIONAL, Meaning.REVISED, Meaning.BREAK})

_LOOKALIKES = {
    **dict.fromkeys("-−‐‑‒–—―─ーｰ", "-"),
    **dict.fromkeys("xX×χΧхХ✕", "x"),
    **dict.fromkeys("*＊∗", "*"),
    **dict.fromkeys("・･", "・"),
}


@dataclass(frozen=True, slots=True)
class Legend:
    """The markers of one source."""

    #: its name
    name: str
    #: marker, as :func:`fold_marker` writes it -> meaning
    meanings: Mapping[str, Meaning]

    def find(self, text: str) -> Meaning | None:
        """Return what a marker means here, or None if the legend does not have it."""
        return self.meanings.get(fold_marker(text))

    def extended(self, more: Mapping[str, Meaning]) -> Legend:
        """Return the legend with more markers, or other meanings of the same."""
        folded = {fold_marker(marker): meaning for marker, meaning in more.items()}
        return Legend(self.name, {**self.meanings, **folded})


def fold_marker(text: str) -> str:
    """Return the marker that a text looks like: without spaces, look-alikes as one."""
    narrow = re.sub(r"\s", "", text)
    if re.fullmatch(r"…|‥|・{2,}|･{2,}|\.{2,}|。{2,}|…{2,}|．{2,}", narrow):
        return "…"
    folded = "".join(_LOOKALIKES.get(one, one) for one in narrow)
    folded = "".join(_LOOKALIKES.get(one, one) for one in unicodedata.normalize("NFKC", folded))
    return re.sub(r"^([-x*])\1+$", r"\1", folded).lower()


def is_marker(text: str) -> bool:
    """Return whether a text looks like a marker and not like a word: no letter of more than one marker, no digit."""
    return fold_marker(text) in _KNOWN or not re.search(r"\w", text)


_SUPPRESSED = {"x": Meaning.SUPPRESSED}
_UNKNOWN = {"…": Meaning.MISSING}
_BESIDE = {"p": Meaning.PROVISIONAL, "r": Meaning.REVISED}

LEGENDS: dict[str, Legend] = {
    one.name: one
    for one in (
        Legend("default", {**_SUPPRESSED, **_UNKNOWN}),
        Legend("chiba-prefecture", {**_SUPPRESSED, **_UNKNOWN, "-": Meaning.NIL}),
        Legend("yearbook", {**_SUPPRESSED, **_UNKNOWN, **_BESIDE, "-": Meaning.NIL}),
        Legend(
            "mhlw",
            {
                **_SUPPRESSED,
                **_BESIDE,
                "-": Meaning.NIL,
                "…": Meaning.MISSING,
                "・": Meaning.CANNOT_EXIST,
                "*": Meaning.UNRELIABLE,
            },
        ),
    )
}
_KNOWN = frozenset(marker for legend in LEGENDS.values() for marker in legend.meanings) | {"-", "*", "・", "#", "b"}
