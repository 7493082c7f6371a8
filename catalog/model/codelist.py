"""Code lists: the codes that a column may take, with their labels (SDMX 3.0 information model: Codelist, Code).

A look-up never guesses: :meth:`CodeList.get` returns the code of exactly this id or says which codes there are and
which one is nearest. :func:`nearest` and :func:`unknown_code` are what every other look-up of the product says it with.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from catalog.errors import Label, UnknownCode

#: whether an observation with a status has a value: always, never, or both are allowed
ValueRule = Literal["required", "forbidden", "either"]

#: an error names all codes of a list up to this length, only their number beyond it
MOST_CODES_NAMED = 100
_LISTED = Label("コードの一覧で確かめてください", "Look it up in the list of codes")


def nearest(value: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed text that is most like ``value``, or None if none is like it.

    Width (NFKC) and case do not count: ``ＫＰＩ-12`` is ``kpi-12``.
    """
    originals = {_fold(one): one for one in allowed}
    found = difflib.get_close_matches(_fold(value), originals, n=1)
    return originals[found[0]] if found else None


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def unknown_code(what: Label, value: str, allowed: Collection[str], *, listed: Label = _LISTED) -> UnknownCode:
    """Return the error for a ``value`` that is not among the ``allowed`` codes of ``what``.

    Its ``context`` has ``value``, ``nearest`` and ``allowed``; of a long list only ``allowed_count``; then
    ``listed`` says where to look it up.
    """
    near = nearest(value, allowed)
    named = len(allowed) <= MOST_CODES_NAMED
    known: dict[str, Any] = {"allowed": list(allowed)} if named else {"allowed_count": len(allowed)}
    return UnknownCode(
        f"{what.ja}「{value}」はありません",
        f"There is no {what.en} {value!r}",
        next_step=_next_step(near, list(allowed) if named else [], listed),
        value=value,
        nearest=near,
        **known,
    )


def _next_step(near: str | None, allowed: list[str], listed: Label) -> Label:
    if near is not None:
        return Label(f"「{near}」のことではありませんか", f"Did you mean {near!r}?")
    if allowed:
        codes = ", ".join(allowed)
        return Label(f"使えるコード: {codes}", f"Codes that exist: {codes}")
    return listed


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a list."""

    #: the code itself, such as ``Y0T4``
    code: str
    #: what it stands for
    label: Label
    #: for statuses: whether an observation with this status has a value; None in other lists
    value: ValueRule | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the code as JSON."""
        rule = {} if self.value is None else {"value": self.value}
        return {"code": self.code, "label": self.label.to_dict(), **rule}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Code:
        """Inverse of :meth:`to_dict`."""
        return cls(raw["code"], Label.from_dict(raw["label"]), raw.get("value"))


@dataclass(frozen=True, slots=True)
class CodeList:
    """Codes in their order: presentation order, and for statuses the order of precedence."""

    #: name of the list, such as ``age``
    id: str
    #: what its codes are
    label: Label
    #: the standard that it follows, or who made it
    source: str
    #: the codes, in order
    codes: tuple[Code, ...]

    def __iter__(self) -> Iterator[Code]:
        return iter(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __contains__(self, code: object) -> bool:
        return any(one.code == code for one in self.codes)

    @property
    def ids(self) -> tuple[str, ...]:
        """All codes as texts, in order."""
        return tuple(one.code for one in self.codes)

    @property
    def labels(self) -> dict[str, Label]:
        """Code -> label, in order: what a :class:`~catalog.model.observation.Dimension` takes."""
        return {one.code: one.label for one in self.codes}

    def find(self, code: str) -> Code | None:
        """Return the code of exactly this id, or None."""
        return next((one for one in self.codes if one.code == code), None)

    def get(self, code: str) -> Code:
        """Return the code of exactly this id.

        Raises
        ------
        UnknownCode
            If the list does not have it; names the codes that it has and the nearest one.
        """
        found = self.find(code)
        if found is None:
            raise unknown_code(Label(f"{self.label.ja}のコード", f"code of {self.id}"), code, self.ids)
        return found

    def first_of(self, codes: Collection[str]) -> Code:
        """Return the one of ``codes`` that stands first in the list.

        For ``obs_status`` this is the flag to show when an observation has several.

        Raises
        ------
        UnknownCode
            If one of them is not in the list.
        ValueError
            If there are none.
        """
        wanted = {self.get(one).code for one in codes}
        return min((one for one in self.codes if one.code in wanted), key=self.codes.index)

    def to_dict(self) -> dict[str, Any]:
        """Return the list as JSON."""
        return {
            "id": self.id,
            "label": self.label.to_dict(),
            "source": self.source,
            "codes": [one.to_dict() for one in self.codes],
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> CodeList:
        """Inverse of :meth:`to_dict`."""
        codes = tuple(Code.from_dict(one) for one in raw["codes"])
        return cls(raw["id"], Label.from_dict(raw["label"]), raw["source"], codes)
