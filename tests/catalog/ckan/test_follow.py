from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import catalog.ckan.follow as following
from catalog.ckan import Follower, open_catalogue, publish
from catalog.errors import CatalogueUnavailable
from catalog.model import Label, parse_selector
from catalog.releases import BuiltRelease, Holdings, LocalCopy
from catalog.settings import Settings

ON_A_REAL_CKAN = True

Chain = list[BuiltRelease]


@pytest.fixture
def three(site: Any, built_chain: Chain) -> Any:
    """Return the site with three releases published."""
    catalogue = site.open()
    for built in built_chain[:3]:
        publish(catalogue, built)
    return site


def versions(holdings: Holdings, name: str = "cards") -> list[str]:
    found = holdings.find(name)
    return [str(one.manifest.version) for one in found.releases] if found else []


def stored(site: Any, package: str, name: str) -> Path:
    """Return where the catalogue keeps the bytes of a file of a release."""
    resource = next(one for one in site.package(package)["resources"] if one["name"] == name)
    return Path(site.behind.open_file(resource["id"], as_system=True).path)


def damage(path: Path) -> bytes:
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    return raw


def test_all_releases_arrive_with_every_byte(three: Any, built_chain: Chain) -> None:
    holdings = three.follower().synchronise()
    assert versions(holdings) == ["1.0.0", "1.1.0", "1.2.0"]
    for built, held in zip(built_chain, holdings.get("cards").releases, strict=False):
        for file in built.manifest.files:
            assert held.path(file.name).read_bytes() == built.path(file.name).read_bytes()


def test_when_nothing_changed_the_holdings_are_the_same_object(three: Any) -> None:
    follower = three.follower()
    first = follower.synchronise()
    assert follower.synchronise() is first
    assert three.follower().synchronise().digest == first.digest


def test_when_nothing_changed_the_catalogue_is_asked_once(three: Any) -> None:
    follower = three.follower()
    follower.synchronise()
    asked: list[str] = []
    real = follower.catalogue.action

    def action(name: str, /, **data: Any) -> Any:
        asked.append(name)
        return real(name, **data)

    follower.catalogue.action = action
    follower.synchronise()
    assert asked == ["package_search"]


def test_a_new_release_is_fetched_alone(three: Any, built_chain: Chain) -> None:
    follower = three.follower()
    follower.synchronise()
    publish(three.open(), built_chain[3])
    heard: list[tuple[str, int, int | None]] = []
    assert versions(follower.synchronise(lambda *step: heard.append(step)))[-1] == "1.3.0"
    assert heard == [("cards", 1, 4)]


def test_an_empty_catalogue_gives_empty_holdings(site: Any) -> None:
    assert site.follower().synchronise().datasets == {}


def test_datasets_of_others_are_not_followed(three: Any) -> None:
    three.call("package_create", name="others", owner_org="chiba-city", title="別のデータ")
    three.call(
        "package_create",
        name="pretender",
        owner_org="chiba-city",
        extras=[{"key": "shihyo_release", "value": "ab" * 32}, {"key": "shihyo_sequence", "value": "x"}],
    )
    assert list(three.follower().synchronise().datasets) == ["cards"]


def test_releases_that_have_to_be_of_the_type_dataset_are_not_taken_for_datasets(site: Any, built_chain: Chain) -> None:
    catalogue = site.open()
    catalogue._release_type = "dataset"
    publish(catalogue, built_chain[0])
    publish(catalogue, built_chain[1])
    assert site.package("cards-r00002")["type"] == "dataset"
    assert list(site.follower().synchronise().datasets) == ["cards"]


@pytest.mark.parametrize("hide", [("package_delete", {}), ("package_patch", {"private": True}), ("dataset_purge", {})])
def test_a_dataset_that_is_not_public_any_more_is_let_go(three: Any, hide: tuple[str, dict[str, Any]]) -> None:
    follower = three.follower()
    follower.synchronise()
    three.call(hide[0], id="cards", **hide[1])
    assert follower.synchronise().datasets == {}


def test_a_dataset_that_is_public_again_comes_back_without_its_files_being_fetched(three: Any) -> None:
    follower = three.follower()
    before = follower.synchronise().digest
    three.call("package_patch", id="cards", private=True)
    follower.synchronise()
    three.call("package_patch", id="cards", private=False)
    opened: list[str] = []
    real = follower.catalogue.open_file

    def open_file(resource: Any, **options: Any) -> Any:
        opened.append(resource["name"])
        return real(resource, **options)

    follower.catalogue.open_file = open_file
    assert follower.synchronise().digest == before
    assert set(opened) == {"manifest.json"}


