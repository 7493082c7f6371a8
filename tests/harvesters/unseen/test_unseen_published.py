"""A whole folder that nobody has seen, from harvest.yml to releases: a file a ward, two waves, one run more."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harvesters import load_sources, run_sources

BOOK = """設問番号,設問文,回答形式,選択肢番号,選択肢,肯定的回答,指標No.
問1,知っていますか。,SA,1,はい,○,1
,,,2,いいえ,,
,,,9,無回答,,
問4,使っていますか。,SA,1,はい,○,4
,,,2,いいえ,,
問5,便利になりましたか。,SA,1,そう思う,○,5
,,,2,思わない,,
"""
SOURCE = """
version: 1
sources:
  - name: citizens
    kind: survey
    title: {ja: 市民調査, en: Citizen survey}
    path: handed-in
    options:
      area: "121002"
      synthetic: true
      files: "**/*.csv"
      codebook: 定義/コード表.csv
      columns: {sex: F1, id: "No"}
      codes: {sex: {1: M, 2: F, 9: _U}}
      published: {"R5/*": 2024-06-01}
"""
WARDS = ("中央区", "緑区", "美浜区")


@pytest.fixture
def folder(tmp_path: Path) -> dict[str, int]:
    """Write two waves of three wards each; return how many people said yes to 問1 in each wave."""
    draw, yes = random.Random(2026), {}
    (tmp_path / "harvest.yml").write_text(SOURCE, "utf-8")
    (tmp_path / "handed-in/定義").mkdir(parents=True)
    (tmp_path / "handed-in/定義/コード表.csv").write_text(BOOK, "cp932")
    for wave in ("R4", "R5"):
        (tmp_path / f"handed-in/{wave}").mkdir()
        for ward in WARDS:
            rows = [
                (i + 1, draw.choice([1, 2, 9]), draw.choice([1, 1, 2, 9]), draw.choice([1, 2]), draw.choice([1, 2]))
                for i in range(80)
            ]
            yes[wave] = yes.get(wave, 0) + sum(row[2] == 1 for row in rows)
            text = "\n".join(["No,F1,問1,問4,問5", *(",".join(map(str, row)) for row in rows), ""])
            (tmp_path / f"handed-in/{wave}/{ward}.csv").write_text(text, "cp932")
    return yes


def test_files_of_wards_become_one_release_a_wave_and_a_second_run_nothing(settings: Any, tmp_path, folder, holdings):
    [report] = run_sources(settings, load_sources(tmp_path / "harvest.yml", settings))
    assert str(report.status) == "succeeded", report.to_dict()
    found = holdings().get("citizen-survey")
    assert len(found.releases) == 2
    assert str(found.current.manifest.issued).startswith("2024-06-01")
    origins = {one.name for one in found.current.manifest.provenance.origins}
    assert origins == {f"{wave}/{ward}.csv" for wave in ("R4", "R5") for ward in WARDS}
    rows = [row for row in pq.read_table(found.current.parquet).to_pylist() if row["indicator_id"] == "kpi-01"]
    numerators = {row["numerator"] for row in rows if row["area_code"] == "121002" and row["sex"] == "_T"}
    assert numerators == {float(one) for one in folder.values()}
    [again] = run_sources(settings, load_sources(tmp_path / "harvest.yml", settings))
    assert again.skipped
