"""The catalogue as a whole: transactions, tokens, the audit log, hostile parameters."""

from __future__ import annotations

import hashlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.embedded import (
    ActionError,
    BadRequest,
    NotAuthorized,
    NotFound,
    SearchError,
    SearchQueryError,
    ValidationError,
)
from catalog.embedded.registry import ACTIONS
from catalog.errors import CatalogueError, CatalogueUnavailable
from catalog.errors import NotAuthorized as AnyNotAuthorized


def audit(catalog):
    with catalog.database.reading() as db:
        return [
            tuple(row) for row in db.execute("SELECT user_name, action, object_id, outcome FROM audit ORDER BY seq")
        ]


def test_an_unknown_action_is_a_bad_request(catalog):
    with pytest.raises(BadRequest, match="no_such"):
        catalog.call("no_such")


def test_the_errors_are_errors_of_the_product(catalog):
    with pytest.raises(AnyNotAuthorized):
        catalog.call("package_create", {"name": "cards", "owner_org": "city"})
    assert issubclass(ActionError, CatalogueError)


@pytest.mark.parametrize(("lang", "word"), [("ja", "組織"), ("en", "organization")])
def test_errors_are_bilingual(catalog, lang, word):
    with pytest.raises(ValidationError) as refused:
        catalog.call("package_create", {"name": "cards"}, as_system=True)
    assert word in refused.value.error_dict(lang)["owner_org"][0]


def test_every_action_has_help_in_both_languages():
    for name, action in ACTIONS.items():
        assert any(ord(char) > 0x3000 for char in action.help), name
        assert any(char.isascii() and char.isalpha() for char in action.help), name


def test_saving_what_is_already_there_changes_nothing(catalog, create):
    created = create("cards", title="取得", tags=[{"name": "行政"}], resources=[{"url": "https://example.org/a"}])
    assert catalog.call("package_update", created, as_system=True) == created
    assert catalog.call("package_patch", {"id": "cards", "title": "取得"}, as_system=True) == created


def test_the_time_of_change_only_grows(catalog, create, monkeypatch):
    create("cards")
    monkeypatch.setattr("catalog.embedded.clock.now", lambda: "2000-01-01T00:00:00.000000")
    first = catalog.call("package_patch", {"id": "cards", "title": "a"}, as_system=True)["metadata_modified"]
    second = catalog.call("package_patch", {"id": "cards", "title": "b"}, as_system=True)["metadata_modified"]
    assert second > first > "2000-01-02"


def test_a_sysadmin_dates_a_new_dataset_but_not_a_changed_one(catalog, create):
    past = "2020-01-01T00:00:00.000000"
    created = create("cards", metadata_created=past, metadata_modified=past)
    assert (created["metadata_created"], created["metadata_modified"]) == (past, past)
    changed = catalog.call("package_update", {**created, "title": "x"}, as_system=True)
    assert changed["metadata_modified"] > past


def test_a_change_that_fails_leaves_everything_as_it_was(catalog, create):
    before = create("cards", tags=[{"name": "行政"}])
    given = {"id": "cards", "tags": [{"name": "環境"}], "resources": [{"url": "x", "size": "many"}]}
    with pytest.raises(ValidationError):
        catalog.call("package_patch", given, as_system=True)
    assert catalog.call("package_show", {"id": "cards"}) == before
    with catalog.database.reading() as db:
        assert [row[0] for row in db.execute("SELECT name FROM tag")] == ["行政"]


def test_a_reader_sees_one_state_while_others_write(catalog, create):
    create("cards", title="old")
    with catalog.database.reading() as db, ThreadPoolExecutor(1) as pool:
        before = db.execute("SELECT title FROM package").fetchone()[0]
        change = {"id": "cards", "title": "new"}
        pool.submit(_patch_and_close, catalog, change).result()
        during = db.execute("SELECT title FROM package").fetchone()[0]
    assert (before, during) == ("old", "old")
    assert catalog.call("package_show", {"id": "cards"})["title"] == "new"


def _patch_and_close(catalog, change):
    catalog.call("package_patch", change, as_system=True)
    catalog.close()


def test_extras_are_in_the_order_of_their_keys(create):
    created = create("cards", extras=[{"key": "b", "value": "1"}, {"key": "a", "value": "2"}])
    assert [item["key"] for item in created["extras"]] == ["a", "b"]


def test_anybody_may_read_the_site(catalog):
    assert catalog.call("site_read") is True


@pytest.mark.parametrize("action", ["organization_create", "group_create"])
def test_only_sysadmins_create_organisations_and_groups(catalog, token_of, action):
    with pytest.raises(NotAuthorized):
        catalog.call(action, {"name": "another"}, token=token_of("admin"))


def test_an_unknown_state_is_refused(catalog, create):
    create("cards")
    with pytest.raises(ValidationError):
        catalog.call("package_patch", {"id": "cards", "state": "weird"}, as_system=True)


