"""Which representation and which language a request asks for.

The format is that of ``format=``, else of ``Accept``, else JSON. The language of data is that of ``lang=``, Japanese if
it is not given; only problems look at ``Accept-Language`` as well, so answers with data do not vary by it.

References
----------
RFC 9110 section 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Request

from catalog.errors import Label, QueryError

#: format -> media type by which ``Accept`` names it; ``csv-excel`` has no media type of its own
MEDIA_TYPES = {"json": "application/json", "csv": "text/csv"}


class NotAcceptable(QueryError):
    """None of the accepted media types is offered."""

    code = "not-acceptable"


def choose_format(request: Request, asked: str | None, offered: Sequence[str]) -> str:
    """Return the format of the answer.

    Parameters
    ----------
    asked
        The value of ``format=``, already checked, or None.
    offered
        The formats that there are; the first one is the default.

    Raises
    ------
    NotAcceptable
        If ``Accept`` names none of them.
    """
    if asked is not None:
        return asked
    by_type = {MEDIA_TYPES[one]: one for one in offered if one in MEDIA_TYPES}
    if "Accept" not in request.headers:
        return offered[0]
    found = request.accept_mimetypes.best_match(list(by_type))
    if found is None:
        raise _not_acceptable(request.headers["Accept"], list(by_type))
    return by_type[found]


def choose_language(request: Request, default: str) -> str:
    """Return the language of problems: ``lang=``, else ``Accept-Language``, else the default."""
    asked = request.args.get("lang")
    if asked in {"ja", "en"}:
        return str(asked)
    return request.accept_languages.best_match(["ja", "en"], default) or default


def labels_language(parameters: Mapping[str, str]) -> str:
    """Return the language of labels in data."""
    return parameters.get("lang", "ja")


def _not_acceptable(accept: str, media_types: list[str]) -> NotAcceptable:
    offered = ", ".join(media_types)
    detail = Label(
        f"「{accept}」では返せません。返せるのは {offered} です", f"{accept!r} cannot be answered; there is {offered}"
    )
    item = {
        "in": "header",
        "parameter": "Accept",
        "value": accept,
        "detail": detail.to_dict(),
        "allowed": media_types,
        "did_you_mean": None,
    }
    return NotAcceptable(detail.ja, detail.en, errors=[item])
