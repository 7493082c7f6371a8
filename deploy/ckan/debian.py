"""What the stack needs of Debian, and how to say that it is missing."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from layout import StackError

#: the oldest Java that the stack is tried with
OLDEST_JAVA = 17


class MissingPackages(StackError):
    """Debian packages are missing."""

    status = 2


def find_program(name: str) -> str:
    """Return the path of a program, or an empty text."""
    return shutil.which(name) or ""


def postgresql_programs() -> Path:
    """Return the folder of the newest PostgreSQL server; Debian keeps it off the PATH."""
    installed = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
    if installed:
        return max(installed, key=lambda folder: int(folder.parent.name))
    found = find_program("initdb")
    return Path(found).resolve().parent if found else Path("/nonexistent")


def _java_is_recent() -> bool:
    java = find_program("java")
    if not java:
        return False
    said = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', said)
    return version is not None and int(version[1]) >= OLDEST_JAVA


def _python_headers() -> bool:
    return Path(sysconfig.get_path("include"), "Python.h").exists()


#: Debian package -> whether what the stack needs of it is here
_NEEDS: dict[str, Callable[[], bool]] = {
    "postgresql": lambda: (postgresql_programs() / "postgres").exists() and (postgresql_programs() / "psql").exists(),
    "redis-server": lambda: bool(find_program("redis-server")),
    "default-jre-headless": _java_is_recent,
    "libmagic1": lambda: bool(ctypes.util.find_library("magic")),
}
#: the same, needed once: to build psycopg2 and to fetch Solr
_NEEDS_TO_INSTALL: dict[str, Callable[[], bool]] = {
    "libpq-dev": lambda: bool(find_program("pg_config")),
    "gcc": lambda: bool(find_program("gcc")),
    "python3-dev": _python_headers,
    "python3-venv": lambda: importlib.util.find_spec("ensurepip") is not None,
    "maven": lambda: bool(find_program("mvn")),
}


def require_packages(*, installed: bool) -> None:
    """Check that everything is here; ``installed`` leaves out what only the installation needs.

    Raises
    ------
    MissingPackages
        Names the Debian packages and the command that installs them.
    """
    needs = _NEEDS if installed else _NEEDS | _NEEDS_TO_INSTALL
    missing = [package for package, present in needs.items() if not present()]
    if not missing:
        return
    names = " ".join(missing)
    sudo = "" if os.geteuid() == 0 else "sudo "
    command = f"{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {names}"
    raise MissingPackages(
        f"Debianのパッケージが足りません: {names}（Java は {OLDEST_JAVA} 以上、Python は {sys.executable}）",
        f"Debian packages are missing: {names}. Install them with:\n  {command}",
    )
