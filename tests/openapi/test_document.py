"""The OpenAPI document: valid, complete, and the one that is committed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from marshmallow import Schema
from openapi_spec_validator import OpenAPIV31SpecValidator

from openapi import BASE, OPERATIONS, Operation, build_document, example_url
from openapi.operations import PATH_PARAMETERS


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the document."""
    return build_document()


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_the_committed_file_is_what_the_code_builds(document: dict[str, Any], root: Path) -> None:
    committed = (root / "openapi.json").read_bytes()
    assert committed == orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n", "run `make openapi`"


def test_building_it_twice_gives_the_same(document: dict[str, Any]) -> None:
    assert orjson.dumps(build_document()) == orjson.dumps(document)


def test_every_operation_is_in_it_and_nothing_else(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == {BASE + one.path for one in OPERATIONS}
    assert [list(methods) for methods in document["paths"].values()] == [["get"]] * len(OPERATIONS)


def test_operation_ids_are_unique() -> None:
    assert len({one.id for one in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_an_operation_documents_every_parameter_and_status(operation: Operation, document: dict[str, Any]) -> None:
    method = document["paths"][BASE + operation.path]["get"]
    schema: Schema = operation.parameters()
    names = {one.data_key or name for name, one in schema.fields.items()}
    assert {one["name"] for one in method["parameters"]} == names | set(operation.path_parameters)
    assert all(one["description"] for one in method["parameters"])
    assert set(method["responses"]) >= {"200", "304", "400", "406"}
    assert ("404" in method["responses"]) == operation.has_ids
    assert method["summary"].count(" / ") == 1


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_the_examples_have_the_declared_form(operation: Operation) -> None:
    assert operation.examples
    for example in operation.examples:
        assert operation.parameters().validate(dict(example.query)) == {}
        for name, value in example.path.items():
            assert re.fullmatch(PATH_PARAMETERS[name][1], value)


def test_the_examples_of_the_parameters_are_one_request_that_works(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        method = document["paths"][BASE + operation.path]["get"]
        first = operation.examples[0]
        given = {one["name"]: str(one["example"]) for one in method["parameters"] if "example" in one}
        assert given == {**first.path, **first.query}


def test_every_example_is_linked_from_the_description(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        text = document["paths"][BASE + operation.path]["get"]["description"]
        assert all(f"]({example_url(operation, one)})" in text for one in operation.examples)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in re.findall(r'"\$ref":"#/([^"]+)"', orjson.dumps(document).decode()):
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
        assert found


def test_every_text_is_in_japanese_and_english(document: dict[str, Any]) -> None:
    texts = [document["info"]["description"], *(one["description"] for one in document["tags"])]
    for methods in document["paths"].values():
        texts += [methods["get"]["summary"], *(one["description"] for one in methods["get"]["parameters"])]
    both = [text for text in texts if re.search("[぀-ヿ一-鿿]", text) and re.search("[A-Za-z]{2,}", text)]
    assert both == texts


def test_answers_do_not_have_members_that_are_not_declared(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    loose = {name for name, one in schemas.items() if one.get("additionalProperties") is not False}
    assert loose == {"Observation", "Reason"}


def test_every_parameter_and_path_is_documented(root: Path) -> None:
    text = (root / "docs/api.md").read_text("utf-8")
    names = {one.data_key or name for each in OPERATIONS for name, one in each.parameters().fields.items()}
    assert sorted(name for name in names if f"`{name}`" not in text) == []
    lists = {one.path.split("/{")[0] for one in OPERATIONS if one.path}
    assert sorted(path for path in lists if f"`{path}" not in text) == []
