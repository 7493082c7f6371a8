"""Several processes on one folder, and processes that are killed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time

import pytest

from catalog.embedded import EmbeddedCatalog

CREATE = """
import sys
from pathlib import Path
from catalog.embedded import EmbeddedCatalog
sys.stdin.readline()
made = EmbeddedCatalog(Path(sys.argv[1]), site_url="http://x", max_upload_bytes=1000)
made.call("organization_create", {"name": "org-" + sys.argv[2]}, as_system=True)
made.close()
"""

UPLOAD_FOREVER = """
import io, os, sys
from pathlib import Path
from catalog.embedded import EmbeddedCatalog
made = EmbeddedCatalog(Path(sys.argv[1]), site_url="http://x", max_upload_bytes=10**8)
while True:
    files = {"upload": ("data.bin", io.BytesIO(os.urandom(1000) * 500), None)}
    made.call("resource_create", {"package_id": "cards"}, files=files, as_system=True)
    print("one more", flush=True)
"""

ADD_MANY = """
import sys
from pathlib import Path
from catalog.embedded import EmbeddedCatalog
made = EmbeddedCatalog(Path(sys.argv[1]), site_url="http://x", max_upload_bytes=1000)
for number in range(20):
    given = {"package_id": "cards", "url": f"https://example.org/{sys.argv[2]}/{number}"}
    made.call("resource_create", given, as_system=True)
made.close()
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process that runs a program."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_that_open_an_empty_folder_at_once_all_succeed(tmp_path):
    folder = tmp_path / "new"
    workers = [start(CREATE, folder, number) for number in range(4)]
    for worker in workers:
        worker.communicate("go\n", timeout=60)
    assert [worker.returncode for worker in workers] == [0] * 4
    made = EmbeddedCatalog(folder, site_url="http://x", max_upload_bytes=1000)
    assert made.call("organization_list") == [f"org-{number}" for number in range(4)]
    assert [user["name"] for user in made.call("user_list")] == ["admin"]
    made.close()


def test_what_two_processes_add_at_once_is_all_kept(catalog, create):
    create("cards")
    workers = [start(ADD_MANY, catalog.folder, number) for number in range(2)]
    for worker in workers:
        worker.communicate(timeout=120)
    assert [worker.returncode for worker in workers] == [0, 0]
    assert catalog.call("package_show", {"id": "cards"})["num_resources"] == 40


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.011, 0.023, 0.037])
def test_a_kill_in_the_middle_of_uploads_leaves_a_whole_catalogue(catalog, create, delay):
    create("cards")
    worker = start(UPLOAD_FOREVER, catalog.folder)
    with worker:
        worker.stdout.readline()
        time.sleep(delay)
        worker.kill()
    with catalog.database.reading() as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    package = catalog.call("package_show", {"id": "cards"})
    assert package["num_resources"] == len(package["resources"]) >= 1
    files = [catalog.open_file(resource["id"]) for resource in package["resources"]]
    for stored in files:
        assert hashlib.sha256(stored.path.read_bytes()).hexdigest() == stored.sha256
    catalog.call("package_patch", {"id": "cards", "title": "goes on"}, as_system=True)
    catalog.collect_garbage()
    kept = {path for path in catalog.store.folder.rglob("*") if path.is_file() and path.parent.name != "incoming"}
    assert kept == {stored.path for stored in files}
