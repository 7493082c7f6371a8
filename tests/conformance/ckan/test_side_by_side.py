"""Every action with mistakes in the call: the embedded catalogue answers what a real CKAN answers to the same call.

What differs on purpose is listed here, and told in ``docs/ckan-differences.md``.
"""

from __future__ import annotations

import pytest

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

_ID = (409, "Validation Error", ["id"])
_MEMBER = (409, "Validation Error", ["id", "role", "username"])
_PATCHES = ("package_patch", "resource_patch", "group_patch", "organization_patch")

#: (action, case) -> what the embedded catalogue answers and what CKAN 2.12.0 answers instead
DIFFERENT = {
    # CKAN names no field when an anonymous caller patches nothing
    **{(action, "nothing given, anonymous"): (_ID, (409, "Validation Error", ["message"])) for action in _PATCHES},
    # CKAN asks for the right first, and answers 500 when there is no id to ask it for
    **{
        (f"{kind}_member_create", "names of nothing, anonymous"): (_MEMBER, (403, "Authorization Error", ["message"]))
        for kind in ("group", "organization")
    },
}


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
