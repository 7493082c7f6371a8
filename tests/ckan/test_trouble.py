"""CKAN stopped, slow, answering 502, with a full disk, or with a token that is no good: nothing is lost or half done.

Everybody reaches the real CKAN through a proxy that makes the trouble; the API is a server process of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from catalog.ckan import Catalogue, Follower, publish
from catalog.errors import CatalogueUnavailable, NotAuthorized
from catalog.releases import BuiltRelease
from catalog.settings import Settings

pytestmark = pytest.mark.ckan

#: a reader never waits longer for what is held, whatever happens to CKAN
QUICK_SECONDS = 9.0


@pytest.fixture
def through_proxy(settings: Settings, proxy: Any, open_as: Callable[[Settings], Catalogue]) -> Catalogue:
    """Return the catalogue behind the proxy, with a publisher who waits two seconds for an answer."""
    return open_as(replace(settings, catalog_url=proxy.url, catalog_timeout=2))


@pytest.fixture
def api(proxy: Any, root: Path, tmp_path: Path) -> Iterator[str]:
    """Serve the API in a process of its own that follows the CKAN behind the proxy; give its address."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SHIHYO_")}
    environ |= {"SHIHYO_HOME": str(tmp_path / "node"), "SHIHYO_PORT": "0", "SHIHYO_FOLLOW_SECONDS": "1"}
    environ |= {"SHIHYO_CATALOG_URL": proxy.url}
    shihyo = Path(sys.executable).with_name("shihyo")
    process = subprocess.Popen(
        [shihyo, "serve"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        site = next(line.split()[-1] for line in process.stdout if "/api/v1" in line)
        yield site.removesuffix("/api/v1")
    finally:
        process.terminate()
        process.communicate(timeout=60)


def version(api: str, built: BuiltRelease) -> str:
    """Return the version that the API serves now; it must answer at once."""
    begun = time.monotonic()
    answer = requests.get(f"{api}/api/v1/datasets/{built.manifest.dataset.name}", timeout=10)
    assert time.monotonic() - begun < QUICK_SECONDS
    return str(answer.json()["data"]["current"]["version"]) if answer.status_code == 200 else ""


def wait_for_version(api: str, built: BuiltRelease, seconds: float = 45) -> None:
    """Wait until the API serves a release."""
    deadline = time.monotonic() + seconds
    while version(api, built) != str(built.manifest.version):
        assert time.monotonic() < deadline, f"{built.manifest.version} does not arrive"
        time.sleep(0.2)


def reachable(api: str) -> bool:
    """Return whether the API says that it reaches the catalogue."""
    return bool(requests.get(f"{api}/api/v1/status", timeout=10).json()["data"]["catalogue"]["reachable"])


TROUBLES = {
    "answering 502": {"status": 502},
    "answering 502 for files": {"path": "/download/", "status": 502},
    "slow, ten seconds": {"path": "/api/", "delay": 10},
}


@pytest.mark.parametrize("name", TROUBLES)
def test_the_api_serves_what_it_holds_and_catches_up(
    catalogue: Catalogue, chain: list[BuiltRelease], proxy: Any, trouble: Any, api: str, name: str
) -> None:
    publish(catalogue, chain[0])
    wait_for_version(api, chain[0])
    proxy.trouble = trouble(**TROUBLES[name])
    publish(catalogue, chain[1])
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        assert version(api, chain[0]) == str(chain[0].manifest.version)
        time.sleep(0.2)
    assert proxy.troubled
    proxy.trouble = None
    wait_for_version(api, chain[1])
    assert reachable(api)


def test_the_api_serves_while_ckan_is_stopped_and_catches_up(
    catalogue: Catalogue, chain: list[BuiltRelease], api: str, own_stack: Any, undisturbed: None
) -> None:
    publish(catalogue, chain[0])
    wait_for_version(api, chain[0])
    ckan = json.loads(own_stack("status", "--json").stdout)["components"]["ckan"]
    try:
        os.kill(ckan["pid"], signal.SIGTERM)
        deadline = time.monotonic() + 30
        while reachable(api):
            assert time.monotonic() < deadline
            assert version(api, chain[0]) == str(chain[0].manifest.version)
            time.sleep(0.2)
        with pytest.raises(CatalogueUnavailable) as caught:
            publish(catalogue, chain[1])
        assert caught.value.next_step is not None
        assert version(api, chain[0]) == str(chain[0].manifest.version)
    finally:
        assert own_stack("up").returncode == 0
    publish(catalogue, chain[1])
    wait_for_version(api, chain[1])
    assert reachable(api)


# -- publishing

#: the writes of the second publication of a dataset
WRITES = ("package_create", "resource_create", "package_patch", "package_revise")


@pytest.mark.parametrize("after", [False, True], ids=["not done", "done, and the answer lost"])
@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_is_answered_with_502_is_completed_by_the_next_run(
    through_proxy: Catalogue,
    reader: Follower,
    chain: list[BuiltRelease],
    proxy: Any,
    trouble: Any,
    write: str,
    after: bool,
) -> None:
    publish(through_proxy, chain[0])
    name = chain[0].manifest.dataset.name
    proxy.trouble = trouble(path=write, status=502, after=after)
    made_up_for = after and write in {"package_create", "resource_create"}
    with nullcontext() if made_up_for else pytest.raises(CatalogueUnavailable, match="502"):
        publish(through_proxy, chain[1])
    assert proxy.troubled
    held = reader.synchronise().get(name)
    assert reader.broken == ()
    assert held.current.digest in {chain[0].digest, chain[1].digest}
    proxy.trouble = None
    publish(through_proxy, chain[1])
    assert reader.synchronise().get(name).current.digest == chain[1].digest
    assert publish(through_proxy, chain[1]).already


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_takes_ten_seconds_and_is_not_waited_for_is_completed_by_the_next_run(
    through_proxy: Catalogue, reader: Follower, chain: list[BuiltRelease], proxy: Any, trouble: Any, write: str
) -> None:
    publish(through_proxy, chain[0])
    name = chain[0].manifest.dataset.name
    proxy.trouble = trouble(path=write, delay=10)
    with pytest.raises(CatalogueUnavailable):
        publish(through_proxy, chain[1])
    proxy.trouble = None
    publish(through_proxy, chain[1])
    # what was not waited for reaches CKAN long after the release is current
    time.sleep(10)
    held = reader.synchronise().get(name)
    assert reader.broken == ()
    assert held.current.digest == chain[1].digest
    assert publish(through_proxy, chain[1]).already
    assert publish(through_proxy, chain[2]).manifest == chain[2].manifest
    assert reader.synchronise().get(name).current.digest == chain[2].digest


def test_a_publisher_who_waits_long_enough_publishes_to_a_slow_ckan(
    settings: Settings,
    reader: Follower,
    chain: list[BuiltRelease],
    proxy: Any,
    trouble: Any,
    open_as: Callable[[Settings], Catalogue],
) -> None:
    patient = open_as(replace(settings, catalog_url=proxy.url, catalog_timeout=30))
    proxy.trouble = trouble(path="package_patch", delay=10)
    publish(patient, chain[0])
    assert len(proxy.troubled) == 1
    assert reader.synchronise().get(chain[0].manifest.dataset.name).current.digest == chain[0].digest


@pytest.mark.parametrize("status", [500, 507])
def test_a_full_disk_at_an_upload_leaves_the_release_before_and_the_next_run_completes(
    through_proxy: Catalogue, reader: Follower, chain: list[BuiltRelease], proxy: Any, trouble: Any, status: int
) -> None:
    publish(through_proxy, chain[0])
    name = chain[0].manifest.dataset.name
    proxy.trouble = trouble(path="resource_create", status=status)
    with pytest.raises(CatalogueUnavailable) as caught:
        publish(through_proxy, chain[1])
    assert str(status) in str(caught.value)
    assert reader.synchronise().get(name).current.digest == chain[0].digest
    proxy.trouble = None
    assert not publish(through_proxy, chain[1]).already
    assert reader.synchronise().get(name).current.digest == chain[1].digest


# -- tokens


def _signed(token: str, key: str, expires: int) -> str:
    """Return CKAN's token with a time of expiry, signed anew with the key of the site (RFC 7519, HS256)."""

    def packed(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    header, claims = token.split(".")[:2]
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    body = f"{header}.{packed(json.dumps({**read, 'exp': expires}).encode())}"
    return f"{body}.{packed(hmac.new(key.encode(), body.encode(), hashlib.sha256).digest())}"


@pytest.fixture
def site_key(own_stack: Any) -> str:
    """Return the key that the stack signs tokens with."""
    return str(json.loads((own_stack.folder / "choices.json").read_text())["secrets"]["session"])


def test_a_token_that_has_expired_is_refused_with_what_to_do(
    settings: Settings, chain: list[BuiltRelease], site_key: str, open_as: Callable[[Settings], Catalogue]
) -> None:
    now = int(time.time())
    valid = open_as(replace(settings, catalog_token=_signed(settings.catalog_token, site_key, now + 600)))
    expired = open_as(replace(settings, catalog_token=_signed(settings.catalog_token, site_key, now - 600)))
    publish(valid, chain[0])
    with pytest.raises(NotAuthorized) as caught:
        publish(expired, chain[1])
    assert caught.value.next_step is not None
    assert "SHIHYO_CATALOG_TOKEN" in caught.value.next_step.en
    assert "expired" in caught.value.next_step.en
    publish(valid, chain[1])


def test_a_token_that_was_revoked_while_publishing_stops_it_and_a_new_one_completes(
    settings: Settings,
    reader: Follower,
    chain: list[BuiltRelease],
    action: Callable[..., Any],
    open_as: Callable[[Settings], Catalogue],
) -> None:
    tokens = [action("api_token_create", user="admin", name=f"short-lived {number}")["token"] for number in range(2)]
    publish(open_as(settings), chain[0])

    def revoke(stage: str, done: int, total: int | None) -> None:
        if done == 2:
            action("api_token_revoke", token=tokens[0])

    with pytest.raises(NotAuthorized):
        publish(open_as(replace(settings, catalog_token=tokens[0])), chain[1], progress=revoke)
    name = chain[0].manifest.dataset.name
    assert reader.synchronise().get(name).current.digest == chain[0].digest
    published = publish(open_as(replace(settings, catalog_token=tokens[1])), chain[1])
    assert len(published.skipped) == 2
    assert reader.synchronise().get(name).current.digest == chain[1].digest
    action("api_token_revoke", token=tokens[1])
