"""The action that changes a package only if it is as the caller knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from catalog.embedded.actions.packages import update
from catalog.embedded.errors import ValidationError
from catalog.embedded.packages import answer, get_package, need_edit
from catalog.embedded.parts import PartError, differing, kept, merge, merge_at, part_at, patterns_of
from catalog.embedded.registry import Call, action
from catalog.embedded.validators import MISSING_VALUE
from catalog.errors import Label

_MATCH, _UPDATE = "match", "update"
_NOT_A_DICT = Label("辞書にしてください", "Must be a dict")
_NOT_A_LIST = Label("文字列のリストにしてください", "Must be a list of texts")


@action(writes=True)
def package_revise(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """期待どおりのときだけデータセットの一部を変える。 Change parts of a dataset if it is as expected.

    The look and the change are one step: of two callers who expect the same, one succeeds.

    :param match: 名前かidと、期待する値。 The name or the id, and what else must be so.
    :param filter: 消す（-）、残す（+）部分。 Parts to remove (-) or to keep (+), such as ``+title,-*`` (optional).
    :param update: 変える値。 What to change (optional).
    :param include: 返す部分。 Parts of the answer to leave out or to keep (optional).
    :rtype: dictionary with ``package``

    ``match__`` and ``update__`` before a path, such as ``update__resources__0__name``, do the same for one part;
    ``update__resources__extend`` adds to a list.
    """
    matches, updates = _by_path(given, _MATCH), _by_path(given, _UPDATE)
    match, change = _dictionary(given, _MATCH), _dictionary(given, _UPDATE)
    patterns, include = _texts(given, "filter"), _texts(given, "include")
    key = matches.get("id") or match.get("id") or matches.get("name") or match.get("name")
    if key is None:
        raise ValidationError({f"{_MATCH}__id": [MISSING_VALUE]})
    row = get_package(call, key)
    found = answer(call, row["document"])
    _require_match(found, match, matches)
    # a change moves the time of the change
    found.pop("metadata_modified")
    wanted = {**kept(found, patterns_of(patterns)), "id": row["id"]}
    wanted = _changed(wanted, change, updates)
    need_edit(call, row)
    result: dict[str, Any] = kept({"package": update(call, row, wanted)}, patterns_of(include))
    return result


def _by_path(given: Mapping[str, Any], stem: str) -> dict[str, Any]:
    """Return path -> value of the parameters that begin with ``<stem>__``; JSON in a text is read."""
    head = f"{stem}__"
    return {key.removeprefix(head): _read(value) for key, value in given.items() if key.startswith(head)}


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _dictionary(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = _read(given.get(name))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValidationError({name: [_NOT_A_DICT]})
    return value


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    raw = given.get(name)
    value = _read(raw)
    if value is None:
        return []
    if isinstance(raw, str) and isinstance(value, str):
        return raw.split(",")
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValidationError({name: [_NOT_A_LIST]})
    return value


def _require_match(found: Mapping[str, Any], match: Mapping[str, Any], matches: Mapping[str, Any]) -> None:
    wrong = list(differing(found, dict(match)))
    for path, value in sorted(matches.items()):
        try:
            wrong.extend(differing(part_at(found, path), value, path))
        except PartError:
            wrong.append(path)
    if wrong:
        raise ValidationError({_MATCH: [Label(path, path) for path in wrong]})


def _changed(package: dict[str, Any], change: Mapping[str, Any], updates: Mapping[str, Any]) -> dict[str, Any]:
    try:
        package = merge(package, dict(change))
    except PartError as error:
        raise ValidationError({_UPDATE: [error.label]}) from error
    # what is added can be changed by the same call
    for path in sorted(updates, key=lambda path: (not path.endswith("extend"), path)):
        try:
            package = merge_at(package, path, updates[path])
        except PartError as error:
            raise ValidationError({path: [error.label]}) from error
    return package
