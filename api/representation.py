"""Observations as JSON, as CSV for programs, and as CSV for people.

A page of JSON carries the link to the next one; every representation carries it in ``Link``. CSV without ``limit`` has
all rows: up to :data:`~catalog.query.question.MOST_ROWS` they go out in one piece, which can be cached; more are
streamed. The number of rows that match stands in ``X-Total-Rows`` in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from flask import Response

from api.calls import JSON_TYPE, Call
from api.negotiation import labels_language
from api.node import Question
from api.resources.datasets import present_license
from catalog.errors import Label
from catalog.formats import iter_excel_csv
from catalog.formats.csv import MEDIA_TYPE as CSV_TYPE
from catalog.formats.labels import CodeLabels, all_labels
from catalog.formats.rows import Row, iter_csv_rows, name_columns, rows_table, with_names, write_json
from catalog.model import DataStructure
from catalog.query.engine import whole
from catalog.query.grammar import resume_cursor
from catalog.query.question import MOST_ROWS, Availability, Page
from catalog.query.rejection import Rejection, rejected
from openapi.components import ObservationMetaSchema
from openapi.fields import shared

_BATCH = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """The form of an answer, beside what is in it."""

    #: json, csv or csv-excel
    format: str
    #: language of names
    lang: str
    #: whether names stand beside codes
    names: bool
    #: whether ``limit`` was given; without it CSV has all rows
    limited: bool
    #: the cursor as it was given, or None
    cursor: str | None

    @classmethod
    def from_parameters(cls, format: str, call: Call) -> Self:
        """Read it from the parameters of a call.

        Raises
        ------
        QueryError
            If ``fields`` or ``sort`` is asked of the CSV for people, which has fixed columns.
        """
        given = call.parameters
        if format == "csv-excel" and "fields" in given:
            detail = Label(
                "format=csv-excel の列は決まっています。fields を外すか、format=csv にしてください",
                "The columns of format=csv-excel are fixed. Leave fields out, or use format=csv",
            )
            raise rejected([Rejection(parameter="fields", value=given["fields"], detail=detail)])
        return cls(
            format=format,
            lang=labels_language(given),
            names=given.get("labels") == "both" and format != "csv-excel",
            limited="limit" in given or "cursor" in given,
            cursor=given.get("cursor"),
        )

    def canonical_pairs(self, question: Question) -> list[tuple[str, str]]:
        """Return the parameters of the pinned URL: the canonical query, the release, the form, sorted by name."""
        manifest = question.release.manifest
        pairs = {
            **dict(question.parsed.canonical),
            **dict(question.parsed.page_parameters(explicit=self.limited and self.format != "json")),
            "dataset": manifest.dataset.name,
            "version": str(manifest.version),
            "format": self.format,
            **({"cursor": self.cursor} if self.cursor else {}),
            **({"labels": "both"} if self.names else {}),
            **({"lang": self.lang} if self.names and self.lang != "ja" else {}),
        }
        return sorted(pairs.items())

    @property
    def whole(self) -> bool:
        """Whether all rows are wanted, however many."""
        return not self.limited and self.format != "json"


def write_observations(call: Call, question: Question, shape: Representation, canonical: str) -> Response:
    """Return the response with the observations that a question asks for."""
    query = question.parsed.query
    page = question.engine.select(replace(query, limit=MOST_ROWS) if shape.whole else query)
    total = _count(question, page)
    links: dict[str, str] = {}
    if shape.whole and page.resume is not None:
        body: Iterable[bytes] | bytes = _write_whole(call, question, shape)
    else:
        links = _links(call, question, shape, canonical, page)
        body = _write(call, question, shape, page, total, links)
    response = Response(body, content_type=JSON_TYPE if shape.format == "json" else CSV_TYPE)
    version = question.release.manifest.version
    response.headers["X-Total-Rows"] = str(total)
    response.headers["X-Data-Version"] = str(version)
    if shape.format != "json":
        name = call.path.get("indicator", question.release.manifest.dataset.name)
        response.headers["Content-Disposition"] = _disposition(f"{name}_v{version}", shape)
    if "next" in links:
        response.headers.add("Link", f'<{links["next"]}>; rel="next"')
    return response


def _count(question: Question, page: Page) -> int:
    """Return how many observations match; a page that has all of them says it."""
    if page.resume is None and question.parsed.query.after is None:
        return len(page.rows)
    return question.engine.count(question.parsed.query)


def write_empty(call: Call, shape: Representation, reason: Label, canonical: str) -> Response:
    """Return the response for an indicator that no dataset holds."""
    structure = DataStructure()
    columns = structure.names
    meta = _meta(None, columns, 0, 0, [], _present_availability(None, reason))
    if shape.format == "json":
        body: bytes = write_json(columns, [], meta, {"self": canonical, "describedby": call.url("/openapi.json")})
    elif shape.format == "csv":
        body = b"".join(iter_csv_rows(columns, [], structure))
    else:
        body = b"".join(iter_excel_csv(rows_table(columns, [], structure), structure, call.node.labels))
    response = Response(body, content_type=JSON_TYPE if shape.format == "json" else CSV_TYPE)
    response.headers["X-Total-Rows"] = "0"
    if shape.format != "json":
        response.headers["Content-Disposition"] = _disposition(call.path.get("indicator", "observations"), shape)
    return response


def _write(
    call: Call, question: Question, shape: Representation, page: Page, total: int, links: dict[str, str]
) -> bytes:
    structure = question.engine.structure
    if shape.format == "csv-excel":
        table = rows_table(page.columns, page.rows, structure)
        synthetic = question.release.manifest.dataset.synthetic
        return b"".join(iter_excel_csv(table, structure, call.node.labels, synthetic=synthetic))
    columns, rows = _named(page.columns, page.rows, _labels(call, structure, shape), shape)
    if shape.format == "csv":
        return b"".join(iter_csv_rows(columns, [rows], structure))
    availability = None if total else _why_empty(question)
    meta = _meta(question, columns, len(rows), total, [one.to_dict() for one in question.repairs], availability)
    return write_json(columns, rows, meta, links)


def _write_whole(call: Call, question: Question, shape: Representation) -> Iterator[bytes]:
    """Yield a CSV of more rows than a page; only the one for people has to see all of them before it begins."""
    structure, query = question.engine.structure, whole(question.parsed.query)
    if shape.format == "csv-excel":
        page = question.engine.select(query)
        return iter((_write(call, question, shape, page, len(page.rows), {}),))
    labels = _labels(call, structure, shape)
    columns = name_columns(query.fields, labels)
    batches = (_named(query.fields, rows, labels, shape)[1] for rows in question.engine.iter_rows(query, _BATCH))
    return iter_csv_rows(columns, batches, structure)


def _labels(call: Call, structure: DataStructure, shape: Representation) -> CodeLabels:
    return all_labels(structure, call.node.labels) if shape.names else {}


def _named(
    columns: Sequence[str], rows: list[Row], labels: CodeLabels, shape: Representation
) -> tuple[Sequence[str], list[Row]]:
    if not labels:
        return columns, rows
    return name_columns(columns, labels), with_names(columns, rows, labels, shape.lang)


def _links(call: Call, question: Question, shape: Representation, canonical: str, page: Page) -> dict[str, str]:
    manifest = question.release.manifest
    dataset = f"/datasets/{manifest.dataset.name}"
    links = {
        "self": canonical,
        "release": call.api_url(f"{dataset}/releases/{manifest.version}"),
        "dataset": call.api_url(dataset),
        "describedby": call.url("/openapi.json"),
    }
    if page.resume is not None:
        pairs = dict(shape.canonical_pairs(question))
        pairs["cursor"] = resume_cursor(question.parsed, manifest.digest, page.resume)
        links["next"] = call.url(call.url_path, sorted(pairs.items()))
    return links


def _meta(
    question: Question | None,
    columns: Sequence[str],
    returned: int,
    total: int,
    repairs: list[dict[str, Any]],
    availability: dict[str, Any] | None,
) -> dict[str, Any]:
    manifest = question.release.manifest if question else None
    dataset = manifest.dataset if manifest else None
    meta: dict[str, Any] = {
        "dataset": dataset.name if dataset else None,
        "version": str(manifest.version) if manifest else None,
        "digest": manifest.digest if manifest else None,
        "issued": manifest.issued if manifest else None,
        "license": present_license(dataset.license) if dataset else None,
        "citation": dataset.citation.to_dict() if dataset else None,
        "synthetic": dataset.synthetic if dataset else False,
        "columns": list(columns),
        "returned": returned,
        "total": total,
        "repairs": repairs,
        "availability": availability,
    }
    dumped: dict[str, Any] = shared(ObservationMetaSchema).dump(meta)
    return dumped


def _why_empty(question: Question) -> dict[str, Any]:
    found = question.engine.availability(question.parsed.query)
    if found.obstacles:
        first = found.obstacles[0]
        asked = ", ".join(first.asked)
        reason = Label(
            f"ほかの条件のもとでは、{first.dimension} が「{asked}」の観測値はありません",
            f"Under the other conditions there is no observation with {asked!r} as {first.dimension}",
        )
    elif found.periods is None:
        reason = Label("このリリースには観測値がありません", "This release has no observations")
    else:
        reason = Label(
            "この組み合わせの観測値はありません。条件を二つ以上ゆるめてください",
            "There is no observation of this combination. Relax two conditions or more",
        )
    return _present_availability(found, reason)


def _present_availability(found: Availability | None, reason: Label) -> dict[str, Any]:
    obstacles = found.obstacles if found else ()
    return {
        "reason": reason.to_dict(),
        "periods": list(found.periods) if found and found.periods else None,
        "areas": found.areas if found else 0,
        "obstacles": [
            {
                "dimension": one.dimension,
                "asked": list(one.asked),
                "available": list(one.available),
                "count": one.count,
                "nearest": one.nearest,
            }
            for one in obstacles
        ],
    }


def _disposition(stem: str, shape: Representation) -> str:
    """Name the version in the file name (RFC 6266); ids and versions are ASCII, so both forms say the same."""
    name = f"{stem}{'_excel' if shape.format == 'csv-excel' else ''}.csv"
    return f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
