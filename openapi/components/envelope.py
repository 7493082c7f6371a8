"""What is around every answer: data, meta, links."""

from __future__ import annotations

from functools import cache
from typing import Any

from marshmallow import Schema, fields

from openapi.components.vision import ThemeSchema
from openapi.fields import StrictSchema, integer, links, several


class EmptyMetaSchema(StrictSchema):
    """Nothing more to say."""


class CountMetaSchema(StrictSchema):
    """How many there are."""

    total = integer("件数", "Number of items")


class FacetMetaSchema(CountMetaSchema):
    """How many there are, and how many of each kind."""

    facets = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
        metadata={"description": "項目 → 値 → 件数（絞り込み後） / Member → value → count, after the filters"},
    )


class IndicatorMetaSchema(FacetMetaSchema):
    """Counts, and the indicator set."""

    indicator_set = fields.Dict(required=True, metadata={"description": "指標案 / The indicator set"})


class SmartMetaSchema(CountMetaSchema):
    """Counts, and the example themes of the figure of the Smarts."""

    themes = several(ThemeSchema, "例示された取組テーマ", "Example themes")


@cache
def single(data: type[Schema], meta: type[Schema] = EmptyMetaSchema) -> type[Schema]:
    """Return the schema of an answer that holds one thing."""
    return _document(data, fields.Nested(data, required=True), meta, "Answer")


@cache
def listing(data: type[Schema], meta: type[Schema] = CountMetaSchema) -> type[Schema]:
    """Return the schema of an answer that holds a list."""
    return _document(data, fields.List(fields.Nested(data), required=True), meta, "ListAnswer")


def _document(data: type[Schema], member: fields.Field[Any], meta: type[Schema], suffix: str) -> type[Schema]:
    name = data.__name__.removesuffix("Schema") + suffix
    members = {"data": member, "meta": fields.Nested(meta, required=True), "links": links()}
    return type(f"{name}Schema", (StrictSchema,), {**members, "__doc__": f"An answer: {data.__doc__}"})
