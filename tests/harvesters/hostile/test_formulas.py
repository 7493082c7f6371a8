"""Formulas and markup in titles and remarks: harmless in the CSV for people, in pages and in descriptions."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

FORMULAS = {
    "equals": '=HYPERLINK("http://evil.example","x")',
    "plus": "+1+cmd|'/C calc'!A0",
    "minus": "-2+3+cmd|'/C calc'!A0",
    "at": "@SUM(1+9)*cmd|'/C calc'!A0",
    "full width": "＝1+1",
    "tab": "\t=1+1",
    "return": "\r=1+1",
}
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
#: what a spreadsheet runs when a cell begins with it
RUNS = re.compile("[=+\\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@pytest.fixture
def publish(desk):
    """Return a function that publishes a dataset whose title and remarks are a given text."""

    def run(text: str) -> Any:
        quoted = '"' + text.replace('"', '""') + '"'
        desk.put("備考.csv", f"団体コード,年度,率（%）,備考\r\n121002,2022,42,{quoted}\r\n122041,2022,32,\r\n".encode())
        desk.declare()
        mapping = desk.declared["sources"][0]["options"]["mapping"] | {"note": {"column": "備考"}}
        title = {"ja": text.strip(), "en": text.strip()}
        desk.declare(name="remarks", title=title, options={"mapping": mapping, "files": "備考.csv"})
        found = desk.run()
        assert found.report.to_dict()["status"] == "succeeded", found.ja
        return found

    return run


def download(client: Any, name: str) -> str:
    """Return a file of the dataset's first release."""
    answer = client.get(f"/api/v1/datasets/remarks/releases/1.0.0/files/{name}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    text = answer.get_data().decode("utf-8-sig")
    answer.close()
    return text


@pytest.mark.parametrize("text", FORMULAS.values(), ids=FORMULAS)
def test_no_text_in_the_csv_for_people_begins_like_a_formula(desk, publish, text):
    publish(text)
    with desk.application() as client:
        rows = list(csv.reader(io.StringIO(download(client, "remarks_excel.csv"), newline="")))
        [note] = [row["note"] for row in csv.DictReader(io.StringIO(download(client, "remarks.csv"))) if row["note"]]
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if RUNS.match(cell) and not NUMBER.fullmatch(cell)] == []
    said = text.strip().replace(",", ";")  # neither file has a comma in a text: careless readers would cut there
    assert f"'{said}" in cells
    assert note == said, "the CSV for programs has no apostrophe, and no line break either"


def test_markup_in_titles_and_remarks_is_text_on_every_page(desk, publish):
    publish(MARKUP)
    pages = ("/dataset", "/dataset/remarks", "/dataset/remarks/releases/1.0.0", "/indicator/kpi-12", "/")
    shown = 0
    with desk.application() as client:
        for path in (f"/{lang}{page}" if lang else page for page in pages for lang in ("", "en")):
            answer = client.get(path, follow_redirects=True)
            text = answer.get_data(as_text=True)
            assert "<script>alert" not in text, path
            assert "<img src=x" not in text, path
            shown += "&lt;script&gt;alert(1)" in text
            if answer.status_code == 200:
                assert "default-src" in answer.headers["Content-Security-Policy"], path
    assert shown >= 2


def test_markup_does_not_leave_the_json_inside_pages(desk, publish):
    """A description of the page for search engines stands in a script, where ``</script>`` would end it."""
    publish(MARKUP)
    with desk.application() as client:
        text = client.get("/dataset/remarks", follow_redirects=True).get_data(as_text=True)
    found = re.findall(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert found
    assert any(MARKUP in json.dumps(json.loads(one), ensure_ascii=False) for one in found)


def test_the_report_of_machine_readability_shows_markup_as_text(desk, good):
    desk.put("2022.csv", good(2022).replace("率（%）".encode(), MARKUP.encode()))
    desk.run()
    pages = list((desk.settings.home / "reports").rglob("*.html"))
    assert pages
    for one in pages:
        assert "<script>alert" not in one.read_text("utf-8")
        assert "<img src=x" not in one.read_text("utf-8")
