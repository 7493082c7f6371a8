"""Services on a real CKAN; what publishing and following them promise is in ``tests/catalog/ckan``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from catalog.ckan import Catalogue, Follower, find_service, publish_service
from catalog.ckan.edits import find_edits
from catalog.ckan.services import LARGEST_RECORD, published_digests, service_name, service_type
from catalog.errors import EditedByHand
from catalog.model.service import Service, parse_service

pytestmark = pytest.mark.ckan

Make = Callable[..., Service]
TEXT = {"ja": "試験のサービス", "en": "Trial service"}


@pytest.fixture
def record(organization: str) -> Make:
    """Return a function that makes a record of a service of this test alone."""

    def make(**members: Any) -> Service:
        publisher = {"name": organization, "label": {"ja": "試験の組織", "en": "Test organisation"}}
        least = {"id": organization, "name": TEXT, "description": TEXT, "phase": "pilot", "publisher": publisher}
        return parse_service({**least, "smarts": ["town"], "areas": ["121002"], **members})

    return make


def test_a_record_is_published_read_back_and_followed_without_a_token(
    catalogue: Catalogue, reader: Follower, record: Make
) -> None:
    service = record(budget={"2024": ["百万円", None]}, url="https://example.jp/")
    assert publish_service(catalogue, service, source="test").action == "created"
    assert publish_service(catalogue, service, source="test").action == "unchanged"
    found = find_service(catalogue, service.id)
    assert found is not None
    assert found.service == service
    assert reader.synchronise().get_service(service.id) == service
    assert published_digests(catalogue, "test")[service.id] == service.digest


def test_what_ckan_keeps_of_a_service_is_what_was_written(catalogue: Catalogue, record: Make) -> None:
    service = record(url="https://example.jp/", interfaces=[{"endpoint": "https://api.example.jp/"}], owner="課")
    publish_service(catalogue, service)
    package = catalogue.find_package(service_name(service.id))
    assert package is not None
    assert find_edits(package) == []
    assert package["type"] == service_type(catalogue)


def test_a_record_of_the_largest_size_is_indexed_and_followed(
    catalogue: Catalogue, reader: Follower, record: Make
) -> None:
    room = LARGEST_RECORD - len(record(extra="").to_bytes())
    service = record(extra="あ" * (room // 3))
    publish_service(catalogue, service)
    assert reader.synchronise().get_service(service.id) == service


def test_pages_of_ckan_still_work_with_a_service_in_the_catalogue(
    catalogue: Catalogue, record: Make, organization: str
) -> None:
    publish_service(catalogue, record())
    for path in ("/dataset/", f"/dataset/{service_name(organization)}", f"/organization/{organization}"):
        assert requests.get(f"{catalogue.settings.catalog_url}{path}", timeout=60).status_code == 200, path


def test_an_edit_in_ckan_is_noticed(catalogue: Catalogue, record: Make) -> None:
    publish_service(catalogue, record())
    catalogue.action("package_patch", id=service_name(record().id), title="手で直した")
    with pytest.raises(EditedByHand) as caught:
        publish_service(catalogue, record(step=1))
    assert caught.value.context["fields"] == ["title"]


def test_a_service_that_is_deleted_or_made_private_is_let_go(
    catalogue: Catalogue, reader: Follower, record: Make
) -> None:
    for change in ({"private": True}, {"private": False, "state": "deleted"}):
        publish_service(catalogue, record(), overwrite=True)
        assert record().id in reader.synchronise().services
        catalogue.action("package_patch", id=service_name(record().id), **change)
        assert record().id not in reader.synchronise().services
        catalogue.action("package_patch", id=service_name(record().id), private=False, state="active")
