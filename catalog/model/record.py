"""Records: nested documents that people write, read member by member.

A class declares each member with :func:`member` and the reader of its value. :meth:`Record.from_dict` reads what is
declared and keeps what is not in :attr:`Record.others`; :meth:`Record.to_dict` writes both, so a document with members
of a newer version or of another city comes back whole. Whatever is wrong is an
:class:`~catalog.errors.InputError` that names the place (a JSON Pointer, RFC 6901), the value and what was expected.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from catalog.errors import InputError, InvalidPeriod, Label, Place
from catalog.model.period import parse_period

#: reads a value at a place (a JSON Pointer)
Reader = Callable[[Any, str], Any]

#: most characters of a text, most members of a list
LONGEST_TEXT, LONGEST_LIST = 10_000, 1_000
#: an error shows no more of a value than this
_SHOWN = 80

_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A document whose unknown members are kept."""

    #: members that are not declared, as they came
    others: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: Any, at: str = "") -> Self:
        """Inverse of :meth:`to_dict`; null is the same as missing.

        Parameters
        ----------
        raw
            What was written, of the types that JSON has.
        at
            Where it stands, for errors: a JSON Pointer.

        Raises
        ------
        InputError
            If a member is missing or has a value that cannot be used.
        """
        if not isinstance(raw, Mapping):
            raise unusable(raw, at, _MAPPING)
        declared = {one.name: one for one in dataclasses.fields(cls) if one.name != "others"}
        given = {name: value for name, value in raw.items() if value is not None or name not in declared}
        for name, one in declared.items():
            if name not in given and one.default is one.default_factory is dataclasses.MISSING:
                raise _missing(name, at)
        known = {
            name: one.metadata["read"](given[name], f"{at}/{name}") for name, one in declared.items() if name in given
        }
        return cls(**known, others={str(name): value for name, value in given.items() if name not in declared})

    def to_dict(self, *, compact: bool = False) -> dict[str, Any]:
        """Return the record as JSON: declared members first, then the others.

        Parameters
        ----------
        compact
            True to leave out declared members that say nothing, so that a member which a later version declares does
            not change what is written.
        """
        names = [one.name for one in dataclasses.fields(self) if one.name != "others"]
        known = {name: _plain(getattr(self, name), compact=compact) for name in names}
        told = {name: value for name, value in known.items() if not compact or value not in (None, [], {})}
        return {**told, **self.others}

    def iter_others(self, at: str = "") -> Iterator[tuple[str, Any]]:
        """Yield (JSON Pointer, value) of every member that is not declared, at any depth."""
        yield from ((f"{at}/{name}", value) for name, value in self.others.items())
        for one in dataclasses.fields(self):
            yield from _others_of(getattr(self, one.name), f"{at}/{one.name}")


def _others_of(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Record):
        yield from value.iter_others(at)
    elif isinstance(value, tuple):
        for place, one in enumerate(value):
            yield from _others_of(one, f"{at}/{place}")


def _plain(value: Any, *, compact: bool) -> Any:
    if isinstance(value, tuple):
        return [_plain(one, compact=compact) for one in value]
    if isinstance(value, Record):
        return value.to_dict(compact=compact)
    return value.to_dict() if hasattr(value, "to_dict") else value


def member(read: Reader, **options: Any) -> Any:
    """Declare a member of a :class:`Record`: how its value is read, and the options of a dataclass field."""
    return field(metadata={"read": read}, **options)


def unusable(value: Any, at: str, expected: Label) -> InputError:
    """Return the error for a value that is not what was expected."""
    shown = value if isinstance(value, str) else repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    return InputError(
        f"「{shown}」は使えません",
        f"{shown!r} cannot be used",
        next_step=Label(f"{expected.ja}にしてください", f"Give {expected.en}"),
        place=Place(cell=at or "/"),
        pointer=at or "/",
        value=shown,
    )


def _missing(name: str, at: str) -> InputError:
    return InputError(
        f"「{name}」がありません",
        f"{name} is missing",
        next_step=Label(f"{name} を書いてください", f"Give {name}"),
        place=Place(cell=at or "/"),
        pointer=f"{at}/{name}",
        value=name,
    )


