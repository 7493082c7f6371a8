"""The first command of the README, in a real process."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SHIHYO = str(Path(sys.executable).with_name("shihyo"))


@contextmanager
def _demo(environ: dict[str, str]) -> Iterator[str]:
    """Run the demo until it answers; end it with Ctrl-C and demand a clean end."""
    url = environ["SHIHYO_SITE_URL"]
    process = subprocess.Popen([SHIHYO, "demo"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        _wait_for(f"{url}/healthz", process)
        yield url
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert process.returncode in {0, 130}, err
        assert url in out + err
        assert "Traceback" not in out + err
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the demo ended with {process.returncode}: {process.communicate()}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer")


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def _series(url: str) -> dict[str, str]:
    text = _read(f"{url}/api/v1/indicators/kpi-12/observations?area=121002&time=2021&format=csv")
    return {row["period"]: row["value"] for row in csv.DictReader(io.StringIO(text))}


def _jobs(environ: dict[str, str]) -> list[dict[str, object]]:
    done = subprocess.run(
        [SHIHYO, "harvest", "status", "--json"], env=environ, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_the_demo_serves_real_figures_and_publishes_nothing_the_second_time(environ: dict[str, str]) -> None:
    with _demo(environ) as url:
        first = _series(url)
        status = json.loads(_read(f"{url}/api/v1/status"))
        page = _read(f"{url}/indicators/kpi-12")

    assert first["2021-04-01"] == "32.8"  # MIC, 318,610 cards of 972,516 residents
    assert "32.8" in page
    with _demo(environ) as url:
        assert _series(url) == first
        again = json.loads(_read(f"{url}/api/v1/status"))
    assert again["data"]["holdings"] == status["data"]["holdings"]
    assert {one["last"]["status"] for one in _jobs(environ)} == {"succeeded"}


def test_a_ckan_client_dumps_everything_that_the_demo_publishes(environ: dict[str, str]) -> None:
    ckanapi = str(Path(sys.executable).with_name("ckanapi"))
    path = f"{Path(sys.executable).parent}:{environ['PATH']}"
    with _demo(environ) as url:
        dumped = subprocess.run(
            [ckanapi, "-r", url, "dump", "datasets", "--all"],
            env=environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
    packages = {one["name"]: one for one in map(json.loads, dumped.stdout.splitlines())}

    datasets = {name for name, one in packages.items() if one["type"] == "dataset"}
    real = {"mynumber-municipalities", "mynumber-prefectures", "mynumber-age-sex", "procedures-online"}
    made_up = {"citizen-survey", "citizen-survey-pairs", "company-survey", "procedures-register"}
    assert datasets == real | made_up
    extras = {name: {one["key"]: one["value"] for one in packages[name]["extras"]} for name in datasets}
    assert {name for name in datasets if extras[name]["shihyo_synthetic"] == "true"} == made_up
    assert all("合成データ" in packages[name]["title"] for name in made_up)
    services = {name for name, one in packages.items() if one["type"] == "service"}
    assert services == {f"service-{one}" for one in ("foryou", "chibarepo", "ideabox", "makuhari-drone")}
    assert all(one["license_id"] == "cc-by" for one in packages.values())
