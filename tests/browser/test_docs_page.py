"""The interactive documentation in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_an_operation_is_tried_out_from_the_page(visit: Any, screenshots: Path) -> None:
    page = visit.open("/docs")
    page.wait_for_selector("#operations-observations-listIndicatorObservations")
    page.click("#operations-observations-listIndicatorObservations .opblock-summary-control")
    page.click("#operations-observations-listIndicatorObservations .try-out__btn")
    page.click("#operations-observations-listIndicatorObservations .execute")
    page.wait_for_selector("#operations-observations-listIndicatorObservations .live-responses-table")
    page.screenshot(path=screenshots / "docs.png")
    answer = page.inner_text("#operations-observations-listIndicatorObservations .live-responses-table")
    assert "200" in answer
    assert "kpi-12.issued" in answer
    assert visit.foreign == []
    assert visit.errors == []
