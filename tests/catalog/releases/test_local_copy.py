from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from catalog.errors import IntegrityError
from catalog.model import MANIFEST_NAME, parse_manifest
from catalog.releases import BuiltRelease, DatasetHolding, Fetch, LocalCopy

YEAR = 365 * 24 * 3600


def reading(built: BuiltRelease, asked: list[str] | None = None) -> Fetch:
    def fetch(name: str) -> BinaryIO:
        if asked is not None:
            asked.append(name)
        return built.path(name).open("rb")

    return fetch


def damaging(built: BuiltRelease, name: str, change: object) -> Fetch:
    @contextmanager
    def fetch(asked: str) -> Iterator[BinaryIO]:
        raw = built.path(asked).read_bytes()
        yield io.BytesIO(change(raw) if asked == name else raw)  # type: ignore[operator]

    return fetch


def objects(copy: LocalCopy) -> list[Path]:
    return [path for path in copy.folder.glob("objects/*/*") if path.is_file()]


def test_nothing_is_held_before_anything_arrives(tmp_path: Path) -> None:
    assert LocalCopy(tmp_path / "copy").load().datasets == {}


def test_what_is_held_is_read_from_disk_alone(copy: LocalCopy, built_chain: list[BuiltRelease]) -> None:
    again = LocalCopy(copy.folder).load()
    assert [one.digest for one in again.get("cards").releases] == [one.digest for one in built_chain]
    assert again.digest == copy.load().digest


def test_every_object_is_named_by_its_content(copy: LocalCopy) -> None:
    for path in objects(copy):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name


def test_the_manifest_is_held_beside_the_files(copy: LocalCopy) -> None:
    release = copy.load().get("cards").current
    assert parse_manifest(release.path(MANIFEST_NAME).read_bytes()).digest == release.digest


def test_the_holdings_are_the_same_object_until_something_changes(copy: LocalCopy) -> None:
    assert copy.load() is copy.load()


def test_another_process_sees_what_this_one_adds(tmp_path: Path, built_chain: list[BuiltRelease]) -> None:
    one, other = LocalCopy(tmp_path / "copy"), LocalCopy(tmp_path / "copy")
    assert other.load().datasets == {}
    one.add_release(built_chain[0].manifest, reading(built_chain[0]))
    assert len(other.load().get("cards").releases) == 1


def test_a_file_that_is_here_is_not_fetched_again(copy: LocalCopy, built_chain: list[BuiltRelease]) -> None:
    asked: list[str] = []
    copy.add_release(built_chain[0].manifest, reading(built_chain[0], asked))
    assert asked == []


def test_releases_are_in_order_whatever_order_they_arrive_in(tmp_path: Path, built_chain: list[BuiltRelease]) -> None:
    copy = LocalCopy(tmp_path / "copy")
    for built in (built_chain[2], built_chain[0], built_chain[1]):
        copy.add_release(built.manifest, reading(built))
    assert [one.manifest.sequence for one in copy.load().get("cards").releases] == [1, 2, 3]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("other bytes", lambda raw: bytes([raw[0] ^ 1]) + raw[1:]),
        ("cut off", lambda raw: raw[:-1]),
        ("too long", lambda raw: raw + b"x"),
        ("empty", lambda raw: b""),
        ("endless", lambda raw: raw * 1000),
    ],
)
def test_a_file_that_arrives_damaged_is_refused_and_the_list_stays(
    tmp_path: Path, built_chain: list[BuiltRelease], what: str, change: object
) -> None:
    copy = LocalCopy(tmp_path / "copy")
    copy.add_release(built_chain[0].manifest, reading(built_chain[0]))
    before = copy.load()
    with pytest.raises(IntegrityError, match=r"cards\.csv"):
        copy.add_release(built_chain[1].manifest, damaging(built_chain[1], "cards.csv", change))
    assert copy.load() is before
    assert list(copy.folder.glob("incoming/*")) == []


def test_after_a_damaged_file_the_next_try_fetches_only_what_is_missing(
    tmp_path: Path, built_chain: list[BuiltRelease]
) -> None:
    copy = LocalCopy(tmp_path / "copy")
    built = built_chain[0]
    with pytest.raises(IntegrityError):
        copy.add_release(built.manifest, damaging(built, "cards.csv", lambda raw: raw[:-1]))
    asked: list[str] = []
    copy.add_release(built.manifest, reading(built, asked))
    assert asked == ["cards.csv", "cards_excel.csv", "datapackage.json"]


