"""Private datasets of CKAN portals: who gets the token, and that it stands nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from catalog.database import JobStatus
from catalog.settings import Settings
from harvesters import HarvestSource, JobReport, run_sources

TOKEN = "eyJ0eXAi.of-the-portal/x+y="
QUOTED = "eyJ0eXAi.of-the-portal%2Fx%2By%3D"


def authorization(handler: BaseHTTPRequestHandler) -> str | None:
    return handler.headers.get("Authorization")


@pytest.fixture
def private(portal: Any, table: bytes, respond: Callable[..., None]) -> Any:
    """Return a portal whose one dataset only those see who have the token; notes the tokens that it gets."""
    portal.add("cards", ("t1", table), private=True)
    portal.tokens = []

    def refuse(handler: BaseHTTPRequestHandler) -> bool:
        portal.tokens.append(authorization(handler))
        if authorization(handler) == TOKEN:
            return False
        if "package_search" in handler.path:
            respond(handler, b'{"success": true, "result": {"count": 0, "results": []}}')
        else:
            respond(handler, b'{"success": false, "error": {"__type": "Authorization Error"}}', 403)
        return True

    portal.instead = refuse
    return portal


@pytest.fixture
def harvest(settings: Settings, make_source: Callable[..., HarvestSource]) -> Callable[..., JobReport]:
    """Return a function that runs a source that reads a portal, with the token unless another one is given."""

    def run(portal: Any, *, portal_token: str = TOKEN, **options: Any) -> JobReport:
        given = {"pick": ("cards",), "token": True, **options}
        source = make_source("ckan", url=portal.url, **{key: value for key, value in given.items() if value})
        [report] = run_sources(replace(settings, portal_token=portal_token), [source])
        return report

    return run


def assert_kept_secret(settings: Settings, *said: str) -> None:
    """Look for the token in what was said, and in every file below the home."""
    for form in (TOKEN, QUOTED):
        assert form not in "".join(said)
        assert not [one for one in settings.home.rglob("*") if one.is_file() and form.encode() in one.read_bytes()]


@pytest.mark.parametrize("asked", [{"pick": ("cards",)}, {"pick": None, "query": "交付"}], ids=["by name", "searched"])
def test_a_private_dataset_is_read_with_the_token_told_and_the_token_is_nowhere(
    private: Any, harvest: Any, settings: Settings, caplog: pytest.LogCaptureFixture, asked: dict[str, Any]
) -> None:
    caplog.set_level("DEBUG")
    report = harvest(private, portal_token=f"{TOKEN}\n", **asked)
    assert report.status is JobStatus.SUCCEEDED, report.to_dict()
    assert (report.published, report.findings.counts["dataset-private"]) == (1, 1)
    assert set(private.tokens) == {TOKEN}
    assert all(one.get("include_private", "true") == "true" for _, one in private.calls)
    assert_kept_secret(settings, json.dumps(report.to_dict()), caplog.text)


def test_the_token_is_not_sent_unless_the_source_says_so(private: Any, harvest: Any) -> None:
    report = harvest(private, token=False)
    assert report.status is JobStatus.FAILED
    assert "token" in report.error["next_step"]["ja"]
    assert set(private.tokens) == {None}


def test_a_public_dataset_of_the_same_portal_is_not_told_as_private(private: Any, harvest: Any) -> None:
    private.packages["id-cards"]["private"] = False
    assert "dataset-private" not in harvest(private).findings.counts


def test_a_link_to_another_host_gets_no_token(
    private: Any, harvest: Any, serve: Any, respond: Any, table: bytes
) -> None:
    other = serve(lambda handler: respond(handler, table))
    private.packages["id-cards"]["resources"][0] |= {"url": f"{other.url}/a.csv", "url_type": ""}
    assert harvest(private).status is JobStatus.SUCCEEDED
    [(path, headers)] = other.requests
    assert path == "/a.csv"
    assert "Authorization" not in headers


@pytest.mark.parametrize("what", ["/api/3/action/package_show", "/dataset/"], ids=["an answer", "a file"])
def test_a_redirect_to_another_host_carries_no_token(
    private: Any, harvest: Any, serve: Any, respond: Any, what: str
) -> None:
    other = serve(lambda handler: respond(handler, b"gone", 404))
    refuse = private.instead

    def redirect(handler: BaseHTTPRequestHandler) -> bool:
        if not handler.path.startswith(what):
            return bool(refuse(handler))
        respond(handler, b"", 302, Location=f"{other.url}/elsewhere")
        return True

    private.instead = redirect
    harvest(private)
    [(_, headers)] = other.requests
    assert TOKEN not in headers.values()


def test_a_redirect_that_repeats_the_token_does_not_show_it(
    private: Any, harvest: Any, settings: Settings, respond: Any
) -> None:
    private.instead = lambda handler: respond(handler, b"", 302, Location=f"ftp://elsewhere/{TOKEN}?{QUOTED}") is None
    report = harvest(private)
    assert report.status is JobStatus.FAILED
    assert_kept_secret(settings, json.dumps(report.to_dict()))


def test_a_portal_that_repeats_the_token_in_its_answers_does_not_bring_it_into_the_raw_store(
    private: Any, harvest: Any, settings: Settings
) -> None:
    private.packages["id-cards"]["title"] = f"echo {TOKEN}"
    report = harvest(private)
    assert report.status is JobStatus.SUCCEEDED
    assert_kept_secret(settings, json.dumps(report.to_dict()))


def test_a_file_that_repeats_the_token_is_refused_and_not_kept(
    private: Any, harvest: Any, settings: Settings, table: bytes
) -> None:
    content = table + f"122041,2022,{TOKEN}\r\n".encode()
    private.add("cards", ("t1", content), private=True)
    report = harvest(private)
    assert report.status is JobStatus.FAILED
    assert "repeats the token" in json.dumps(report.to_dict())
    assert_kept_secret(settings, json.dumps(report.to_dict()))


@pytest.mark.parametrize(
    ("token", "said"), [("", "is not set"), ("a\r\nb", "cannot be sent"), ("合言葉", "cannot be sent")]
)
def test_a_token_that_cannot_be_sent_is_told_by_the_name_of_its_setting_alone(
    private: Any, harvest: Any, token: str, said: str
) -> None:
    report = harvest(private, portal_token=token)
    told = json.dumps(report.to_dict(), ensure_ascii=False)
    assert report.status is JobStatus.FAILED
    assert said in told
    assert "SHIHYO_PORTAL_TOKEN" in told
    assert private.tokens == []
    assert not token or token not in told
