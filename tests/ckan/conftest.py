"""Fixtures of the tests that need a real CKAN."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

Action = Callable[..., Any]


@pytest.fixture(scope="session")
def action(ckan_url: str, ckan_token: str) -> Action:
    """Return a function that calls an action as the sysadmin and returns its result."""

    def call(name: str, /, files: dict[str, Any] | None = None, **parameters: Any) -> Any:
        body: dict[str, Any] = {"data": parameters, "files": files} if files else {"json": parameters}
        answer = requests.post(
            f"{ckan_url}/api/3/action/{name}", headers={"Authorization": ckan_token}, timeout=120, **body
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    return call


@pytest.fixture
def organization(action: Action) -> Iterator[str]:
    """Return the name of an organisation of this test alone; its datasets are purged with it."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    action("organization_create", name=name, title="試験の組織")
    yield name
    query = f"+organization:{name} +dataset_type:*"
    found = action("package_search", fq=query, include_private=True, include_drafts=True, rows=1000)["results"]
    for dataset in found:
        action("dataset_purge", id=dataset["id"])
    action("organization_purge", id=name)
