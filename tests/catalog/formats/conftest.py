"""The table whose files are kept as golden bytes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from catalog.formats import CodeLabels
from catalog.model import Label


@pytest.fixture(scope="session")
def labels() -> CodeLabels:
    """Return labels that do not move with the reference data."""
    return {
        "indicator_id": {"kpi-12": Label("マイナンバーカード取得率", "Share with a card")},
        "definition_id": {"kpi-12.issued": Label("交付枚数率", "Cards issued")},
        "area_code": {
            "000000": Label("日本", "Japan"),
            "010006": Label("北海道", "Hokkaido"),
            "011002": Label("札幌市", "Sapporo City"),
            "120006": Label("千葉県", "Chiba"),
            "121002": Label("千葉市", "Chiba City"),
        },
        "unit": {"PT": Label("%", "percent"), "PS": Label("人", "persons")},
        "obs_status": {"A": Label("通常の値", "Normal value"), "Q": Label("欠測（秘匿）", "Missing value; suppressed")},
    }


@pytest.fixture(scope="session")
def golden_table(specimen: Any) -> pa.Table:
    """Return four rows with everything that a writer can get wrong."""
    day = date(2021, 4, 1)
    rows = [
        specimen.row(sex="_T", numerator_date=day, denominator_date=date(2020, 1, 1)),
        specimen.row(
            sex="M", area_code="011002", value=0.1 + 0.2, numerator=None, denominator=None, note='"引用", 改行なし'
        ),
        specimen.row(
            sex="F", area_code="000000", value=None, numerator=0.0, denominator=None, obs_status="Q", note="=1+1"
        ),
        specimen.row(
            sex="F",
            period="FY2020",
            value=50.0,
            n=1000,
            n_eff=812.5,
            ci_lower=46.91,
            ci_upper=53.09,
            ci_method="wilson",
        ),
    ]
    return specimen.table(rows, specimen.by_sex)
