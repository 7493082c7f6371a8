"""The site whose catalogue is described, and the addresses and names below it.

What is described has an IRI that never changes and leads, without its fragment, to a page about it:

=======================  ==========================================================================
what                     IRI below the URL of the site
=======================  ==========================================================================
the catalogue            ``/#catalogue``
the API, the action API  ``/#api``, ``/#action-api``
an organisation          ``/#organization-chiba-city``
a Smart as a theme       ``/#smart-living``; the scheme of all is ``/#smarts``
a series                 ``/indicators/kpi-12#series``
a dataset                ``/dataset/mynumber-municipalities#dataset``
one of its files         ``/dataset/mynumber-municipalities#mynumber-municipalities.csv``
a release                ``/dataset/mynumber-municipalities#release-1.4.2``
one of its files         ``/dataset/mynumber-municipalities#release-1.4.2-mynumber-municipalities.csv``
an area                  ``/api/v1/areas/121002``
a city service           ``/services/foryou#service``; its parts have other fragments, such as ``#api-0``
=======================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from catalog.model import Agent, Label, Manifest

#: in an address, the release that is current whenever somebody asks
LATEST = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the catalogue stands, what it is called and who answers for it."""

    #: its URL, without a slash at the end
    url: str
    #: its title
    title: Label
    #: what it is
    description: Label
    #: who publishes the catalogue
    publisher: Agent
    #: URL of CKAN's action API, without the name of an action
    action_api: str

    @property
    def api(self) -> str:
        """URL of the API."""
        return f"{self.url}/api/v1"

    def named(self, fragment: str) -> str:
        """Return the IRI of something that belongs to the whole site."""
        return f"{self.url}/#{fragment}"

    def page(self, dataset: str, lang: str = "ja") -> str:
        """Return the URL of a dataset's page in a language."""
        return f"{self.url}{'/en' if lang == 'en' else ''}/dataset/{quote(dataset)}"

    def dataset(self, name: str) -> str:
        """Return the IRI of a dataset."""
        return f"{self.page(name)}#dataset"

    def release(self, manifest: Manifest) -> str:
        """Return the IRI of a release."""
        return f"{self.page(manifest.dataset.name)}#release-{manifest.version}"

    def distribution(self, manifest: Manifest, file: str, *, pinned: bool) -> str:
        """Return the IRI of a file: that of a release, or the dataset's own, which is the current release's."""
        release = f"release-{manifest.version}-" if pinned else ""
        return f"{self.page(manifest.dataset.name)}#{release}{quote(file)}"

    def service_page(self, id: str, lang: str = "ja") -> str:
        """Return the URL of a city service's page in a language."""
        return f"{self.url}{'/en' if lang == 'en' else ''}/services/{quote(id)}"

    def service(self, id: str) -> str:
        """Return the IRI of a city service."""
        return f"{self.service_page(id)}#service"

    def series(self, indicator: str) -> str:
        """Return the IRI of the series of datasets that have an indicator."""
        return f"{self.url}/indicators/{quote(indicator)}#series"

    def area(self, code: str) -> str:
        """Return the IRI of an area."""
        return f"{self.api}/areas/{quote(code)}"

    def release_address(self, dataset: str, version: str = LATEST) -> str:
        """Return the URL of the API's description of a release."""
        return f"{self.api}/datasets/{quote(dataset)}/releases/{quote(version)}"

    def csvw(self, dataset: str, version: str = LATEST) -> str:
        """Return the URL of the CSVW metadata of a release."""
        return f"{self.release_address(dataset, version)}/csvw.json"

    def croissant(self, dataset: str, version: str = LATEST) -> str:
        """Return the URL of the Croissant description of a release."""
        return f"{self.release_address(dataset, version)}/croissant.json"

    def download(self, dataset: str, file: str, version: str = LATEST) -> str:
        """Return the URL of a file; that of the latest release never changes."""
        return f"{self.release_address(dataset, version)}/files/{quote(file)}"
