"""Every action with mistakes in the call: the embedded catalogue answers what a real CKAN answers to the same call.

What differs on purpose is in the tables of ``catalog/embedded/differences.py``; ``docs/ckan-differences.md`` tells it.
"""

from __future__ import annotations

import subprocess

import pytest

from catalog.embedded.differences import LACKING, OTHER_ERRORS
from catalog.embedded.registry import ACTIONS

pytestmark = pytest.mark.ckan

#: ours alone, see docs/adr/0023
OURS = {"site_read"}

#: name of the case -> JSON of the call, and whether it carries the token of a sysadmin
CASES = {
    "nothing given": ({}, True),
    "nothing given, anonymous": ({}, False),
    "names of nothing": (dict.fromkeys(("id", "package_id", "user", "username", "name"), "no-such-one"), True),
    "names of nothing, anonymous": (
        dict.fromkeys(("id", "package_id", "user", "username", "name"), "no-such-one"),
        False,
    ),
}

#: (action, case) -> what the embedded catalogue answers and what CKAN 2.12.0 answers instead
DIFFERENT = {(action, one.call): (one.here, one.ckan) for one in OTHER_ERRORS for action in one.actions}


#: prints the actions of CKAN's core
CORE = """
import importlib, inspect
for part in ("get", "create", "update", "delete", "patch"):
    module = importlib.import_module(f"ckan.logic.action.{part}")
    for name, function in vars(module).items():
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_"):
            print(name)
"""


def outcome(answer):
    """Return status, type and keys of an error, or the status and what kind of answer it is."""
    if not isinstance(answer.body, dict):
        return answer.status, "text", [answer.body.partition(":")[0]]
    return answer.error if "error" in answer.body else (answer.status, "result", [])


def call(site, action, case):
    given, authorised = CASES[case]
    return outcome(site.post(action, given, token=None if authorised else ""))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("action", sorted(set(ACTIONS) - OURS))
def test_a_mistake_is_answered_as_ckan_answers_it(embedded, ckan, action, case):
    ours, theirs = call(embedded, action, case), call(ckan, action, case)
    if theirs[0] == 500:
        # a mistake of the caller that CKAN did not expect is still the caller's here
        assert 400 <= ours[0] < 500
    elif (action, case) in DIFFERENT:
        assert (ours, theirs) == DIFFERENT[action, case]
    else:
        assert ours == theirs


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - OURS))
def test_a_body_that_breaks_off_is_answered_as_ckan_answers_it(embedded, ckan, action):
    def broken(site):
        headers = {**site.headers(None), "Content-Type": "application/json"}
        url = f"{site.base_url}/api/3/action/{action}"
        answer = site.session.post(url, data=b'{"id": ', headers=headers, timeout=60)
        return answer.status_code, answer.json().partition(":")[0]

    assert broken(embedded) == broken(ckan)


@pytest.fixture(scope="module")
def of_ckan(ckan):
    """Return which of some names are actions of the real CKAN: those that it has help for."""
    return lambda names: {name for name in names if ckan.post("help_show", {"name": name}).status == 200}


def test_every_action_that_is_lacking_is_one_of_ckan_and_not_of_ours(of_ckan):
    lacking = [name for names in LACKING.values() for name in names]
    assert len(lacking) == len(set(lacking))
    assert of_ckan(lacking) == set(lacking)
    assert not set(lacking) & set(ACTIONS)


def test_every_action_of_ours_is_one_of_ckan(of_ckan):
    assert of_ckan(ACTIONS) == set(ACTIONS) - OURS


def test_every_action_of_ckan_is_ours_or_known_to_be_lacking(ckan_site):
    if ckan_site.folder is None:
        pytest.skip("SHIHYO_CKAN_URL names a CKAN whose code is not here")
    python = ckan_site.folder / "venv" / "bin" / "python"
    told = subprocess.run([python, "-c", CORE], capture_output=True, text=True, check=True).stdout
    lacking = {name for names in LACKING.values() for name in names}
    assert set(told.split()) == (set(ACTIONS) - OURS) | lacking
