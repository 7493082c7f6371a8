"""The table of actions: name -> function.

An action is a function ``(call, given) -> result`` with :func:`action` above it. Its docstring is what
``help_show`` answers. ``writes=True`` gives it a write transaction and keeps it from being called by GET.
"""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from catalog.embedded.callers import Caller
from catalog.embedded.errors import NotAuthorized, ValidationError
from catalog.embedded.files import FileStore, StagedFile
from catalog.embedded.validation import Scope
from catalog.embedded.validators import MISSING_VALUE
from catalog.errors import Label


@dataclass(frozen=True, slots=True)
class Site:
    """What ``status_show`` tells about the site."""

    #: address under which people reach it, without a slash at the end
    url: str
    #: name for people
    title: str
    #: language of texts when the caller asks for none
    lang: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an action: the transaction it runs in and everything it may use."""

    #: name of the action
    action: str
    #: the transaction
    db: sqlite3.Connection
    #: who calls
    caller: Caller
    #: where uploaded files are
    store: FileStore
    #: about the site
    site: Site
    #: ``ja`` or ``en``
    lang: str
    #: the file that came with the call
    upload: StagedFile | None = None

    def scope(self, existing: Any = None) -> Scope:
        """Return what validators may know."""
        return Scope(self.db, self.caller, existing=existing)


Function = Callable[[Call, dict[str, Any]], Any]
_F = TypeVar("_F", bound=Function)


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the table."""

    #: as in ``/api/3/action/<name>``
    name: str
    #: what does it
    function: Function
    #: changes something
    writes: bool

    @property
    def help(self) -> str:
        """What ``help_show`` answers."""
        return inspect.cleandoc(self.function.__doc__ or "")


ACTIONS: dict[str, Action] = {}


def action(*, writes: bool = False, name: str = "") -> Callable[[_F], _F]:
    """Enter a function into the table, under its own name if no other is given."""

    def enter(function: _F) -> _F:
        key = name or function.__name__
        ACTIONS[key] = Action(key, function, writes)
        return function

    return enter


def need(given: dict[str, Any], key: str, *, reported_as: str = "") -> Any:
    """Return a parameter that must be given and not empty.

    Raises
    ------
    ValidationError
        Under the name of the parameter.
    """
    value = given.get(key)
    if value is None or value == "":
        raise ValidationError({reported_as or key: [MISSING_VALUE]})
    return value


def denied(call: Call, ja: str, en: str) -> NotAuthorized:
    """Return the refusal that names the caller."""
    name = call.caller.name
    return NotAuthorized(Label(f"ユーザー {name} には{ja}権限がありません", f"User {name} not authorized to {en}"))


def need_sysadmin(call: Call, ja: str, en: str) -> None:
    """Refuse everyone but a sysadmin."""
    if not call.caller.sysadmin:
        raise denied(call, ja, en)


def texts(value: Any) -> list[str]:
    """Read one text or a list of texts; what is empty is left out."""
    values = value if isinstance(value, list) else [value]
    return [str(item) for item in values if item not in (None, "")]


def flag(value: Any, default: bool = False) -> bool:
    """Read a flag as it comes in a query string or in JSON."""
    if value is None:
        return default
    if isinstance(value, str):
        return value.strip().lower() in {"true", "yes", "on", "y", "t", "1"}
    return bool(value)
