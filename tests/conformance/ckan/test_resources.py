"""Resources: addresses and uploaded files."""

from __future__ import annotations

import uuid

import pytest

CSV = "年,失業率\n2020,2.8\n".encode()


def test_a_created_resource_has_the_keys_of_ckan(site, shapes, dataset):
    given = {"package_id": dataset()["name"], "url": "https://example.org/a.csv", "name": "A"}
    created = site.post("resource_create", given).result
    assert sorted(created) == shapes["keys"]["resource"]
    assert created["format"] == "CSV"
    assert site.post("resource_show", {"id": created["id"]}, token="").result == created


def test_an_uploaded_resource_has_the_keys_of_ckan(site, shapes, dataset):
    given = {"package_id": dataset()["name"], "name": "失業率CSV", "format": "csv"}
    created = site.upload("resource_create", given, "data.csv", CSV).result
    assert sorted(created) == shapes["keys"]["resource"]
    assert (created["url_type"], created["size"], created["format"]) == ("upload", len(CSV), "CSV")
    assert created["mimetype"] == "text/csv"


def test_the_uploaded_bytes_come_back(site, dataset):
    created = site.upload("resource_create", {"package_id": dataset()["id"]}, "data.csv", CSV).result
    response = site.get(created["url"])
    assert (response.status_code, response.content) == (200, CSV)
    assert response.headers["ETag"]


def test_a_download_answers_ranges_and_conditions(site, dataset):
    created = site.upload("resource_create", {"package_id": dataset()["id"]}, "data.csv", CSV).result
    etag = site.get(created["url"]).headers["ETag"]
    part = site.get(created["url"], Range="bytes=0-9")
    assert (part.status_code, part.content) == (206, CSV[:10])
    assert site.get(created["url"], **{"If-None-Match": etag}).status_code == 304


def test_a_new_file_replaces_the_old_one(site, dataset):
    created = site.upload("resource_create", {"package_id": dataset()["id"]}, "data.csv", CSV).result
    updated = site.upload("resource_patch", {"id": created["id"]}, "data.csv", CSV + b"2021,2.9\n").result
    assert updated["id"] == created["id"]
    assert updated["size"] == len(CSV) + 9
    assert site.get(updated["url"]).content == CSV + b"2021,2.9\n"


def test_a_patch_without_a_file_keeps_the_file(site, dataset):
    created = site.upload("resource_create", {"package_id": dataset()["id"]}, "data.csv", CSV).result
    patched = site.post("resource_patch", {"id": created["id"], "description": "BOM付きCSV"}).result
    assert patched["description"] == "BOM付きCSV"
    assert patched["url"] == created["url"]
    assert patched["metadata_modified"] > created["metadata_modified"]
    assert site.get(patched["url"]).content == CSV


def test_a_package_update_keeps_the_file(site, dataset):
    package = dataset()
    created = site.upload("resource_create", {"package_id": package["id"]}, "data.csv", CSV).result
    shown = site.post("package_show", {"id": package["id"]}).result
    updated = site.post("package_update", {**shown, "title": "変更"}).result
    assert updated["resources"][0]["url"] == created["url"]
    assert site.get(created["url"]).content == CSV


def test_further_fields_of_a_resource_are_kept(site, dataset):
    given = {"package_id": dataset()["id"], "url": "https://example.org/a", "sha256": "ab12", "encoding": "UTF-8"}
    created = site.post("resource_create", given).result
    shown = site.post("resource_show", {"id": created["id"]}).result
    assert (shown["sha256"], shown["encoding"]) == ("ab12", "UTF-8")
    patched = site.post("resource_patch", {"id": created["id"], "encoding": "Shift_JIS"}).result
    assert (patched["sha256"], patched["encoding"]) == ("ab12", "Shift_JIS")


def test_an_update_drops_some_of_what_is_not_given_and_keeps_some(site, dataset):
    kept = {"name": "A", "size": 3, "hash": "ab", "format": "CSV", "cache_url": "https://example.org/c"}
    dropped = {"description": "説明", "mimetype": "text/csv", "mimetype_inner": "x", "resource_type": "file"}
    given = {"package_id": dataset()["id"], "url": "https://example.org/a", "sha256": "ab12", **kept, **dropped}
    created = site.post("resource_create", given).result
    updated = site.post("resource_update", {"id": created["id"], "url": "https://example.org/b"}).result
    assert {key: updated[key] for key in kept} == kept
    assert [updated[key] for key in dropped] == [None] * 4
    assert updated["url"] == "https://example.org/b"
    assert "sha256" not in updated


def test_an_update_without_an_address_keeps_the_file(site, dataset):
    created = site.upload("resource_create", {"package_id": dataset()["id"]}, "data.csv", CSV).result
    updated = site.post("resource_update", {"id": created["id"], "name": "B"}).result
    assert (updated["url_type"], updated["size"]) == ("upload", len(CSV))
    assert site.get(updated["url"]).content == CSV


def test_an_uploaded_file_is_renamed_with_its_address(site, dataset):
    created = site.upload("resource_create", {"package_id": dataset()["id"]}, "data.csv", CSV).result
    patched = site.post("resource_patch", {"id": created["id"], "url": "other.csv"}).result
    assert patched["url"].endswith("/download/other.csv")
    assert site.get(patched["url"]).content == CSV


def test_an_address_without_a_scheme_is_a_web_address(site, dataset):
    given = {"package_id": dataset()["id"], "url": "example.org/a.csv"}
    assert site.post("resource_create", given).result["url"] == "http://example.org/a.csv"


