"""Who decides: the CKAN user of the token, else the account of the system."""

from __future__ import annotations

import getpass
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from api.action import create_action_blueprint
from catalog.ckan import open_catalogue
from catalog.ckan.users import find_user
from catalog.embedded import EmbeddedCatalog
from catalog.settings import Settings
from harvesters.publishing.identity import find_actor


@pytest.fixture
def token(settings: Settings) -> str:
    """Return the token of the user anna in the embedded catalogue."""
    catalogue = open_catalogue(settings)
    catalogue.action("user_create", name="anna", email="anna@example.org", password="a long password")
    made = catalogue.action("api_token_create", user="anna", name="test")
    catalogue.close()
    return str(made["token"])


def _actor(settings: Settings) -> Any:
    catalogue = open_catalogue(settings)
    try:
        return find_actor(catalogue)
    finally:
        catalogue.close()


def test_the_user_of_the_token_is_known_by_name(settings: Settings, token: str) -> None:
    actor = _actor(replace(settings, catalog_token=token))
    assert (actor.name, actor.ckan, actor.os) == ("anna", "anna", getpass.getuser())
    assert actor.to_dict()["known_by"] == "ckan"


@pytest.mark.parametrize("wrong", ["", "no-such-token"])
def test_without_a_token_that_somebody_owns_the_account_is_known(settings: Settings, wrong: str) -> None:
    actor = _actor(replace(settings, catalog_token=wrong))
    assert (actor.name, actor.ckan) == (getpass.getuser(), None)
    assert actor.to_dict()["known_by"] == "os"


def test_an_account_without_a_name_is_its_number(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert _actor(settings).os.startswith("uid ")


def test_over_http_the_catalogue_is_asked_who_asks(settings: Settings, token: str, tmp_path: Path) -> None:
    app = Flask("catalogue")
    catalog = EmbeddedCatalog(settings.home / "catalog", site_url="http://127.0.0.1", max_upload_bytes=1_000_000)
    app.register_blueprint(create_action_blueprint(catalog))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        there = Settings(home=tmp_path / "here", catalog_url=f"http://127.0.0.1:{server.server_port}")
        found = {one: find_user(open_catalogue(replace(there, catalog_token=one))) for one in (token, "another", "")}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        catalog.close()
    assert found == {token: "anna", "another": None, "": None}
