"""Datasets: create, read, change, delete."""

from __future__ import annotations

import uuid

import pytest

FULL = {
    "title": "完全失業率（年次）",
    "notes": "労働力調査から作成した失業率データ",
    "license_id": "cc-by",
    "version": "1.0",
    "tags": [{"name": "労働"}, {"name": "labour force"}],
    "extras": [{"key": "対象地域", "value": "全国"}, {"key": "frequency", "value": "annual"}],
}


def expect(shapes, name):
    found = shapes["errors"][name]
    return found["status"], found["type"], found["keys"]


def test_a_created_dataset_has_the_keys_of_ckan(site, shapes, dataset, unique):
    group = unique("group")
    site.post("group_create", {"name": group, "title": "労働"})
    created = dataset(**FULL, groups=[{"name": group}], resources=[{"url": "https://example.org/a.csv"}])
    keys = shapes["keys"]
    assert sorted(created) == keys["package"]
    assert sorted(created["organization"]) == keys["package.organization"]
    assert sorted(created["groups"][0]) == keys["package.group"]
    assert sorted(created["tags"][0]) == keys["package.tag"]
    assert sorted(created["extras"][0]) == keys["package.extra"]
    assert sorted(created["resources"][0]) == keys["resource"]


def test_a_dataset_without_a_licence_has_no_address_of_it(site, shapes, dataset):
    assert sorted(dataset()) == shapes["keys"]["package_without_license_url"]


def test_what_was_created_is_shown_by_name_and_by_id(site, dataset):
    created = dataset(**FULL)
    by_name = site.post("package_show", {"id": created["name"]}, token="").result
    by_id = site.get(f"/api/3/action/package_show?id={created['id']}").json()["result"]
    assert by_name == by_id
    assert {key: by_name[key] for key in FULL if key not in {"tags", "extras"}} == {
        key: value for key, value in FULL.items() if key not in {"tags", "extras"}
    }
    assert {tag["name"] for tag in by_name["tags"]} == {"労働", "labour force"}
    assert {item["key"]: item["value"] for item in by_name["extras"]} == {"対象地域": "全国", "frequency": "annual"}


def test_the_title_is_the_name_if_none_is_given(dataset):
    created = dataset()
    assert created["title"] == created["name"]


def test_an_open_licence_makes_a_dataset_open(dataset):
    assert dataset(license_id="cc-by")["isopen"] is True
    assert dataset(license_id="other-closed")["isopen"] is False


def test_times_are_naive_utc_with_microseconds(dataset):
    created = dataset()
    for key in ("metadata_created", "metadata_modified"):
        assert len(created[key]) == len("2026-11-22T07:36:15.544412")


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({"title": "x"}, ["name"]),
        ({"name": "a"}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "Bad Name!"}, ["name"]),
        ({"name": "日本"}, ["name"]),
        ({"name": "search"}, ["name"]),
        ({"name": "ok-name", "tags": [{"name": "bad/tag"}]}, ["tags"]),
        ({"name": "ok-name", "tags": [{"name": "x"}]}, ["tags"]),
        ({"name": "ok-name", "tags": [{"name": "x" * 101}]}, ["tags"]),
        ({"name": "ok-name", "version": "x" * 101}, ["version"]),
        ({"name": "ok-name", "author_email": "not an address"}, ["author_email"]),
        ({"name": "ok-name", "extras": [{"value": "1"}]}, ["extras"]),
        ({"name": "ok-name", "resources": [{"url": "x", "size": "many"}]}, ["resources"]),
        ({"name": "ok-name", "resources": [{"url": "x", "created": "yesterday"}]}, ["resources"]),
        ({"name": "ok-name", "id": "not-a-uuid"}, ["id"]),
    ],
)
def test_a_field_that_cannot_be_used_is_named(site, organization, given, keys):
    found = site.post("package_create", {"owner_org": organization, **given})
    assert found.error == (409, "Validation Error", keys)


def test_a_number_as_a_name_is_taken_as_text(dataset):
    number = uuid.uuid4().int % 10**15
    assert dataset(name=number)["name"] == str(number)


def test_every_mistake_is_named_at_once(site, shapes):
    given = {
        "name": "Bad Name!",
        "extras": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}],
        "tags": [{"name": "bad/tag"}],
    }
    assert site.post("package_create", given).error == expect(shapes, "409 validation: bad name + missing org")


