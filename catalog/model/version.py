"""Versions of releases and the selectors that pick one.

Versions are semantic (semver.org 2.0.0 without pre-release and build parts): what each part promises is written in
``docs/versions.md`` and computed by :mod:`catalog.releases.version`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from catalog.errors import Label, VersionError

_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})")
_SELECTOR = re.compile(r"(?P<major>0|[1-9][0-9]{0,8})\.(?:\*|(?P<minor>0|[1-9][0-9]{0,8})\.\*)")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version ``major.minor.patch``, ordered as numbers."""

    #: something readers may rely on went or changed its meaning
    major: int
    #: something came
    minor: int
    #: anything else
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def bump(self, part: str) -> Version:
        """Return the next version for a change of ``part`` (major, minor or patch)."""
        return {
            "major": Version(self.major + 1, 0, 0),
            "minor": Version(self.major, self.minor + 1, 0),
            "patch": Version(self.major, self.minor, self.patch + 1),
        }[part]


def parse_version(text: str) -> Version:
    """Parse ``1.4.2``.

    Raises
    ------
    VersionError
        If it is not three numbers with dots between.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise VersionError(
            f"「{text}」は版として読めません",
            f"{text!r} is not a version",
            next_step=Label("1.4.2 のように書いてください", "Write it like 1.4.2"),
            value=text,
        )
    return Version(*(int(part) for part in match.groups()))


@dataclass(frozen=True, slots=True)
class VersionSelector:
    """What ``version=`` of a request asks for: one version, the newest of a line, or the latest."""

    #: a version that is pinned, or None
    pinned: Version | None = None
    #: ``(major,)`` of ``1.*``, ``(major, minor)`` of ``1.4.*``, ``()`` of ``latest``
    line: tuple[int, ...] = ()

    def matches(self, version: Version) -> bool:
        """Return whether a release of this version may answer."""
        if self.pinned is not None:
            return version == self.pinned
        return (version.major, version.minor)[: len(self.line)] == self.line


def parse_selector(text: str) -> VersionSelector:
    """Parse ``1.4.2``, ``1.4.*``, ``1.*`` or ``latest``.

    Raises
    ------
    VersionError
        If it is none of these.
    """
    if text == "latest":
        return VersionSelector()
    match = _SELECTOR.fullmatch(text)
    if match:
        return VersionSelector(line=tuple(int(part) for part in match.groups() if part is not None))
    try:
        return VersionSelector(pinned=parse_version(text))
    except VersionError as error:
        raise VersionError(
            f"「{text}」は版の指定として読めません",
            f"{text!r} does not select a version",
            next_step=Label("1.4.2、1.4.*、1.*、latest のどれかにしてください", "Use 1.4.2, 1.4.*, 1.* or latest"),
            value=text,
        ) from error
