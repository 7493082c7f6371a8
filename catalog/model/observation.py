"""The observation table: long format, one row an observation, declared once.

``observation.schema.json`` beside this file is a Data Package v2 table schema; validation, documentation, CSVW, the
diff and every format derive from it. A dataset adds its breakdown dimensions (sex, age, ministry...) behind ``period``.
The total of a breakdown has the code ``_T`` (SDMX, Content-Oriented Guidelines, CL codes for totals).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import pyarrow as pa

from catalog.errors import Label, UnknownCode

#: code of the total over a breakdown dimension
TOTAL = "_T"
#: code of the whole country; no official six-digit code exists
COUNTRY = "000000"

_ARROW_TYPES = {"string": pa.string(), "number": pa.float64(), "integer": pa.int64(), "date": pa.date32()}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the observation table."""

    #: physical name, English
    name: str
    #: dimension, measure or attribute
    role: str
    #: Data Package v2 type: string, number, integer or date
    type: str
    #: title in Japanese and English
    label: Label
    #: what it is, what null means
    description: Label
    #: Data Package v2 constraints
    constraints: dict[str, Any] = field(default_factory=dict)
    #: an example as it stands in the CSV
    example: str | None = None

    @property
    def required(self) -> bool:
        """Return whether null is not allowed."""
        return bool(self.constraints.get("required"))


@dataclass(frozen=True, slots=True)
class Dimension:
    """A breakdown dimension of a dataset with the codes that it may take."""

    #: physical column name, such as ``age``
    id: str
    #: title in Japanese and English
    label: Label
    #: code -> label, in presentation order; ``_T`` among them
    codes: dict[str, Label]

    def to_dict(self) -> dict[str, Any]:
        """Return the dimension as JSON."""
        return {
            "id": self.id,
            "label": self.label.to_dict(),
            "codes": {code: label.to_dict() for code, label in self.codes.items()},
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Dimension:
        """Inverse of :meth:`to_dict`."""
        codes = {code: Label.from_dict(label) for code, label in raw["codes"].items()}
        return cls(raw["id"], Label.from_dict(raw["label"]), codes)


@dataclass(frozen=True, slots=True)
class DataStructure:
    """The columns of a dataset's observation table, in order."""

    #: the dataset's own dimensions, in column order
    breakdowns: tuple[Dimension, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns: the four fixed dimensions, the breakdowns, measure and attributes."""
        fixed = base_columns()
        place = 1 + max(i for i, column in enumerate(fixed) if column.role == "dimension")
        return (*fixed[:place], *(_breakdown_column(one) for one in self.breakdowns), *fixed[place:])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the dimensions; they identify an observation."""
        return tuple(column.name for column in self.columns if column.role == "dimension")

    @property
    def has_totals(self) -> bool:
        """Whether every breakdown has a total, so that a series over time can be read."""
        return all(TOTAL in one.codes for one in self.breakdowns)

    def get_breakdown(self, name: str) -> Dimension:
        """Return a breakdown dimension.

        Raises
        ------
        UnknownCode
            If the dataset has no such dimension.
        """
        for one in self.breakdowns:
            if one.id == name:
                return one
        known = [one.id for one in self.breakdowns]
        raise UnknownCode(f"次元「{name}」はありません", f"There is no dimension {name!r}", value=name, allowed=known)

    def arrow_schema(self) -> pa.Schema:
        """Return the Arrow schema: strings, float64, int64 and date32; only required columns are not nullable."""
        return pa.schema(
            [pa.field(one.name, _ARROW_TYPES[one.type], nullable=not one.required) for one in self.columns]
        )

    def table(self, rows: Iterable[dict[str, Any]]) -> pa.Table:
        """Make a table of rows; keys that a row lacks are null, unknown keys raise.

        Raises
        ------
        UnknownCode
            If a row has a key that is not a column.
        """
        rows = list(rows)
        unknown = {key for row in rows for key in row} - set(self.names)
        if unknown:
            raise UnknownCode(
                f"列 {sorted(unknown)} は構造にありません",
                f"Columns {sorted(unknown)} are not in the structure",
                value=sorted(unknown),
                allowed=list(self.names),
            )
        schema = self.arrow_schema()
        return pa.table({name: [row.get(name) for row in rows] for name in self.names}, schema=schema)

    def to_dict(self) -> dict[str, Any]:
        """Return the structure as JSON."""
        return {"breakdowns": [one.to_dict() for one in self.breakdowns]}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> DataStructure:
        """Inverse of :meth:`to_dict`."""
        return cls(tuple(Dimension.from_dict(one) for one in raw["breakdowns"]))


@cache
def base_columns() -> tuple[Column, ...]:
    """Return the columns that every observation table has, in order."""
    text = resources.files("catalog.model").joinpath("observation.schema.json").read_text("utf-8")
    return tuple(
        Column(
            name=raw["name"],
            role=raw["role"],
            type=raw["type"],
            label=Label(raw["title_ja"], raw["title"]),
            description=Label(raw["description_ja"], raw["description"]),
            constraints=raw.get("constraints", {}),
            example=raw.get("example"),
        )
        for raw in json.loads(text)["fields"]
    )


def _breakdown_column(dimension: Dimension) -> Column:
    return Column(
        name=dimension.id,
        role="dimension",
        type="string",
        label=dimension.label,
        description=Label(
            f"{dimension.label.ja}のコード。{TOTAL} は計",
            f"Code of {dimension.label.en}; {TOTAL} is the total",
        ),
        constraints={"required": True, "enum": list(dimension.codes)},
        example=TOTAL,
    )
