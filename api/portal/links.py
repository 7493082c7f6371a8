"""Addresses in the API that pages point to: what a page shows, as a file or an answer for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from catalog.model.indicator import Indicator


def file_link(dataset: str, version: str, file: str) -> str:
    """Return the address of a file of a release; ``latest`` as version is the one that never changes."""
    return f"/api/v1/datasets/{quote(dataset)}/releases/{quote(version)}/files/{quote(file)}"


def readability_link(dataset: str, version: str) -> str:
    """Return the address of the page that tells how well machines can read a release."""
    return f"/api/v1/datasets/{quote(dataset)}/releases/{quote(version)}/readability.html"


def release_link(dataset: str, version: str) -> str:
    """Return the address of the description of a release."""
    return f"/api/v1/datasets/{quote(dataset)}/releases/{quote(version)}"


@dataclass(frozen=True, slots=True)
class MetadataLinks:
    """A vocabulary that describes a dataset or one of its releases, in its forms."""

    #: key of its name and its purpose among the messages
    name: str
    #: form -> address
    forms: Mapping[str, str]


def metadata_links(dataset: str, version: str, *, data_package: str | None) -> tuple[MetadataLinks, ...]:
    """Return the addresses of the metadata of a dataset and of one of its releases.

    Parameters
    ----------
    dataset, version
        Of the release.
    data_package
        Name of the file that describes the release as a Data Package; None if it has none.
    """
    dcat = {"Turtle": "ttl", "JSON-LD": "jsonld", "RDF/XML": "rdf"}
    release = release_link(dataset, version)
    packages = {"datapackage.json": file_link(dataset, version, data_package)} if data_package else {}
    found = (
        MetadataLinks("dcat", {form: f"/dataset/{quote(dataset)}.{suffix}" for form, suffix in dcat.items()}),
        MetadataLinks("csvw", {"csvw.json": f"{release}/csvw.json"}),
        MetadataLinks("croissant", {"croissant.json": f"{release}/croissant.json"}),
        MetadataLinks("data_package", packages),
    )
    return tuple(one for one in found if one.forms)


def dataset_link(dataset: str, format: str | None = None) -> str:
    """Return the address of all observations of a dataset."""
    return _link("/api/v1/observations", {"dataset": dataset, "format": format})


@dataclass(frozen=True, slots=True)
class Observations:
    """A query for the observations of an indicator that a page shows."""

    #: id of the indicator
    indicator: str
    #: parameters in the grammar of the API; values are codes joined by commas
    params: Mapping[str, str]

    def link(self, format: str | None = None) -> str:
        """Return its address, in a format if it is not JSON."""
        return _link(f"/api/v1/indicators/{quote(self.indicator)}/observations", {**self.params, "format": format})


def observations_of(dataset: str, indicator: Indicator, params: Mapping[str, str]) -> Observations:
    """Return a query for an indicator in a dataset, which is left out where it is the indicator's primary one."""
    named = {} if dataset == indicator.primary_dataset else {"dataset": dataset}
    return Observations(indicator.id, {**named, **params})


def _link(path: str, params: Mapping[str, str | None]) -> str:
    given = {name: value for name, value in params.items() if value is not None}
    return f"{path}?{urlencode(given, safe=',:')}" if given else path


def snippets(address: str, csv: str) -> tuple[tuple[str, str], ...]:
    """Return (name, code) for the same figures by curl, Python and R.

    Parameters
    ----------
    address, csv
        Absolute addresses of the JSON and of the CSV.
    """
    return (
        ("curl", f"curl -s '{csv}'"),
        ("Python", f'import pandas as pd\n\ndf = pd.read_csv(\n    "{csv}",\n    dtype={{"area_code": str}},\n)'),
        ("R", f'library(readr)\n\ndf <- read_csv(\n  "{csv}",\n  col_types = cols(area_code = "c")\n)'),
        ("JavaScript", f'const answer = await fetch("{address}");\nconst {{ data }} = await answer.json();'),
    )
