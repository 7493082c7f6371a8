"""Bars are for terminals; what was asked for goes where it was sent."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

PROGRAM = """
from api.cli.console import Terminal
from catalog.settings import Settings
terminal = Terminal(Settings())
with terminal.progress() as report:
    report("a: fetch", 1, 2)
    terminal.lines(["結果"])
    report("a: fetch", 2, 2)
"""


def test_nothing_is_drawn_where_standard_error_is_no_terminal() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    assert done.stdout.decode() == "結果\n"
    assert done.stderr == b""


def test_lines_for_a_file_are_in_the_file_though_bars_stand_on_the_terminal(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    with (tmp_path / "out.txt").open("wb") as out:
        subprocess.run([sys.executable, "-c", PROGRAM], stdout=out, stderr=follower, check=True)
    drawn = os.read(leader, 100_000).decode()
    os.close(follower)
    os.close(leader)
    assert (tmp_path / "out.txt").read_text("utf-8") == "結果\n"
    assert "a: fetch" in drawn
    assert "結果" not in drawn
