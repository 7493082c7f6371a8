"""Organisations, groups and their members."""

from __future__ import annotations

import pytest

BOTH = pytest.mark.parametrize("kind", ["organization", "group"])


def test_a_created_organisation_and_group_have_the_keys_of_ckan(site, shapes, unique):
    organization = site.post("organization_create", {"name": unique("org"), "title": "統計局"}).result
    group = site.post("group_create", {"name": unique("group")}).result
    assert sorted(organization) == shapes["keys"]["organization"]
    assert sorted(group) == shapes["keys"]["group"]
    assert sorted(organization["users"][0]) == shapes["keys"]["community.user"]
    assert (organization["is_organization"], group["is_organization"]) == (True, False)


@BOTH
def test_it_is_shown_by_name_and_by_id(site, unique, kind):
    created = site.post(f"{kind}_create", {"name": unique(kind), "title": "労働"}).result
    by_name = site.post(f"{kind}_show", {"id": created["name"]}, token="").result
    assert by_name == site.post(f"{kind}_show", {"id": created["id"]}, token="").result
    assert (by_name["title"], by_name["display_name"], by_name["state"]) == ("労働", "労働", "active")


@BOTH
@pytest.mark.parametrize("name", [None, "x", "Bad Name!", "日本"])
def test_a_name_that_cannot_be_used_is_named(site, kind, name):
    given = {} if name is None else {"name": name}
    assert site.post(f"{kind}_create", given).error == (409, "Validation Error", ["name"])


@BOTH
def test_a_name_is_used_once(site, unique, kind):
    given = {"name": unique(kind)}
    assert site.post(f"{kind}_create", given).status == 200
    assert site.post(f"{kind}_create", given).error == (409, "Validation Error", ["name"])


@BOTH
@pytest.mark.parametrize("verb", ["show", "update", "patch", "delete", "purge"])
def test_an_action_needs_the_id_of_something_that_exists(site, kind, verb):
    assert site.post(f"{kind}_{verb}").error == (409, "Validation Error", ["id"])
    assert site.post(f"{kind}_{verb}", {"id": "no-such-one"}).error == (404, "Not Found Error", ["message"])


def test_an_organisation_is_no_group(site, organization):
    assert site.post("group_show", {"id": organization}).error == (404, "Not Found Error", ["message"])


@BOTH
def test_an_anonymous_caller_creates_nothing(site, unique, kind):
    assert site.post(f"{kind}_create", {"name": unique(kind)}, token="").error == (
        403,
        "Authorization Error",
        ["message"],
    )


def test_only_admins_of_an_organisation_change_it(site, organization, people):
    for token in ("", people.outsider, people.member, people.editor):
        found = site.post("organization_patch", {"id": organization, "title": "x"}, token=token)
        assert found.error == (403, "Authorization Error", ["message"])
    patched = site.post("organization_patch", {"id": organization, "title": "新しい名称"}, token=people.admin)
    assert patched.result["title"] == "新しい名称"


def test_a_new_title_of_an_organisation_reaches_its_datasets(site, organization, dataset):
    created = dataset()
    site.post("organization_patch", {"id": organization, "title": "新しい名称"})
    assert site.post("organization_show", {"id": organization}).result["title"] == "新しい名称"
    assert site.post("package_show", {"id": created["id"]}).result["organization"]["name"] == organization


@BOTH
def test_an_update_keeps_texts_and_users_and_drops_extras(site, unique, kind):
    given = {"name": unique(kind), "title": "題名", "description": "説明", "extras": [{"key": "k", "value": "v"}]}
    created = site.post(f"{kind}_create", given).result
    updated = site.post(f"{kind}_update", {"id": created["id"], "title": "新題名"}).result
    assert (updated["name"], updated["title"], updated["description"]) == (given["name"], "新題名", "説明")
    assert updated["extras"] == []
    assert [user["id"] for user in updated["users"]] == [user["id"] for user in created["users"]]