_MAPPING = Label("項目と値の組", "a mapping of members")
_TEXT = Label(f"{LONGEST_TEXT:,}字までの文字列", f"a text of at most {LONGEST_TEXT:,} characters")
_CODE = Label("英小文字・数字・_ からなるコード", "a code of lower-case letters, digits and _")
_ID = Label("英小文字・数字・- からなるID", "an id of lower-case letters, digits and -")
_URL = Label("http(s) のURL", "an http(s) URL")
_EMAIL = Label("メールアドレス", "an e-mail address")
_PERIOD = Label(
    "2024、FY2023、2024-M04、2022-12-31 のような時点", "a period such as 2024, FY2023, 2024-M04 or 2022-12-31"
)
_WHOLE = Label("整数", "a whole number")
_NUMBER = Label("数", "a number")
_FLAG = Label("true または false", "true or false")
_LABEL = Label("ja と en の文字列の組", "a text in ja and one in en")
_LIST = Label(f"{LONGEST_LIST}個までの並び", f"a list of at most {LONGEST_LIST}")


def text(value: Any, at: str) -> str:
    """Read a text; a number is a text written without quotes."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or _UNREADABLE.search(value):
        raise unusable(value, at, _TEXT)
    return value.strip()


def matching(pattern: str, expected: Label) -> Reader:
    """Return the reader of a text that matches a pattern as a whole."""
    form = re.compile(pattern)

    def read(value: Any, at: str) -> str:
        found = text(value, at)
        if form.fullmatch(found) is None:
            raise unusable(value, at, expected)
        return found

    return read


code = matching("[a-z][a-z0-9_]{0,39}", _CODE)
identifier = matching("[a-z0-9][a-z0-9-]{0,79}", _ID)
email = matching(r"[^@\s<>\"]{1,100}@[^@\s<>\"]{1,100}", _EMAIL)


def url(value: Any, at: str) -> str:
    """Read an http(s) URL; no other scheme can get into a link of a page."""
    found = text(value, at)
    try:
        parts = urlsplit(found)
        if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", found):
            raise unusable(value, at, _URL)
    except ValueError as error:
        raise unusable(value, at, _URL) from error
    return found


def period(value: Any, at: str) -> str:
    """Read a period of the grammar of :mod:`catalog.model.period`."""
    try:
        return str(parse_period(text(value, at)))
    except InvalidPeriod as error:
        raise unusable(value, at, _PERIOD) from error


def whole(value: Any, at: str) -> int:
    """Read a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise unusable(value, at, _WHOLE)
    return value


def number(value: Any, at: str) -> float:
    """Read a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise unusable(value, at, _NUMBER)
    return value


def flag(value: Any, at: str) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise unusable(value, at, _FLAG)
    return value


def label(value: Any, at: str) -> Label:
    """Read a text in both languages."""
    if not isinstance(value, Mapping) or set(value) != {"ja", "en"}:
        raise unusable(value, at, _LABEL)
    return Label(text(value["ja"], f"{at}/ja"), text(value["en"], f"{at}/en"))


def several(read: Reader) -> Reader:
    """Return the reader of a list of what ``read`` reads."""

    def read_all(value: Any, at: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or len(value) > LONGEST_LIST:
            raise unusable(value, at, _LIST)
        return tuple(read(one, f"{at}/{place}") for place, one in enumerate(value))

    return read_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Record):
    """What something is called: in Japanese, and in English where an English name is recorded."""

    #: Japanese
    ja: str = member(text)
    #: English, or None
    en: str | None = member(text, default=None)

    @property
    def label(self) -> Label:
        """The name in both languages; English falls back to Japanese."""
        return Label(self.ja, self.en or self.ja)


def name(value: Any, at: str) -> Name:
    """Read a name; a text alone is the Japanese one."""
    return Name(ja=text(value, at)) if isinstance(value, str) else Name.from_dict(value, at)
