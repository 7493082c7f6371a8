"""A source of CSV files whose figures a test decides, and its pages as they are parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.harvest_pages import write_holds_page, write_plan_page, write_run_page
from catalog.settings import Settings
from harvesters import JobReport, load_sources, plan_sources, run_sources
from harvesters.plan import SourcePlan
from harvesters.publishing.approval import list_waiting
from harvesters.publishing.changes import ChangeBook, Changes

#: elements that have no end
_EMPTY = {"meta", "link", "img", "br", "input", "path", "rect", "circle", "line"}


class Parsed(HTMLParser):
    """Elements, attributes and text of a page, as a browser reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Keep a text that people see."""
        if data.strip() and "style" not in self._inside:
            self.words.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        """All text, one space between two pieces."""
        return " ".join(self.words)

    def having(self, css: str) -> list[tuple[str, dict[str, str | None]]]:
        """Return the elements of a class."""
        return [
            (tag, attributes) for tag, attributes in self.elements if css in (attributes.get("class") or "").split()
        ]


@dataclass
class Office:
    """A folder of CSV files, the source that reads them, and its pages."""

    settings: Settings
    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    title: str = "交付率"

    def write(self, name: str, rows: Mapping[tuple[str, str], object], *, note: str = "") -> None:
        """Put a file into the folder: (area, fiscal year) -> value."""
        lines = ["団体コード,年度,率,備考", *(f"{area},{year},{value},{note}" for (area, year), value in rows.items())]
        (self.folder / name).write_text("\n".join(lines) + "\n", "utf-8")

    def sources(self) -> list[Any]:
        """Write harvest.yml and read it."""
        mapping = {
            "indicator": "kpi-12",
            "definition": "kpi-12.issued",
            "area": {"column": "団体コード"},
            "period": {"column": "年度", "as": "fiscal-year"},
            "value": {"column": "率", "unit": "PT", "percent": "points"},
        }
        source = {
            "name": "cards",
            "kind": "csv",
            "title": {"ja": self.title, "en": "Cards"},
            "path": self.folder.name,
            "organisation": "chiba-city",
            "options": {"dataset": "cards", "dataset_title": {"ja": self.title, "en": "Cards"}, "mapping": mapping}
            | self.options,
        }
        organisation = {"title": {"ja": "千葉市", "en": "Chiba City"}, "url": "https://www.city.chiba.jp/"}
        file = self.folder.parent / "harvest.yml"
        content = {"version": 1, "organisations": {"chiba-city": organisation}, "sources": [source]}
        file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
        return load_sources(file, self.settings)

    def plan(self, page: Path | None = None) -> tuple[SourcePlan, Changes | None, Parsed]:
        """Plan the source; return the plan, what it changes, and its page."""
        book = ChangeBook(page)
        [plan] = plan_sources(self.settings, self.sources(), book=book)
        return plan, book.find("cards", "cards"), Parsed(write_plan_page(self.settings, [plan], book))

    def run(self) -> tuple[JobReport, Parsed]:
        """Run the source; return the report and its page."""
        book = ChangeBook(self.folder.parent / "run.html")
        [report] = run_sources(self.settings, self.sources(), book=book)
        return report, Parsed(write_run_page(self.settings, [report], book))

    def holds(self) -> Parsed:
        """Return the page of what waits."""
        return Parsed(write_holds_page(self.settings, list_waiting(self.settings)))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return a source with an empty folder and nothing published."""
    folder = tmp_path / "cards"
    folder.mkdir()
    return Office(Settings(home=tmp_path / "home"), folder)


@pytest.fixture
def parse() -> Callable[[str], Parsed]:
    """Return a function that reads a page."""
    return Parsed
