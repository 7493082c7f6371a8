"""Fields that several schemas share, and how their types are written in the document."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from marshmallow import Schema, ValidationError, fields, validate


class Text(NamedTuple):
    """A text of the document in Japanese and in English."""

    #: Japanese
    ja: str
    #: English
    en: str

    def __str__(self) -> str:
        return f"{self.ja} / {self.en}"


class StrictSchema(Schema):
    """A schema whose documents have the declared members and no others."""

    class Meta:
        """Unknown members are an error on the way in, and ``additionalProperties: false`` in the document."""

        unknown = "raise"


@cache
def shared(kind: type[Schema]) -> Schema:
    """Return the one instance of a schema; making one costs more than using it, and use does not change it."""
    return kind()


class LabelSchema(StrictSchema):
    """The same text in two languages."""

    ja = fields.String(required=True)
    en = fields.String(required=True)


class NameSchema(StrictSchema):
    """A name in two languages; ``en`` is null where no official English name is recorded."""

    ja = fields.String(required=True)
    en = fields.String(required=True, allow_none=True)


def string(ja: str, en: str, **options: Any) -> fields.String:
    """Return a text member that is always there."""
    return fields.String(**{"required": True, **options}, metadata={"description": str(Text(ja, en))})


def integer(ja: str, en: str, **options: Any) -> fields.Integer:
    """Return a whole-number member that is always there."""
    return fields.Integer(**{"required": True, **options}, metadata={"description": str(Text(ja, en))})


def boolean(ja: str, en: str, **options: Any) -> fields.Boolean:
    """Return a true-or-false member that is always there."""
    return fields.Boolean(required=True, metadata={"description": str(Text(ja, en))}, **options)


def bilingual(ja: str, en: str, **options: Any) -> fields.Nested:
    """Return a bilingual member that is always there."""
    return nested(LabelSchema, ja, en, **options)


def nested(schema: type[Schema], ja: str, en: str, **options: Any) -> fields.Nested:
    """Return a member of another schema that is always there."""
    return fields.Nested(schema, **{"required": True, **options}, metadata={"description": str(Text(ja, en))})


def several(inner: fields.Field[Any] | type[Schema], ja: str, en: str, **options: Any) -> fields.List[Any]:
    """Return a list member that is always there."""
    item = inner if isinstance(inner, fields.Field) else fields.Nested(inner)
    return fields.List(item, **{"required": True, **options}, metadata={"description": str(Text(ja, en))})


def strings(ja: str, en: str, **options: Any) -> fields.List[Any]:
    """Return a member that is a list of texts."""
    return several(fields.String(), ja, en, **options)


class FullMatch(validate.Regexp):
    """A pattern that the whole value must match; ``$`` alone would let a line break through."""

    def __init__(self, pattern: str) -> None:
        super().__init__(f"^{pattern}$")
        self.whole = re.compile(pattern)

    def __call__(self, value: Any) -> Any:
        """Return the value, or raise."""
        if self.whole.fullmatch(value) is None:
            raise ValidationError(self.error)
        return value


def parameter(
    ja: str, en: str, *, pattern: str | None = None, choices: tuple[str, ...] = (), name: str | None = None
) -> fields.String:
    """Return a query parameter that is a text.

    Parameters
    ----------
    ja, en
        What it is for.
    pattern
        Regular expression that the whole value must match.
    choices
        The values that it may have.
    name
        Its name, where Python cannot have it.
    """
    rules: list[Any] = []
    if pattern is not None:
        rules.append(FullMatch(pattern))
    if choices:
        rules.append(validate.OneOf(choices))
    return fields.String(validate=rules, data_key=name, metadata={"description": str(Text(ja, en))})


def optional(inner: type[Schema] = LabelSchema) -> fields.Nested:
    """Return a member of another schema that may be null."""
    return fields.Nested(inner, required=True, allow_none=True)


def links() -> fields.Dict:
    """Return the member that says where to go from here."""
    description = str(Text("関係 → URL", "Relation → URL"))
    return fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, metadata={"description": description}
    )
