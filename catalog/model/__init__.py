"""The nouns of the product, without HTTP and without a database.

All are frozen; ``from_dict`` and ``to_dict`` are inverse where both exist.
"""

from catalog.errors import Label, Place
from catalog.model.dataset import CC_BY, LICENSES, Agent, Dataset, Distribution, License
from catalog.model.observation import COUNTRY, TOTAL, Column, DataStructure, Dimension, base_columns
from catalog.model.period import FREQUENCIES, Period, parse_period
from catalog.model.provenance import Origin, Provenance, Rollback
from catalog.model.release import MANIFEST_NAME, ChangeCounts, Manifest, Omission, canonical_json, parse_manifest
from catalog.model.version import Version, VersionSelector, parse_selector, parse_version

__all__ = [
    "CC_BY",
    "COUNTRY",
    "FREQUENCIES",
    "LICENSES",
    "MANIFEST_NAME",
    "TOTAL",
    "Agent",
    "ChangeCounts",
    "Column",
    "DataStructure",
    "Dataset",
    "Dimension",
    "Distribution",
    "Label",
    "License",
    "Manifest",
    "Omission",
    "Origin",
    "Period",
    "Place",
    "Provenance",
    "Rollback",
    "Version",
    "VersionSelector",
    "base_columns",
    "canonical_json",
    "parse_manifest",
    "parse_period",
    "parse_selector",
    "parse_version",
]
