"""Install the software: CKAN's virtual environment from PyPI, Solr's jars from Maven Central."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from layout import DONE, HERE, Stack, StackError, fingerprint, is_done
from processes import plain_environment, tail

_REQUIREMENTS = HERE / "requirements.txt"
#: CKAN's plugin for packages of the type ``release``
_EXTENSION = HERE / "extension"
_POM = HERE / "solr" / "pom.xml"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def run(stack: Stack, command: Sequence[str | Path], *, account: str | None = None, **environment: str) -> None:
    """Run one step of the installation; what it prints goes to the log ``install``.

    Raises
    ------
    StackError
        If it fails; the end of the log is in the message.
    """
    log = stack.layout.log("install")
    with log.open("ab") as output:
        status = subprocess.call(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=plain_environment(**environment),
            user=account,
            group=account,
            extra_groups=[] if account else None,
        )
    if status:
        raise StackError(
            f"{command[0]} が失敗しました（終了コード {status}）。ログ: {log}",
            f"{command[0]} failed with exit status {status}. The end of its log:\n{tail(log)}",
        )


def ckan_is_installed(stack: Stack) -> bool:
    """Tell whether the virtual environment is what ``requirements.txt`` asks for."""
    return is_done(stack.layout.venv, _software(stack))


def _software(stack: Stack) -> str:
    sources = (_REQUIREMENTS, *sorted(_EXTENSION.rglob("*.toml")), *sorted(_EXTENSION.rglob("*.py")))
    return f"{sys.version_info.major}.{sys.version_info.minor} {stack.layout.venv} {fingerprint(*sources)}"


def install_ckan(stack: Stack) -> None:
    """Make the virtual environment anew and fill it from PyPI."""
    venv = stack.layout.venv
    run(stack, [sys.executable, "-m", "venv", "--clear", venv])
    run(stack, [venv / "bin" / "pip", "install", "--no-input", "--progress-bar=off", "-r", _REQUIREMENTS, _EXTENSION])
    (venv / DONE).write_text(_software(stack))


def solr_is_installed(stack: Stack) -> bool:
    """Tell whether the jars are what ``pom.xml`` asks for."""
    return is_done(stack.layout.solr_jars, fingerprint(_POM))


def install_solr(stack: Stack) -> None:
    """Resolve Solr and what it needs; strict about Maven Central's checksums."""
    jars = stack.layout.solr_jars
    shutil.rmtree(jars, ignore_errors=True)
    mvn: list[str | Path] = [
        "mvn",
        "--batch-mode",
        "--no-transfer-progress",
        "--strict-checksums",
        "--file",
        _POM,
        _COPY,
    ]
    run(stack, [*mvn, "-DincludeScope=runtime", f"-DoutputDirectory={jars}"])
    (jars / DONE).write_text(fingerprint(_POM))


def is_installed(stack: Stack) -> bool:
    """Tell whether all software is here."""
    return ckan_is_installed(stack) and solr_is_installed(stack)
