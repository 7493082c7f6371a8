from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ckanapi.errors import CKANAPIError

from catalog.ckan import Catalogue, ensure_organization, find_current, publish
from catalog.embedded.errors import NotFound
from catalog.errors import EditedByHand, IntegrityError, Label, NotAuthorized, PublishConflict
from catalog.model import Agent
from catalog.releases import BuiltRelease

ON_A_REAL_CKAN = True

FILES = ["cards.parquet", "cards.csv", "cards_excel.csv", "datapackage.json", "manifest.json"]


def whole(site: Any, built: BuiltRelease) -> bool:
    """Return whether a reader finds this release current and every byte of it."""
    holding = site.follower(f"reader-of-{built.manifest.sequence}").synchronise().find("cards")
    if holding is None or holding.current.digest != built.digest:
        return False
    return all(holding.current.path(name).read_bytes() == built.path(name).read_bytes() for name in FILES[:-1])


def test_the_first_publication_makes_dataset_and_release(site: Any, built_chain: list[BuiltRelease]) -> None:
    published = publish(site.open(), built_chain[0])
    assert (published.already, list(published.uploaded), published.skipped) == (False, FILES, ())
    assert site.releases() == ["cards-r00001"]
    assert site.package("cards-r00001")["state"] == "active"
    assert whole(site, built_chain[0])


def test_publishing_again_does_nothing(site: Any, built_chain: list[BuiltRelease]) -> None:
    publish(site.open(), built_chain[0])
    before = site.package()["metadata_modified"]
    published = publish(site.open(), built_chain[0])
    assert published.already
    assert site.package()["metadata_modified"] == before


