"""Registries of services in workbooks and CSV files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from catalog.errors import InputError
from catalog.model.service import Service
from harvesters import HarvestSource
from harvesters.services.harvester import Services
from harvesters.services.tables import COLUMNS, OF_OUTPUTS

#: heading -> cell, of the least record
LEAST: dict[str, Any] = {
    "サービスID": "ideabox",
    "サービス名": "ちばしアイデアボックス",
    "サービス名（英語）": "Chiba City Idea Box",
    "説明": "意見を交わす場です。",
    "説明（英語）": "A place to exchange views.",
    "段階": "実装",
}
Transform = Callable[[Path], Any]


@pytest.fixture
def transform(make_source: Callable[..., HarvestSource], make_context: Any) -> Transform:
    """Return a function that reads a registry: (services, findings, tally)."""

    def read(path: Path) -> Any:
        context = make_context(make_source("services", path=Path(path.name)))
        harvester = Services()
        [wanted] = harvester.gather(context)
        found = harvester.services(context, harvester.fetch(context, wanted, None))
        return found, context.findings, context.tally

    return read


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes rows (heading -> cell) to a sheet, with rows above."""

    def write(*rows: dict[str, Any], above: tuple[str, ...] = (), extra: str | None = None) -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "台帳"
        for one in above:
            sheet.append([one])
        headings = list(dict.fromkeys(name for row in rows for name in row))
        sheet.append(headings)
        for row in rows:
            sheet.append([row.get(name) for name in headings])
        if extra is not None:
            book.create_sheet(extra).append(["年度", "件数"])
            book[extra].append([2023, 4])
        path = tmp_path / "台帳.xlsx"
        book.save(path)
        return path

    return write


def one_service(transform: Transform, path: Path) -> Service:
    [service], _, _ = transform(path)
    return service


def test_a_row_is_a_record(transform: Transform, workbook: Any) -> None:
    service = one_service(transform, workbook(LEAST, above=("都市サービス台帳",)))
    assert (service.id, service.name.en, service.phase) == ("ideabox", "Chiba City Idea Box", "implemented")
    assert service.publisher.name == "chiba-city"
    assert service.step is None


def test_every_column_leads_to_its_member(transform: Transform, workbook: Any) -> None:
    row = {
        **LEAST,
        "STEP": "STEP１",
        "スマート": "市役所、暮らしがスマート！",
        "目指す姿": "cityhall-1",
        "地域コード": "121061\n121011",
        "サブエリア": "幕張新都心",
        "利用者の範囲": "全市民",
        "行政の役割": "主導",
        "アーキテクト": "設計事務所",
        "エリアマネジメント団体": "まちづくり会社；商店会",
        "所管": "広報広聴課",
        "運営": "株式会社",
        "開始": "令和4年1月6日",
        "終了": "2024年度",
        "取込データ": "住民基本台帳、税情報",
        "取得データ（内部利用のみ）": "閲覧履歴",
        "取得データ（外部提供可能）": "投稿データ",
        "提供先サービス": "地図アプリ",
        "提供頻度": "月",
        "提供方式": "REST API",
        "連携サービス": "foryou",
        "都市OSの段階": "仕様の検討",
        "使い方": "LINE、メール",
        "URL": "https://example.jp/",
        "出典": "https://example.jp/a,b\nhttps://example.jp/c",
        "備考": "分類は編集者による",
        "備考（英語）": "Our classification",
    }
    assert set(row) == {one.name for one in COLUMNS} | set(OF_OUTPUTS)
    service = one_service(transform, workbook(row))
    written = service.to_dict(compact=True)
    assert (service.step, service.smarts, service.areas) == (1, ("cityhall", "living"), ("121061", "121011"))
    assert (service.start, service.end) == ("2022-01-06", "FY2024")
    assert written["users"] == {"scope": "all"}
    assert [one.ja for one in service.governance.area_bodies] == ["まちづくり会社", "商店会"]  # type: ignore[union-attr]
    assert service.governance.city_role == "lead"  # type: ignore[union-attr]
    assert [one.name.ja for one in service.data.inputs] == ["住民基本台帳", "税情報"]
    assert written["data"]["outputs"] == [
        {"name": {"ja": "投稿データ"}, "recipients": ["地図アプリ"], "frequency": "M", "method": "rest_api"}
    ]
    assert [one.kind for one in service.channels] == ["line", "email"]
    assert [one.url for one in service.sources] == ["https://example.jp/a,b", "https://example.jp/c"]
    assert dict(service.iter_others()) == {}