def test_structures_in_further_fields_are_kept(site, dataset):
    given = {"package_id": dataset()["id"], "url": "https://example.org/a", "columns": [{"name": "年"}], "o": {"b": 2}}
    created = site.post("resource_create", given).result
    shown = site.post("resource_show", {"id": created["id"]}).result
    assert (shown["columns"], shown["o"]) == ([{"name": "年"}], {"b": 2})


def test_adding_a_resource_changes_the_dataset(site, dataset):
    package = dataset()
    site.post("resource_create", {"package_id": package["id"], "url": "https://example.org/a"})
    shown = site.post("package_show", {"id": package["id"]}).result
    assert shown["num_resources"] == 1
    assert shown["metadata_modified"] > package["metadata_modified"]


def test_a_deleted_resource_is_not_found(site, dataset):
    created = dataset(resources=[{"url": "https://example.org/a"}, {"url": "https://example.org/b"}])
    first, second = created["resources"]
    assert site.post("resource_delete", {"id": first["id"]}).result is None
    assert site.post("resource_show", {"id": first["id"]}).error == (404, "Not Found Error", ["message"])
    left = site.post("package_show", {"id": created["id"]}).result["resources"]
    assert [(item["id"], item["position"]) for item in left] == [(second["id"], 0)]


def test_the_caller_chooses_the_id_unless_another_dataset_has_it(site, dataset):
    wanted = str(uuid.uuid4())
    given = {"url": "https://example.org/a", "id": wanted}
    assert site.post("resource_create", {**given, "package_id": dataset()["id"]}).result["id"] == wanted
    again = site.post("resource_create", {**given, "package_id": dataset()["id"]})
    assert again.error == (409, "Validation Error", ["id"])


@pytest.mark.parametrize("given", [{"size": "many"}, {"created": "yesterday"}, {"id": "no-uuid"}])
def test_a_field_of_a_resource_that_cannot_be_used_is_named(site, dataset, given):
    found = site.post("resource_create", {"package_id": dataset()["id"], "url": "x", **given})
    assert found.error == (409, "Validation Error", sorted(given))


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("resource_show", "id"),
        ("resource_update", "id"),
        ("resource_patch", "id"),
        ("resource_delete", "id"),
        ("resource_create", "package_id"),
        ("resource_search", "query"),
    ],
)
def test_an_action_on_resources_needs_its_parameter(site, action, key):
    assert site.post(action).error == (409, "Validation Error", [key])


@pytest.mark.parametrize("action", ["resource_show", "resource_update", "resource_patch", "resource_delete"])
def test_a_resource_that_does_not_exist_is_not_found(site, action):
    assert site.post(action, {"id": str(uuid.uuid4())}).error == (404, "Not Found Error", ["message"])


def test_a_resource_of_a_dataset_that_does_not_exist_is_not_found(site):
    assert site.post("resource_create", {"package_id": "no-such", "url": "x"}).status == 404


@pytest.mark.parametrize("action", ["resource_create", "resource_update", "resource_patch", "resource_delete"])
def test_those_without_the_role_change_no_resource(site, dataset, people, action):
    package = dataset(resources=[{"url": "https://example.org/a"}])
    key = {"package_id": package["id"]} if action == "resource_create" else {"id": package["resources"][0]["id"]}
    for token in ("", people.outsider, people.member):
        found = site.post(action, {**key, "url": "https://example.org/b"}, token=token)
        assert found.error == (403, "Authorization Error", ["message"])
    assert site.post(action, {**key, "url": "https://example.org/b"}, token=people.editor).status == 200


def test_an_anonymous_upload_is_refused(site, dataset):
    found = site.upload("resource_create", {"package_id": dataset()["id"]}, "data.csv", CSV, token="")
    assert found.error == (403, "Authorization Error", ["message"])


def test_a_resource_has_no_views_unless_somebody_makes_them(site, dataset):
    package = dataset(resources=[{"url": "https://example.org/a"}])
    assert site.post("resource_view_list", {"id": package["resources"][0]["id"]}).result == []


def test_resources_are_found_by_a_field(site, shapes, dataset, unique):
    name = unique("資料")
    dataset(resources=[{"url": "https://example.org/a", "name": name}])
    found = site.post("resource_search", {"query": f"name:{name}"}).result
    assert sorted(found) == shapes["keys"]["resource_search"]
    assert [item["name"] for item in found["results"]] == [name]
    assert site.post("resource_search", {"query": f"name:{name.upper()}"}).result["count"] == 1
    assert site.post("resource_search", {"query": [f"name:{name}", "url:nowhere"]}).result["count"] == 0


@pytest.mark.parametrize("query", ["no colon", "colour:blue"])
def test_a_query_for_resources_that_cannot_be_read_is_named(site, query):
    assert site.post("resource_search", {"query": query}).error == (409, "Validation Error", ["query"])


def test_the_files_of_a_private_dataset_are_for_its_members(site, dataset, people):
    package = dataset(private=True)
    created = site.upload("resource_create", {"package_id": package["id"]}, "data.csv", CSV).result
    assert site.get(created["url"]).status_code == 403
    assert site.get(created["url"], token=people.outsider).status_code == 403
    assert site.get(created["url"], token=people.member).content == CSV


def test_a_download_of_a_resource_that_is_an_address_leads_there(site, dataset):
    package = dataset(resources=[{"url": "https://example.org/a.csv"}])
    resource = package["resources"][0]
    response = site.get(f"/dataset/{package['id']}/resource/{resource['id']}/download/a.csv")
    assert (response.status_code, response.headers["Location"]) == (302, "https://example.org/a.csv")
