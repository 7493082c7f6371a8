"""The error codes for ``shihyo harvest explain``: the table of problems, told as explanations."""

from __future__ import annotations

from api.problems import PROBLEMS
from catalog.errors import Label
from harvesters.explain import Explanation


def explain_errors() -> list[Explanation]:
    """Return one explanation for each error code of the product."""
    return [
        Explanation(
            id=one.code,
            sort="error",
            title=one.title,
            why=Label(f"APIではHTTP {one.status}", f"The API answers with HTTP {one.status}"),
            next_step=one.help,
            example=f"{one.code}: {one.title.ja} → {one.help.ja}",
        )
        for one in PROBLEMS.values()
    ]