def test_an_organisation_that_does_not_exist_is_refused(site, unique):
    found = site.post("package_create", {"name": unique("data"), "owner_org": "no-such-organisation"})
    assert found.error == (409, "Validation Error", ["owner_org"])


def test_a_name_is_used_once(site, shapes, organization, dataset):
    name = dataset()["name"]
    found = site.post("package_create", {"name": name, "owner_org": organization})
    assert found.error == expect(shapes, "409 duplicate name")


@pytest.mark.parametrize("value", ["blue", {"a": 1}, [{"a": 1}], ["a"]])
def test_an_unknown_field_is_left_out(dataset, value):
    assert "colour" not in dataset(colour=value)


def test_a_sysadmin_chooses_the_id(site, dataset, organization, unique):
    wanted = str(uuid.uuid4())
    assert dataset(id=wanted)["id"] == wanted
    again = site.post("package_create", {"id": wanted, "name": unique("data"), "owner_org": organization})
    assert again.error == (409, "Validation Error", ["id"])


def test_an_editor_does_not_choose_the_id(site, organization, people, unique):
    given = {"id": str(uuid.uuid4()), "name": unique("data"), "owner_org": organization}
    assert site.post("package_create", given, token=people.editor).error == (409, "Validation Error", ["id"])


def test_a_dataset_may_have_another_type(dataset):
    assert dataset(type="release")["type"] == "release"


def test_tags_may_come_as_one_string(dataset):
    tags = dataset(tag_string="人口, labour force")["tags"]
    assert {tag["name"] for tag in tags} == {"人口", "labour force"}


@pytest.mark.parametrize("action", ["package_show", "package_patch", "package_delete", "dataset_purge"])
def test_an_action_on_one_dataset_needs_its_id(site, action):
    status, kind, keys = site.post(action).error
    assert (status, kind) == (409, "Validation Error")
    assert keys == (["name_or_id"] if action == "package_show" else ["id"])


@pytest.mark.parametrize(
    "action", ["package_show", "package_update", "package_patch", "package_delete", "dataset_purge"]
)
def test_a_dataset_that_does_not_exist_is_not_found(site, action):
    assert site.post(action, {"id": "no-such-dataset"}).error == (404, "Not Found Error", ["message"])


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("package_create", {"name": "x1"}),
        ("package_update", {"title": "x"}),
        ("package_patch", {"title": "x"}),
        ("package_delete", {}),
        ("dataset_purge", {}),
    ],
)
def test_an_anonymous_caller_changes_nothing(site, organization, dataset, action, given):
    key = {"owner_org": organization} if action == "package_create" else {"id": dataset()["id"]}
    assert site.post(action, {**key, **given}, token="").error == (403, "Authorization Error", ["message"])


def test_an_update_replaces_everything_but_the_resources_if_none_are_given(site, dataset):
    created = dataset(**FULL, resources=[{"url": "https://example.org/a.csv", "name": "A"}])
    given = {"id": created["id"], "name": created["name"], "owner_org": created["owner_org"], "title": "新しい題名"}
    updated = site.post("package_update", given).result
    assert (updated["title"], updated["notes"], updated["tags"], updated["extras"]) == ("新しい題名", None, [], [])
    assert [item["id"] for item in updated["resources"]] == [item["id"] for item in created["resources"]]


def test_resources_keep_their_ids_when_they_are_sent_back(site, dataset):
    created = dataset(resources=[{"url": "https://example.org/a"}, {"url": "https://example.org/b"}])
    first, second = created["resources"]
    updated = site.post("package_update", {**created, "resources": [second, {**first, "name": "A"}]}).result
    assert [item["id"] for item in updated["resources"]] == [second["id"], first["id"]]
    assert [item["position"] for item in updated["resources"]] == [0, 1]
    assert updated["resources"][1]["name"] == "A"


def test_a_resource_that_is_not_sent_back_is_gone(site, dataset):
    created = dataset(resources=[{"url": "https://example.org/a"}, {"url": "https://example.org/b"}])
    kept, gone = created["resources"]
    updated = site.post("package_update", {**created, "resources": [kept]}).result
    assert updated["num_resources"] == 1
    assert site.post("resource_show", {"id": gone["id"]}).error == (404, "Not Found Error", ["message"])


