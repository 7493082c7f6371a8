"""The two catalogues of a copy, and what every part of it must know about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.ckan.client import Catalogue
from catalog.ckan.copy_journal import CopyJournal, Entry
from catalog.ckan.copy_report import CopyItem
from catalog.ckan.portable import fingerprint
from catalog.embedded.errors import ValidationError
from catalog.errors import Label, SettingError
from catalog.settings import Settings

_EMBEDDED = "embedded"


def settings_of(place: str, settings: Settings, token: str = "") -> Settings:
    """Return the settings for one of the two catalogues.

    Parameters
    ----------
    place
        URL of a CKAN; ``embedded`` for the embedded catalogue of this home folder, ``embedded:FOLDER`` for that of
        another one.
    settings
        Of this process.
    token
        API token for it. Without one, that of ``SHIHYO_CATALOG_URL`` is used if it is this very catalogue: a token is
        never sent to another one.

    Raises
    ------
    SettingError
        If it is none of these, or there is no such folder.
    """
    if place == _EMBEDDED:
        return replace(settings, catalog_url="", catalog_token="")
    if place.startswith(f"{_EMBEDDED}:"):
        home = Path(place.partition(":")[2])
        if not home.is_dir():
            raise _no_place(place)
        return replace(settings, home=home, catalog_url="", catalog_token="")
    url = place.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise _no_place(place)
    own = settings.catalog_token if url == settings.catalog_url else ""
    return replace(settings, catalog_url=url, catalog_token=token or own)


def _no_place(place: str) -> SettingError:
    return SettingError(
        f"「{place}」というカタログはありません",
        f"There is no catalogue {place!r}",
        next_step=Label(
            "CKANのURL、embedded、または embedded:（あるフォルダ）を指定してください",
            "Give the URL of a CKAN, embedded, or embedded: and a folder that exists",
        ),
        value=place,
    )


def address_of(settings: Settings) -> str:
    """Return what names a catalogue in reports and journals: its URL, or ``embedded:`` and its folder."""
    return settings.catalog_url or f"embedded:{settings.home.resolve()}"


def sites_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the addresses under which a catalogue says its files are, each with a slash at the end."""
    said = str(catalogue.action("status_show")["site_url"])
    sites = {said, catalogue.settings.catalog_url or catalogue.settings.site_url}
    return tuple(f"{one.rstrip('/')}/" for one in sites if one)


@dataclass(frozen=True, slots=True)
class Sides:
    """From where, to where, and how."""

    #: what is read
    source: Catalogue
    #: what is written
    target: Catalogue
    #: how earlier runs left things
    journal: CopyJournal
    #: replace what differs although nobody knows why
    overwrite: bool
    #: write nothing
    dry_run: bool
    #: addresses under which the source says its files are
    source_sites: tuple[str, ...]

    @property
    def source_address(self) -> str:
        """Name of the catalogue that is read."""
        return address_of(self.source.settings)

    @property
    def target_address(self) -> str:
        """Name of the catalogue that is written."""
        return address_of(self.target.settings)

    def create(self, action: str, thing: dict[str, Any], wanted_id: str) -> dict[str, Any]:
        """Create something under the id that it has in the source, or under another one where only a sysadmin may."""
        try:
            return dict(self.target.action(action, **thing, id=wanted_id))
        except ValidationError as error:
            if "id" not in error.fields:
                raise
            return dict(self.target.action(action, **thing))

    def left_alone(self, key: str, existing: dict[str, Any], portable: dict[str, Any]) -> Entry | None:
        """Return how the last copy left a thing, if nobody touched it in the target since."""
        entry = self.journal.find(key)
        untouched = entry is not None and entry.target == fingerprint(existing, portable)
        return entry if untouched else None

    def record(self, key: str, entry: Entry, item: CopyItem) -> CopyItem:
        """Write down how a thing is left, unless nothing is written; return its item."""
        if not self.dry_run:
            self.journal.record(key, entry)
        return item
