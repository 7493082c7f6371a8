"""The answers of a wave as arrays: weights, groups, and yes or no to each question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from catalog.errors import InputError, Label

#: roles that group respondents
GROUP_ROLES = ("area", "sex", "age", "mode")


@dataclass(frozen=True, slots=True, kw_only=True)
class Respondents:
    """The answers of one wave, column by column; all arrays have one entry a respondent, in one order."""

    #: float64 weights; None if the file has none
    weights: pa.Array[Any] | None
    #: role -> codes; null if the group is not understood
    groups: Mapping[str, pa.Array[Any]]
    #: indicator -> whether the answer is positive; null if there is none
    answers: Mapping[str, pa.Array[Any]]

    @property
    def count(self) -> int:
        """Number of respondents."""
        return len(next(iter(self.answers.values()))) if self.answers else 0


def joined(parts: Sequence[Respondents]) -> Respondents:
    """Return the respondents of several tables as those of one wave.

    What one table has not is null for its people.

    Raises
    ------
    InputError
        If some tables have weights and others have none.
    """
    if len(parts) == 1:
        return parts[0]
    if len({one.weights is None for one in parts}) > 1:
        raise InputError(
            "ウェイトの列が一部の表にしかありません",
            "Some tables of a wave have weights, and others have none",
            next_step=Label(
                "ウェイトの列をそろえるか、options の weights を none にしてください",
                "Add the column, or say weights: none in the options",
            ),
        )

    def laid(pick: Callable[[Respondents], Mapping[str, pa.Array[Any]]], kind: Any) -> dict[str, pa.Array[Any]]:
        names = dict.fromkeys(name for one in parts for name in pick(one))
        return {
            name: pa.concat_arrays([pick(one).get(name, pa.nulls(one.count, kind)) for one in parts]) for name in names
        }

    weights = [one.weights for one in parts if one.weights is not None]
    return Respondents(
        weights=pa.concat_arrays(weights) if weights else None,
        groups=laid(lambda one: one.groups, pa.string()),
        answers=laid(lambda one: one.answers, pa.bool_()),
    )
