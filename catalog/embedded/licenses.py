"""The licences a dataset may name; the facts are in ``licenses.json`` beside this module.

Ids, addresses and conformance are those of CKAN's built-in register, so that a dataset means the same in both.
An id that is not in the list may be used: it then has no title and is not open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from catalog.errors import Label


@dataclass(frozen=True, slots=True)
class RegisteredLicense:
    """One entry of the register."""

    #: ``cc-by``
    id: str
    #: name for people
    title: Label
    #: page of the licence; empty if there is none
    url: str
    #: conforms to the Open Definition
    is_open: bool
    #: everything else ``license_list`` answers
    facts: dict[str, Any]

    def to_dict(self, lang: str) -> dict[str, Any]:
        """Return the entry as ``license_list`` answers it."""
        return {**self.facts, "id": self.id, "url": self.url, "title": self.title.in_language(lang)}


@cache
def all_licenses() -> dict[str, RegisteredLicense]:
    """Return the register by id, in the order of CKAN's."""
    text = (resources.files("catalog.embedded") / "licenses.json").read_text("utf-8")
    return {raw["id"]: _read(raw) for raw in json.loads(text)}


def _read(raw: dict[str, Any]) -> RegisteredLicense:
    facts = {key: value for key, value in raw.items() if key not in {"id", "title", "url"}}
    return RegisteredLicense(
        raw["id"], Label.from_dict(raw["title"]), raw["url"], raw["od_conformance"] == "approved", facts
    )
