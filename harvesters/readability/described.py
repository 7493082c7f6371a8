"""What a Data Package says about a file: the part of it that answers to rules which a table alone cannot keep.

The rule asks for units, code tables, symbols and definitions "in the column name or the metadata" (L3-02, L3-03,
L3-04, L3-08), and for a header in row 1 (L3-01), which the package's dialect states. The sample checker does not read
metadata.

References
----------
Data Package v2.0: Data Resource, Table Dialect, Table Schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harvesters.readability.result import Described

NAME = "datapackage.json"

#: bytes that a descriptor may have
_LARGEST = 10_000_000


def describe(resource: Mapping[str, Any], package: Mapping[str, Any]) -> Described:
    """Return what a resource of a Data Package says about its file."""
    fields = [one for one in resource.get("schema", {}).get("fields", ()) if isinstance(one, dict)]
    dialect = resource.get("dialect") or {}
    return Described(
        coded=frozenset(one["name"] for one in fields if one.get("categories") or one.get("constraints")),
        symbols=frozenset(
            symbol["value"]
            for symbol in resource.get("schema", {}).get("missingValues", ())
            if isinstance(symbol, dict) and symbol.get("label")
        ),
        defined=frozenset(one["name"] for one in fields if one.get("description") or one.get("title")),
        history=bool(resource.get("encoding") and (package.get("created") or package.get("version"))),
        units=frozenset(
            one["name"] for one in fields if one.get("unit") or one.get("type") not in ("number", "integer")
        ),
        names=tuple(one["name"] for one in fields) if dialect.get("header", True) else (),
    )


def find_described(path: Path) -> Described | None:
    """Return what ``datapackage.json`` in the folder of a file says about it; None if there is none or it is not named.

    A descriptor that is no JSON, or too large, describes nothing.
    """
    beside = path.parent / NAME
    if not beside.is_file() or beside.stat().st_size > _LARGEST:
        return None
    try:
        package = json.loads(beside.read_bytes())
    except ValueError:
        return None
    resources = package.get("resources", ()) if isinstance(package, dict) else ()
    found = [one for one in resources if isinstance(one, dict) and one.get("path") == path.name]
    return describe(found[0], package) if found else None
