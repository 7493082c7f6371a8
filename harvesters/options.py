"""Options of a harvester, declared as data; validation, help and documentation derive from the declaration.

A value of ``harvest.yml`` that cannot be used is a :class:`~catalog.errors.ConfigurationError` that names the file, the
key, the value, what would be allowed and, for a mistyped key, the nearest one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from catalog.errors import ConfigurationError, Label, Place
from catalog.model.codelist import nearest


@dataclass(frozen=True, slots=True)
class OptionType:
    """How a value of YAML is read."""

    #: name in the documentation
    name: str
    #: what a value must look like
    expected: Label
    #: reads it; raises ValueError or TypeError
    parse: Callable[[Any], Any]


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError
    return raw


def _integer(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise ValueError
    return raw


def _share(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw <= 1:
        raise ValueError
    return float(raw)


def _flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise TypeError
    return raw


def _date(raw: Any) -> date:
    if isinstance(raw, datetime):
        raise TypeError
    return raw if isinstance(raw, date) else date.fromisoformat(_text(raw))


def _texts(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise TypeError
    return tuple(_text(one) for one in raw)


TEXT = OptionType("text", Label("文字列", "a text"), _text)
INTEGER = OptionType("integer", Label("0以上の整数", "a whole number, 0 or more"), _integer)
SHARE = OptionType("share", Label("0から1までの数", "a number from 0 to 1"), _share)
FLAG = OptionType("flag", Label("true または false", "true or false"), _flag)
DATE = OptionType("date", Label("2025-07-29 のような日付", "a date such as 2025-07-29"), _date)
TEXTS = OptionType("texts", Label("文字列の並び", "a list of texts"), _texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a harvester."""

    #: key below ``options``
    name: str
    #: how a value is read
    type: OptionType
    #: value if it is not given
    default: Any
    #: what it is for
    help: Label
    #: the values that may be used; None if the type alone decides. For a list: the values of its members
    allowed: tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the declaration as JSON."""
        return {
            "name": self.name,
            "type": self.type.name,
            "default": list(self.default) if isinstance(self.default, tuple) else _plain(self.default),
            "help": self.help.to_dict(),
            "allowed": list(self.allowed) if self.allowed else None,
        }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def read_options(declared: Sequence[Option], given: Mapping[str, Any], *, file: str, key: str) -> dict[str, Any]:
    """Return a value for every declared option.

    Parameters
    ----------
    declared
        The options that exist.
    given
        What ``harvest.yml`` has.
    file, key
        Name of the file and path of the mapping in it, for errors.

    Raises
    ------
    ConfigurationError
        If a key is not declared or a value cannot be used.
    """
    check_keys(given, [one.name for one in declared], file=file, key=key)
    return {
        one.name: read_value(one.type, given[one.name], file=file, key=f"{key}.{one.name}", allowed=one.allowed)
        if one.name in given
        else one.default
        for one in declared
    }


def check_keys(given: Mapping[str, Any], allowed: Sequence[str], *, file: str, key: str) -> None:
    """Refuse keys that are not allowed.

    Raises
    ------
    ConfigurationError
        For the first such key; names the nearest one.
    """
    for one in given:
        if one not in allowed:
            raise unknown_value(str(one), allowed, file=file, key=key, what=Label("キー", "key"))


def read_value(type: OptionType, raw: Any, *, file: str, key: str, allowed: Sequence[str] | None = None) -> Any:
    """Read one value.

    Raises
    ------
    ConfigurationError
        If it is not of the type, or not among the allowed values.
    """
    try:
        value = type.parse(raw)
    except ConfigurationError as error:  # a value with parts, which says which of them
        part = error.context.get("key") or ""
        error.context["key"] = ".".join(filter(None, (key, part)))
        error.place = Place(file=file, cell=error.context["key"])
        raise
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            f"「{key}」の値 {raw!r} は使えません",
            f"The value {raw!r} of {key} cannot be used",
            next_step=Label(f"{type.expected.ja}にしてください", f"Give {type.expected.en}"),
            place=Place(file=file, cell=key),
            key=key,
            value=_jsonable(raw),
        ) from error
    for one in value if isinstance(value, tuple) else (value,):
        if allowed is not None and one not in allowed:
            raise unknown_value(str(one), allowed, file=file, key=key, what=Label("値", "value"))
    return value


def unknown_value(value: str, allowed: Sequence[str], *, file: str, key: str, what: Label) -> ConfigurationError:
    """Return the error for a key or value that is not among the allowed ones."""
    near = nearest(value, allowed)
    listed = ", ".join(allowed)
    guess = Label(f"「{near}」のことではありませんか。", f"Did you mean {near!r}? ") if near else Label("", "")
    return ConfigurationError(
        f"「{key}」に使えない{what.ja}「{value}」があります",
        f"{key} has a {what.en} {value!r} that cannot be used",
        next_step=Label(f"{guess.ja}使えるもの: {listed}", f"{guess.en}Allowed: {listed}"),
        place=Place(file=file, cell=key),
        key=key,
        value=value,
        allowed=list(allowed),
        nearest=near,
    )


def _jsonable(raw: Any) -> Any:
    return raw if isinstance(raw, str | int | float | bool | None) else str(raw)
