"""CKAN's action API over HTTP, on the embedded catalogue.

Order of events of a request: the action is looked up (unknown: 400); the parameters are read from the query string,
the form or the JSON body (unreadable: 400); the action runs; its result or its error is wrapped in CKAN's envelope
``{"help", "success", "result" | "error"}``. Answers with status 400 are a bare JSON string, as CKAN's are.

Uploaded files are served from ``/dataset/<id>/resource/<id>/download/<name>`` with a strong ETag (the SHA-256 of the
bytes), ranges, and headers that keep a browser from running what a stranger uploaded.

References
----------
CKAN 2.12, ``ckan/views/api.py`` and ``ckan/views/resource.py`` (2026-11-22); RFC 9110 (conditional and range
requests), RFC 6266 and RFC 8187 (file names beyond ASCII).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson
from flask import Blueprint, Request, Response, current_app, redirect, request, send_file
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from catalog.embedded import (
    ActionError,
    BadRequest,
    EmbeddedCatalog,
    NotAuthorized,
    NotFound,
    StoredFile,
    UploadedFile,
    ValidationError,
)
from catalog.embedded.files import too_large
from catalog.errors import CatalogueUnavailable, Label

JSON = "application/json;charset=utf-8"
JAVASCRIPT = "application/javascript;charset=utf-8"

#: largest body without a file, in bytes; also the room for the other fields of a form with a file
MAX_BODY = 16_000_000
#: fields of a form
MAX_PARTS = 1000

#: what CKAN allows other sites when it allows them
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, PUT, GET, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "X-CKAN-API-KEY, Authorization, Content-Type",
}

#: media types a browser shows without running anything in them; all others are saved
SHOWN_INLINE = frozenset(
    {
        "application/geo+json",
        "application/json",
        "application/pdf",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/csv",
        "text/plain",
        "text/tab-separated-values",
    }
)

_CALLBACK = re.compile(r"[A-Za-z_$][\w$.\[\]]{0,127}")
_ENCODING = re.compile(r"[A-Za-z][A-Za-z0-9._\-]{0,39}")


def create_action_blueprint(catalog: EmbeddedCatalog) -> Blueprint:
    """Return the blueprint that serves ``catalog``.

    It answers ``/api/3``, ``/api/3/action/<name>``, ``/api/action/<name>`` and the downloads; pages such as
    ``/dataset/<name>`` are somebody else's.
    """
    blueprint = Blueprint("action", __name__)

    def version() -> Response:
        return _json(200, {"version": 3})

    def run(name: str) -> Response:
        return _answer_action(catalog, name)

    # the name at the end is for people: what is served depends on the ids alone
    def download(package_id: str, resource_id: str, filename: str = "") -> BaseResponse:  # noqa: ARG001
        return _answer_download(catalog, package_id, resource_id)

    for rule in ("/api/3/action/<name>", "/api/action/<name>"):
        blueprint.add_url_rule(rule, "run", run, methods=["GET", "POST"])
    for rule in ("/api/3", "/api/3/"):
        blueprint.add_url_rule(rule, "version", version, methods=["GET", "POST"])
    stem = "/dataset/<package_id>/resource/<resource_id>/download"
    for rule in (stem, f"{stem}/<path:filename>"):
        blueprint.add_url_rule(rule, "download", download, methods=["GET"])
    blueprint.after_request(_add_headers)
    blueprint.register_error_handler(Exception, _failed)
    return blueprint


def _failed(error: Exception) -> Response | HTTPException:
    """Answer what went wrong inside as CKAN does, without telling it to the world; the log has it."""
    if isinstance(error, HTTPException):
        return error
    current_app.logger.exception("%s %s", request.method, request.path)
    problem = {"__type": "Internal Server Error", "message": "Internal Server Error"}
    return _json(500, {"error": problem, "success": False})


def _add_headers(response: Response) -> Response:
    if request.headers.get("Origin"):
        response.headers.extend(CORS)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # what is answered depends on who asks, and changes with the next write
    response.headers.setdefault("Cache-Control", "no-cache")
    response.vary.add("Authorization")
    return response


def _answer_action(catalog: EmbeddedCatalog, name: str) -> Response:
    lang = request.accept_languages.best_match(["ja", "en"], default=catalog.site.lang) or catalog.site.lang
    envelope = {"help": f"{catalog.site.url}/api/3/action/help_show?name={quote(name)}"}
    try:
        found = catalog.find_action(name)
        given, files = read_parameters(request, catalog.max_upload_bytes, writes=found.writes)
        callback = _callback(given)
        token = None if callback else _token(request)
        result = catalog.call(name, given, token=token, files=files, lang=lang)
    except BadRequest as error:
        return _json(400, f"{error.prefix.en}{error.what.in_language(lang)}")
    except ActionError as error:
        return _json(error.status, {**envelope, "error": error.error_dict(lang), "success": False})
    except CatalogueUnavailable as error:
        problem = {"__type": "Service Unavailable", "message": error.message(lang)}
        return _json(503, {**envelope, "error": problem, "success": False})
    answer = {**envelope, "success": True, "result": result}
    return _javascript(callback, answer) if callback else _json(200, answer)


def _json(status: int, content: Any) -> Response:
    return Response(orjson.dumps(content), status, content_type=JSON)


def _javascript(callback: str, content: Any) -> Response:
    return Response(callback.encode() + b"(" + orjson.dumps(content) + b");", 200, content_type=JAVASCRIPT)


def _callback(given: dict[str, Any]) -> str | None:
    """Take the name of a JSONP function out of the parameters; such a call is anonymous, as in CKAN."""
    callback = given.pop("callback", None)
    if callback is None or request.method != "GET":
        return None
    if not isinstance(callback, str) or not _CALLBACK.fullmatch(callback):
        raise BadRequest(Label("callback は関数の名前にしてください", "callback must be the name of a function"))
    return callback


def _token(incoming: Request) -> str | None:
    raw = incoming.headers.get("Authorization") or incoming.headers.get("X-CKAN-API-Key")
    return raw.removeprefix("Bearer ").strip() if raw else None


def read_parameters(
    incoming: Request, max_upload_bytes: int, *, writes: bool
) -> tuple[dict[str, Any], dict[str, UploadedFile]]:
    """Return the parameters of a request and the file in it.

    Raises
    ------
    BadRequest
        If the body cannot be read, is no object, or a write came by GET.
    ValidationError
        If the uploaded file is larger than ``max_upload_bytes``.
    """
    if incoming.method == "GET":
        if writes:
            raise _unreadable("Invalid request. Please use POST method for your request")
        return _mixed(incoming.args), {}
    with_file = incoming.mimetype == "multipart/form-data"
    incoming.max_content_length = MAX_BODY + (max_upload_bytes if with_file else 0)
    incoming.max_form_memory_size = MAX_BODY
    incoming.max_form_parts = MAX_PARTS
    try:
        return _body(incoming, writes=writes), _files(incoming)
    except RequestEntityTooLarge as error:
        if with_file:
            raise too_large(max_upload_bytes) from error
        raise _unreadable(f"The body is larger than {MAX_BODY} bytes") from error


def _unreadable(reason: str) -> BadRequest:
    return BadRequest(Label(f"JSON エラー: {reason}", f"JSON Error: {reason}"))


def _body(incoming: Request, *, writes: bool) -> dict[str, Any]:
    if incoming.mimetype == "multipart/form-data":
        return _mixed(incoming.form)
    raw = incoming.get_data()
    # curl -d sends JSON with the content type of a form; a form cannot begin with a bracket
    if incoming.form and raw.lstrip()[:1] not in {b"{", b"["}:
        return _mixed(incoming.form)
    if raw:
        return _object(raw)
    return {} if writes else _mixed(incoming.args)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _unreadable(f"Error decoding JSON data. Error: {error}") from error
    if not isinstance(content, dict):
        raise _unreadable("Request data JSON needs to be a dictionary.")
    return content


def _mixed(fields: MultiDict[str, str]) -> dict[str, Any]:
    """Return a text for each field, or a list where it is repeated."""
    return {key: values[0] if len(values) == 1 else values for key, values in fields.lists()}


def _files(incoming: Request) -> dict[str, UploadedFile]:
    unknown = sorted(set(incoming.files) - {"upload"})
    if unknown:
        raise ValidationError(
            {key: [Label("このファイルは使えません", "This file is not expected")] for key in unknown}
        )
    return {
        key: (item.filename or "", item.stream, item.mimetype)  # type: ignore[misc]
        for key, item in incoming.files.items()
    }


def _answer_download(catalog: EmbeddedCatalog, package_id: str, resource_id: str) -> BaseResponse:
    token = _token(request)
    try:
        resource = catalog.call("resource_show", {"id": resource_id}, token=token)
        package = catalog.call("package_show", {"id": package_id}, token=token)
        if package["id"] != resource["package_id"]:
            return _no_file()
        if resource["url_type"] != "upload":
            return _elsewhere(resource)
        return _file(catalog.open_file(resource_id, token), resource)
    except (NotFound, ValidationError):
        return _no_file()
    except NotAuthorized:
        return _refused(403, "このファイルを見る権限がありません / Not authorized to read this resource")


def _no_file() -> Response:
    return _refused(404, "ファイルが見つかりません / Resource not found")


def _refused(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")


def _elsewhere(resource: Mapping[str, Any]) -> BaseResponse:
    url = str(resource["url"])
    return redirect(url) if url.startswith(("http://", "https://")) else _no_file()


def _file(stored: StoredFile, resource: Mapping[str, Any]) -> Response:
    media_type = stored.mimetype or "application/octet-stream"
    response = send_file(
        stored.path,
        mimetype=media_type,
        as_attachment=media_type not in SHOWN_INLINE,
        download_name=stored.filename,
        conditional=True,
        etag=stored.sha256,
    )
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Type"] = _content_type(media_type, (resource.get("encoding"), stored.encoding))
    # a document from a stranger gets no scripts, no forms and no origin
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    return response


def _content_type(media_type: str, encodings: tuple[object, ...]) -> str:
    usable = (item.lower() for item in encodings if isinstance(item, str) and _ENCODING.fullmatch(item))
    encoding = next(usable, None)
    return f"{media_type}; charset={encoding}" if encoding and media_type.startswith("text/") else media_type
