"""The command itself, as a process that may use no more memory than a small machine has."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

#: address space that the process and those that it starts may have, in bytes; an ordinary run needs half of it
ROOM = 3_000_000_000


def limited() -> None:
    """Bound the memory of a process that is about to start."""
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))


def harvest(desk, *, lang: str = "ja", **changes: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run ``shihyo harvest run`` and measure its time."""
    given = {
        "SHIHYO_HOME": str(desk.settings.home),
        "SHIHYO_HARVEST_FILE": str(desk.file),
        "SHIHYO_LANG": lang,
        "SHIHYO_MAX_DOWNLOAD_MB": "3000",
        "PYTHONPATH": os.pathsep.join(sys.path),
        **changes,
    }
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", "from api.cli import main; main()", "harvest", "run"],
        env={key: one for key, one in os.environ.items() if not key.startswith("SHIHYO_")} | given,
        capture_output=True,
        text=True,
        preexec_fn=limited,
        timeout=100,
        check=False,
    )
    return done, time.monotonic() - started


def much_of_nothing(path: Path, good: bytes) -> None:
    """Write a file that takes no room on the disk."""
    with path.open("wb") as file:
        file.write(good)
        file.truncate(600_000_000)


def one_line_without_end(path: Path, good: bytes) -> None:
    """Write 300 MB without a line break."""
    with path.open("wb") as file:
        file.write(good)
        for _ in range(300):
            file.write(b"x" * 1_000_000)


def zipped_zeros(path: Path, _: bytes) -> None:
    """Write an archive of gigabytes of digits that stays below the ratio of a bomb."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            with archive.open(f"{number}.csv", "w", force_zip64=True) as file:
                for _ in range(100):
                    file.write(os.urandom(6_000).hex().encode() + b"0" * 988_000)


@pytest.mark.parametrize(
    ("write", "name", "said"),
    [
        (
            much_of_nothing,
            "2022.csv",
            "この大きさのファイルは、見出し1行と、1行に1件の値だけの表でなければなりません → ",
        ),
        (
            one_line_without_end,
            "2022.csv",
            "この大きさのファイルは、見出し1行と、1行に1件の値だけの表でなければなりません → ",
        ),
        (zipped_zeros, "集計.zip", "→ "),
    ],
    ids=["600 MB", "one line", "archive"],
)
def test_a_giant_is_refused_in_little_memory_and_the_good_file_is_published(desk, good, write, name, said):
    write(desk.folder / name, good(2022))
    desk.put("2021.csv", good(2021))
    done, seconds = harvest(desk)
    line = next((one for one in done.stdout.splitlines() if f"✗ {name}" in one), "")
    assert said in line, done.stdout + done.stderr
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert desk.served() == {"FY2020": 40.0, "FY2021": 41.0}
    assert seconds < 60
    shutil.rmtree(desk.folder.parent)  # nobody wants to keep gigabytes


def test_the_command_says_it_in_english(desk, good):
    desk.put("2022.csv", good(2022) + b'"' + b"x" * 2_000_000 + b'",2022,1\r\n')
    done, _ = harvest(desk, lang="en")
    said = (
        "✗ 2022.csv / row 5: A cell is too long (the limit is 32,767 characters) → Check whether a quote is left open"
    )
    assert said in done.stdout, done.stdout + done.stderr


def test_a_bomb_in_the_harvest_file_ends_in_a_sentence_and_not_in_a_crash(desk):
    desk.file.write_text("version: 1\nsources: " + "[" * 400_000, "utf-8")
    done, _ = harvest(desk)
    assert "nested more than 50 deep" in done.stdout + done.stderr
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert desk.served() == {"FY2020": 40.0}
