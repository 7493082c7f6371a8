"""What is wrong with a request, parameter by parameter, and the error that carries it.

All that is wrong is said at once. The API turns each rejection into an item of ``errors`` in the problem document
(RFC 9457 section 3.2) and, where the nearest value is known, into a corrected URL.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.errors import Label, QueryError, ShihyoError
from catalog.model.codelist import nearest

#: an error lists at most this many allowed values
MOST_ALLOWED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One thing that is wrong with one parameter."""

    #: name of the parameter as it was given
    parameter: str
    #: the part of its value that cannot be used; None if the parameter itself is unknown or missing
    value: str | None
    #: what is wrong and what to do
    detail: Label
    #: what would do; empty if that cannot be listed
    allowed: tuple[str, ...] = ()
    #: what was probably meant: a value, or a parameter if ``value`` is None
    did_you_mean: str | None = None
    #: where it stands: query or path
    place: str = "query"

    def to_dict(self) -> dict[str, Any]:
        """Return the rejection as JSON."""
        return {
            "in": self.place,
            "parameter": self.parameter,
            "value": self.value,
            "detail": self.detail.to_dict(),
            "allowed": list(self.allowed[:MOST_ALLOWED]),
            "did_you_mean": self.did_you_mean,
        }


def rejected(rejections: Sequence[Rejection]) -> QueryError:
    """Return the error for a request; the first rejection is its message."""
    first = rejections[0].detail
    return QueryError(first.ja, first.en, errors=[one.to_dict() for one in rejections])


def unknown_parameter(name: str, allowed: Collection[str]) -> Rejection:
    """Return the rejection of a parameter that does not exist."""
    return Rejection(
        parameter=name,
        value=None,
        detail=Label(f"パラメーター「{name}」はありません", f"There is no parameter {name!r}"),
        allowed=tuple(sorted(allowed)),
        did_you_mean=nearest(name, allowed),
    )


def unknown_value(parameter: str, value: str, allowed: Collection[str], *, place: str = "query") -> Rejection:
    """Return the rejection of a value that is not one of a list."""
    return Rejection(
        parameter=parameter,
        value=value,
        detail=Label(f"{parameter} に「{value}」という値はありません", f"{value!r} is not a value of {parameter}"),
        allowed=tuple(allowed) if len(allowed) <= MOST_ALLOWED else (),
        did_you_mean=nearest(value, allowed),
        place=place,
    )


def from_error(parameter: str, value: str, error: ShihyoError) -> Rejection:
    """Return the rejection for a value that a parser of the model refused."""
    found = error.context.get("nearest") or error.context.get("expected")
    return Rejection(
        parameter=parameter,
        value=error.context.get("value", value),
        detail=Label(error.message("ja"), error.message("en")),
        allowed=tuple(error.context.get("allowed", ())),
        did_you_mean=found,
    )
