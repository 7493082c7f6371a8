"""Addresses in the API that pages point to: what a page shows, as a file or an answer for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode


def file_link(dataset: str, version: str, file: str) -> str:
    """Return the address of a file of a release; ``latest`` as version is the one that never changes."""
    return f"/api/v1/datasets/{quote(dataset)}/releases/{quote(version)}/files/{quote(file)}"


def release_link(dataset: str, version: str) -> str:
    """Return the address of the description of a release."""
    return f"/api/v1/datasets/{quote(dataset)}/releases/{quote(version)}"


@dataclass(frozen=True, slots=True)
class Observations:
    """A query for observations that a page shows."""

    #: name of the dataset
    dataset: str
    #: id of the indicator
    indicator: str
    #: further parameters in the grammar of the API; values are codes joined by commas
    params: Mapping[str, str]

    def link(self, format: str | None = None) -> str:
        """Return its address, in a format if it is not JSON."""
        params = {"dataset": self.dataset, **self.params, **({"format": format} if format else {})}
        return f"/api/v1/indicators/{quote(self.indicator)}/observations?{urlencode(params, safe=',:')}"


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
