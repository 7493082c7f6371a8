"""What differs on purpose really differs: each row of ``catalog/embedded/differences.py``, seen on both sites."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from catalog.embedded.differences import DIFFERENCES

pytestmark = pytest.mark.ckan

#: seen elsewhere, or only with another configuration of CKAN than the stack's
ELSEWHERE = {
    # tests/ckan/test_stack.py and tests/catalog/embedded/test_search.py
    "part of a Japanese word in `q`",
    # tests/conformance/ckan/test_envelope.py runs where both answer the same
    "header `X-CKAN-API-Key`",
    "`callback` of JSONP",
    "calls from other sites (CORS)",
    # tests/conformance/ckan/test_side_by_side.py
    "`site_read`",
    # would leave CKAN without its sysadmin
    "the built-in sysadmin",
    # shown by its pages, not by the API
    "a draft",
}


def _name(stem: str) -> str:
    return f"{stem}-{uuid.uuid4().hex[:10]}"


def _dataset(site: Any, **fields: Any) -> dict[str, Any]:
    owner = site.post("organization_create", {"name": _name("org")}).result["name"]
    found: dict[str, Any] = site.post("package_create", {"name": _name("data"), "owner_org": owner, **fields}).result
    return found


def _uploaded(site: Any, name: str, content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = site.upload("resource_create", {"package_id": _dataset(site)["id"]}, name, content).result
    return found


def file_name(site: Any) -> str:
    return str(_uploaded(site, "失業率.csv", b"a\n1\n")["url"]).rpartition("/")[2]


def file_hash(site: Any) -> str:
    return str(_uploaded(site, "a.csv", b"a\n1\n")["hash"])


def time_of_change(site: Any) -> bool:
    made = _dataset(site)
    given = {**made, "title": "別の題", "metadata_modified": "2001-01-01T00:00:00.000000"}
    return bool(site.post("package_update", given).result["metadata_modified"] > made["metadata_modified"])


def order_of_extras(site: Any) -> list[str]:
    made = _dataset(site, extras=[{"key": "b", "value": "1"}, {"key": "a", "value": "1"}])
    return [one["key"] for one in made["extras"]]


def unknown_group(site: Any) -> int:
    owner = site.post("organization_create", {"name": _name("org")}).result["name"]
    given = {"name": _name("data"), "owner_org": owner, "groups": [{"name": "no-such-group"}]}
    return int(site.post("package_create", given).status)


def relationships(site: Any) -> int:
    made = _dataset(site)
    given = {**made, "relationships_as_subject": [{"object": _dataset(site)["name"], "type": "depends_on"}]}
    return int(site.post("package_update", given).status)


def unknown_state(site: Any) -> int:
    return int(site.post("package_patch", {"id": _dataset(site)["id"], "state": "no-such-state"}).status)


def either(site: Any) -> int:
    one, two = _dataset(site)["name"], _dataset(site)["name"]
    _dataset(site)
    return int(site.post("package_search", {"fq": f"name:{one} OR name:{two}", "rows": 0}).result["count"])


def mail_is_hashed(site: Any) -> bool:
    name = _name("user")
    mail = f"{name}@example.org"
    user = site.post("user_create", {"name": name, "email": mail, "password": uuid.uuid4().hex}).result
    return bool(user["email_hash"] == hashlib.md5(mail.encode(), usedforsecurity=False).hexdigest())


def organisations_by_anybody(site: Any) -> int:
    name = _name("user")
    account = {"name": name, "email": f"{name}@example.org", "password": uuid.uuid4().hex}
    site.post("user_create", account).result  # noqa: B018 - asserts success
    token = site.post("api_token_create", {"user": name, "name": "test"}).result["token"]
    return int(site.post("organization_create", {"name": _name("org")}, token=token).status)


def page_of_a_stranger(site: Any) -> bool:
    path = _uploaded(site, "a.html", b"<script>alert(1)</script>")["url"]
    return "sandbox" in site.get(path).headers.get("Content-Security-Policy", "")


def file_in_a_revision(site: Any) -> int:
    made = _dataset(site, resources=[{"url": "https://example.org/"}])
    answer = site.session.post(
        f"{site.base_url}/api/3/action/package_revise",
        data={"match__id": made["id"]},
        files={"update__resources__0__upload": ("a.csv", b"a\n1\n")},
        headers=site.headers(None),
        timeout=60,
    )
    return int(answer.status_code)


def match_that_leads_nowhere(site: Any) -> str:
    answer = site.post("package_revise", {"match__id": _dataset(site)["id"], "match__nothing": "x"})
    return str(answer.body["error"]["__type"])


def last_place(site: Any) -> list[str]:
    links = [{"name": one, "url": "https://example.org/"} for one in ("first", "last")]
    given = {"match__id": _dataset(site, resources=links)["id"], "filter": ["+resources__-1", "-resources__*"]}
    return [one["name"] for one in site.post("package_revise", given).result["package"]["resources"]]


def include_as_a_text(site: Any) -> list[str]:
    given = {"match__id": _dataset(site)["id"], "include": "+package__name,-package__*"}
    return list(site.post("package_revise", given).result.get("package", []))


#: what a row is about -> how to see it, what is seen here, and what on CKAN
SEEN: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "name of an uploaded file": (file_name, "%E5%A4%B1%E6%A5%AD%E7%8E%87.csv", ".csv"),
    "`hash` of an uploaded file": (file_hash, hashlib.sha256(b"a\n1\n").hexdigest(), ""),
    "`metadata_modified` in an update by a sysadmin": (time_of_change, True, False),
    "order of extras": (order_of_extras, ["a", "b"], ["b", "a"]),
    "a group that does not exist, from a sysadmin": (unknown_group, 404, 200),
    "relationships between datasets, a logo as a file": (relationships, 409, 200),
    "a `state` that does not exist": (unknown_state, 409, 200),
    "`fq=a OR b`": (either, 2, None),
    "`email_hash` of a user": (mail_is_hashed, False, True),
    "creating organisations and groups": (organisations_by_anybody, 403, 200),
    "HTML, SVG and unknown files": (page_of_a_stranger, True, False),
    "files in a `package_revise`": (file_in_a_revision, 409, 200),
    "`package_revise` with a path in `match__` that leads nowhere": (
        match_that_leads_nowhere,
        "Validation Error",
        "Integrity Error",
    ),
    "negative places in patterns of `package_revise`": (last_place, ["last"], []),
    "`filter` and `include` of `package_revise` as one text": (include_as_a_text, ["name"], None),
}


@pytest.mark.parametrize("about", SEEN)
def test_it_differs_as_the_table_says(embedded, ckan, about):
    see, here, there = SEEN[about]
    assert see(embedded) == here
    found = see(ckan)
    assert found != here if there is None else found == there


def test_every_row_is_seen_here_or_elsewhere():
    assert {one.about for one in DIFFERENCES} == set(SEEN) | ELSEWHERE
    assert not set(SEEN) & ELSEWHERE
