"""Real processes: killed at random points, and two at once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from catalog.releases import BuiltRelease

ON_A_REAL_CKAN = True

Chain = list[BuiltRelease]

#: publishes a release; says when it begins, then what became of it
PUBLISHER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from catalog.ckan import open_catalogue, publish
    from catalog.errors import PublishConflict
    from catalog.releases import load_built
    from catalog.settings import Settings
    home, url, token, folder = sys.argv[1:]
    site = url or "http://127.0.0.1:8000"
    catalogue = open_catalogue(Settings(home=Path(home), catalog_url=url, catalog_token=token, site_url=site))
    built = load_built(Path(folder))
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        published = publish(catalogue, built)
        print("already" if published.already else "published", flush=True)
    except PublishConflict as error:
        print("conflict", flush=True)
""")


class Publishers:
    """Starts processes that publish to a site."""

    def __init__(self, site: Any, root: Path) -> None:
        self.site, self.root = site, root
        self.started: list[subprocess.Popen[str]] = []

    def start(self, built: BuiltRelease, home: str = "publisher") -> subprocess.Popen[str]:
        """Start a process and wait until it is ready to publish."""
        folder = self.site.folder / home
        folder.mkdir(exist_ok=True)
        if not self.site.url and not (folder / "catalog").exists():
            (folder / "catalog").symlink_to(self.site.behind.folder)
        token = self.site.token() if self.site.url else ""
        command = [sys.executable, "-c", PUBLISHER, str(folder), self.site.url, token, str(built.folder)]
        process = subprocess.Popen(
            command, cwd=self.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    @staticmethod
    def go(process: subprocess.Popen[str]) -> None:
        """Let it publish."""
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    @staticmethod
    def end(process: subprocess.Popen[str]) -> str:
        """Wait for it and return what it said."""
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return said.strip()

    def run(self, built: BuiltRelease) -> float:
        """Publish to the end and return how many seconds that took."""
        process = self.start(built)
        begin = time.monotonic()
        self.go(process)
        assert self.end(process) in {"published", "already"}
        return time.monotonic() - begin


@pytest.fixture
def publishers(site: Any, root: Path) -> Any:
    """Return who starts publishers; those that still run at the end are stopped."""
    made = Publishers(site, root)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def current(site: Any, number: int, chain: Chain) -> int:
    """Return how many releases a fresh reader sees, after checking every byte of them."""
    follower = site.follower(f"reader-{number}")
    holdings = follower.synchronise()
    assert follower.broken == ()
    releases = holdings.get("cards").releases
    assert [one.digest for one in releases] == [one.digest for one in chain[: len(releases)]]
    assert follower.copy.verify(holdings, all_releases=True) == []
    return len(releases)


def left_behind(site: Any, number: int) -> str:
    """Return where a publication stopped, for people who read the output."""
    if site.extras()["shihyo_sequence"] == str(number):
        return "current"
    if f"cards-r{number:05d}" not in site.releases():
        return "not begun"
    release = site.package(f"cards-r{number:05d}")
    return f"{release['state']} with {len(release['resources'])} of 5 files"


def assert_no_duplicates(site: Any, number: int) -> None:
    assert site.releases() == [f"cards-r{one:05d}" for one in range(1, number + 1)]
    for name in (*site.releases(), "cards"):
        resources = [one["id"] for one in site.package(name)["resources"]]
        assert len(resources) == len(set(resources)) == 5


@pytest.mark.slow
def test_killed_at_ten_random_points_readers_keep_the_release_before_and_the_next_run_completes(
    site: Any, built_chain: Chain, publishers: Publishers
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    seconds = publishers.run(built_chain[0])
    unfinished = 0
    for number in range(1, 11):
        process = publishers.start(built_chain[number])
        publishers.go(process)
        time.sleep(chance.uniform(0, 0.9 * seconds))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        print(f"release {number + 1}: {left_behind(site, number + 1)}")
        seen = current(site, number, built_chain)
        assert seen in {number, number + 1}
        unfinished += seen == number
        seconds = min(seconds, publishers.run(built_chain[number]))
        assert current(site, number, built_chain) == number + 1
        assert_no_duplicates(site, number + 1)
    print(f"{unfinished} of 10 were killed before the release was current")
    assert unfinished > 0


@pytest.mark.parametrize("home", ["publisher", "other-home"])
def test_two_publishers_of_the_same_content_leave_one_release(
    site: Any, built_chain: Chain, publishers: Publishers, home: str
) -> None:
    publishers.run(built_chain[0])
    both = [publishers.start(built_chain[1]), publishers.start(built_chain[1], home)]
    for process in both:
        publishers.go(process)
    said = sorted(publishers.end(process) for process in both)
    assert said in (["already", "published"], ["published", "published"])
    assert current(site, 1, built_chain) == 2
    assert_no_duplicates(site, 2)


@pytest.mark.parametrize("home", ["publisher", "other-home"])
def test_of_two_publishers_with_different_content_one_wins_and_the_other_is_told(
    site: Any, built_chain: Chain, other_second: BuiltRelease, publishers: Publishers, home: str
) -> None:
    publishers.run(built_chain[0])
    both = [publishers.start(built_chain[1]), publishers.start(other_second, home)]
    for process in both:
        publishers.go(process)
    said = [publishers.end(process) for process in both]
    assert sorted(said) == ["conflict", "published"]
    winner = [built_chain[0], (built_chain[1], other_second)[said.index("published")]]
    assert current(site, 1, winner) == 2
    assert_no_duplicates(site, 2)


def test_two_homes_that_publish_the_first_release_at_once_leave_one_dataset(
    site: Any, built_chain: Chain, publishers: Publishers
) -> None:
    both = [publishers.start(built_chain[0]), publishers.start(built_chain[0], "other-home")]
    for process in both:
        publishers.go(process)
    said = sorted(publishers.end(process) for process in both)
    assert said in (["already", "published"], ["published", "published"])
    assert current(site, 1, built_chain) == 1
    assert_no_duplicates(site, 1)
