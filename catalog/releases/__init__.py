"""Releases: check a table, compare it, version it, build its files, hold a verified copy of what is published."""

from catalog.releases.build import BuiltRelease, build_release, find_old_builds, load_built, remove_build
from catalog.releases.checks import Finding, check_table, require_passed
from catalog.releases.diff import ChangeExample, ReleaseDiff, diff_tables
from catalog.releases.holdings import DatasetHolding, Holdings, ReleaseHolding, ServiceHolding
from catalog.releases.local_copy import Fetch, LocalCopy
from catalog.releases.version import next_version

__all__ = [
    "BuiltRelease",
    "ChangeExample",
    "DatasetHolding",
    "Fetch",
    "Finding",
    "Holdings",
    "LocalCopy",
    "ReleaseDiff",
    "ReleaseHolding",
    "ServiceHolding",
    "build_release",
    "check_table",
    "diff_tables",
    "find_old_builds",
    "load_built",
    "next_version",
    "remove_build",
    "require_passed",
]
