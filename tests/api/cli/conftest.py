"""The command as people run it: a process of its own, or in this one where only its output matters."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest


@pytest.fixture
def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def environ(tmp_path: Path, root: Path, free_port: int) -> dict[str, str]:
    """An environment without settings of the machine, with a home of its own and the samples as sources."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")}
    return kept | {
        "SHIHYO_HOME": str(tmp_path / "home"),
        "SHIHYO_HARVEST_FILE": str(root / "harvest.yml"),
        "SHIHYO_PORT": str(free_port),
        "SHIHYO_SITE_URL": f"http://127.0.0.1:{free_port}",
    }


@pytest.fixture
def command(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the environment of the command."""
    for key in [key for key in os.environ if key.startswith("SHIHYO_")]:
        monkeypatch.delenv(key)
    for key, value in environ.items():
        if key.startswith("SHIHYO_"):
            monkeypatch.setenv(key, value)
