"""Who sees and edits what."""

from __future__ import annotations

import pytest

ROLES = ("admin", "editor", "member", "outsider")


def statuses(site, people, key):
    return {role: site.post("package_show", {"id": key}, token=getattr(people, role)).status for role in ROLES}


def test_a_private_dataset_is_for_the_members_of_its_organisation(site, dataset, people):
    created = dataset(private=True)
    seen = {
        role: site.post("package_show", {"id": created["id"]}, token=getattr(people, role)).status for role in ROLES
    }
    assert seen == {"admin": 200, "editor": 200, "member": 200, "outsider": 403}
    assert site.post("package_show", {"id": created["id"]}, token="").error == (403, "Authorization Error", ["message"])


def test_a_private_dataset_is_found_by_its_members_when_they_ask_for_private_ones(site, dataset, people):
    created = dataset(private=True)
    query = {"q": f"name:{created['name']}"}
    assert site.post("package_search", query, token=people.member).result["count"] == 0
    query["include_private"] = True
    counts = {role: site.post("package_search", query, token=getattr(people, role)).result["count"] for role in ROLES}
    assert counts == {"admin": 1, "editor": 1, "member": 1, "outsider": 0}
    assert site.post("package_search", query, token="").result["count"] == 0


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("editor", 200), ("member", 403), ("outsider", 403)])
def test_editors_and_admins_edit_datasets(site, organization, dataset, people, unique, role, status):
    token = getattr(people, role)
    assert site.post("package_patch", {"id": dataset()["id"], "title": "x"}, token=token).status == status
    given = {"name": unique("data"), "owner_org": organization}
    assert site.post("package_create", given, token=token).status == status


def test_an_editor_adds_no_dataset_to_another_organisation(site, people, unique):
    other = unique("other")
    site.post("organization_create", {"name": other})
    found = site.post("package_create", {"name": unique("data"), "owner_org": other}, token=people.editor)
    assert found.error == (403, "Authorization Error", ["message"])


def test_an_editor_moves_no_dataset_to_another_organisation(site, dataset, people, unique):
    other = unique("other")
    site.post("organization_create", {"name": other})
    found = site.post("package_patch", {"id": dataset()["id"], "owner_org": other}, token=people.editor)
    assert found.error == (409, "Validation Error", ["owner_org"])


def test_an_editor_without_a_role_in_a_group_adds_nothing_to_it(site, organization, people, unique):
    group = unique("group")
    site.post("group_create", {"name": group})
    given = {"name": unique("data"), "owner_org": organization, "groups": [{"name": group}]}
    assert site.post("package_create", given, token=people.editor).error == (403, "Authorization Error", ["message"])
    site.post("group_member_create", {"id": group, "username": people.names["editor"], "role": "member"})
    assert site.post("package_create", given, token=people.editor).status == 200


def test_a_draft_is_hidden_until_it_is_active(site, dataset, people):
    created = dataset(state="draft")
    assert created["state"] == "draft"
    assert created["name"] not in site.post("package_list").result
    for token in ("", people.outsider):
        assert site.post("package_show", {"id": created["id"]}, token=token).error[:2] == (403, "Authorization Error")
    assert site.post("package_show", {"id": created["id"]}, token=people.editor).result["state"] == "draft"
    published = site.post("package_patch", {"id": created["id"], "state": "active"}, token=people.editor)
    assert published.result["state"] == "active"
    assert site.post("package_show", {"id": created["id"]}, token="").status == 200


def test_a_draft_is_found_by_its_editors_when_they_ask_for_drafts(site, dataset, people):
    created = dataset(state="draft")
    query = {"q": f"name:{created['name']}"}
    assert site.post("package_search", query, token=people.editor).result["count"] == 0
    query["include_drafts"] = True
    assert site.post("package_search", query, token=people.editor).result["count"] == 1
    assert site.post("package_search", query, token=people.outsider).result["count"] == 0


def test_a_deleted_dataset_is_for_the_members_of_its_organisation(site, dataset, people):
    created = dataset()
    site.post("package_delete", {"id": created["id"]})
    seen = {
        role: site.post("package_show", {"id": created["id"]}, token=getattr(people, role)).status for role in ROLES
    }
    assert seen == {"admin": 200, "editor": 200, "member": 200, "outsider": 403}