def test_a_column_that_is_not_known_is_kept_under_its_heading_and_told(transform: Transform, workbook: Any) -> None:
    [service], findings, _ = transform(workbook({**LEAST, "予算（千円）": 1200}))
    assert dict(service.iter_others()) == {"/予算（千円）": "1200"}
    assert findings.counts["member-unknown"] == 1


@pytest.mark.parametrize(
    ("heading", "cell", "rule"),
    [("段階", "実証中", "record-invalid"), ("段階", "piloting", "code-unknown"), ("STEP", "二", "record-invalid")],
)
def test_a_cell_that_cannot_be_read_is_refused_with_its_sheet_and_row(
    heading: str, cell: str, rule: str, transform: Transform, workbook: Any
) -> None:
    path = workbook(LEAST, {**LEAST, "サービスID": "other", heading: cell})
    services, findings, tally = transform(path)
    assert ([one.id for one in services], tally.rejected) == (["ideabox"], 1)
    [finding] = findings.examples[rule]
    assert finding.place.file == "台帳.xlsx"
    assert finding.place.cell.startswith("台帳 / row 3, /")


def test_a_date_of_the_spreadsheet_is_a_day(transform: Transform, workbook: Any) -> None:
    assert one_service(transform, workbook({**LEAST, "開始": date(2022, 1, 6)})).start == "2022-01-06"


def test_an_area_code_that_excel_took_for_a_number_is_read(transform: Transform, workbook: Any) -> None:
    assert one_service(transform, workbook({**LEAST, "地域コード": 121002})).areas == ("121002",)


def test_other_tables_of_the_workbook_are_not_looked_at(transform: Transform, workbook: Any) -> None:
    assert one_service(transform, workbook(LEAST, extra="統計")).id == "ideabox"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_csv_is_read_in_the_encodings_of_a_city_hall(encoding: str, transform: Transform, tmp_path: Path) -> None:
    path = tmp_path / "services.csv"
    path.write_text(",".join(LEAST) + "\n" + ",".join(map(str, LEAST.values())) + "\n", encoding)
    assert one_service(transform, path).name.ja == "ちばしアイデアボックス"


def test_a_workbook_without_the_column_of_ids_is_refused_with_what_it_has(transform: Transform, workbook: Any) -> None:
    with pytest.raises(InputError) as caught:
        transform(workbook({"名称": "アイデアボックス", "段階": "実装"}))
    assert caught.value.context["allowed"] == ["名称", "段階"]


def test_what_only_looks_like_a_workbook_is_refused(transform: Transform, tmp_path: Path) -> None:
    path = tmp_path / "台帳.xlsx"
    path.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(InputError):
        transform(path)


def test_formulas_stay_what_they_were_computed_to(transform: Transform, workbook: Any) -> None:
    services, _, tally = transform(workbook(LEAST, {**LEAST, "サービスID": "x", "説明": "=1+1"}))
    assert tally.read == 2
    assert [one.id for one in services] == ["ideabox"]


def test_the_page_lists_every_heading(root: Path) -> None:
    page = (root / "docs" / "services.md").read_text("utf-8")
    assert [one.name for one in COLUMNS if f"`{one.name}`" not in page] == []
    assert [name for name in OF_OUTPUTS if f"`{name}`" not in page] == []