def test_a_patch_changes_what_is_given_and_nothing_else(site, dataset):
    created = dataset(**FULL)
    patched = site.post("package_patch", {"id": created["name"], "version": "1.1"}).result
    assert patched["version"] == "1.1"
    assert patched["metadata_modified"] > created["metadata_modified"]
    same = {key: value for key, value in created.items() if key not in {"version", "metadata_modified"}}
    assert {key: patched[key] for key in same if key not in {"extras"}} == {
        key: value for key, value in same.items() if key != "extras"
    }
    assert sorted(map(str, patched["extras"])) == sorted(map(str, created["extras"]))


def test_the_name_can_be_changed(site, dataset, unique):
    created, name = dataset(), unique("renamed")
    assert site.post("package_patch", {"id": created["id"], "name": name}).result["name"] == name
    assert site.post("package_show", {"id": created["name"]}).status == 404
    assert site.post("package_show", {"id": name}).result["id"] == created["id"]


def test_a_patch_checks_what_it_is_given(site, dataset):
    created = dataset()
    found = site.post("package_patch", {"id": created["id"], "name": "Bad Name!"})
    assert found.error == (409, "Validation Error", ["name"])
    assert site.post("package_show", {"id": created["id"]}).result["name"] == created["name"]


def test_package_list_names_public_datasets_in_order(site, dataset):
    first, second, hidden = dataset()["name"], dataset()["name"], dataset(private=True)["name"]
    names = site.post("package_list").result
    assert {first, second} <= set(names)
    assert hidden not in names
    assert names == sorted(names)


def test_package_list_has_pages(site, dataset):
    dataset()
    dataset()
    names = site.post("package_list").result
    assert site.get("/api/3/action/package_list?limit=1&offset=1").json()["result"] == names[1:2]
    assert site.post("package_list", {"limit": "x"}).error == (409, "Validation Error", ["limit"])


def test_the_current_packages_come_newest_first(site, shapes, dataset):
    dataset()
    newest = dataset(license_id="cc-by")
    found = site.get("/api/3/action/current_package_list_with_resources?limit=1").json()["result"]
    assert [item["id"] for item in found] == [newest["id"]]
    assert sorted(found[0]) == shapes["keys"]["package"]


def test_a_deleted_dataset_is_in_no_list_but_its_editors_see_it(site, shapes, dataset):
    created = dataset()
    assert site.post("package_delete", {"id": created["name"]}).result is None
    assert created["name"] not in site.post("package_list").result
    anonymous = site.post("package_show", {"id": created["id"]}, token="")
    assert anonymous.error == expect(shapes, "package_show of deleted, anonymous")
    assert site.post("package_show", {"id": created["id"]}).result["state"] == "deleted"


def test_a_deleted_dataset_comes_back_with_its_state(site, dataset):
    created = dataset()
    site.post("package_delete", {"id": created["id"]})
    assert site.post("package_patch", {"id": created["id"], "state": "active"}).result["state"] == "active"
    assert created["name"] in site.post("package_list").result


def test_a_purged_dataset_never_existed(site, shapes, dataset, organization):
    created = dataset(resources=[{"url": "https://example.org/a"}])
    assert site.post("dataset_purge", {"id": created["id"]}).result is None
    assert site.post("package_show", {"id": created["id"]}).error == expect(shapes, "package_show of purged, sysadmin")
    assert site.post("resource_show", {"id": created["resources"][0]["id"]}).status == 404
    assert site.post("package_create", {"name": created["name"], "owner_org": organization}).status == 200


def test_an_editor_may_delete_but_not_purge(site, dataset, people):
    created = dataset()
    assert site.post("package_delete", {"id": created["id"]}, token=people.editor).status == 200
    purged = site.post("dataset_purge", {"id": created["id"]}, token=people.editor)
    assert purged.error == (403, "Authorization Error", ["message"])


def test_autocomplete_finds_a_part_of_the_title(site, shapes, dataset, unique):
    created = dataset(title=f"{unique('完全失業率')}（年次）")
    found = site.post("package_autocomplete", {"q": created["title"][2:5], "limit": 1000}).result
    match = next(item for item in found if item["name"] == created["name"])
    assert sorted(match) == shapes["keys"]["autocomplete"]
    assert match["match_field"] == "title"
    assert site.post("package_autocomplete").error == (409, "Validation Error", ["q"])


def test_fields_that_clients_add_are_tolerated(site, dataset):
    created = dataset()
    more = {
        "include_datasets": False,
        "include_password_hash": True,
        "include_users": True,
        "include_private": True,
        "include_drafts": True,
    }
    assert site.post("package_show", {"id": created["id"], **more}).result["id"] == created["id"]
    assert site.post("package_list", more).status == 200
