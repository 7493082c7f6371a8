"""Folders that several processes write to."""

from __future__ import annotations

import os
import time
from pathlib import Path

from catalog.folders import is_older


def test_a_file_is_older_than_times_after_its_last_change(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    os.utime(file, (1000.0, 1000.0))
    assert is_older(file, 1000.5)
    assert not is_older(file, 1000.0)


def test_a_file_that_is_gone_is_not_old(tmp_path: Path) -> None:
    assert not is_older(tmp_path / "renamed-by-another-process", time.time())
