"""The samples that the project carries: what make demo harvests."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from catalog.reference import load_reference
from catalog.settings import Settings
from harvesters import load_sources, run_sources
from harvesters.samples.make_samples import LARGEST, PUBLICATIONS, main


def test_every_defect_of_the_sources_is_in_the_samples(settings: Settings, root: Path) -> None:
    wanted = [one for one in load_sources(root / "harvest.yml", settings) if one.name in {"mynumber", "procedures"}]
    cards, procedures = run_sources(settings, wanted)
    assert set(cards.findings.counts) >= {
        "byte-order-mark",
        "area-code-repaired",
        "area-code-missing",
        "age-repaired",
        "rate-differs",
        "sexes-differ",
        "ages-below-total",
        "ages-exceed-total",
        "folder-without-date",
        "denominator-date-moves",
        "release-day-moves",
        "ages-new",
        "ages-gone",
        "file-missing",
    }
    assert {rule: procedures.findings.counts[rule] for rule in procedures.findings.counts} == {
        "recipient-missing": 18,
        "online-without-status": 18,
        "online-exceeds-cases": 4,
        "status-missing": 3,
        "procedure-kind-missing": 2,
        "cases-zero": 1,
    }


def test_the_municipalities_are_those_of_chiba_prefecture_and_three_others(samples: Path) -> None:
    of_chiba = {one.code for one in load_reference().areas if one.parent == "120006" and one.is_municipality}
    assert len(of_chiba) == 54
    for publication in PUBLICATIONS:
        with (samples / "mynumber" / publication / "all_localgovs.csv").open(encoding="utf-8-sig") as file:
            codes = [row["団体コード"] for row in csv.DictReader(file)]
        assert of_chiba <= set(codes)
        assert len(codes) == 57


def test_the_procedures_cover_all_ministries(samples: Path) -> None:
    with (samples / "procedures" / "procedures_2025-07-29_sample.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 500
    assert len(rows[0]) == 38
    assert len({row["所管府省庁"] for row in rows}) == 25
    assert sum(int(row["総手続件数"]) > 1_000_000 for row in rows) >= LARGEST


@pytest.mark.shared
def test_the_script_makes_the_samples_byte_for_byte(shared_data: Path, samples: Path, tmp_path: Path) -> None:
    main(shared_data, tmp_path)
    made = {one.relative_to(tmp_path): one.read_bytes() for one in tmp_path.rglob("*.csv")}
    kept = [one for name in ("mynumber", "procedures") for one in (samples / name).rglob("*.csv")]
    assert made == {one.relative_to(samples): one.read_bytes() for one in kept}