def test_relationships_are_refused_rather_than_lost(catalog):
    given = {"name": "cards", "owner_org": "city", "relationships_as_subject": [{"type": "child_of"}]}
    with pytest.raises(ValidationError):
        catalog.call("package_create", given, as_system=True)


def test_a_group_that_does_not_exist_is_refused_rather_than_lost(catalog):
    given = {"name": "cards", "owner_org": "city", "groups": [{"name": "no-such-group"}]}
    with pytest.raises(ActionError, match="no-such-group"):
        catalog.call("package_create", given, as_system=True)


def test_the_name_of_a_deleted_dataset_may_be_used_again(catalog, create):
    first = create("cards")
    catalog.call("package_delete", {"id": "cards"}, as_system=True)
    second = create("cards")
    assert catalog.call("package_show", {"id": "cards"})["id"] == second["id"]
    assert catalog.call("package_show", {"id": first["id"]}, as_system=True)["state"] == "deleted"


def test_a_token_is_nowhere_in_the_folder(catalog, token_of):
    token = token_of("editor")
    catalog.call("package_list", token=token)
    catalog.database.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = b"".join(path.read_bytes() for path in catalog.folder.rglob("*") if path.is_file())
    assert token.encode() not in stored
    assert b"long enough" not in stored


def test_an_expired_token_is_an_anonymous_caller(catalog, token_of):
    token_of("editor")
    given = {"user": "user-editor", "name": "short", "expires_in": 0}
    token = catalog.call("api_token_create", given, as_system=True)["token"]
    assert "email" not in catalog.call("user_show", {"id": "user-editor"}, token=token)
    given = {"user": "user-editor", "name": "long", "expires_in": 1, "unit": 86400}
    token = catalog.call("api_token_create", given, as_system=True)["token"]
    assert "email" in catalog.call("user_show", {"id": "user-editor"}, token=token)


def test_the_use_of_a_token_is_written_down(catalog, token_of):
    token = token_of("editor")
    catalog.call("package_list", token=token)
    listed = catalog.call("api_token_list", {"user_id": "user-editor"}, as_system=True)
    assert listed[0]["last_access"] >= listed[0]["created_at"]


def test_writes_are_in_the_audit_log_with_their_outcome(catalog, create, token_of):
    token = token_of("member")
    created = create("cards")
    before = audit(catalog)
    with pytest.raises(NotAuthorized):
        catalog.call("package_patch", {"id": "cards", "title": "x"}, token=token)
    with pytest.raises(NotAuthorized):
        catalog.call("package_patch", {"id": "cards", "title": "x"})
    assert before[-1] == ("admin", "package_create", created["id"], "ok")
    assert audit(catalog)[len(before) :] == [("user-member", "package_patch", "cards", "Authorization Error")]


def test_the_public_list_of_users_tells_nothing_of_mail_addresses(catalog, token_of):
    token_of("editor")
    listed = str(catalog.call("user_list"))
    assert "editor@example.org" not in listed
    assert hashlib.md5(b"editor@example.org").hexdigest() not in listed


def test_an_admin_does_not_drop_the_own_role(catalog, token_of):
    token = token_of("admin")
    given = {"id": "city", "username": "user-admin", "role": "member"}
    with pytest.raises(NotAuthorized, match="own admin status"):
        catalog.call("organization_member_create", given, token=token)


def test_an_update_without_users_keeps_them(catalog, token_of):
    token_of("editor")
    catalog.call("organization_update", {"id": "city", "name": "city", "title": "x"}, as_system=True)
    users = catalog.call("organization_show", {"id": "city"})["users"]
    assert "user-editor" in {user["name"] for user in users}


def test_a_locked_database_is_an_unavailable_catalogue(catalog, monkeypatch):
    other = sqlite3.connect(catalog.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    catalog.database.connection().execute("PRAGMA busy_timeout = 1")
    with pytest.raises(CatalogueUnavailable):
        catalog.call("package_create", {"name": "cards", "owner_org": "city"}, as_system=True)
    assert catalog.call("package_list") == []
    other.execute("ROLLBACK")
    other.close()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just("city")
OBJECTS = st.sampled_from(["id", "name", "key"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(OBJECTS, inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["id", "name", "title", "owner_org", "resources", "tags", "extras", "groups", "q", "fq", "sort", "rows", "limit",
     "query", "object", "object_type", "capacity", "username", "role", "user", "url", "package_id", "type", "state",
     "facet.field", "fl", "users", "organizations", "email", "order_by", "offset", "private", "expires_in",
     "tag_string"]
)  # fmt: skip


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(ACTIONS)), given_=st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_parameters_are_answered_or_refused(catalog, name, given_):
    with suppress(ValidationError, NotFound, NotAuthorized, SearchError, SearchQueryError):
        catalog.call(name, given_, as_system=True)