@pytest.mark.parametrize("name", ["cards.parquet", "cards_excel.csv", "manifest.json"])
def test_a_broken_release_is_reported_and_the_last_good_one_stays(
    three: Any, built_chain: Chain, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_RETRY_BROKEN", 0.0)
    follower = three.follower()
    follower.synchronise()
    publish(three.open(), built_chain[3])
    path = stored(three, "cards-r00004", name)
    raw = damage(path)
    assert versions(follower.synchronise())[-1] == "1.2.0"
    [broken] = follower.broken
    assert (broken.dataset, broken.sequence, broken.error.code) == ("cards", 4, "integrity")
    path.write_bytes(raw)
    assert versions(follower.synchronise())[-1] == "1.3.0"
    assert follower.broken == ()


def test_a_broken_release_is_not_tried_again_at_once(three: Any) -> None:
    damage(stored(three, "cards-r00003", "cards.csv"))
    follower = three.follower()
    follower.synchronise()
    opened: list[str] = []
    follower.catalogue.open_file = lambda resource, **_: opened.append(resource["name"])
    follower.synchronise()
    assert opened == []
    assert len(follower.broken) == 1


def test_a_broken_release_in_the_middle_does_not_hold_up_those_after_it(three: Any) -> None:
    damage(stored(three, "cards-r00002", "cards.csv"))
    follower = three.follower()
    assert versions(follower.synchronise()) == ["1.0.0", "1.2.0"]
    assert [one.sequence for one in follower.broken] == [2]


def test_a_release_whose_package_is_gone_is_reported(three: Any) -> None:
    three.call("dataset_purge", id="cards-r00002")
    follower = three.follower()
    assert versions(follower.synchronise()) == ["1.0.0", "1.2.0"]
    assert [one.error.code for one in follower.broken] == ["catalogue-not-found"]
    assert follower.broken[0].to_dict()["sequence"] == 2


def test_a_release_package_with_files_of_another_release_is_broken(three: Any) -> None:
    digest = three.extras("cards-r00001")["shihyo_release"]
    extras = {**three.extras("cards-r00003"), "shihyo_release": digest}
    three.call(
        "package_patch", id="cards-r00003", extras=[{"key": key, "value": value} for key, value in extras.items()]
    )
    follower = three.follower()
    assert versions(follower.synchronise()) == ["1.0.0", "1.1.0"]
    assert [one.sequence for one in follower.broken] == [3]


def test_a_dataset_that_states_a_million_releases_does_not_keep_the_follower_busy(three: Any) -> None:
    extras = {**three.extras(), "shihyo_sequence": "1000000"}
    three.call("package_patch", id="cards", extras=[{"key": key, "value": value} for key, value in extras.items()])
    follower = three.follower()
    assert follower.synchronise().datasets == {}
    assert [one.sequence for one in follower.broken] == [1000000, 999999, 999998]


def test_a_gap_in_what_is_published_does_not_take_away_what_is_held(three: Any) -> None:
    follower = three.follower()
    follower.synchronise()
    extras = {**three.extras(), "shihyo_sequence": "1000000"}
    three.call("package_patch", id="cards", extras=[{"key": key, "value": value} for key, value in extras.items()])
    assert versions(follower.synchronise()) == ["1.0.0", "1.1.0", "1.2.0"]


def test_a_release_that_links_elsewhere_is_broken(three: Any) -> None:
    release = three.package("cards-r00003")
    links = [
        {**one, "url": "http://169.254.169.254/latest/meta-data", "url_type": None} for one in release["resources"]
    ]
    three.call("dataset_purge", id="cards-r00003")
    kept = {key: release[key] for key in ("name", "type", "owner_org", "extras")}
    three.call("package_create", **kept, resources=links)
    follower = three.follower()
    assert versions(follower.synchronise()) == ["1.0.0", "1.1.0"]
    assert [one.sequence for one in follower.broken] == [3]


def test_a_manifest_of_another_place_in_the_chain_is_broken(three: Any) -> None:
    """Somebody uploads the whole of release 1 again as release 3."""
    stated = three.extras("cards-r00001")["shihyo_release"]
    three.call("dataset_purge", id="cards-r00003")
    first = three.package("cards-r00001")
    three.call("dataset_purge", id="cards-r00001")
    three.call(
        "package_create",
        name="cards-r00003",
        type="release",
        owner_org="chiba-city",
        extras=[{"key": "shihyo_release", "value": stated}],
        resources=[{key: one[key] for key in ("id", "name", "url")} for one in first["resources"]],
    )
    extras = {**three.extras(), "shihyo_release": stated}
    three.call("package_patch", id="cards", extras=[{"key": key, "value": value} for key, value in extras.items()])
    follower = three.follower()
    assert "1.2.0" not in versions(follower.synchronise())
    assert 3 in [one.sequence for one in follower.broken]


def test_a_damaged_object_of_the_copy_is_fetched_again_by_the_next_process(three: Any) -> None:
    held = three.follower().synchronise().get("cards").current
    damage(held.parquet)
    fresh = three.follower()
    again = fresh.synchronise().get("cards").current
    assert again.digest == held.digest
    assert LocalCopy(fresh.copy.folder).verify(fresh.copy.load()) == []


def test_a_missing_object_of_the_copy_is_fetched_again(three: Any) -> None:
    follower = three.follower()
    follower.synchronise().get("cards").releases[0].path("cards.csv").unlink()
    assert versions(LocalCopy(follower.copy.folder).load()) == ["1.1.0", "1.2.0"]
    assert versions(three.follower().synchronise()) == ["1.0.0", "1.1.0", "1.2.0"]


def test_more_datasets_than_a_page_are_all_found(
    site: Any, specimen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_PAGE", 2)
    for number in range(5):
        dataset = specimen.dataset(name=f"cards-{number}", title=Label(f"交付状況{number}", f"Cards {number}"))
        publish(site.open(), specimen.build(tmp_path / "builds", specimen.rates("2021"), dataset=dataset))
    assert list(site.follower().synchronise().datasets) == [f"cards-{number}" for number in range(5)]


def test_a_dataset_that_was_purged_and_published_anew_replaces_the_old_chain(
    site: Any, built_chain: Chain, other_second: BuiltRelease
) -> None:
    publish(site.open(), built_chain[0])
    publish(site.open(), built_chain[1])
    follower = site.follower()
    follower.synchronise()
    for name in ("cards", "cards-r00001", "cards-r00002"):
        site.call("dataset_purge", id=name)
    publish(site.open(), built_chain[0])
    publish(site.open(), other_second)
    assert follower.synchronise().get("cards").current.digest == other_second.digest


def test_the_catalogue_may_be_down_and_what_is_held_stays(three: Any, tmp_path: Path) -> None:
    follower = three.follower()
    held = follower.synchronise()
    settings = Settings(home=tmp_path / "reader", catalog_url="http://127.0.0.1:9", catalog_timeout=2)
    cut_off = Follower(open_catalogue(settings), LocalCopy(follower.copy.folder))
    with pytest.raises(CatalogueUnavailable):
        cut_off.synchronise()
    assert cut_off.copy.load().digest == held.digest


def test_a_release_that_becomes_unreachable_half_way_leaves_what_was_held(
    three: Any, built_chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = three.follower()
    held = follower.synchronise()
    publish(three.open(), built_chain[3])

    def fail(*_: Any, **__: Any) -> Any:
        raise CatalogueUnavailable("届きません", "gone")

    monkeypatch.setattr(follower.catalogue, "open_file", fail)
    with pytest.raises(CatalogueUnavailable):
        follower.synchronise()
    assert follower.copy.load() is held


def test_several_followers_of_one_copy_agree(three: Any) -> None:
    followers = [Follower(three.open(f"reader-{number}"), LocalCopy(three.folder / "shared")) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        digests = list(pool.map(lambda one: one.synchronise().digest, followers))
    assert len(set(digests)) == 1
    assert versions(LocalCopy(three.folder / "shared").load()) == ["1.0.0", "1.1.0", "1.2.0"]


def test_who_finds_the_copy_being_synchronised_goes_on_with_what_is_held(three: Any) -> None:
    follower = three.follower()
    held = follower.synchronise()
    with LocalCopy(follower.copy.folder).following(timeout=1):
        assert three.follower().synchronise(wait=0.1).digest == held.digest


PUBLISHER = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from catalog.ckan import open_catalogue, publish
    from catalog.releases import load_built
    from catalog.settings import Settings
    home, url, token, *folders = sys.argv[1:]
    site = url or "http://127.0.0.1:8000"
    catalogue = open_catalogue(Settings(home=Path(home), catalog_url=url, catalog_token=token, site_url=site))
    for folder in folders:
        publish(catalogue, load_built(Path(folder)))
""")


def test_who_follows_while_someone_publishes_never_sees_half_a_release(
    site: Any, built_chain: Chain, root: Path, tmp_path: Path
) -> None:
    folders = [str(one.folder) for one in built_chain]
    home = tmp_path if not site.url else tmp_path / "publisher"
    if not site.url:
        (home / "catalog").symlink_to(site.behind.folder)
    command = [sys.executable, "-c", PUBLISHER, str(home), site.url, site.token() if site.url else "", *folders]
    publisher = subprocess.Popen(command, cwd=root)
    follower, seen = site.follower(), [0]
    try:
        deadline = time.monotonic() + 120
        while seen[-1] < len(built_chain) and time.monotonic() < deadline:
            holdings = follower.synchronise()
            assert follower.broken == ()
            releases = holdings.get("cards").releases if holdings.datasets else ()
            assert [one.digest for one in releases] == [one.digest for one in built_chain[: len(releases)]]
            assert follower.copy.verify(holdings) == []
            assert len(releases) >= seen[-1]
            seen.append(len(releases))
    finally:
        assert publisher.wait(timeout=60) == 0
    assert seen[-1] == len(built_chain)
    assert follower.copy.load().get("cards").select(parse_selector("1.0.0")).digest == built_chain[0].digest
