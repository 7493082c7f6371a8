"""Rows of a query as bytes: JSON documents, and the two CSVs through the same writers that make the files of a release.

Rows come from :mod:`catalog.query`: tuples of texts, numbers and None; dates are ISO texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa

from catalog.errors import Label
from catalog.formats.csv import iter_csv
from catalog.formats.labels import CodeLabels
from catalog.model import DataStructure

Row = tuple[Any, ...]


def write_json(columns: Sequence[str], rows: Iterable[Row], meta: dict[str, Any], links: dict[str, str]) -> bytes:
    """Return ``{"data": [...], "meta": {...}, "links": {...}}``, one object a row."""
    names = tuple(columns)
    return orjson.dumps({"data": [dict(zip(names, row, strict=True)) for row in rows], "meta": meta, "links": links})


def rows_table(columns: Sequence[str], rows: Sequence[Row], structure: DataStructure) -> pa.Table:
    """Return rows as a table with the types of the structure; columns that it does not have are texts."""
    types = {field.name: field.type for field in structure.arrow_schema()}
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pa.table(
        {name: _array(values, types.get(name, pa.string())) for name, values in zip(columns, cells, strict=True)}
    )


def iter_csv_rows(
    columns: Sequence[str], batches: Iterable[Sequence[Row]], structure: DataStructure
) -> Iterator[bytes]:
    """Yield the CSV for programs (:mod:`catalog.formats.csv`) of rows that come in lists; the header comes always."""
    header, *_ = iter_csv(rows_table(columns, [], structure))
    yield header
    for rows in batches:
        records = iter_csv(rows_table(columns, rows, structure))
        next(records)
        yield from records


def name_columns(columns: Sequence[str], labels: CodeLabels) -> tuple[str, ...]:
    """Return the columns with one for the names beside each one for codes: ``area_code, area_name``."""
    return tuple(one for column in columns for one in ([column, _name(column)] if column in labels else [column]))


def with_names(columns: Sequence[str], rows: Sequence[Row], labels: CodeLabels, lang: str) -> list[Row]:
    """Return the rows with the names of their codes beside them, in the order of :func:`name_columns`.

    A code that has no name has None there.
    """
    named = [labels.get(column) for column in columns]
    return [
        tuple(
            cell
            for value, known in zip(row, named, strict=True)
            for cell in ((value,) if known is None else (value, _in_language(known.get(value), lang)))
        )
        for row in rows
    ]


def _name(column: str) -> str:
    """``area_code`` -> ``area_name``, ``sex`` -> ``sex_name``."""
    return column.removesuffix("_code").removesuffix("_id") + "_name"


def _in_language(label: Label | None, lang: str) -> str | None:
    return label.in_language(lang) if label else None


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_date(kind):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)