def test_a_release_with_a_missing_object_is_left_out_and_can_be_brought_back(
    copy: LocalCopy, built_chain: list[BuiltRelease]
) -> None:
    copy.load().get("cards").current.path("cards.csv").unlink()
    again = LocalCopy(copy.folder)
    assert [one.manifest.sequence for one in again.load().get("cards").releases] == [1, 2]
    again.add_release(built_chain[2].manifest, reading(built_chain[2]))
    assert len(again.load().get("cards").releases) == 3


def test_verifying_removes_what_has_other_bytes(copy: LocalCopy) -> None:
    path = copy.load().get("cards").current.parquet
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    assert copy.verify(copy.load()) == [path]
    assert len(copy.load().get("cards").releases) == 2


def test_verifying_a_healthy_copy_removes_nothing(copy: LocalCopy) -> None:
    before = objects(copy)
    assert copy.verify(copy.load(), all_releases=True) == []
    assert objects(copy) == before


def test_a_damaged_manifest_takes_only_its_release_away(copy: LocalCopy) -> None:
    copy.load().get("cards").releases[1].path(MANIFEST_NAME).write_bytes(b"{}")
    assert [one.manifest.sequence for one in LocalCopy(copy.folder).load().get("cards").releases] == [1, 3]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"datasets": 1}'])
def test_a_list_that_cannot_be_read_is_an_error_that_says_what_to_do(copy: LocalCopy, raw: bytes) -> None:
    (copy.folder / "holdings.json").write_bytes(raw)
    with pytest.raises(IntegrityError) as caught:
        copy.load()
    assert caught.value.next_step is not None


def test_replacing_the_list_lets_datasets_go(copy: LocalCopy) -> None:
    assert copy.replace({}).datasets == {}
    assert objects(copy)


def test_garbage_is_what_no_release_refers_to(copy: LocalCopy) -> None:
    held = copy.load()
    kept = {path for release in held.get("cards").releases[1:] for path in release.paths.values()}
    copy.replace({"cards": DatasetHolding(held.get("cards").releases[1:])})
    freed = copy.collect_garbage(older_than=-1)
    assert set(objects(copy)) == kept
    assert freed > 0


def test_young_garbage_is_kept(copy: LocalCopy) -> None:
    before = objects(copy)
    copy.replace({})
    assert copy.collect_garbage() == 0
    assert objects(copy) == before


def test_an_abandoned_download_is_garbage(copy: LocalCopy) -> None:
    abandoned = copy.folder / "incoming" / "dead"
    abandoned.write_bytes(b"half a file")
    os.utime(abandoned, (time.time() - YEAR, time.time() - YEAR))
    assert copy.collect_garbage() == len(b"half a file")
    assert not abandoned.exists()


def test_an_object_that_is_needed_again_is_young_again(copy: LocalCopy, built_chain: list[BuiltRelease]) -> None:
    for path in objects(copy):
        os.utime(path, (time.time() - YEAR, time.time() - YEAR))
    copy.replace({})
    copy.store(built_chain[0].manifest, reading(built_chain[0]))
    copy.collect_garbage()
    assert {path.name for path in objects(copy)} == {file.sha256[2:] for file in built_chain[0].manifest.files}


def test_several_threads_may_add_at_once(tmp_path: Path, built_chain: list[BuiltRelease]) -> None:
    copy = LocalCopy(tmp_path / "copy")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda built: copy.add_release(built.manifest, reading(built)), built_chain * 4))
    assert [one.manifest.sequence for one in copy.load().get("cards").releases] == [1, 2, 3]
    assert list(copy.folder.glob("incoming/*")) == []


PROCESS = textwrap.dedent("""
    import sys
    from pathlib import Path
    from catalog.releases import LocalCopy, load_built
    copy = LocalCopy(Path(sys.argv[1]))
    for folder in sys.argv[2:]:
        built = load_built(Path(folder))
        copy.add_release(built.manifest, lambda name: built.path(name).open("rb"))
""")


def test_several_processes_may_add_at_once(tmp_path: Path, built_chain: list[BuiltRelease], root: Path) -> None:
    orders = [[0, 1, 2], [2, 1, 0], [1, 2, 0]]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path / "copy"), *(str(built_chain[one].folder) for one in order)],
            cwd=root,
        )
        for order in orders
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    copy = LocalCopy(tmp_path / "copy")
    assert [one.manifest.sequence for one in copy.load().get("cards").releases] == [1, 2, 3]
    assert copy.verify(copy.load(), all_releases=True) == []
