"""Registries of services with columns of their own, in another order, and as bare lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harvesters import load_sources
from harvesters.registry import harvesters

RECORDS = [
    {
        "id": "bus-now",
        "name": {"ja": "バス接近情報", "en": "Bus now"},
        "description": {"ja": "バスの位置を知らせます。", "en": "Tells where buses are."},
        "phase": "pilot",
        "step": 1,
        "areas": ["121011"],
    },
    {
        "id": "e-counter",
        "name": {"ja": "書かない窓口", "en": "Counter without forms"},
        "description": {"ja": "記入が要りません。", "en": "Nothing to fill in."},
        "phase": "implemented",
        "step": 2,
        "areas": ["121002"],
    },
]
TABLE = [
    ["令和6年度 サービス一覧"],
    [],
    ["状況", "概要", "Overview", "名称", "Name", "ID", "段", "区域"],
    *(
        [
            {"pilot": "実証", "implemented": "実装"}[one["phase"]],
            one["description"]["ja"],
            one["description"]["en"],
            one["name"]["ja"],
            one["name"]["en"],
            one["id"],
            one["step"],
            ";".join(one["areas"]),
        ]
        for one in RECORDS
    ),
]
COLUMNS = {
    "サービスID": "ID",
    "サービス名": "名称",
    "サービス名（英語）": "Name",
    "説明": "概要",
    "説明（英語）": "Overview",
    "段階": "状況",
    "STEP": "段",
    "地域コード": "区域",
}


@pytest.fixture
def read(settings: Any, tmp_path: Path, make_context: Any) -> Any:
    """Return a function that reads a registry as harvest.yml declares it: what each service has of the records."""

    def run(path: Path, **options: Any) -> list[dict[str, Any]]:
        entry = {
            "name": "s",
            "kind": "services",
            "title": {"ja": "あ", "en": "a"},
            "path": str(path),
            "options": options,
        }
        (tmp_path / "harvest.yml").write_text(
            yaml.safe_dump({"version": 1, "sources": [entry]}, allow_unicode=True), "utf-8"
        )
        [source] = load_sources(tmp_path / "harvest.yml", settings)
        context = make_context(source)
        kind = harvesters()["services"]
        [wanted] = kind.gather(context)
        found = [one.to_dict() for one in kind.services(context, kind.fetch(context, wanted, None))]
        return [{key: one[key] for key in RECORDS[0]} for one in found]

    return run


@pytest.mark.parametrize("name", ["サービス.xlsx", "サービス.csv", "サービス.ods"])
def test_columns_of_ones_own_are_declared(write, read, name):
    folder = write(name, TABLE, encoding="cp932")
    assert read(folder / name, columns=COLUMNS) == RECORDS


def test_a_heading_that_no_registry_has_is_named(write, read):
    folder = write("a.xlsx", TABLE)
    with pytest.raises(Exception, match="サービスＩＤ番号"):
        read(folder / "a.xlsx", columns={"サービスＩＤ番号": "ID"})


def test_without_declared_columns_the_headings_are_told(write, read):
    folder = write("a.xlsx", TABLE)
    with pytest.raises(Exception, match="option columns"):
        read(folder / "a.xlsx")


@pytest.mark.parametrize("form", ["list.yml", "list.json", "version.yml"])
def test_lists_of_records(tmp_path, read, form):
    path = tmp_path / form
    content = {"version": 1, "services": RECORDS} if form == "version.yml" else RECORDS
    path.write_text(
        json.dumps(content, ensure_ascii=False)
        if form.endswith("json")
        else yaml.safe_dump(content, allow_unicode=True),
        "utf-8",
    )
    assert read(path) == RECORDS
