"""Folders that several processes write to: what is listed may be gone when it is looked at."""

from __future__ import annotations

from pathlib import Path


def is_older(path: Path, than: float) -> bool:
    """Return whether a file or folder was last written before a time, in seconds of the epoch.

    What another process renamed or removed meanwhile is not there to be old.
    """
    try:
        return path.stat().st_mtime < than
    except FileNotFoundError:
        return False