def test_every_release_stays_and_the_last_is_current(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    for built in built_chain[:3]:
        publish(catalogue, built)
    assert site.releases() == ["cards-r00001", "cards-r00002", "cards-r00003"]
    assert site.extras()["shihyo_release"] == built_chain[2].digest
    assert find_current(catalogue, "cards") == built_chain[2].manifest


def test_ids_of_the_latest_files_never_change_and_their_links_do(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    first = {one["shihyo_file"]: one for one in site.package()["resources"]}
    publish(catalogue, built_chain[1])
    second = {one["shihyo_file"]: one for one in site.package()["resources"]}
    assert list(second) == FILES
    assert {name: one["id"] for name, one in first.items()} == {name: one["id"] for name, one in second.items()}
    assert all(first[name]["url"] != second[name]["url"] for name in FILES)


def test_nothing_is_current_before_the_first_publication(site: Any) -> None:
    assert find_current(site.open(), "cards") is None


def test_progress_is_told_for_every_file(site: Any, built_chain: list[BuiltRelease]) -> None:
    heard: list[tuple[str, int, int | None]] = []
    publish(site.open(), built_chain[0], progress=lambda *step: heard.append(step))
    assert heard == [("cards-r00001", number, 5) for number in range(6)]


def test_a_release_whose_parent_is_not_current_is_refused(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    with pytest.raises(PublishConflict) as caught:
        publish(catalogue, built_chain[2])
    assert caught.value.context["current"] == built_chain[0].digest
    assert site.releases() == ["cards-r00001"]


def test_a_first_release_is_refused_where_there_are_some(
    site: Any, built_chain: list[BuiltRelease], other_second: BuiltRelease
) -> None:
    publish(site.open(), built_chain[0])
    publish(site.open(), built_chain[1])
    with pytest.raises(PublishConflict):
        publish(site.open(), other_second)


class Interrupted(BaseException):
    """Stands for the end of the process."""


@contextmanager
def interrupted_at(catalogue: Catalogue, number: int, *, after: bool) -> Iterator[list[str]]:
    """Stop the publisher before or after its ``number``-th write."""
    writes: list[str] = []
    real: Callable[..., Any] = catalogue._ckan.call_action

    def call_action(action: str, *given: Any, **named: Any) -> Any:
        if action.endswith(("_show", "_search")):
            return real(action, *given, **named)
        writes.append(action)
        if len(writes) == number and not after:
            raise Interrupted
        answer = real(action, *given, **named)
        if len(writes) == number:
            raise Interrupted
        return answer

    catalogue._ckan.call_action = call_action  # type: ignore[method-assign]
    yield writes
    catalogue._ckan.call_action = real  # type: ignore[method-assign]


#: the writes of the second publication of a dataset
WRITES = ["package_create", *["resource_create"] * 5, "package_patch", "package_revise"]


def test_the_writes_of_a_publication_are_these(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    with interrupted_at(catalogue, 0, after=True) as writes:
        publish(catalogue, built_chain[1])
    assert writes == WRITES


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(1, len(WRITES) + 1))
def test_stopped_at_any_write_readers_see_a_whole_release_and_the_next_run_completes(
    site: Any, built_chain: list[BuiltRelease], number: int, after: bool
) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    with interrupted_at(catalogue, number, after=after), pytest.raises(Interrupted):
        publish(catalogue, built_chain[1])
    done = after and number == len(WRITES)
    assert whole(site, built_chain[1 if done else 0])
    published = publish(catalogue, built_chain[1])
    assert published.already == done
    assert whole(site, built_chain[1])
    assert site.releases() == ["cards-r00001", "cards-r00002"]
    assert [one["name"] for one in site.package("cards-r00002")["resources"]] == FILES


@pytest.mark.parametrize("number", range(1, 10))
def test_the_first_publication_can_be_stopped_anywhere_too(
    site: Any, built_chain: list[BuiltRelease], number: int
) -> None:
    catalogue = site.open()
    with interrupted_at(catalogue, number, after=False), pytest.raises(Interrupted):
        publish(catalogue, built_chain[0])
    assert site.follower("early").synchronise().datasets == {}
    publish(catalogue, built_chain[0])
    assert whole(site, built_chain[0])


def test_a_catalogue_that_knows_no_drafts_shows_readers_no_half_release(
    site: Any, built_chain: list[BuiltRelease], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CKAN lets only some users set the state, and makes the package active for the others."""
    publishing = sys.modules["catalog.ckan.publish"]
    plain = publishing.release_package

    def active(*given: Any) -> dict[str, Any]:
        return {**plain(*given), "state": "active"}

    monkeypatch.setattr(publishing, "release_package", active)
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    with interrupted_at(catalogue, 4, after=False), pytest.raises(Interrupted):
        publish(catalogue, built_chain[1])
    assert whole(site, built_chain[0])
    publish(catalogue, built_chain[1])
    assert whole(site, built_chain[1])


def test_what_was_uploaded_before_is_not_uploaded_again(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    with interrupted_at(catalogue, 4, after=False), pytest.raises(Interrupted):
        publish(catalogue, built_chain[1])
    published = publish(catalogue, built_chain[1])
    assert published.skipped == ("cards.parquet", "cards.csv")
    assert list(published.uploaded) == FILES[2:]


def test_a_draft_of_our_own_with_another_content_is_replaced_at_once(
    site: Any, built_chain: list[BuiltRelease], other_second: BuiltRelease
) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    with interrupted_at(catalogue, 4, after=False), pytest.raises(Interrupted):
        publish(catalogue, built_chain[1])
    publish(catalogue, other_second)
    assert whole(site, other_second)
    assert len(site.package("cards-r00002")["resources"]) == 5


def test_a_draft_of_someone_else_with_another_content_is_theirs_until_the_lease_ends(
    site: Any, built_chain: list[BuiltRelease], other_second: BuiltRelease
) -> None:
    ours, theirs = site.open("ours"), site.open("theirs")
    publish(theirs, built_chain[0])
    with interrupted_at(theirs, 4, after=False), pytest.raises(Interrupted):
        publish(theirs, built_chain[1])
    with pytest.raises(PublishConflict) as caught:
        publish(ours, other_second)
    assert 590 < caught.value.context["retry_after"] <= 600
    assert whole(site, built_chain[0])


def test_a_stale_draft_of_someone_else_is_taken_over(
    site: Any, built_chain: list[BuiltRelease], other_second: BuiltRelease
) -> None:
    theirs, patient = site.open("theirs"), site.open("ours", publish_lease_seconds=0)
    publish(theirs, built_chain[0])
    with interrupted_at(theirs, 4, after=False), pytest.raises(Interrupted):
        publish(theirs, built_chain[1])
    publish(patient, other_second)
    assert whole(site, other_second)


def test_a_stale_draft_with_the_same_content_is_completed_by_another(
    site: Any, built_chain: list[BuiltRelease]
) -> None:
    theirs, ours = site.open("theirs"), site.open("ours", publish_lease_seconds=1)
    publish(theirs, built_chain[0])
    with interrupted_at(theirs, 4, after=False), pytest.raises(Interrupted):
        publish(theirs, built_chain[1])
    published = publish(ours, built_chain[1])
    assert published.skipped == ("cards.parquet", "cards.csv")
    assert whole(site, built_chain[1])


def test_who_was_overtaken_notices_before_making_anything_current(
    site: Any, built_chain: list[BuiltRelease], other_second: BuiltRelease
) -> None:
    slow, quick = site.open("slow"), site.open("quick", publish_lease_seconds=0)
    publish(slow, built_chain[0])

    def overtake(stage: str, done: int, total: int | None) -> None:
        if done == 3:
            publish(quick, other_second)

    with pytest.raises(PublishConflict):
        publish(slow, built_chain[1], progress=overtake)
    assert whole(site, other_second)


@contextmanager
def failing_upload(catalogue: Catalogue, before: Callable[[], None]) -> Iterator[list[str]]:
    """Let the second upload fail as CKAN does when two publishers upload at once."""
    uploads: list[str] = []
    real: Callable[..., Any] = catalogue._ckan.call_action

    def call_action(action: str, *given: Any, **named: Any) -> Any:
        if action == "resource_create":
            uploads.append(action)
            if len(uploads) == 2:
                before()
                raise CKANAPIError("500 list index out of range")
        return real(action, *given, **named)

    catalogue._ckan.call_action = call_action  # type: ignore[method-assign]
    yield uploads
    catalogue._ckan.call_action = real  # type: ignore[method-assign]


def test_an_upload_that_fails_once_is_tried_again(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    with failing_upload(catalogue, lambda: None) as uploads:
        publish(catalogue, built_chain[0])
    assert len(uploads) == 6
    assert whole(site, built_chain[0])


def test_who_lost_the_release_to_another_waits_until_it_is_current(site: Any, built_chain: list[BuiltRelease]) -> None:
    ours, theirs = site.open("ours"), site.open("theirs", publish_lease_seconds=0)

    def take_over() -> None:
        with interrupted_at(theirs, 1, after=True), pytest.raises(Interrupted):
            publish(theirs, built_chain[0])

    def finish(stage: str, done: int, total: int | None) -> None:
        if stage.endswith("waiting"):
            publish(theirs, built_chain[0])

    with failing_upload(ours, take_over):
        published = publish(ours, built_chain[0], progress=finish)
    assert published.already
    assert whole(site, built_chain[0])
    assert len(site.package("cards-r00001")["resources"]) == 5


def test_an_edit_by_hand_is_noticed_and_named(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    site.call("package_patch", id="cards", title="手で直した題")
    with pytest.raises(EditedByHand) as caught:
        publish(catalogue, built_chain[1])
    assert caught.value.context["fields"] == ["title"]
    assert site.package()["title"] == "手で直した題"
    assert site.releases() == ["cards-r00001"]


def test_an_edit_by_hand_is_replaced_when_asked(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    site.call("package_patch", id="cards", title="手で直した題")
    publish(catalogue, built_chain[1], overwrite=True)
    assert site.package()["title"] == "マイナンバーカード交付状況"


def test_an_edit_by_hand_does_not_matter_when_there_is_nothing_to_publish(
    site: Any, built_chain: list[BuiltRelease]
) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    site.call("package_patch", id="cards", title="手で直した題")
    assert publish(catalogue, built_chain[0]).already


def test_an_edit_between_the_look_and_the_last_call_is_noticed(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])

    def edit(stage: str, done: int, total: int | None) -> None:
        if done == 4:
            site.call("package_patch", id="cards", notes="直した")

    with pytest.raises(EditedByHand):
        publish(catalogue, built_chain[1], progress=edit)
    assert site.extras()["shihyo_release"] == built_chain[0].digest


def test_what_people_add_stays(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    before = site.package()
    site.call("group_create", name="statistics", title="統計")
    site.call(
        "package_patch",
        id="cards",
        extras=[*before["extras"], {"key": "担当", "value": "情報統括課"}],
        tags=[*before["tags"], {"name": "自治体標準ODS"}],
        groups=[{"name": "statistics"}],
    )
    site.call("resource_create", package_id="cards", url="https://example.com/guide.pdf", name="読み方")
    publish(catalogue, built_chain[1])
    after = site.package()
    assert site.extras()["担当"] == "情報統括課"
    assert "自治体標準ODS" in {one["name"] for one in after["tags"]}
    assert [one["name"] for one in after["groups"]] == ["statistics"]
    assert [one["name"] for one in after["resources"]][-1] == "読み方"
    assert len(after["resources"]) == 6
    publish(catalogue, built_chain[2])
    assert len(site.package()["resources"]) == 6


def test_a_dataset_that_was_deleted_by_hand_is_not_brought_back_unasked(
    site: Any, built_chain: list[BuiltRelease]
) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    site.call("package_delete", id="cards")
    with pytest.raises(EditedByHand) as caught:
        publish(catalogue, built_chain[1])
    assert "state" in caught.value.context["fields"]
    publish(catalogue, built_chain[1], overwrite=True)
    assert whole(site, built_chain[1])


def test_a_private_dataset_stays_private(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    site.call("package_patch", id="cards", private=True)
    publish(catalogue, built_chain[1])
    assert site.package()["private"] is True


def test_a_dataset_of_someone_else_with_the_same_name_is_not_touched(
    site: Any, specimen: Any, built_chain: list[BuiltRelease]
) -> None:
    catalogue = site.open()
    ensure_organization(catalogue, specimen.dataset().publisher)
    site.call("package_create", name="cards", owner_org="chiba-city", title="別のデータ")
    with pytest.raises(EditedByHand, match="not published from here"):
        publish(catalogue, built_chain[0])
    assert site.package()["title"] == "別のデータ"


def test_the_current_manifest_must_be_that_of_the_stated_release(site: Any, built_chain: list[BuiltRelease]) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    site.call("package_delete", id="cards-r00001")
    site.call("dataset_purge", id="cards-r00001")
    with pytest.raises(IntegrityError):
        find_current(catalogue, "cards")


def test_an_organisation_is_made_once(site: Any, specimen: Any) -> None:
    catalogue = site.open()
    first = ensure_organization(catalogue, specimen.dataset().publisher)
    second = ensure_organization(catalogue, specimen.dataset().publisher)
    assert first["id"] == second["id"]
    assert site.call("organization_show", id="chiba-city")["title"] == "千葉市"


@pytest.mark.parametrize("site", ["over HTTP"], indirect=True)
def test_a_dataset_moves_to_the_organisation_that_its_next_release_names(
    site: Any, specimen: Any, built_chain: list[BuiltRelease], tmp_path: Path
) -> None:
    catalogue = site.open()
    publish(catalogue, built_chain[0])
    owner = Agent("another-city", Label("別の市", "Another city"))
    moved = specimen.build(
        tmp_path,
        specimen.rates("2021-M01", "2021-M02"),
        built_chain[0],
        issued="2021-02-28T00:00:00+09:00",
        dataset=replace(specimen.dataset(), publisher=owner),
    )
    publish(catalogue, moved)
    assert site.package()["organization"]["title"] == "別の市"
    assert whole(site, moved)


@pytest.mark.parametrize("site", ["over HTTP"], indirect=True)
def test_an_editor_of_the_organisation_may_publish(site: Any, specimen: Any, built_chain: list[BuiltRelease]) -> None:
    ensure_organization(site.open(), specimen.dataset().publisher)
    editor = site.open("editor")
    editor._ckan.apikey = _user_token(site, "editor-1", "editor")  # type: ignore[attr-defined]
    publish(editor, built_chain[0])
    publish(editor, built_chain[1])
    assert whole(site, built_chain[1])


@pytest.mark.parametrize("site", ["over HTTP"], indirect=True)
def test_a_member_may_not_publish_and_is_told_what_is_missing(
    site: Any, specimen: Any, built_chain: list[BuiltRelease]
) -> None:
    ensure_organization(site.open(), specimen.dataset().publisher)
    member = site.open("member")
    member._ckan.apikey = _user_token(site, "member-1", "member")  # type: ignore[attr-defined]
    with pytest.raises(NotAuthorized) as caught:
        publish(member, built_chain[0])
    assert caught.value.next_step is not None
    assert "SHIHYO_CATALOG_TOKEN" in caught.value.next_step.en
    with pytest.raises(NotFound):
        site.open().action("package_show", id="cards")


@pytest.mark.parametrize("site", ["over HTTP"], indirect=True)
def test_without_the_right_to_make_the_organisation_it_is_named(site: Any, built_chain: list[BuiltRelease]) -> None:
    nobody = site.open("nobody")
    nobody._ckan.apikey = None  # type: ignore[attr-defined]
    with pytest.raises(NotAuthorized, match="chiba-city"):
        publish(nobody, built_chain[0])


def _user_token(site: Any, name: str, role: str) -> str:
    site.call("user_create", name=name, email=f"{name}@example.com", password="long enough to be one")
    site.call("organization_member_create", id="chiba-city", username=name, role=role)
    return str(site.token(name))


def test_what_was_published_is_json(site: Any, built_chain: list[BuiltRelease]) -> None:
    told = json.loads(json.dumps(publish(site.open(), built_chain[0]).to_dict()))
    assert (told["dataset"], told["version"], told["sequence"]) == ("cards", "1.0.0", 1)
