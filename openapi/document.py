"""The OpenAPI document (3.1.1), made from the schemas and operations that the API runs with.

Order of events: :func:`build_document` hands each operation to each function of :data:`_CONCERNS` in turn; each adds
one concern. The result depends on nothing but the code, so the committed ``openapi.json`` can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from openapi.components import ProblemSchema
from openapi.fields import Text
from openapi.operations import BASE, OPERATIONS, PATH_PARAMETERS, Example, Operation

PROBLEM = "application/problem+json"

_TITLE = Text("指標API", "Indicator API")
_DESCRIPTION = Text(
    "スマートシティの指標を、版を固定できる形で返すAPI。読むのに鍵はいらない。",
    "Indicators of a smart city, from versions that can be pinned. Reading needs no key.",
)
_TAGS = {
    "indicators": Text("指標", "Indicators"),
    "observations": Text("観測値", "Observations"),
    "datasets": Text("データセットとリリース", "Datasets and releases"),
    "areas": Text("地域", "Areas"),
    "vision": Text("ビジョン", "The vision"),
    "services": Text("都市サービス", "City services"),
    "node": Text("このノード", "This node"),
}

#: status -> what it means, of answers that are problems
_PROBLEMS = {
    "400": Text("パラメーターが使えない", "A parameter cannot be used"),
    "404": Text("そのIDのものはない", "There is nothing of this id"),
    "406": Text("求められた形式では返せない", "None of the accepted representations exists"),
}

_HEADERS: dict[str, tuple[Text, str]] = {
    "ETag": (Text("この表現の強い識別子", "Strong validator of this representation"), "string"),
    "Link": (Text("canonical は版を固定したURL", "canonical is the pinned URL"), "string"),
    "Cache-Control": (Text("再利用できる長さ", "How long it may be reused"), "string"),
    "X-Total-Rows": (Text("条件に合う観測値の数", "Observations that match"), "integer"),
    "Content-Disposition": (Text("版を含むファイル名", "File name with the version"), "string"),
}

_EXAMPLES = Text("例", "Examples")

_Method = dict[str, Any]


def build_document() -> dict[str, Any]:
    """Return the document as JSON-serialisable data, always in the same order."""
    marshmallow = MarshmallowPlugin(schema_name_resolver=_component_name)
    spec = APISpec(
        title=str(_TITLE),
        version=version("shihyo"),
        openapi_version="3.1.1",
        info={"description": str(_DESCRIPTION), "license": {"name": "MIT", "identifier": "MIT"}},
        tags=[{"name": name, "description": str(text)} for name, text in _TAGS.items()],
        servers=[{"url": "/", "description": str(Text("このサーバー", "This server"))}],
        plugins=[marshmallow],
    )
    _add_components(spec)
    for operation in OPERATIONS:
        method: _Method = {}
        for add in _CONCERNS:
            add(method, operation, marshmallow)
        spec.path(path=f"{BASE}{operation.path}", operations={"get": method})
    return _sorted_components(spec.to_dict())


def _component_name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _add_components(spec: APISpec) -> None:
    spec.components.schema("Problem", schema=ProblemSchema)
    for name, (text, kind) in _HEADERS.items():
        spec.components.header(name, {"description": str(text), "schema": {"type": kind}})
    for status, text in _PROBLEMS.items():
        content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        spec.components.response(f"Problem{status}", {"description": str(text), "content": content})
    spec.components.response("NotModified", {"description": str(Text("変わっていない", "Not modified"))})


def _add_names(method: _Method, operation: Operation, _: MarshmallowPlugin) -> None:
    method["operationId"] = operation.id
    method["tags"] = [operation.tag]
    method["summary"] = str(operation.summary)


def _add_description(method: _Method, operation: Operation, _: MarshmallowPlugin) -> None:
    """Say what there is to know, and link every example: tools can fill in one example only."""
    lines = [f"- [{one.summary}]({example_url(operation, one)})" for one in operation.examples]
    parts = [str(operation.description)] if operation.description else []
    method["description"] = "\n\n".join([*parts, "\n".join([f"{_EXAMPLES}:", "", *lines])])


def _add_path_parameters(method: _Method, operation: Operation, _: MarshmallowPlugin) -> None:
    method["parameters"] = [
        {
            "in": "path",
            "name": name,
            "required": True,
            "description": str(PATH_PARAMETERS[name][0]),
            "schema": {"type": "string", "pattern": f"^{PATH_PARAMETERS[name][1]}$"},
        }
        for name in operation.path_parameters
    ]


def _add_query_parameters(method: _Method, operation: Operation, marshmallow: MarshmallowPlugin) -> None:
    converter = marshmallow.converter
    assert converter is not None, "the plugin is bound to a specification"
    method["parameters"] += converter.schema2parameters(operation.parameters(), location="query")


def _add_parameter_examples(method: _Method, operation: Operation, _: MarshmallowPlugin) -> None:
    """Give parameters the values of the first example: together they are one request that works."""
    first = operation.examples[0]
    values = {**first.path, **first.query}
    for parameter in method["parameters"]:
        if parameter["name"] in values:
            value = values[parameter["name"]]
            parameter["example"] = int(value) if parameter["schema"]["type"] == "integer" else value


def _add_answer(method: _Method, operation: Operation, _: MarshmallowPlugin) -> None:
    content: dict[str, Any] = {}
    if operation.answer is not None:
        content["application/json"] = {"schema": operation.answer}
    for media_type in operation.other_types:
        content[media_type] = {"schema": {"type": "string"}} if media_type.startswith("text/") else {}
    names = ["ETag", "Link", "Cache-Control"]
    if operation.tag == "observations":
        names += ["X-Total-Rows", "Content-Disposition"]
    method["responses"] = {
        "200": {
            "description": str(operation.summary),
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
            "content": content,
        }
    }


def _add_other_statuses(method: _Method, operation: Operation, _: MarshmallowPlugin) -> None:
    method["responses"]["304"] = {"$ref": "#/components/responses/NotModified"}
    for status in operation.problem_statuses:
        method["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}


def _add_code_samples(method: _Method, operation: Operation, _: MarshmallowPlugin) -> None:
    method["x-codeSamples"] = [
        {"lang": "Shell", "label": str(one.summary), "source": f"curl -s '{{server}}{example_url(operation, one)}'"}
        for one in operation.examples
    ]


#: what is said of each operation, in order
_CONCERNS: tuple[Callable[[_Method, Operation, MarshmallowPlugin], None], ...] = (
    _add_names,
    _add_description,
    _add_path_parameters,
    _add_query_parameters,
    _add_parameter_examples,
    _add_answer,
    _add_other_statuses,
    _add_code_samples,
)


def example_url(operation: Operation, example: Example) -> str:
    """Return path and query of an example."""
    path = operation.path.format_map(example.path)
    query = f"?{urlencode(example.query, safe=',:*')}" if example.query else ""
    return f"{BASE}{path}{query}"


def _sorted_components(document: dict[str, Any]) -> dict[str, Any]:
    components: Mapping[str, Mapping[str, Any]] = document["components"]
    return {**document, "components": {kind: dict(sorted(components[kind].items())) for kind in sorted(components)}}
