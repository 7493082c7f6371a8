"""Users and their API tokens."""

from __future__ import annotations

import pytest


def test_a_user_sees_more_of_itself_than_others_do(site, shapes, people):
    name = people.names["editor"]
    own = site.post("user_show", {"id": name}, token=people.editor).result
    assert sorted(own) == shapes["keys"]["user_self"]
    assert own["email"] == f"{name}@example.org"
    other = site.post("user_show", {"id": name}, token=people.member).result
    assert "email" not in other


def test_the_list_of_users_has_the_keys_of_ckan_and_no_mail_address(site, shapes, people):
    users = site.post("user_list", token="").result
    assert {tuple(sorted(user)) for user in users} == {tuple(shapes["keys"]["user_in_list"])}
    assert people.names["editor"] in {user["name"] for user in users}


def test_the_list_of_users_may_be_of_names(site, people):
    names = site.post("user_list", {"all_fields": False}).result
    assert set(people.names.values()) <= set(names)


def test_a_user_that_does_not_exist_is_not_found(site):
    assert site.post("user_show", {"id": "nobody-at-all"}).error == (404, "Not Found Error", ["message"])


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({}, ["email", "name", "password"]),
        ({"name": "Bad Name!", "email": "a@example.org", "password": "long enough"}, ["name"]),
        ({"name": "good-name", "email": "no address", "password": "long enough"}, ["email"]),
        ({"name": "good-name", "email": "good@example.org", "password": "short"}, ["password"]),
    ],
)
def test_a_field_of_a_user_that_cannot_be_used_is_named(site, given, keys):
    assert site.post("user_create", given).error == (409, "Validation Error", keys)


def test_only_sysadmins_create_users(site, people, unique):
    given = {"name": unique("user"), "email": "x@example.org", "password": "long enough"}
    for token in ("", people.admin):
        assert site.post("user_create", given, token=token).error == (403, "Authorization Error", ["message"])


def shown(site, name):
    return site.post("user_show", {"id": name}).result


@pytest.mark.parametrize("who", ["sysadmin", "oneself"])
def test_a_user_is_changed_by_sysadmins_and_by_itself(site, people, who):
    name, token = people.names["editor"], people.editor if who == "oneself" else None
    given = {"id": name, "email": f"new-{name}@example.org", "fullname": "編集者"}
    assert site.post("user_update", given, token=token).result["fullname"] == "編集者"
    assert site.post("user_patch", {"id": name, "about": "統計課"}, token=token).result["about"] == "統計課"
    found = shown(site, name)
    assert (found["fullname"], found["about"], found["email"]) == ("編集者", "統計課", given["email"])


def test_a_user_changes_nobody_else(site, people):
    for action, rest in (("user_update", {"email": "x@example.org"}), ("user_patch", {"about": "x"})):
        for token in ("", people.editor):
            answer = site.post(action, {"id": people.names["member"], **rest}, token=token)
            assert answer.error == (403, "Authorization Error", ["message"])


def test_a_user_does_not_become_a_sysadmin_by_itself(site, people):
    given = {"id": people.names["editor"], "sysadmin": True, "state": "deleted"}
    assert site.post("user_patch", given, token=people.editor).status == 200
    found = shown(site, people.names["editor"])
    assert (found["sysadmin"], found["state"]) == (False, "active")


@pytest.mark.parametrize(
    ("action", "given", "keys"),
    [
        ("user_update", {}, ["email"]),
        ("user_update", {"email": "no address"}, ["email"]),
        ("user_patch", {"email": "no address"}, ["email"]),
        ("user_patch", {"password": "short"}, ["password"]),
        ("user_patch", {"name": "Bad Name!"}, ["name"]),
    ],
)
def test_a_change_of_a_user_that_cannot_be_done_is_named(site, people, action, given, keys):
    answer = site.post(action, {"id": people.names["editor"], **given})
    assert answer.error == (409, "Validation Error", keys)


def test_a_mail_address_belongs_to_one_user(site, people):
    taken = shown(site, people.names["member"])["email"]
    answer = site.post("user_patch", {"id": people.names["editor"], "email": taken})
    assert answer.error == (409, "Validation Error", ["email"])


def test_a_deleted_user_has_no_rights_any_more(site, people, organization):
    name = people.names["editor"]
    assert site.post("user_delete", {"id": name}, token=people.admin).status == 403
    assert site.post("user_delete", {"id": name}).result is None
    assert site.post("package_create", {"name": "x", "owner_org": organization}, token=people.editor).status == 403
    assert name not in site.post("user_list", {"all_fields": False}).result
    assert name not in {one[0] for one in site.post("member_list", {"id": organization}).result}


def test_a_token_works_until_it_is_revoked(site, people):
    created = site.post("api_token_create", {"user": people.names["editor"], "name": "laptop"}, token=people.editor)
    token = created.result["token"]
    name = people.names["editor"]
    assert "email" in site.post("user_show", {"id": name}, token=token).result
    assert site.post("api_token_revoke", {"token": token}, token=people.editor).result is None
    assert "email" not in site.post("user_show", {"id": name}, token=token).result


def test_a_token_is_listed_without_its_secret(site, shapes, people):
    tokens = site.post("api_token_list", {"user_id": people.names["editor"]}, token=people.editor).result
    assert {tuple(sorted(token)) for token in tokens} == {tuple(shapes["keys"]["token_in_list"])}
    assert people.editor not in str(tokens)


def test_a_token_is_revoked_by_its_id(site, people):
    name = people.names["member"]
    listed = site.post("api_token_list", {"user_id": name}, token=people.member).result
    assert site.post("api_token_revoke", {"jti": listed[0]["id"]}, token=people.member).result is None
    assert "email" not in site.post("user_show", {"id": name}, token=people.member).result


def test_nobody_handles_the_tokens_of_others(site, people):
    name = people.names["editor"]
    for token in ("", people.member):
        for action, given in (
            ("api_token_create", {"user": name, "name": "x"}),
            ("api_token_list", {"user_id": name}),
            ("api_token_revoke", {"token": people.editor}),
        ):
            assert site.post(action, given, token=token).error == (403, "Authorization Error", ["message"])


@pytest.mark.parametrize(
    ("action", "given", "keys"),
    [
        ("api_token_create", {"name": "x"}, ["user"]),
        ("api_token_list", {}, ["user_id"]),
        ("api_token_revoke", {}, ["token"]),
    ],
)
def test_an_action_on_tokens_needs_its_parameter(site, action, given, keys):
    assert site.post(action, given).error == (409, "Validation Error", keys)


def test_a_token_for_nobody_is_not_found(site):
    assert site.post("api_token_create", {"user": "nobody-at-all", "name": "x"}).status == 404
