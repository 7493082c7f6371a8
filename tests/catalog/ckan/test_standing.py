"""What a person learns of address, token and rights before the first publication."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from catalog.ckan import open_catalogue, publish
from catalog.ckan.standing import iter_checks
from catalog.releases import BuiltRelease

ON_A_REAL_CKAN = True
#: reached through a token
WITH_TOKENS = ["over HTTP", pytest.param("a real CKAN", marks=pytest.mark.ckan)]


def checks(catalogue: Any) -> dict[str, Any]:
    return {one.name: one for one in iter_checks(catalogue, catalogue.action("status_show"))}


def opened(site: Any, token: str, **changes: Any) -> Any:
    """Open the site with another token than the sysadmin's."""
    made = open_catalogue(replace(site.settings(), catalog_token=token, **changes))
    site.opened.append(made)
    return made


def user_with(site: Any, role: str) -> str:
    """Return a token of a new user with a role of the organisation, or without one."""
    name = f"standing-{role}-{id(site)}"
    site.call("user_create", name=name, email=f"{name}@example.org", password="correct horse")
    if role != "none":
        site.call("organization_member_create", id="chiba-city", username=name, role=role)
    return str(site.token(name))


def test_the_own_catalogue_needs_no_token(on_embedded: Any) -> None:
    assert set(checks(on_embedded.open())) == {"version", "datasets"}


def test_the_number_of_datasets_is_told(site: Any, built_chain: list[BuiltRelease]) -> None:
    assert checks(site.open())["datasets"].found.en == "0"
    publish(site.open(), built_chain[0])
    publish(site.open(), built_chain[1])
    assert checks(site.open())["datasets"].found.en == "1"


@pytest.mark.parametrize("site", WITH_TOKENS, indirect=True)
def test_without_a_token_reading_is_well(site: Any) -> None:
    found = checks(opened(site, ""))
    assert found["token"].good is None
    assert found["token"].next_step is not None
    assert "organization" not in found


@pytest.mark.parametrize("site", WITH_TOKENS, indirect=True)
def test_an_unknown_token_is_told_although_ckan_takes_it_for_a_stranger(site: Any) -> None:
    found = checks(opened(site, "no-such-token"))
    assert found["token"].good is False
    assert found["token"].next_step is not None


@pytest.mark.parametrize(("role", "good"), [("admin", True), ("editor", True), ("member", False), ("none", False)])
@pytest.mark.parametrize("site", WITH_TOKENS, indirect=True)
def test_the_right_to_publish_for_the_organisation_is_told(
    site: Any, built_chain: list[BuiltRelease], role: str, good: bool
) -> None:
    publish(site.open(), built_chain[0])
    found = checks(opened(site, user_with(site, role)))
    assert found["token"].good is True
    assert found["organization"].good is good
    assert (found["organization"].next_step is None) is good


@pytest.mark.parametrize("site", WITH_TOKENS, indirect=True)
def test_an_organisation_that_is_not_there_is_told(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    found = checks(opened(site, user_with(site, "editor"), organization="no-such-city"))
    assert found["organization"].good is None
    assert "no-such-city" in found["organization"].asked.ja
    assert found["organization"].next_step is not None


def test_a_datastore_that_is_demanded_and_missing_is_told(over_http: Any) -> None:
    assert checks(over_http.open())["datastore"].good is None
    assert checks(over_http.open(datastore="on"))["datastore"].good is False


@pytest.mark.ckan
def test_datastore_and_plugin_of_a_real_ckan_are_seen(on_ckan: Any) -> None:
    found = checks(on_ckan.open())
    assert found["plugin"].good is True
    assert "there" in found["datastore"].found.en
