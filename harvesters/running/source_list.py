"""The declared sources for a process that goes on for long: the file is read again when it changes."""

from __future__ import annotations

from collections.abc import Callable

from catalog.errors import Label, ShihyoError
from catalog.settings import Settings
from harvesters.base import HarvestSource
from harvesters.sources import load_sources


class SourceList:
    """The sources of ``settings.harvest_file``.

    Parameters
    ----------
    settings
        Of this process.
    tell
        Takes what is wrong with a file that was changed for the worse.
    """

    def __init__(self, settings: Settings, tell: Callable[[Label], None]) -> None:
        self._settings, self._tell = settings, tell
        self._sources: list[HarvestSource] | None = None
        self._seen: tuple[int, int] | None = None

    def current(self) -> list[HarvestSource]:
        """Return the declared sources; the former ones while the file cannot be used.

        Raises
        ------
        ConfigurationError
            If there were none before.
        """
        seen = self._look()
        if self._sources is None or (seen is not None and seen != self._seen):
            self._read()
            self._seen = seen
        return self._sources or []

    def find(self, name: str) -> HarvestSource | None:
        """Return a source by name, or None."""
        return next((one for one in self.current() if one.name == name), None)

    def _look(self) -> tuple[int, int] | None:
        try:
            stat = self._settings.harvest_file.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def _read(self) -> None:
        try:
            self._sources = load_sources(self._settings.harvest_file, self._settings)
        except ShihyoError as error:
            if self._sources is None:
                raise
            self._tell(Label(error.message("ja"), error.message("en")))