@BOTH
def test_a_patch_keeps_what_is_not_given(site, unique, kind):
    created = site.post(f"{kind}_create", {"name": unique(kind), "title": "題名", "description": "説明"}).result
    patched = site.post(f"{kind}_patch", {"id": created["id"], "title": "新題名"}).result
    assert (patched["title"], patched["description"]) == ("新題名", "説明")


@BOTH
def test_extras_are_kept(site, unique, kind):
    given = {"name": unique(kind), "extras": [{"key": "連絡先", "value": "総合政策局"}]}
    created = site.post(f"{kind}_create", given).result
    assert [(item["key"], item["value"]) for item in created["extras"]] == [("連絡先", "総合政策局")]


def test_lists_are_of_names_or_of_all_fields(site, shapes, organization):
    assert organization in site.post("organization_list", token="").result
    given = {"all_fields": True, "organizations": [organization]}
    found = site.post("organization_list", given).result
    assert [item["name"] for item in found] == [organization]
    assert sorted(found[0]) == shapes["keys"]["organization_in_list"]


def test_a_list_is_filtered_and_sorted(site, unique):
    stem = unique("sorted")
    for letter, title in (("a", "乙"), ("b", "甲")):
        site.post("group_create", {"name": f"{stem}-{letter}", "title": title})
    assert site.post("group_list", {"q": stem, "sort": "name desc"}).result == [f"{stem}-b", f"{stem}-a"]
    assert site.post("group_list", {"q": stem, "sort": "name asc", "limit": 1, "offset": 1}).result == [f"{stem}-b"]


def test_an_organisation_is_shown_with_its_datasets(site, shapes, organization, dataset):
    created = dataset(license_id="cc-by")
    dataset(private=True)
    shown = site.post("organization_show", {"id": organization, "include_datasets": True}, token="").result
    assert sorted(shown) == shapes["keys"]["organization_with_datasets"]
    assert [item["id"] for item in shown["packages"]] == [created["id"]]
    assert shown["package_count"] == 1


def test_what_is_not_wanted_is_left_out(site, organization):
    options = {"include_users": False, "include_extras": False, "include_groups": False}
    shown = site.post("organization_show", {"id": organization, **options}).result
    assert not {"users", "groups"} & set(shown)


def test_an_organisation_with_datasets_cannot_be_deleted_or_purged(site, organization, dataset):
    dataset()
    assert site.post("organization_delete", {"id": organization}).error == (409, "Validation Error", ["message"])
    assert site.post("organization_purge", {"id": organization}).error == (409, "Validation Error", ["message"])


@BOTH
def test_a_deleted_one_is_in_no_list_and_a_purged_one_is_gone(site, unique, kind):
    created = site.post(f"{kind}_create", {"name": unique(kind)}).result
    assert site.post(f"{kind}_delete", {"id": created["id"]}).result is None
    assert created["name"] not in site.post(f"{kind}_list").result
    assert site.post(f"{kind}_show", {"id": created["id"]}, token="").error[:2] == (403, "Authorization Error")
    assert site.post(f"{kind}_purge", {"id": created["id"]}).result is None
    assert site.post(f"{kind}_show", {"id": created["id"]}).status == 404


def test_a_deleted_group_leaves_its_datasets(site, dataset, unique):
    group = unique("group")
    site.post("group_create", {"name": group})
    created = dataset(groups=[{"name": group}])
    assert [item["name"] for item in created["groups"]] == [group]
    assert site.post("group_show", {"id": group}).result["package_count"] == 1
    site.post("group_delete", {"id": group})
    site.post("group_purge", {"id": group})
    assert site.post("package_show", {"id": created["id"]}).status == 200


