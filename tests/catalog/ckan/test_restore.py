"""Edits by hand: found, and put back on purpose."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog.ckan import find_service, publish, publish_service
from catalog.ckan.restore import LOG_NAME, find_edited, overwrite
from catalog.errors import CatalogueError, PublishConflict
from catalog.model.service import Service, parse_service
from catalog.releases import BuiltRelease

ON_A_REAL_CKAN = True


def record() -> Service:
    """Return a record of the idea box."""
    return parse_service(
        {
            "id": "ideabox",
            "name": {"ja": "ちばしアイデアボックス", "en": "Chiba City Idea Box"},
            "description": {"ja": "意見を交わす場です。", "en": "A place to exchange views."},
            "publisher": {"name": "chiba-city", "label": {"ja": "千葉市", "en": "Chiba City"}},
            "phase": "implemented",
        }
    )


def test_what_nobody_edited_is_not_listed(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    publish_service(site.open(), record())
    assert find_edited(site.open()) == []


def test_every_edited_field_is_listed_with_its_value_now(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    publish_service(site.open(), record())
    tags = [{"name": one["name"]} for one in site.package()["tags"]]
    site.call("package_patch", id="cards", title="手で直した題", tags=tags[1:])
    site.call("package_patch", id="service-ideabox", notes="手で直した説明")
    found = {one.name: dict(one.fields) for one in find_edited(site.open())}
    assert found == {
        "cards": {"title": "手で直した題", f"tags.{tags[0]['name']}": None},
        "service-ideabox": {"notes": "手で直した説明"},
    }
    assert [one.name for one in find_edited(site.open(), ["ideabox"])] == ["service-ideabox"]


def test_what_was_published_is_put_back_and_additions_stay(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    publish(site.open(), built_chain[1])
    before = site.package()
    extras = [*before["extras"], {"key": "担当", "value": "情報統括課"}]
    resources = [{**before["resources"][0], "name": "手で直した名"}, *before["resources"][1:]]
    site.call("package_patch", id="cards", title="手で直した題", notes="直した", extras=extras, resources=resources)
    edited = overwrite(site.open(), "cards")
    assert set(edited.fields) == {"title", "notes", f"resources.{before['resources'][0]['id']}.name"}
    after = site.package()
    for field in ("title", "notes", "version"):
        assert after[field] == before[field]
    assert [one["name"] for one in after["resources"]] == [one["name"] for one in before["resources"]]
    assert site.extras()["担当"] == "情報統括課"
    assert site.extras()["issued"] == {one["key"]: one["value"] for one in before["extras"]}["issued"]
    assert find_edited(site.open(), ["cards"]) == []
    assert not publish(site.open(), built_chain[2]).already


def test_the_day_of_the_first_release_is_put_back_too(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    publish(site.open(), built_chain[1])
    extras = {**site.extras(), "issued": "1999-01-01"}
    site.call("package_patch", id="cards", extras=[{"key": key, "value": value} for key, value in extras.items()])
    overwrite(site.open(), "cards")
    assert site.extras()["issued"] == built_chain[0].manifest.issued


def test_what_is_replaced_is_written_down_before(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    site.call("package_patch", id="cards", title="手で直した題")
    catalogue = site.open("operator")
    overwrite(catalogue, "cards")
    [line] = (catalogue.settings.home / LOG_NAME).read_text("utf-8").splitlines()
    entry = json.loads(line)
    assert entry["edited"] == {"title": "手で直した題"}
    assert entry["package"]["title"] == "手で直した題"
    assert entry["package"]["id"] == site.package()["id"]


def test_what_nobody_edited_is_not_touched(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    before = site.package()
    catalogue = site.open("operator")
    assert not overwrite(catalogue, "cards").fields
    assert site.package() == before
    assert not (catalogue.settings.home / LOG_NAME).exists()


def test_a_dataset_that_was_deleted_by_hand_comes_back(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    site.call("package_delete", id="cards")
    assert "state" in overwrite(site.open(), "cards").fields
    assert site.package()["state"] == "active"


def test_a_service_is_put_back_from_its_record(site: Any) -> None:
    publish_service(site.open(), record(), source="services")
    site.call("package_patch", id="service-ideabox", title="手で直した題")
    edited = overwrite(site.open(), "ideabox")
    assert (dict(edited.fields), edited.needs_harvest) == ({"title": "手で直した題"}, False)
    assert site.package("service-ideabox")["title"] == record().name.ja
    assert site.extras("service-ideabox")["shihyo_service_source"] == "services"
    assert find_edited(site.open(), ["ideabox"]) == []


def test_a_service_whose_record_was_edited_is_left_to_the_next_publication(site: Any) -> None:
    publish_service(site.open(), record())
    extras = {**site.extras("service-ideabox"), "shihyo_service": '{"id": "ideabox"}'}
    edited = [{"key": key, "value": value} for key, value in extras.items()]
    site.call("package_patch", id="service-ideabox", extras=edited)
    assert overwrite(site.open(), "ideabox").needs_harvest
    assert publish_service(site.open(), record()).action == "updated"
    found = find_service(site.open(), "ideabox")
    assert found is not None
    assert found.service == record()


@pytest.mark.parametrize("name", ["parks", "nothing", "cards-r00001"])
def test_what_was_not_published_from_here_is_refused_by_name(
    site: Any, built_chain: list[BuiltRelease], name: str
) -> None:
    publish(site.open(), built_chain[0])
    site.call("package_create", name="others-parks", owner_org="chiba-city", title="公園")
    asked = "others-parks" if name == "parks" else name
    for action in (lambda: overwrite(site.open(), asked), lambda: find_edited(site.open(), [asked])):
        with pytest.raises(CatalogueError, match=asked):
            action()


def test_who_edits_in_between_is_not_overwritten(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    site.call("package_patch", id="cards", title="手で直した題")
    catalogue = site.open()
    real = catalogue.replace_package

    def late(*given: Any) -> Any:
        site.call("package_patch", id="cards", notes="その間に直した")
        return real(*given)

    catalogue.replace_package = late
    with pytest.raises(PublishConflict):
        overwrite(catalogue, "cards")
    assert site.package()["notes"] == "その間に直した"
