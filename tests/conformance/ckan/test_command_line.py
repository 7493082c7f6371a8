"""The ``ckanapi`` command, as administrators use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def ckanapi(site, tmp_path):
    """Return a function that runs the command as the sysadmin, in a folder of its own, and returns what it prints."""

    # the command starts itself again for each worker, by its name alone
    environ = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def run(*arguments, data=""):
        line = ["ckanapi", *arguments, "-r", site.base_url, "-a", site.token]
        done = subprocess.run(line, input=data, capture_output=True, text=True, cwd=tmp_path, env=environ, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def _lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_named_datasets_are_dumped_and_loaded_again(ckanapi, site, dataset, tmp_path):
    names = sorted(dataset(title="旧題名", notes="説明")["name"] for _ in range(2))
    ckanapi("dump", "datasets", *names, "-O", "out.jsonl", "-q")
    dumped = _lines(tmp_path / "out.jsonl")
    assert sorted(one["name"] for one in dumped) == names

    changed = [{**one, "title": "新題名"} for one in dumped]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(one) for one in changed), "utf-8")
    ckanapi("load", "datasets", "-I", "in.jsonl", "-q")
    shown = [site.post("package_show", {"id": name}).result for name in names]
    assert {(one["title"], one["notes"]) for one in shown} == {("新題名", "説明")}
    assert sorted(one["id"] for one in shown) == sorted(one["id"] for one in dumped)


def test_all_datasets_are_dumped(ckanapi, site, dataset, tmp_path):
    name = dataset()["name"]
    ckanapi("dump", "datasets", "--all", "-O", "all.jsonl", "-q", "-p", "2")
    names = [one["name"] for one in _lines(tmp_path / "all.jsonl")]
    assert name in names
    assert len(names) == len(set(names))


def test_a_dataset_that_is_gone_is_loaded_under_its_id(ckanapi, site, dataset, tmp_path):
    created = dataset(title="失業率", tags=[{"name": "労働"}], extras=[{"key": "対象地域", "value": "全国"}])
    ckanapi("dump", "datasets", created["name"], "-O", "out.jsonl", "-q")
    site.post("dataset_purge", {"id": created["id"]})
    ckanapi("load", "datasets", "-I", "out.jsonl", "-q")
    shown = site.post("package_show", {"id": created["id"]}).result
    kept = ("name", "title", "owner_org", "extras")
    assert {key: shown[key] for key in kept} == {key: created[key] for key in kept}


@pytest.mark.parametrize("kind", ["organization", "group"])
def test_organisations_and_groups_are_dumped_and_loaded_again(ckanapi, site, unique, tmp_path, kind):
    name = unique(kind)
    site.post(f"{kind}_create", {"name": name, "title": "旧称"})
    ckanapi("dump", f"{kind}s", name, "-O", "out.jsonl", "-q")
    (dumped,) = _lines(tmp_path / "out.jsonl")
    ckanapi("load", f"{kind}s", "-q", data=json.dumps({**dumped, "title": "新称"}))
    assert site.post(f"{kind}_show", {"id": name}).result["title"] == "新称"


def test_datasets_are_searched(ckanapi, organization, dataset, tmp_path):
    wanted = {dataset()["name"] for _ in range(3)}
    ckanapi("search", "datasets", f"fq=organization:{organization}", "-O", "found.jsonl")
    assert {one["name"] for one in _lines(tmp_path / "found.jsonl")} == wanted


def test_datasets_are_deleted(ckanapi, site, dataset):
    name = dataset()["name"]
    ckanapi("delete", "datasets", name, "-q")
    assert site.post("package_show", {"id": name}).result["state"] == "deleted"


def test_a_file_is_uploaded_with_an_action(ckanapi, site, dataset, tmp_path):
    (tmp_path / "rates.csv").write_bytes("年,値\r\n2024,2.5\r\n".encode())
    said = ckanapi("action", "resource_create", f"package_id={dataset()['id']}", "name=表", "upload@rates.csv", "-j")
    assert site.get(json.loads(said)["url"]).content == (tmp_path / "rates.csv").read_bytes()


def test_an_action_answers_json(ckanapi, dataset):
    created = dataset(title="完全失業率")
    assert json.loads(ckanapi("action", "package_show", f"id={created['id']}", "-j"))["title"] == "完全失業率"


def test_an_uploaded_file_is_replaced_with_an_action(ckanapi, site, dataset, tmp_path):
    (tmp_path / "rates.csv").write_bytes(b"a\n1\n")
    said = json.loads(
        ckanapi("action", "resource_create", f"package_id={dataset()['id']}", "name=表", "upload@rates.csv", "-j")
    )
    (tmp_path / "rates.csv").write_bytes(b"a\n2\n")
    again = json.loads(ckanapi("action", "resource_update", f"id={said['id']}", "name=表", "upload@rates.csv", "-j"))
    assert again["id"] == said["id"]
    assert site.get(again["url"]).content == b"a\n2\n"


def test_an_action_takes_json_and_whole_objects(ckanapi, site, dataset, tmp_path):
    created = dataset(title="失業率", notes="年次")
    ckanapi("action", "package_patch", f"id={created['id']}", 'tags:[{"name": "労働"}]')
    (tmp_path / "in.json").write_text(
        json.dumps({"match": {"id": created["id"], "notes": "年次"}, "update": {"notes": "月次"}}), "utf-8"
    )
    ckanapi("action", "package_revise", "-I", "in.json")
    shown = site.post("package_show", {"id": created["id"]}).result
    assert ([one["name"] for one in shown["tags"]], shown["notes"]) == (["労働"], "月次")


def test_users_are_dumped_changed_and_deleted(ckanapi, site, people, tmp_path):
    name = people.names["editor"]
    ckanapi("dump", "users", name, "-O", "users.jsonl", "-q")
    (dumped,) = _lines(tmp_path / "users.jsonl")
    assert dumped["name"] == name
    ckanapi("load", "users", "-q", data=json.dumps({**dumped, "fullname": "編集者"}))
    assert site.post("user_show", {"id": name}).result["fullname"] == "編集者"
    ckanapi("delete", "users", name, "-q")
    assert name not in site.post("user_list", {"all_fields": False}).result


@pytest.mark.parametrize("kind", ["organization", "group"])
def test_organisations_and_groups_are_deleted(ckanapi, site, unique, kind):
    name = unique(kind)
    site.post(f"{kind}_create", {"name": name})
    ckanapi("delete", f"{kind}s", name, "-q")
    assert name not in site.post(f"{kind}_list").result
