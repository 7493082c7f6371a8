"""harvest.yml and the registry of services with bombs in them: refused with the line, before anything is built."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest

HEAD = "version: 1\nsources:\n"


def laughs(levels: int) -> str:
    """Return a list whose aliases stand for ten to the power of ``levels`` values."""
    names = [f"a{one}" for one in range(levels)]
    text = "&a0 [x, x, x, x, x, x, x, x, x, x]"
    for before, name in pairwise(names):
        text = f"&{name} [{text}, {', '.join([f'*{before}'] * 9)}]"
    return text


@pytest.mark.parametrize(
    ("text", "ja", "en"),
    [
        (f"{HEAD}  - {'[' * 400_000}", "nested more than 50 deep", "line 3"),
        (f"{HEAD}  - {'{a: ' * 200_000}", "nested more than 50 deep", "line 3"),
        (f"{HEAD}  - files: {laughs(9)}\n", "more than 500000 values, aliases counted", "line 3"),
        (f"{HEAD}  - &a [*a]\n", "an alias without an anchor before it", "line 3"),
        (f"{HEAD}  - every: 2026-99-99\n", "month must be in 1..12", "month must be"),
        (f"{HEAD}  - every: {'9' * 5_000}\n", "Exceeds the limit", "Exceeds the limit"),
        (f"{HEAD}  - !!python/object/apply:os.system [id]\n", "could not determine a constructor", "line 3"),
    ],
    ids=["deep lists", "deep mappings", "billion laughs", "itself", "no such day", "endless number", "python object"],
)
def test_a_harvest_file_that_is_a_bomb_is_refused_with_its_line(desk, refused, text, ja, en):
    started = time.monotonic()
    error = refused(desk, text)
    assert ja in error.message("ja")
    assert en in error.message("en")
    assert "docs/harvesting.md の例に合わせてください" in error.message("ja")
    assert len(error.message("ja")) < 1_000
    assert time.monotonic() - started < 5
    assert desk.served() == {"FY2020": 40.0}


def test_aliases_that_stand_for_little_are_welcome(desk):
    desk.declare()
    text = desk.file.read_text("utf-8").replace("files: '*'", "files: &f '*'\n    citation: {ja: *f, en: *f}")
    desk.file.write_text(text, "utf-8")
    assert desk.run().report.to_dict()["status"] == "succeeded"


def test_a_file_of_nothing_but_keys_is_refused_in_no_time(desk, refused):
    started = time.monotonic()
    refused(desk, "version: 1\nsources: []\n" + "".join(f"k{one}: 1\n" for one in range(80_000)))
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "text",
    [
        f"version: 1\nservices: {'[' * 100_000}",
        json.dumps({"version": 1, "services": 1})[:-2] + "[" * 200_000,
        f"version: 1\nservices: {laughs(9)}\n",
        "version: 1\nservices: &a [*a]\n",
        f"version: 1\nservices:\n  - id: {'9' * 6_000}\n",
    ],
    ids=["deep YAML", "deep JSON", "billion laughs", "itself", "endless number"],
)
def test_a_registry_of_services_that_is_a_bomb_is_refused_and_the_figures_stay(desk, text):
    (desk.file.parent / "services.yml").write_text(text, "utf-8")
    desk.declare("services", name="registry", path="services.yml", options=None)
    found = desk.run()
    assert found.report.to_dict()["status"] == "failed", found.ja
    assert "内部エラー" not in found.ja
    found.says("services.yml", "services.yml")
    assert "→" in found.ja
    assert desk.served() == {"FY2020": 40.0}
