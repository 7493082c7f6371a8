"""What an action answers when it cannot do what it was asked: CKAN's error types, one to one.

::

    CatalogueError
      ActionError
        ValidationError     409  {"<field>": ["text", ...], "__type": "Validation Error"}
        NotFound            404  {"message": "text", "__type": "Not Found Error"}
        NotAuthorized       403  {"message": "Access denied: text", "__type": "Authorization Error"}
        SearchError         409  {"message": "Search error: text", "__type": "Search Error"}
        SearchQueryError    400  {"message": "Search Query is invalid: text", "__type": "Search Query Error"}
        BadRequest          400  no dictionary: the body is the text itself

References
----------
CKAN 2.12, ``ckan/views/api.py`` and https://docs.ckan.org/en/2.12/api/ (2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from catalog import errors
from catalog.errors import Label

#: what can stand behind a field of a validation error: texts, or one dictionary for each item of a list
FieldErrors = Sequence["Label | Mapping[str, Any]"]


def in_language(value: Any, lang: str) -> Any:
    """Return ``value`` with every :class:`~catalog.errors.Label` inside replaced by its text in ``lang``."""
    if isinstance(value, Label):
        return value.in_language(lang)
    if isinstance(value, Mapping):
        return {key: in_language(item, lang) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [in_language(item, lang) for item in value]
    return value


class ActionError(errors.CatalogueError):
    """Root of the errors of an action; never raised itself."""

    #: CKAN's name of the error, ``error.__type`` in the answer
    kind: ClassVar[str] = ""
    #: HTTP status of the answer
    status: ClassVar[int] = 500
    #: what CKAN writes before the text
    prefix: ClassVar[Label] = Label("", "")

    def __init__(self, what: Label | str, en: str = "", **context: Any) -> None:
        """Take what is wrong as a label, or as a Japanese and an English text as every error of the product does."""
        label = Label(what, en) if isinstance(what, str) else what
        super().__init__(label.ja, label.en, **context)

    def error_dict(self, lang: str = "ja") -> dict[str, Any]:
        """Return what stands under ``error`` in the answer, texts in ``lang``."""
        text = self.prefix.in_language(lang) + self.what.in_language(lang)
        return {"__type": self.kind, "message": text}


class ValidationError(ActionError):
    """Fields have values that cannot be used."""

    kind = "Validation Error"
    status = 409

    def __init__(self, fields: Mapping[str, FieldErrors] | str, en: str = "") -> None:
        """Take the texts by field; two plain texts are an error of no field, under ``message``."""
        self.fields = {"message": [Label(fields, en)]} if isinstance(fields, str) else fields
        super().__init__(
            f"入力に誤りがあります: {in_language(self.fields, 'ja')}",
            f"Invalid input: {in_language(self.fields, 'en')}",
            fields=in_language(self.fields, "en"),
        )

    def error_dict(self, lang: str = "ja") -> dict[str, Any]:
        """Return ``{field: [text, ...], "__type": ...}``."""
        return {**in_language(self.fields, lang), "__type": self.kind}


class NotFound(ActionError):
    """The object does not exist."""

    code = "catalogue-not-found"
    kind = "Not Found Error"
    status = 404


class NotAuthorized(ActionError, errors.NotAuthorized):
    """The caller may not do this."""

    kind = "Authorization Error"
    status = 403
    prefix = Label("Access denied: ", "Access denied: ")


class SearchError(ActionError):
    """The query does not follow the query syntax."""

    kind = "Search Error"
    status = 409
    prefix = Label("Search error: ", "Search error: ")


class SearchQueryError(ActionError):
    """A parameter of the search is unknown, or it cannot be sorted like this."""

    kind = "Search Query Error"
    status = 400
    prefix = Label("Search Query is invalid: ", "Search Query is invalid: ")


class BadRequest(ActionError):
    """The request names no action or is none; CKAN answers with the bare text."""

    kind = ""
    status = 400
    prefix = Label("Bad request: ", "Bad request: ")
