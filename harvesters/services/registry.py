"""Registries of services as people keep them: a YAML or JSON file with one record a service.

::

    version: 1
    defaults: {...}            # optional: members that every service has unless it says otherwise
    services:
      - id: foryou
        name: {ja: ..., en: ...}

YAML is read with JSON's types alone (YAML 1.2, core schema): a date stays a text, ``011002`` is no octal number, ``no``
is no false. Repeated keys and aliases are refused: the one hides a value, the other makes a small file endless.
Each record comes with its place: the line that it begins in, or its number in a JSON file.

References
----------
YAML 1.2.2, section 10.3 (core schema); RFC 8259.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from catalog.errors import InputError, Label, Place, TooLarge

#: largest registry that is read, in bytes
LARGEST_FILE = 5_000_000
#: members of the registry itself
_MEMBERS = ("version", "defaults", "services")


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a registry, not yet read."""

    #: the record, of the types that JSON has
    raw: Any
    #: where it begins: ``line 9``, or ``services[0]``
    place: str


@dataclass(frozen=True, slots=True)
class Registry:
    """A file of records."""

    #: the records, in their order
    entries: tuple[Entry, ...]
    #: members beside version, defaults and services
    others: tuple[str, ...]


def read_registry(path: Path, name: str) -> Registry:
    """Read a registry.

    Parameters
    ----------
    path
        The file.
    name
        What people call it, for errors.

    Raises
    ------
    TooLarge
        If it has more than :data:`LARGEST_FILE` bytes.
    InputError
        If it is no YAML or JSON, or has no list of services.
    """
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise TooLarge(
            f"台帳が大きすぎます（{size:,} バイト、上限 {LARGEST_FILE:,} バイト）",
            f"The registry has {size:,} bytes; at most {LARGEST_FILE:,} are read",
            next_step=Label(
                "正しいファイルか確かめ、必要なら収集元を分けてください",
                "Check that it is the right file; if it is, make two sources of it",
            ),
            place=Place(file=name),
            value=size,
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(name, f"byte {error.start + 1}", "not UTF-8") from error
    read = _read_json if text.lstrip().startswith("{") else _read_yaml
    try:
        return read(text, name)
    except RecursionError as error:
        raise _unreadable(name, "", "nested too deeply") from error


def _read_json(text: str, name: str) -> Registry:
    try:
        raw = json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_no_constant)
    except json.JSONDecodeError:
        # a flow mapping of YAML begins like JSON
        return _read_yaml(text, name)
    except ValueError as error:
        raise _unreadable(name, "", str(error)) from error
    listed = raw.get("services") if isinstance(raw, dict) else raw
    places = [f"services[{number}]" for number in range(len(listed))] if isinstance(listed, list) else []
    return _registry(raw, places, name)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("repeated key")
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _read_yaml(text: str, name: str) -> Registry:
    try:
        loader = _JsonTypes(text)
        root = loader.get_single_node()
        raw = loader.construct_document(root) if root is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        raise _unreadable(name, where, str(getattr(error, "problem", None) or error)) from error
    return _registry(raw, _lines(root), name)


def _lines(root: yaml.Node | None) -> list[str]:
    members = {key.value: node for key, node in root.value} if isinstance(root, yaml.MappingNode) else {}
    listed = members.get("services", root)
    return [f"line {one.start_mark.line + 1}" for one in listed.value] if isinstance(listed, yaml.SequenceNode) else []


class _JsonTypes(yaml.SafeLoader):
    """PyYAML's safe loader with JSON's types, without aliases, with every key once."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own, replaced

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node; refuse an alias."""
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping; refuse a key that occurs twice or is no text."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, "repeated or unusable key", key.start_mark)
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


for _tag, _pattern, _first in (
    ("null", r"(?:~|null|)", "~n"),
    ("bool", r"(?:true|false)", "tf"),
    ("int", r"-?(?:0|[1-9][0-9]{0,17})", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?", "-0123456789"),
):
    _JsonTypes.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^{_pattern}$"), [*_first, ""])


def _registry(raw: Any, places: list[str], name: str) -> Registry:
    if isinstance(raw, list) and raw:
        raw = {"services": raw}  # a list of records and nothing else
    defaults = raw.get("defaults") or {} if isinstance(raw, dict) else None
    listed = raw.get("services") if isinstance(raw, dict) else None
    if raw is None or not isinstance(defaults, dict) or not isinstance(listed, list) or raw.get("version", 1) != 1:
        raise _no_list(name)
    entries = tuple(
        Entry({**defaults, **one} if isinstance(one, dict) else one, place)
        for one, place in zip(listed, places, strict=True)
    )
    return Registry(entries, tuple(key for key in raw if key not in _MEMBERS))


def _no_list(name: str) -> InputError:
    return InputError(
        "サービスの台帳ではありません。version: 1 と services の並びが必要です",
        "It is no registry of services: it needs version: 1 and a list of services",
        next_step=Label("docs/services.md の例に合わせてください", "See the example in docs/services.md"),
        place=Place(file=name),
    )


def _unreadable(name: str, where: str, problem: str) -> InputError:
    return InputError(
        f"YAMLまたはJSONとして読めません（{problem}）",
        f"It can be read neither as YAML nor as JSON ({problem})",
        next_step=Label("示された場所を直してください", "Correct the place that is named"),
        place=Place(file=name, cell=where or None),
    )
