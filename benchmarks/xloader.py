"""ckanext-xloader beside ``datastore_create``: a CSV in CKAN's file store is copied into its DataStore.

It is installed into the benchmark's CKAN and called by its own command, ``ckan xloader submit --sync``, which does what
its queue worker does: download the file from CKAN, ``COPY`` it as text, count the rows, build an index for each column
and the search over all of them.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from catalog.ckan import Catalogue

_VERSION = "ckanext-xloader==2.6.0"


@dataclass(frozen=True, slots=True)
class XLoader:
    """The extension in the CKAN of one stack."""

    #: CKAN's virtual environment
    venv: Path
    #: its configuration, with the extension
    configuration: Path

    @classmethod
    def install(cls, stack: Path, folder: Path) -> XLoader:
        """Install the extension into the stack's CKAN and write a configuration that names it."""
        venv = stack / "venv"
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, _VERSION], check=True)
        token = (stack / "data" / "token").read_text()
        settings = {
            "ckan.plugins": " xloader",
            "ckanext.xloader.jobs_db.uri": f"sqlite:///{folder / 'jobs.db'}",
            "ckanext.xloader.api_token": token,
            "ckanext.xloader.max_content_length": "10000000000",
        }
        text = (stack / "ckan.ini").read_text()
        plugins = next(line for line in text.splitlines() if line.startswith("ckan.plugins"))
        lines = [plugins + settings.pop("ckan.plugins"), *(f"{name} = {value}" for name, value in settings.items())]
        configuration = folder / "xloader.ini"
        configuration.touch(mode=0o600)
        configuration.write_text(text.replace(plugins, "\n".join(lines)))
        return cls(venv, configuration)

    def load(self, catalogue: Catalogue, dataset: str, path: Path) -> float:
        """Upload a CSV to a dataset that has no other file and load it.

        Returns
        -------
        float
            Processor time of the loader, without CKAN's and PostgreSQL's, in seconds.

        Raises
        ------
        subprocess.CalledProcessError
            If the extension says that something went wrong.
        RuntimeError
            If the DataStore does not hold as many rows as the file.
        """
        resource = catalogue.upload(
            "resource_create", path=path, media_type="text/csv", package_id=dataset, name=path.parent.name, format="CSV"
        )["id"]
        spent = self._run("xloader", "submit", dataset, "--sync", "-y")
        held = catalogue.action("datastore_search", resource_id=resource, limit=0)["total"]
        with path.open("rb") as file:
            lines = sum(1 for _ in file) - 1
        if held != lines:
            raise RuntimeError(f"xloader loaded {held} of {lines} rows")
        return spent

    def start(self) -> float:
        """Return the processor time of the command when there is nothing to load: the start of CKAN, in seconds."""
        return self._run("xloader", "status")

    def _run(self, *arguments: str) -> float:
        before = _of_children()
        command = [str(self.venv / "bin" / "ckan"), "-c", str(self.configuration), *arguments]
        log = self.configuration.with_suffix(".log")
        with log.open("wb") as output:
            environ = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
            subprocess.run(command, check=True, env=environ, stdout=output, stderr=subprocess.STDOUT)
        return _of_children() - before


def _of_children() -> float:
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system
