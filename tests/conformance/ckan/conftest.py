"""Sites that speak CKAN's action API, as fixture parameters.

A test asks for ``site`` and knows nothing but its address and a sysadmin's token. It makes what it needs under names
of its own, so that the tests also run against a site that holds other things. Status, error type and keys are
compared with ``tests/expected/ckan_shapes.json``, never texts or ranking.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from api.action import create_action_blueprint
from catalog.embedded import EmbeddedCatalog

#: marks a call that carries no token
ANONYMOUS = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site answered."""

    #: HTTP status
    status: int
    #: the JSON
    body: Any

    @property
    def result(self) -> Any:
        """The result of a call that went well."""
        assert self.status == 200, self.body
        return self.body["result"]

    @property
    def error(self) -> tuple[int, str, list[str]]:
        """Status, type and keys of an error."""
        problem = self.body["error"]
        return self.status, problem["__type"], sorted(key for key in problem if key != "__type")


@dataclass(frozen=True, slots=True)
class Site:
    """A running site."""

    #: without a slash at the end
    base_url: str
    #: of a sysadmin
    token: str
    #: kept open between calls
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, action: str, given: Mapping[str, Any] | None = None, token: str | None = None) -> Answer:
        """Call an action with a JSON body, as the sysadmin unless another token is given."""
        response = self.session.post(
            f"{self.base_url}/api/3/action/{action}", json=given or {}, headers=self.headers(token), timeout=60
        )
        return Answer(response.status_code, response.json())

    def upload(
        self, action: str, given: Mapping[str, str], name: str, content: bytes, token: str | None = None
    ) -> Answer:
        """Call an action with a file."""
        response = self.session.post(
            f"{self.base_url}/api/3/action/{action}",
            data=given,
            files={"upload": (name, content)},
            headers=self.headers(token),
            timeout=60,
        )
        return Answer(response.status_code, response.json())

    def get(self, path: str, token: str | None = ANONYMOUS, **headers: str) -> requests.Response:
        """Fetch a path, or an address of the site, without following redirects."""
        url = path if path.startswith("http") else self.base_url + path
        return self.session.get(url, headers={**self.headers(token), **headers}, allow_redirects=False, timeout=60)

    def headers(self, token: str | None) -> dict[str, str]:
        """Return the header that names the caller."""
        chosen = self.token if token is None else token
        return {"Authorization": chosen} if chosen else {}


@dataclass(frozen=True, slots=True)
class People:
    """The tokens of users with the roles of one organisation."""

    #: changes the organisation and its members
    admin: str
    #: edits datasets
    editor: str
    #: reads private datasets
    member: str
    #: has no role
    outsider: str
    #: role -> name of the user
    names: Mapping[str, str]


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve an embedded catalogue over HTTP in this process."""
    app = Flask("conformance")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    catalog = EmbeddedCatalog(tmp_path_factory.mktemp("catalog"), site_url=url, max_upload_bytes=2_000_000)
    app.register_blueprint(create_action_blueprint(catalog))
    token = catalog.call("api_token_create", {"user": "admin", "name": "conformance"}, as_system=True)["token"]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site = Site(url, token)
    yield site
    site.session.close()
    server.shutdown()
    thread.join()
    server.server_close()
    catalog.close()


@pytest.fixture(scope="session")
def ckan(ckan_url: str, ckan_token: str) -> Iterator[Site]:
    """Return the real CKAN."""
    site = Site(ckan_url, ckan_token)
    yield site
    site.session.close()


@pytest.fixture(scope="session", params=["embedded", pytest.param("ckan", marks=pytest.mark.ckan)])
def site(request: pytest.FixtureRequest) -> Site:
    """Return each site in turn."""
    found: Site = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def shapes(root: Path) -> dict[str, Any]:
    """Return the recorded keys and errors of CKAN 2.12."""
    found: dict[str, Any] = json.loads((root / "tests" / "expected" / "ckan_shapes.json").read_text("utf-8"))
    return found


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Return a function that makes names nobody has."""
    return lambda stem: f"{stem}-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def organization(site: Site, unique: Callable[[str], str]) -> str:
    """Return the name of a new organisation."""
    name = unique("org")
    site.post("organization_create", {"name": name, "title": "統計局"}).result  # noqa: B018 - asserts success
    return name


@pytest.fixture
def dataset(site: Site, organization: str, unique: Callable[[str], str]) -> Callable[..., dict[str, Any]]:
    """Return a function that creates a dataset in the organisation."""

    def create(**fields: Any) -> dict[str, Any]:
        given = {"name": unique("data"), "owner_org": organization, **fields}
        found: dict[str, Any] = site.post("package_create", given).result
        return found

    return create


@pytest.fixture
def people(site: Site, organization: str, unique: Callable[[str], str]) -> People:
    """Return users with each role of the organisation, and one with none."""
    tokens, names = {}, {}
    for role in ("admin", "editor", "member", "outsider"):
        name = unique(role)
        account = {"name": name, "email": f"{name}@example.org", "password": uuid.uuid4().hex}
        site.post("user_create", account).result  # noqa: B018 - asserts success
        tokens[role] = site.post("api_token_create", {"user": name, "name": "test"}).result["token"]
        names[role] = name
        if role != "outsider":
            member = {"id": organization, "username": name, "role": role}
            site.post("organization_member_create", member).result  # noqa: B018 - asserts success
    return People(**tokens, names=names)
