"""Services as CKAN packages: published, read back, noticed when edited, followed into the local copy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.ckan import Catalogue, PublishedService, find_service, open_catalogue, plan_service, publish_service
from catalog.ckan.copy import copy_catalogue
from catalog.ckan.copy_journal import CopyJournal
from catalog.ckan.copy_sides import address_of
from catalog.ckan.services import LARGEST_RECORD, iter_service_packages, published_digests, read_service
from catalog.embedded import NotFound
from catalog.errors import CatalogueUnavailable, CheckFailed, EditedByHand, IntegrityError
from catalog.model.service import Service, parse_service
from catalog.releases import LocalCopy
from catalog.settings import Settings

ON_A_REAL_CKAN = True
NAME = "service-ideabox"


def record(**members: Any) -> Service:
    """Return a record of the idea box."""
    return parse_service(
        {
            "id": "ideabox",
            "name": {"ja": "ちばしアイデアボックス", "en": "Chiba City Idea Box"},
            "description": {"ja": "意見を交わす場です。", "en": "A place to exchange views."},
            "publisher": {"name": "chiba-city", "label": {"ja": "千葉市", "en": "Chiba City"}},
            "phase": "implemented",
            "smarts": ["cityhall"],
            "areas": ["121002"],
            "step": 1,
            "url": "https://chibacity.example.jp/",
            "interfaces": [{"endpoint": "https://api.example.jp/", "openapi": "https://api.example.jp/openapi.json"}],
            "budget": {"2024": "百万円"},
            **members,
        }
    )


def edit(site: Any, **changes: Any) -> None:
    """Change the package by hand, behind the back of publishing."""
    site.call("package_update", **{**site.package(NAME), **changes})


def edit_extra(site: Any, key: str, value: str) -> None:
    """Change an extra of the package by hand."""
    edit(site, extras=[{"key": k, "value": value if k == key else v} for k, v in site.extras(NAME).items()])


# ---- publishing


def test_a_service_is_published_and_read_back(site: Any) -> None:
    catalogue = site.open()
    done = publish_service(catalogue, record(), source="services")
    found = find_service(catalogue, "ideabox")
    assert (done.id, done.action, done.digest) == ("ideabox", "created", record().digest)
    assert found is not None
    assert found.service == record()
    assert found.published.endswith("+00:00")


def test_members_that_are_not_declared_come_back(site: Any) -> None:
    catalogue = site.open()
    publish_service(catalogue, record())
    found = find_service(catalogue, "ideabox")
    assert found is not None
    assert dict(found.service.iter_others()) == {"/budget": {"2024": "百万円"}}


def test_the_package_says_in_fields_of_ckan_what_people_look_for(site: Any) -> None:
    publish_service(site.open(), record(owner="広報広聴課", contact={"name": "窓口", "email": "a@example.jp"}))
    package, extras = site.package(NAME), site.extras(NAME)
    assert (package["type"], package["title"], package["author"]) == ("service", "ちばしアイデアボックス", "広報広聴課")
    assert (package["maintainer"], package["maintainer_email"]) == ("窓口", "a@example.jp")
    assert package["license_id"] == "cc-by"
    assert package["organization"]["title"] == "千葉市"
    assert {one["name"] for one in package["tags"]} == {"都市サービス", "市役所", "実装"}
    assert [one["url"] for one in package["resources"]] == [
        "https://chibacity.example.jp/",
        "https://api.example.jp/",
        "https://api.example.jp/openapi.json",
    ]
    assert "意見を交わす場です。" in package["notes"]
    assert "A place to exchange views." in package["notes"]
    assert (extras["shihyo_step"], extras["shihyo_phase"]) == ("1", "implemented")
    assert json.loads(extras["shihyo_areas"]) == ["121002"]
    assert extras["spatial_text"] == "千葉市"


def test_publishing_the_same_record_again_writes_nothing(site: Any) -> None:
    catalogue = site.open()
    publish_service(catalogue, record())
    before = site.package(NAME)
    assert publish_service(catalogue, record()).action == "unchanged"
    assert site.package(NAME) == before


def test_a_changed_record_updates_the_one_package(site: Any) -> None:
    catalogue = site.open()
    publish_service(catalogue, record())
    first = site.package(NAME)
    assert publish_service(catalogue, record(phase="ended", url=None)).action == "updated"
    now = site.package(NAME)
    assert (now["id"], now["metadata_created"]) == (first["id"], first["metadata_created"])
    assert [one["url"] for one in now["resources"]] == [
        "https://api.example.jp/",
        "https://api.example.jp/openapi.json",
    ]
    assert {one["name"] for one in now["tags"]} == {"都市サービス", "市役所", "終了"}


def test_a_plan_says_the_same_and_writes_nothing(site: Any) -> None:
    catalogue = site.open()
    assert plan_service(catalogue, record()).action == "created"
    with pytest.raises(NotFound):
        site.package(NAME)
    publish_service(catalogue, record())
    before = site.package(NAME)
    assert plan_service(catalogue, record()).action == "unchanged"
    assert plan_service(catalogue, record(step=3)).action == "updated"
    assert site.package(NAME) == before


def test_what_others_added_stays(site: Any) -> None:
    catalogue = site.open()
    publish_service(catalogue, record())
    package = site.package(NAME)
    edit(
        site,
        tags=[*package["tags"], {"name": "注目"}],
        extras=[*package["extras"], {"key": "reviewer", "value": "x"}],
        resources=[*package["resources"], {"url": "https://example.jp/manual", "name": "手引き"}],
    )
    publish_service(catalogue, record(step=2))
    now = site.package(NAME)
    assert "注目" in {one["name"] for one in now["tags"]}
    assert site.extras(NAME)["reviewer"] == "x"
    assert "手引き" in {one["name"] for one in now["resources"]}


@pytest.mark.parametrize(
    ("changes", "field"), [({"title": "直した"}, "title"), ({"state": "deleted"}, "state"), ({"tags": []}, "tags.実装")]
)
def test_an_edit_by_hand_is_named_instead_of_overwritten(site: Any, changes: dict[str, Any], field: str) -> None:
    catalogue = site.open()
    publish_service(catalogue, record())
    edit(site, **changes)
    with pytest.raises(EditedByHand) as caught:
        publish_service(catalogue, record(step=2))
    assert field in caught.value.context["fields"]
    assert publish_service(catalogue, record(step=2), overwrite=True).action == "updated"
    assert site.package(NAME)["title"] == "ちばしアイデアボックス"
    assert site.package(NAME)["state"] == "active"


def test_a_record_that_was_rewritten_in_the_catalogue_is_an_edit_too(site: Any) -> None:
    catalogue = site.open()
    publish_service(catalogue, record())
    edit_extra(site, "shihyo_service", record(step=3).to_bytes().decode())
    with pytest.raises(EditedByHand) as caught:
        publish_service(catalogue, record())
    assert "extras.shihyo_service" in caught.value.context["fields"]
    with pytest.raises(EditedByHand):
        plan_service(catalogue, record())


def test_an_edit_is_told_even_if_nothing_has_to_be_written(site: Any) -> None:
    catalogue = site.open()
    publish_service(catalogue, record())
    edit(site, title="直した")
    done = publish_service(catalogue, record())
    assert (done.action, done.edited) == ("unchanged", ("title",))
    assert site.package(NAME)["title"] == "直した"


def test_a_package_of_somebody_else_is_not_taken(site: Any) -> None:
    site.call("organization_create", name="chiba-city")
    site.call("package_create", name=NAME, owner_org="chiba-city")
    with pytest.raises(EditedByHand):
        publish_service(site.open(), record())
    assert site.package(NAME)["type"] == "dataset"


def test_a_record_that_ckan_could_not_index_is_refused(site: Any) -> None:
    with pytest.raises(CheckFailed) as caught:
        publish_service(site.open(), record(extra="あ" * (LARGEST_RECORD // 3)))
    assert caught.value.context["bytes"] > LARGEST_RECORD


def test_the_services_of_a_source_are_known_by_their_digests(site: Any) -> None:
    catalogue = site.open()
    publish_service(catalogue, record(), source="services")
    publish_service(catalogue, record(id="other"), source="another")
    assert published_digests(catalogue, "services") == {"ideabox": record().digest}


def test_a_catalogue_that_does_not_know_the_type_gets_a_marked_dataset(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.ckan.client.Catalogue.release_type", "dataset")
    catalogue = site.open()
    publish_service(catalogue, record(), source="services")
    assert site.package(NAME)["type"] == "dataset"
    assert publish_service(catalogue, record()).action == "unchanged"
    assert list(published_digests(catalogue, "services")) == ["ideabox"]
    held = site.follower().synchronise()
    assert (list(held.datasets), list(held.services)) == ([], ["ideabox"])


def test_a_package_keeps_its_type_when_the_catalogue_learns_ours(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = site.open()
    with monkeypatch.context() as earlier:
        earlier.setattr("catalog.ckan.client.Catalogue.release_type", "dataset")
        publish_service(catalogue, record())
    assert publish_service(catalogue, record(step=2)).action == "updated"
    assert site.package(NAME)["type"] == "dataset"


def test_services_are_no_datasets(site: Any) -> None:
    publish_service(site.open(), record())
    found = site.call("package_search", fq="+dataset_type:dataset", rows=100)
    assert NAME not in [one["name"] for one in found["results"]]


def test_many_services_are_found_page_by_page(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.ckan.services._PAGE", 2)
    catalogue = site.open()
    for number in range(5):
        publish_service(catalogue, record(id=f"s{number}"))
    names = [one["name"] for one in iter_service_packages(catalogue)]
    assert names == [f"service-s{number}" for number in range(5)]


def test_a_service_that_does_not_exist_is_none(site: Any) -> None:
    assert find_service(site.open(), "ideabox") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("shihyo_service", "{"),
        ("shihyo_service", "[]"),
        ("shihyo_service", '{"id": "ideabox"}'),
        ("shihyo_service", "[" * 100_000),
        ("shihyo_service_digest", "0" * 64),
        ("shihyo_service_published", "yesterday"),
    ],
)
def test_a_package_that_does_not_hold_its_record_is_broken(site: Any, key: str, value: str) -> None:
    publish_service(site.open(), record())
    package = site.package(NAME)
    extras = [{"key": k, "value": value if k == key else v} for k, v in site.extras(NAME).items()]
    with pytest.raises(IntegrityError):
        read_service({**package, "extras": extras})


def test_a_record_under_the_name_of_another_service_is_broken(site: Any) -> None:
    publish_service(site.open(), record())
    with pytest.raises(IntegrityError):
        read_service({**site.package(NAME), "name": "service-other"})


# ---- following


def test_a_published_service_arrives_in_the_copy(site: Any) -> None:
    publish_service(site.open(), record())
    held = site.follower().synchronise()
    assert {id: one.service for id, one in held.services.items()} == {"ideabox": record()}


def test_services_are_there_while_the_catalogue_is_down(site: Any) -> None:
    publish_service(site.open(), record())
    follower = site.follower()
    held = follower.synchronise()

    def down(name: str, /, **data: Any) -> Any:
        raise CatalogueUnavailable("カタログが応答しません", "The catalogue does not answer")

    follower.catalogue.action = down
    with pytest.raises(CatalogueUnavailable):
        follower.synchronise()
    loaded = LocalCopy(site.folder / "reader" / "copy").load()
    assert loaded.services == held.services
    assert loaded.digest == held.digest


def test_a_changed_service_changes_what_is_held_and_nothing_else_does(site: Any) -> None:
    publisher, follower = site.open(), site.follower()
    publish_service(publisher, record())
    first = follower.synchronise()
    assert follower.synchronise().digest == first.digest
    publish_service(publisher, record(step=3))
    second = follower.synchronise()
    assert second.digest != first.digest
    assert second.get_service("ideabox").step == 3


@pytest.mark.parametrize("changes", [{"state": "deleted"}, {"private": True}])
def test_a_service_that_is_withdrawn_is_let_go(site: Any, changes: dict[str, Any]) -> None:
    publish_service(site.open(), record())
    follower = site.follower()
    follower.synchronise()
    edit(site, **changes)
    assert follower.synchronise().services == {}


def test_a_broken_service_is_reported_and_served_as_before(site: Any) -> None:
    publish_service(site.open(), record())
    follower = site.follower()
    follower.synchronise()
    edit_extra(site, "shihyo_service", "{}")
    assert follower.synchronise().get_service("ideabox") == record()
    [broken] = follower.broken_services
    assert (broken.package, broken.error.code) == (NAME, "integrity")
    assert broken.to_dict()["package"] == NAME


def test_a_service_that_was_never_whole_is_left_out(site: Any) -> None:
    publish_service(site.open(), record())
    publish_service(site.open(), record(id="other"))
    edit_extra(site, "shihyo_service", "{}")
    follower = site.follower()
    assert list(follower.synchronise().services) == ["other"]
    assert [one.package for one in follower.broken_services] == [NAME]


@pytest.mark.parametrize("site", ["over HTTP"], indirect=True)
def test_a_service_moves_to_the_organisation_that_registers_it_now(site: Any) -> None:
    publish_service(site.open(), record())
    owner = {"name": "another-city", "label": {"ja": "別の市", "en": "Another city"}, "url": None, "email": None}
    assert publish_service(site.open(), record(publisher=owner)).action == "updated"
    assert site.call("package_show", id=NAME)["organization"]["name"] == "another-city"


def test_a_package_of_the_type_that_was_not_published_from_here_is_left_alone(site: Any) -> None:
    site.call("organization_create", name="chiba-city")
    site.call("package_create", name="pretender", type="service", owner_org="chiba-city")
    follower = site.follower()
    assert follower.synchronise().services == {}
    assert follower.broken_services == ()


def test_datasets_and_services_are_found_by_one_question(site: Any) -> None:
    publish_service(site.open(), record())
    follower = site.follower()
    follower.synchronise()
    asked: list[str] = []
    real = follower.catalogue.action

    def action(name: str, /, **data: Any) -> Any:
        asked.append(name)
        return real(name, **data)

    follower.catalogue.action = action
    follower.synchronise()
    assert asked == ["package_search"]


# ---- copying


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Catalogue]:
    """Give another catalogue that has the service, published from its own registry."""
    made = open_catalogue(Settings(home=tmp_path / "elsewhere"))
    publish_service(made, record(), source="services")
    yield made
    made.close()


def test_a_service_that_was_copied_is_read_and_known_as_published(
    site: Any, elsewhere: Catalogue, tmp_path: Path
) -> None:
    target = site.open()
    journal = CopyJournal(tmp_path / "copies", address_of(elsewhere.settings), address_of(target.settings))
    report = copy_catalogue(elsewhere, target, journal)
    assert {one.name: one.action for one in report.items if one.kind == "dataset"} == {NAME: "created"}
    found = find_service(target, "ideabox")
    assert found is not None
    assert found.service == record()
    assert publish_service(target, record()) == PublishedService("ideabox", "unchanged", record().digest)
    assert publish_service(target, record(step=2)).action == "updated"


def test_a_copied_service_has_a_type_that_the_other_catalogue_knows(
    site: Any, elsewhere: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = site.open()
    monkeypatch.setattr("catalog.ckan.client.Catalogue.release_type", "dataset")
    journal = CopyJournal(tmp_path / "copies", address_of(elsewhere.settings), address_of(target.settings))
    copy_catalogue(elsewhere, target, journal)
    assert site.package(NAME)["type"] == "dataset"
