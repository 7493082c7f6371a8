"""The served API does what its OpenAPI document says, as schemathesis judges it."""

from __future__ import annotations

import json
from contextlib import closing, nullcontext
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from openapi import build_document

#: Where meaning matters, a request can be of the declared form and still be wrong, and is refused with a 400 that says
#: why: a day that no calendar has, an area code whose check digit is wrong, a dimension of another dataset, a damaged
#: cursor. Nowhere else.
_MEANING = (
    "listIndicatorObservations",
    "listObservations",
    "listAreas",
    "showArea",
    "listIndicators",
    "listServices",
)
_CONFIG = {
    "generation": {"deterministic": True, "allow-x00": False},
    "phases": {"stateful": {"enabled": False}},
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "406"]}},
    "operations": [
        {
            "include-operation-id": list(_MEANING),
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "406"]}},
        }
    ],
}


class _Served:
    """The application of the test that runs; before there is one, the document alone."""

    def __init__(self) -> None:
        self.app: Any = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if self.app is None:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(build_document()).encode()]
        # The client asks for gzip and does not decode it when it calls an application in process.
        body = self.app({**environ, "HTTP_ACCEPT_ENCODING": "identity"}, start_response)
        with closing(body) if hasattr(body, "close") else nullcontext():
            return list(body)


served = _Served()
schema = schemathesis.openapi.from_wsgi("/openapi.json", served, config=SchemathesisConfig.from_dict(_CONFIG))


@pytest.fixture(autouse=True)
def serve(app: Flask) -> None:
    """Let the requests go to the application."""
    served.app = app


@schema.parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_as_documented(case: Any) -> None:
    case.call_and_validate()
