"""Errors as answers: one handler for errors of ours, one for those of HTTP, one for everything else.

Requests of the API are answered with ``application/problem+json`` (RFC 9457). A browser that asks for another page and
prefers HTML gets the same as a small page.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from api.negotiation import choose_language
from api.problems import HTTP_CODES, Problem, get_problem, problem_of
from catalog.errors import Label, ShihyoError
from catalog.query.grammar import encode_pairs
from catalog.settings import Settings

PROBLEM_TYPE = "application/problem+json"

#: name of the extension that renders the page of an error from its status
ERROR_PAGE = "shihyo.error-page"

_LOG = logging.getLogger("shihyo.api")


def register_error_handlers(application: Flask, settings: Settings) -> None:
    """Let the application answer every error with a problem."""

    def answer_ours(error: ShihyoError) -> Response:
        problem = problem_of(error)
        if problem.status >= 500:
            _LOG.error("%s %s: %s", request.method, request.path, error)
        return problem_response(settings, problem, _detail(error), _items(error))

    def answer_http(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            return error.get_response()  # type: ignore[return-value]
        problem = get_problem(HTTP_CODES.get(status, "request-invalid" if status < 500 else "internal"))
        response = problem_response(settings, problem, problem.help, [], status=status)
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    def answer_anything(error: Exception) -> Response:
        _LOG.exception("%s %s", request.method, request.path, exc_info=error)
        problem = get_problem("internal")
        return problem_response(settings, problem, problem.help, [])

    application.register_error_handler(ShihyoError, answer_ours)
    application.register_error_handler(HTTPException, answer_http)
    application.register_error_handler(Exception, answer_anything)


def problem_response(
    settings: Settings,
    problem: Problem,
    detail: Label,
    items: Sequence[dict[str, Any]],
    *,
    status: int | None = None,
) -> Response:
    """Return the answer for a problem, in the language of the request."""
    lang = choose_language(request, settings.lang)
    shown = replace(problem, status=status or problem.status)
    if _wants_page():
        response = _page(shown, detail, lang)
    else:
        document = _document(settings, shown, detail.in_language(lang), items, lang)
        response = Response(orjson.dumps(document), content_type=PROBLEM_TYPE)
    response.status_code = shown.status
    response.headers["Content-Language"] = lang
    response.headers["Cache-Control"] = "no-store"
    response.vary.update(["Accept", "Accept-Language"])
    return response


def _page(problem: Problem, detail: Label, lang: str) -> Response:
    """Return the portal's page for the status if there is a portal, else a plain one."""
    render: Callable[[int], Response] | None = current_app.extensions.get(ERROR_PAGE)
    if render is not None:
        return render(problem.status)
    return Response(problem_page(problem, detail, lang), content_type="text/html; charset=utf-8")


def problem_page(problem: Problem, detail: Label, lang: str) -> str:
    """Return the page that explains a problem, as HTML."""
    title = html.escape(problem.title.in_language(lang))
    texts = dict.fromkeys([detail.in_language(lang), problem.help.in_language(lang)])
    text = "\n".join(f"<p>{html.escape(one)}</p>" for one in texts)
    other = "en" if lang == "ja" else "ja"
    back = {"ja": "ホームへ", "en": "Home"}[lang]
    second = html.escape(problem.title.in_language(other))
    return (
        f'<!doctype html>\n<html lang="{lang}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>\n'
        f'<main><h1>{title}</h1>\n<p lang="{other}">{second}</p>\n{text}\n'
        f'<p><code>{problem.code}</code> (HTTP {problem.status})</p>\n<p><a href="/">{back}</a></p></main></html>\n'
    )


def _document(
    settings: Settings, problem: Problem, detail: str, items: Sequence[dict[str, Any]], lang: str
) -> dict[str, Any]:
    return {
        "type": f"{settings.site_url}/problems/{problem.code}",
        "title": problem.title.in_language(lang),
        "status": problem.status,
        "detail": detail,
        "instance": quote(request.path),
        "code": problem.code,
        "errors": [{**item, "detail": item["detail"][lang]} for item in items],
        "corrected": _corrected(settings, items),
    }


def _wants_page() -> bool:
    if request.path.startswith("/api/"):
        return False
    best = request.accept_mimetypes.best_match([PROBLEM_TYPE, "application/json", "text/html"])
    return best == "text/html" and request.accept_mimetypes["text/html"] > request.accept_mimetypes[PROBLEM_TYPE]


def _detail(error: ShihyoError) -> Label:
    return Label(error.message("ja"), error.message("en"))


def _items(error: ShihyoError) -> list[dict[str, Any]]:
    """Return what is wrong, one by one: as the grammar listed it, or from the facts of a single error."""
    if "errors" in error.context:
        return list(error.context["errors"])
    if "value" not in error.context or problem_of(error).status >= 500:
        return []
    value, allowed = error.context["value"], error.context.get("allowed", [])
    return [
        {
            "in": "path" if _path_name(value) else "query",
            "parameter": error.context.get("parameter") or _path_name(value) or "",
            "value": str(value),
            "detail": _detail(error).to_dict(),
            "allowed": [allowed] if isinstance(allowed, str) else list(allowed),
            "did_you_mean": error.context.get("nearest") or error.context.get("expected"),
        }
    ]


def _path_name(value: Any) -> str | None:
    found = [name for name, one in (request.view_args or {}).items() if one == value]
    return found[0] if found else None


def _corrected(settings: Settings, items: Sequence[dict[str, Any]]) -> str | None:
    """Return the URL with everything replaced by what was probably meant; None unless all of it is known."""
    if not items or any(item["did_you_mean"] is None for item in items):
        return None
    path, pairs = request.path, list(request.args.items(multi=True))
    for item in items:
        if item["in"] == "path":
            path = "/".join(item["did_you_mean"] if part == item["value"] else part for part in path.split("/"))
        elif item["in"] == "query":
            pairs = [_replace(pair, item) for pair in pairs]
    return f"{settings.site_url}{quote(path)}" + (f"?{encode_pairs(pairs)}" if pairs else "")


def _replace(pair: tuple[str, str], item: dict[str, Any]) -> tuple[str, str]:
    name, value = pair
    if name != item["parameter"]:
        return pair
    if item["value"] is None:
        return item["did_you_mean"], value
    meant = {item["value"]: item["did_you_mean"], f"-{item['value']}": f"-{item['did_you_mean']}"}
    return name, ",".join(meant.get(part.strip(), part) for part in value.split(","))