def test_roles_come_and_go(site, organization, people):
    users = {
        user["name"]: user["capacity"] for user in site.post("organization_show", {"id": organization}).result["users"]
    }
    assert {role: users[people.names[role]] for role in ("admin", "editor", "member")} == {
        "admin": "admin",
        "editor": "editor",
        "member": "member",
    }
    gone = {"id": organization, "username": people.names["editor"]}
    assert site.post("organization_member_delete", gone, token=people.admin).result is None
    shown = site.post("organization_show", {"id": organization}).result
    assert people.names["editor"] not in {user["name"] for user in shown["users"]}


def test_an_admin_gives_roles_and_an_editor_does_not(site, organization, people):
    given = {"id": organization, "username": people.names["outsider"], "role": "editor"}
    refused = site.post("organization_member_create", given, token=people.editor)
    assert refused.error == (403, "Authorization Error", ["message"])
    made = site.post("organization_member_create", given, token=people.admin).result
    assert (made["table_name"], made["capacity"]) == ("user", "editor")


@pytest.mark.parametrize(("given", "key"), [({"role": "emperor"}, "role"), ({"username": "nobody-at-all"}, "username")])
def test_a_role_or_a_user_that_does_not_exist_is_named(site, organization, people, given, key):
    member = {"id": organization, "username": people.names["outsider"], "role": "editor", **given}
    assert site.post("organization_member_create", member).error == (409, "Validation Error", [key])


def test_member_list_has_users_with_their_roles(site, organization, people):
    members = site.post("member_list", {"id": organization, "object_type": "user"}).result
    user = site.post("user_show", {"id": people.names["editor"]}).result
    assert user["id"] in [member[0] for member in members]
    assert {member[1] for member in members} == {"user"}
    only = site.post("member_list", {"id": organization, "object_type": "user", "capacity": "editor"}).result
    assert [member[0] for member in only] == [user["id"]]


def test_member_create_and_member_delete_work_on_users(site, organization, people):
    member = {"id": organization, "object": people.names["outsider"], "object_type": "user"}
    assert site.post("member_create", {**member, "capacity": "member"}).result["capacity"] == "member"
    assert site.post("member_delete", member).result is None
    assert site.post("member_create", member).error == (409, "Validation Error", ["capacity"])
    assert site.post("member_create", {**member, "capacity": "member", "object": "nobody"}).status == 404


def test_a_member_of_a_group_adds_datasets_to_it(site, dataset, people, unique):
    group, created = unique("group"), dataset()
    site.post("group_create", {"name": group})
    site.post("group_member_create", {"id": group, "username": people.names["member"], "role": "member"})
    given = {"id": group, "object": created["id"], "object_type": "package", "capacity": "public"}
    assert site.post("member_create", given, token=people.outsider).error[:2] == (403, "Authorization Error")
    assert site.post("member_create", given, token=people.member).status == 200
    assert [item["name"] for item in site.post("package_show", {"id": created["id"]}).result["groups"]] == [group]


def test_organisations_are_listed_for_a_user_by_permission(site, organization, people):
    found = site.post("organization_list_for_user", {"permission": "create_dataset"}, token=people.editor).result
    assert [(item["name"], item["capacity"]) for item in found] == [(organization, "editor")]
    assert site.post("organization_list_for_user", {"permission": "create_dataset"}, token=people.member).result == []
    assert [item["name"] for item in site.post("organization_list_for_user", token=people.member).result] == [
        organization
    ]
    assert site.post("organization_list_for_user", token="").result == []
    assert organization in [item["name"] for item in site.post("organization_list_for_user").result]


def test_groups_are_listed_for_those_who_edit_them(site, people, unique):
    group = unique("group")
    site.post("group_create", {"name": group})
    assert group in [item["name"] for item in site.post("group_list_authz").result]
    assert group not in [item["name"] for item in site.post("group_list_authz", token=people.outsider).result]
    site.post("group_member_create", {"id": group, "username": people.names["outsider"], "role": "admin"})
    assert group in [item["name"] for item in site.post("group_list_authz", token=people.outsider).result]
