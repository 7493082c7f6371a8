"""The two languages of the pages: every message stands in ``messages.yml``, Japanese and English side by side.

A key is the path of its leaf, such as ``home.lead``. Where a page picks one of several by a code (the kind of an
indicator, a status), the branch above them is a family and :meth:`Translator.choice` picks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from catalog.errors import Label, ReferenceDataError

LANGUAGES = ("ja", "en")


@cache
def load_messages() -> Mapping[str, Label]:
    """Return all messages by key.

    Raises
    ------
    ReferenceDataError
        If a message lacks one of the languages.
    """
    text = resources.files("api.portal").joinpath("messages.yml").read_text("utf-8")
    return dict(_leaves("", yaml.safe_load(text)))


def _leaves(prefix: str, branch: Mapping[str, Any]) -> Iterator[tuple[str, Label]]:
    for name, value in branch.items():
        key = f"{prefix}{name}"
        if not isinstance(value, dict) or not value:
            raise ReferenceDataError(f"文言「{key}」が読めません", f"The message {key!r} cannot be read", value=key)
        if set(value) & set(LANGUAGES):
            yield key, _label(key, value)
        else:
            yield from _leaves(f"{key}.", value)


def _label(key: str, value: Mapping[str, Any]) -> Label:
    if set(value) != set(LANGUAGES) or not all(isinstance(text, str) and text for text in value.values()):
        raise ReferenceDataError(
            f"文言「{key}」には日本語と英語の両方が必要です",
            f"The message {key!r} needs Japanese and English, and nothing else",
            value=key,
        )
    return Label(value["ja"], value["en"])


@dataclass(frozen=True, slots=True)
class Translator:
    """The messages in one language."""

    #: ``ja`` or ``en``
    lang: str

    def __call__(self, key: str, **values: object) -> str:
        """Return a message with its ``{names}`` filled in; plain text, to be escaped by the template.

        Raises
        ------
        KeyError
            If there is no such message, or it names a value that is not given.
        """
        return load_messages()[key].in_language(self.lang).format(**values)

    def find(self, family: str, code: str) -> str | None:
        """Return the message of a family for a code, or None if the family does not know it."""
        label = load_messages().get(f"{family}.{code}")
        return None if label is None else label.in_language(self.lang)

    def choice(self, family: str, code: str) -> str:
        """Return the message of a family for a code.

        Raises
        ------
        KeyError
            If the family does not know it.
        """
        return load_messages()[f"{family}.{code}"].in_language(self.lang)

    def label(self, label: Label) -> str:
        """Return a bilingual text in this language."""
        return label.in_language(self.lang)

    @property
    def other(self) -> str:
        """Return the other language."""
        return "ja" if self.lang == "en" else "en"
