"""Datasets, who answers for them and under which licence (DCAT 3 section 6: Dataset, Distribution, Agent)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog.errors import Label
from catalog.model.area import Area
from catalog.model.observation import DataStructure


@dataclass(frozen=True, slots=True)
class License:
    """A licence, by the id that CKAN and aggregators know."""

    #: CKAN licence id, such as ``cc-by``
    id: str
    #: title in Japanese and English
    label: Label
    #: URL of its text
    url: str
    #: what else a user must know (PDL1.0, attribution), or None
    note: Label | None = None


#: CC BY 4.0, the id that aggregators pick up; PDL1.0 1.7 allows use under it (STANDARDS 2.3 of the licence text)
CC_BY = License(
    "cc-by",
    Label("クリエイティブ・コモンズ 表示 4.0 国際", "Creative Commons Attribution 4.0 International"),
    "https://creativecommons.org/licenses/by/4.0/",
    Label(
        "公共データ利用規約（第1.0版）に準拠した利用もできます。出典を示してください。",
        "May also be used under the Public Data License 1.0 (Japan). Name the source.",
    ),
)

LICENSES = {one.id: one for one in (CC_BY,)}


@dataclass(frozen=True, slots=True)
class Agent:
    """An organisation that publishes, owns or produces."""

    #: CKAN organisation name, ``[a-z0-9_-]``
    name: str
    #: its name in Japanese and English
    label: Label
    #: its page, or None
    url: str | None = None
    #: where questions go, or None
    email: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the agent as JSON."""
        return {"name": self.name, "label": self.label.to_dict(), "url": self.url, "email": self.email}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Agent:
        """Inverse of :meth:`to_dict`."""
        return cls(**{**raw, "label": Label.from_dict(raw["label"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A described collection of observations that is published release by release."""

    #: CKAN name, never changes: ``[a-z0-9_-]{2,80}``
    name: str
    #: title in Japanese and English
    title: Label
    #: what it is, in Japanese and English, plain text
    description: Label
    #: who publishes it; a CKAN organisation
    publisher: Agent
    #: who produced the figures
    creator: Agent
    #: who answers questions
    contact: Agent
    #: licence
    license: License
    #: how to cite the source: 出典：…
    citation: Label
    #: page of the source
    landing_page: str
    #: tags; Japanese ones as portals use them
    keywords: tuple[str, ...]
    #: ids of the indicators whose observations it holds
    indicators: tuple[str, ...]
    #: SDMX CL_FREQ code of the updates: A, Q, M, or I for irregular
    frequency: str
    #: codes of the areas that it covers as a whole, such as 120006 for the prefecture
    spatial: tuple[str, ...]
    #: columns and codes
    structure: DataStructure
    #: True if its figures are made up; said on the page, in the metadata and in the files
    synthetic: bool = False
    #: local areas that its observations are about, which no national list has
    areas: tuple[Area, ...] = ()
    #: more than this share of past values revised makes a major version
    revision_share: float = 0.05

    @property
    def source_page(self) -> str | None:
        """Page of what the figures come from; None if they are made up, because then there is none."""
        return None if self.synthetic else self.landing_page

    def to_dict(self) -> dict[str, Any]:
        """Return the dataset as JSON."""
        return {
            "name": self.name,
            "title": self.title.to_dict(),
            "description": self.description.to_dict(),
            "publisher": self.publisher.to_dict(),
            "creator": self.creator.to_dict(),
            "contact": self.contact.to_dict(),
            "license": self.license.id,
            "citation": self.citation.to_dict(),
            "landing_page": self.landing_page,
            "keywords": list(self.keywords),
            "indicators": list(self.indicators),
            "frequency": self.frequency,
            "spatial": list(self.spatial),
            "structure": self.structure.to_dict(),
            "synthetic": self.synthetic,
            "revision_share": self.revision_share,
            **({"areas": [one.to_dict() for one in self.areas]} if self.areas else {}),
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Dataset:
        """Inverse of :meth:`to_dict`."""
        parse: dict[str, Callable[[Any], Any]] = {
            "title": Label.from_dict,
            "description": Label.from_dict,
            "citation": Label.from_dict,
            "publisher": Agent.from_dict,
            "creator": Agent.from_dict,
            "contact": Agent.from_dict,
            "license": LICENSES.__getitem__,
            "keywords": tuple,
            "indicators": tuple,
            "spatial": tuple,
            "structure": DataStructure.from_dict,
            "areas": lambda all: tuple(map(Area.from_dict, all)),
        }
        return cls(**{key: parse[key](value) if key in parse else value for key, value in raw.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One file of a release (DCAT: Distribution; CKAN: resource)."""

    #: file name, ASCII, unique in the release: ``mynumber-municipalities.csv``
    name: str
    #: what it is for, in Japanese and English
    title: Label
    #: upper-case format as portals show it: CSV, PARQUET, JSON
    format: str
    #: IANA media type with parameters: ``text/csv; charset=utf-8; header=present``
    media_type: str
    #: size in bytes
    bytes: int
    #: sha256 of the bytes, hex
    sha256: str
    #: character encoding, or None for binary formats
    encoding: str | None = None
    #: whether it starts with a byte order mark; None for binary formats
    bom: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the distribution as JSON."""
        return {
            "name": self.name,
            "title": self.title.to_dict(),
            "format": self.format,
            "media_type": self.media_type,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "encoding": self.encoding,
            "bom": self.bom,
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Distribution:
        """Inverse of :meth:`to_dict`."""
        return cls(**{**raw, "title": Label.from_dict(raw["title"])})
