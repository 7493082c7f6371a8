"""``package_revise``: change a dataset only if it is as the caller knows it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

LINKS = [
    {"name": "first", "url": "https://example.org/1", "format": "CSV"},
    {"name": "second", "url": "https://example.org/2", "format": "CSV"},
    {"name": "third", "url": "https://example.org/3", "format": "CSV"},
]


@pytest.fixture
def known(dataset):
    """Return a dataset with three resources, two tags and an extra."""
    return dataset(
        title="題名",
        notes="説明",
        tags=[{"name": "統計"}, {"name": "人口"}],
        extras=[{"key": "period", "value": "2025"}],
        resources=LINKS,
    )


@pytest.fixture
def revised(site, known):
    """Return a function that revises it and answers the package."""

    def revise(**given):
        return site.post("package_revise", {"match": {"id": known["id"]}, **given}).result["package"]

    return revise


def error_of(site, given, token=None):
    return site.post("package_revise", given, token=token).error


def test_what_is_expected_is_changed_and_the_rest_stays(site, known):
    answer = site.post(
        "package_revise", {"match": {"name": known["name"], "title": "題名"}, "update": {"notes": "新しい説明"}}
    )
    assert list(answer.result) == ["package"]
    shown = site.post("package_show", {"id": known["id"]}).result
    assert shown["notes"] == answer.result["package"]["notes"] == "新しい説明"
    assert [one["name"] for one in shown["resources"]] == ["first", "second", "third"]
    assert shown["metadata_modified"] > known["metadata_modified"]


def test_what_is_not_as_expected_is_named_and_nothing_changes(site, known):
    given = {
        "match": {"id": known["id"], "title": "別の題名", "resources": [{"name": "first"}, {"name": "zweites"}]},
        "update": {"notes": "新しい説明"},
    }
    answer = site.post("package_revise", given)
    assert answer.error == (409, "Validation Error", ["match"])
    assert answer.body["error"]["match"] == ["resources__1__name", "title"]
    assert site.post("package_show", {"id": known["id"]}).result["notes"] == "説明"


def test_a_change_since_the_caller_looked_is_noticed(site, known):
    site.post("package_patch", {"id": known["id"], "author": "別の人"}).result  # noqa: B018 - asserts success
    given = {"match": {"id": known["id"], "metadata_modified": known["metadata_modified"]}, "update": {"notes": "x"}}
    assert site.post("package_revise", given).body["error"]["match"] == ["metadata_modified"]


def test_of_many_who_know_the_same_one_changes_it(site, known):
    match = {"id": known["id"], "metadata_modified": known["metadata_modified"]}

    def revise(number):
        # a session is not safe to share between threads
        url = f"{site.base_url}/api/3/action/package_revise"
        given = {"match": match, "update": {"notes": f"説明{number}"}}
        return requests.post(url, json=given, headers=site.headers(None), timeout=60).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(revise, range(6)))
    assert sorted(statuses) == [200, *[409] * 5]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"filter": ["-resources__1"]}, ["first", "third"]),
        ({"filter": "+resources__2,-resources__*"}, ["third"]),
        ({"filter": '["-resources__0","-resources__2"]'}, ["second"]),
        ({"update": {"resources": [{"name": "erstes"}]}}, ["erstes", "second", "third"]),
        ({"update__resources__1__name": "zweites"}, ["first", "zweites", "third"]),
        ({"update__resources__1": {"name": "zweites"}}, ["first", "zweites", "third"]),
        ({"update__resources__-1": '{"name": "letztes"}'}, ["first", "second", "letztes"]),
        (
            {"update__resources__extend": [{"name": "fourth", "url": "https://example.org/4"}]},
            ["first", "second", "third", "fourth"],
        ),
        (
            {
                "update__resources__3__name": "viertes",
                "update__resources__extend": [{"name": "fourth", "url": "https://example.org/4"}],
            },
            ["first", "second", "third", "viertes"],
        ),
    ],
)
def test_parts_are_named_by_their_place(revised, given, names):
    assert [one["name"] for one in revised(**given)["resources"]] == names


def test_a_resource_is_named_by_the_beginning_of_its_id(revised, known):
    second = known["resources"][1]["id"]
    changed = revised(**{f"update__resources__{second[:8]}__description": "二つ目"})
    assert [one["description"] or "" for one in changed["resources"]] == ["", "二つ目", ""]
    assert [one["id"] for one in changed["resources"]] == [one["id"] for one in known["resources"]]


def test_everything_but_what_is_kept_can_be_replaced(revised, known):
    changed = revised(filter=["+resources", "+owner_org", "-*"], update={"name": known["name"], "title": "やり直し"})
    assert (changed["id"], changed["title"], changed["notes"]) == (known["id"], "やり直し", changed["notes"])
    assert not changed["notes"]
    assert not changed["tags"]
    assert not changed["extras"]
    assert [one["id"] for one in changed["resources"]] == [one["id"] for one in known["resources"]]


@pytest.mark.parametrize(
    ("include", "keys"),
    [(["-*"], []), (["-package"], []), (["+package__title", "-package__*"], ["title"]), (["+package", "-*"], None)],
)
def test_the_answer_has_what_is_wanted_of_it(site, known, include, keys):
    answer = site.post("package_revise", {"match__id": known["id"], "include": include}).result
    assert sorted(answer.get("package", {})) == (sorted(known) if keys is None else keys)


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({}, ["match__id"]),
        ({"match": {}}, ["match__id"]),
        ({"match": "a text"}, ["match"]),
        ({"match": []}, ["match"]),
        ({"update": "a text"}, ["update"]),
        ({"filter": 5}, ["filter"]),
        ({"filter": [5]}, ["filter"]),
        ({"include": {"a": 1}}, ["include"]),
        ({"match__title": "別の題名"}, ["match"]),
        ({"match__resources__0__name": "second"}, ["match"]),
        ({"update": {"resources": "a text"}}, ["update"]),
        ({"update": {"resources": {"name": "x"}}}, ["update"]),
        ({"update__resources__99__name": "x"}, ["resources__99__name"]),
        ({"update__title__inner": "x"}, ["title__inner"]),
        ({"update__title__extend": ["x"]}, ["title__extend"]),
        ({"update__resources__extend": {"name": "x"}}, ["resources__extend"]),
        ({"update__name": "Not A Name"}, ["name"]),
    ],
)
def test_a_call_that_cannot_be_done_is_named(site, known, given, keys):
    complete = given if not given or "match" in given else {"match__id": known["id"], **given}
    assert error_of(site, complete) == (409, "Validation Error", keys)


def test_a_dataset_that_does_not_exist_is_not_found(site):
    assert error_of(site, {"match": {"name": "no-such-dataset"}})[:2] == (404, "Not Found Error")


@pytest.mark.parametrize(("role", "status"), [("editor", 200), ("member", 403), ("outsider", 403)])
def test_those_without_the_role_revise_nothing(site, people, known, role, status):
    given = {"match__id": known["id"], "update__notes": "x"}
    assert site.post("package_revise", given, token=getattr(people, role)).status == status


def test_an_anonymous_caller_revises_nothing(site, known):
    assert error_of(site, {"match__id": known["id"]}, token="")[:2] == (403, "Authorization Error")
