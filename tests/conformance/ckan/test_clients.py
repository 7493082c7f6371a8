"""What ckanapi and harvesters do."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from ckanapi import NotAuthorized, NotFound, RemoteCKAN, ValidationError
from ckanapi.errors import CKANAPIError, SearchError


@pytest.fixture
def remote(site):
    with RemoteCKAN(site.base_url, apikey=site.token) as client:
        yield client


def test_ckanapi_creates_shows_and_patches(remote, organization, unique):
    created = remote.action.package_create(name=unique("data"), owner_org=organization, title="完全失業率")
    assert remote.action.package_show(id=created["name"])["title"] == "完全失業率"
    assert remote.action.package_patch(id=created["id"], title="新題名")["title"] == "新題名"


def test_ckanapi_uploads_a_file(remote, site, organization, unique):
    package = remote.action.package_create(name=unique("data"), owner_org=organization)
    created = remote.action.resource_create(
        package_id=package["id"], name="表", upload=("data.csv", io.BytesIO(b"a\n1\n"))
    )
    assert site.get(created["url"]).content == b"a\n1\n"


def test_ckanapi_raises_the_errors_it_knows(site, remote, organization):
    with pytest.raises(NotFound):
        remote.action.package_show(id="no-such")
    with pytest.raises(ValidationError) as refused:
        remote.action.package_create(title="x")
    assert "name" in refused.value.error_dict
    with pytest.raises(SearchError):
        remote.action.package_search(q="title:(a")
    with pytest.raises(CKANAPIError):
        remote.action.no_such_action()
    with RemoteCKAN(site.base_url) as anonymous, pytest.raises(NotAuthorized):
        anonymous.action.package_create(name="x1", owner_org=organization)


def test_ckanapi_reads_by_get_only(site):
    with RemoteCKAN(site.base_url, get_only=True) as client:
        assert client.action.package_search(rows=0)["results"] == []


def test_a_ckan_harvester_reads_page_by_page(site, organization, dataset):
    wanted = {dataset()["id"] for _ in range(3)}
    found, start = set(), 0
    while True:
        path = f"/api/3/action/package_search?rows=2&start={start}&sort=id asc&fq=organization:{organization}"
        page = site.get(path).json()["result"]["results"]
        if not page:
            break
        found |= {item["id"] for item in page}
        start += 2
    assert found == wanted


def test_of_two_who_create_the_same_name_one_wins(site, organization, unique):
    given = {"name": unique("data"), "owner_org": organization}
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: _post(site, "package_create", given), range(4)))
    assert statuses.count(200) == 1
    assert site.post("package_list").result.count(given["name"]) == 1


def _post(site, action, given):
    # a session is not safe to share between threads
    url = f"{site.base_url}/api/3/action/{action}"
    return requests.post(url, json=given, headers=site.headers(None), timeout=60).status_code


def test_fields_that_are_patched_at_once_are_all_kept(site, dataset):
    package = dataset()["id"]
    given = {
        "title": "題名",
        "notes": "説明",
        "author": "作成者",
        "maintainer": "管理者",
        "version": "2.0",
        "url": "https://example.org/",
    }
    with ThreadPoolExecutor(4) as pool:
        patches = [{"id": package, key: value} for key, value in given.items()]
        assert set(pool.map(lambda item: _post(site, "package_patch", item), patches)) == {200}
    shown = site.post("package_show", {"id": package}).result
    assert {key: shown[key] for key in given} == given


def test_resources_that_are_added_at_once_are_all_kept(site, dataset):
    package = dataset()["id"]
    given = [{"package_id": package, "url": f"https://example.org/{number}"} for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda item: _post(site, "resource_create", item), given)) == {200}
    shown = site.post("package_show", {"id": package}).result
    assert sorted(item["url"] for item in shown["resources"]) == sorted(item["url"] for item in given)
