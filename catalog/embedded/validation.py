"""Check a dictionary against a declared schema, as CKAN's validators do.

A schema is a table ``field -> rule``. A rule is a tuple of validators that run one after the other, or
:class:`Each` with a schema for a list of dictionaries. A validator takes a value and the :class:`Scope` and returns
the value to go on with; it raises :class:`Invalid` with a text, or :class:`Stop` with the value that stands.
All fields are checked, so that a person sees every mistake at once.

Fields that are in no schema are left out, as in CKAN; in a resource they are kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.embedded.callers import Caller
from catalog.embedded.errors import ValidationError
from catalog.errors import Label

#: a field that is not given
MISSING: Any = object()

NOT_A_LIST = Label("辞書のリストにしてください", "Only lists of dicts can be placed against subschema")


class Invalid(Exception):
    """The value cannot be used; carries the text for the person."""

    def __init__(self, label: Label) -> None:
        super().__init__(label.en)
        self.label = label


class Stop(Exception):
    """No further validator is asked; ``value`` stands."""

    def __init__(self, value: Any = MISSING) -> None:
        super().__init__()
        self.value = value


@dataclass(frozen=True, slots=True)
class Scope:
    """What a validator may know besides the value."""

    #: the transaction
    db: sqlite3.Connection
    #: who asks
    caller: Caller
    #: the fields next to this one, as they were given
    siblings: Mapping[str, Any] = field(default_factory=dict)
    #: the package, community or user that is being changed; None while it is being created
    existing: Mapping[str, Any] | None = None


Validator = Callable[[Any, Scope], Any]


@dataclass(frozen=True, slots=True)
class Each:
    """Rule for a list of dictionaries."""

    #: the schema of each of them
    schema: Schema
    #: keep fields that are in no schema
    keep_unknown: bool = False


Rule = tuple[Validator, ...] | Each
Schema = Mapping[str, Rule]


def validate(schema: Schema, given: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Return the checked fields; those that are not given are left out.

    Raises
    ------
    ValidationError
        With every field that cannot be used.
    """
    checked, errors = check(schema, given, scope)
    if errors:
        raise ValidationError(errors)
    return checked


def check(
    schema: Schema, given: Mapping[str, Any], scope: Scope, *, keep_unknown: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the checked fields and the errors, both by field."""
    scope = replace(scope, siblings=given)
    checked: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, rule in schema.items():
        value, problem = _check_field(rule, given.get(name, MISSING), scope)
        if problem:
            errors[name] = problem
        elif value is not MISSING:
            checked[name] = value
    if keep_unknown:
        checked.update({key: value for key, value in given.items() if key not in schema})
    return checked, errors


def _check_field(rule: Rule, value: Any, scope: Scope) -> tuple[Any, list[Any]]:
    if isinstance(rule, Each):
        return _check_each(rule, value, scope)
    try:
        for validator in rule:
            value = validator(value, scope)
    except Stop as stop:
        return stop.value, []
    except Invalid as invalid:
        return MISSING, [invalid.label]
    return value, []


def _check_each(rule: Each, value: Any, scope: Scope) -> tuple[Any, list[Any]]:
    if value is MISSING or value is None:
        return MISSING, []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return MISSING, [NOT_A_LIST]
    results = [check(rule.schema, item, scope, keep_unknown=rule.keep_unknown) for item in value]
    errors = [problem for _, problem in results]
    return [item for item, _ in results], errors if any(errors) else []


def joined_tag_errors(errors: dict[str, Any]) -> dict[str, Any]:
    """Return ``errors`` with those of tags as plain texts, which is how CKAN answers them."""
    tags = errors.get("tags")
    if not tags or isinstance(tags[0], Label):
        return errors
    return {**errors, "tags": [label for problem in tags for texts in problem.values() for label in texts]}
