"""How the API is described: operations, parameters, answers, and the OpenAPI document made of them."""

from openapi.document import build_document, example_url
from openapi.operations import BASE, OPERATIONS, Example, Operation, get_operation

__all__ = ["BASE", "OPERATIONS", "Example", "Operation", "build_document", "example_url", "get_operation"]
