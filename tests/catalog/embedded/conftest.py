"""An embedded catalogue in an empty folder."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.embedded import EmbeddedCatalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[EmbeddedCatalog]:
    """Return a catalogue with one organisation, ``city``."""
    made = EmbeddedCatalog(tmp_path / "catalog", site_url="https://data.example.org", max_upload_bytes=1_000_000)
    made.call("organization_create", {"name": "city", "title": "千葉市"}, as_system=True)
    yield made
    made.close()


@pytest.fixture
def create(catalog: EmbeddedCatalog) -> Callable[..., dict[str, Any]]:
    """Return a function that creates a dataset."""

    def create(name: str, **fields: Any) -> dict[str, Any]:
        found: dict[str, Any] = catalog.call(
            "package_create", {"name": name, "owner_org": "city", **fields}, as_system=True
        )
        return found

    return create


@pytest.fixture
def upload(catalog: EmbeddedCatalog) -> Callable[..., dict[str, Any]]:
    """Return a function that adds an uploaded file to a dataset."""

    def upload(package: str, name: str, content: bytes, **fields: Any) -> dict[str, Any]:
        files = {"upload": (name, io.BytesIO(content), None)}
        given = {"package_id": package, **fields}
        found: dict[str, Any] = catalog.call("resource_create", given, files=files, as_system=True)
        return found

    return upload


@pytest.fixture
def token_of(catalog: EmbeddedCatalog) -> Callable[[str], str]:
    """Return a function that makes a user with a role in ``city`` and returns a token."""

    def token_of(role: str) -> str:
        account = {"name": f"user-{role}", "email": f"{role}@example.org", "password": "long enough"}
        catalog.call("user_create", account, as_system=True)
        member = {"id": "city", "username": account["name"], "role": role}
        catalog.call("organization_member_create", member, as_system=True)
        given = {"user": account["name"], "name": "test"}
        token: str = catalog.call("api_token_create", given, as_system=True)["token"]
        return token

    return token_of
