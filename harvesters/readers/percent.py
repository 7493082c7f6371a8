"""Whether a column of percentages says 50.2, 0.502 or ``50.2%``.

A percent sign, in the text or in the format of the cell, settles it. Plain numbers are judged together: one above 1 and
all are percent; all between 0 and 1 and they are fractions. That is a guess, and it is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from catalog.errors import Label, Place
from harvesters.readers.cells import ReadNumber
from harvesters.readers.detected import Detected

#: how plain numbers of a column are meant
Scale = Literal["points", "fraction"]

#: a table with fewer plain numbers than this is taken to be in percent: a single 0.8 may well be 0.8 %
FEWEST_FRACTIONS = 3


def detect_scale(numbers: Sequence[ReadNumber], place: Place) -> tuple[Scale, Detected]:
    """Return how the plain numbers of a column or table are meant, and on what grounds."""
    plain = [one.value for one in numbers if one.value is not None and one.unit is None and one.status != "A"]
    highest = max(plain, default=Decimal(0))
    fractions = any(0 < one < 1 for one in plain)
    return judge_scale(len(plain), str(highest), above_one=highest > 1, fractions=fractions, place=place)


def judge_scale(plain: int, highest: str, *, above_one: bool, fractions: bool, place: Place) -> tuple[Scale, Detected]:
    """Return how plain numbers are meant, and on what grounds.

    Parameters
    ----------
    plain
        How many there are.
    highest
        The highest of them, as it is shown.
    above_one
        Whether one is above 1.
    fractions
        Whether one lies between 0 and 1.
    place
        Where they stand.
    """
    scale: Scale = "points"
    if not plain:
        evidence = Label("すべてに%が付いている", "All have a percent sign")
    elif above_one:
        evidence = Label(f"1を超える値がある（最大{highest}）", f"There are values above 1 (up to {highest})")
    elif plain >= FEWEST_FRACTIONS and fractions:
        scale = "fraction"
        evidence = Label(
            f"{plain}個の値がすべて0以上1以下（最大{highest}）",
            f"All {plain} values lie from 0 to 1 (up to {highest})",
        )
    else:
        evidence = Label(f"値が{plain}個しかなく、%とみなした", f"Only {plain} values; taken for percent")
    shown = {"points": "50.2", "fraction": "0.502"}[scale]
    return scale, Detected(what="percent", value=shown, evidence=evidence, place=place)


def to_percent(number: ReadNumber, scale: Scale) -> Decimal | None:
    """Return a number in percent; None if it is missing."""
    if number.value is None:
        return None
    return number.value * 100 if scale == "fraction" and number.unit is None else number.value
