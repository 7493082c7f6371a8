"""The pages of plans and runs in a real browser, as files, without any server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from api.harvest_pages import write_plan_page, write_run_page
from catalog.settings import Settings
from harvesters import load_sources, plan_sources, run_sources
from harvesters.publishing.changes import ChangeBook

pytestmark = pytest.mark.browser

#: width of the window, colour scheme
WINDOWS = {"computer": (1280, "light"), "phone": (360, "light"), "dark": (1280, "dark"), "dark-phone": (360, "dark")}
SOURCES = ("mynumber", "company-survey", "procedures-register")


@dataclass
class Look:
    """A page that is looked at, what went wrong on it and what it asked for."""

    page: Page
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def pages(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with pages: a first plan, a plan with mistakes of every sort, a run of the same."""
    folder = tmp_path_factory.mktemp("pages")
    settings = Settings(home=folder / "home")
    shutil.copytree(root / "harvesters" / "samples", folder / "harvesters" / "samples")
    shutil.copy(root / "harvest.yml", folder / "harvest.yml")
    sources = [one for one in load_sources(folder / "harvest.yml", settings) if one.name in SOURCES]
    book = ChangeBook(folder / "first.html")
    (folder / "first.html").write_text(
        write_plan_page(settings, plan_sources(settings, sources, book=book), book), "utf-8"
    )
    run_sources(settings, sources)
    _make_mistakes(folder / "harvesters" / "samples")
    book = ChangeBook(folder / "plan.html")
    (folder / "plan.html").write_text(
        write_plan_page(settings, plan_sources(settings, sources, book=book), book), "utf-8"
    )
    book = ChangeBook(folder / "run.html")
    (folder / "run.html").write_text(write_run_page(settings, run_sources(settings, sources, book=book), book), "utf-8")
    return folder


def _make_mistakes(samples: Path) -> None:
    """Revise a year of the register, add one with cells that are no numbers, break a workbook and jump a unit."""
    register = samples / "register" / "合成_手続台帳_R6.csv"
    text = register.read_text("utf-8-sig")
    register.write_text(text.replace('"178,420"', '"172,420"'), "utf-8-sig")
    fresh = text.replace("令和6年度", "令和7年度").replace('"178,420"', '"191,000"').replace('"39,848"', "三万件")
    register.with_name("合成_手続台帳_R7.csv").write_text(fresh, "utf-8-sig")
    (samples / "survey" / "合成_企業アンケート_R5.xlsx").write_bytes(b"no workbook")
    cards = samples / "mynumber" / "20211201" / "all_localgovs.csv"
    cards.write_text(cards.read_text("utf-8-sig").replace(",434965,44.6,", ",474965,48.7,"), "utf-8-sig")


@pytest.fixture
def look(browser: Browser, pages: Path, request: pytest.FixtureRequest) -> Iterator[Look]:
    """Return one of the pages in one of the windows."""
    name, window = request.param
    width, scheme = WINDOWS[window]
    size: Any = {"width": width, "height": 900}
    with browser.new_context(viewport=size, color_scheme=scheme) as context:
        found = Look(context.new_page())
        found.page.on("console", lambda message: found.errors.append(message.text))
        found.page.on("pageerror", lambda error: found.errors.append(str(error)))
        found.page.on("request", lambda asked: found.asked.append(asked.url))
        found.page.goto((pages / f"{name}.html").as_uri(), wait_until="load")
        yield found


LOOKS = [("plan", one) for one in WINDOWS] + [(name, one) for name in ("first", "run") for one in ("computer", "phone")]
EACH = pytest.mark.parametrize("look", LOOKS, indirect=True, ids="-".join)


@EACH
def test_a_page_asks_for_nothing_and_fits_the_window(
    look: Look, screenshots: Path, request: pytest.FixtureRequest
) -> None:
    look.page.screenshot(path=screenshots / f"harvest-{request.node.callspec.id}.png", full_page=True)
    assert look.errors == []
    assert look.asked == [look.page.url]
    assert look.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert look.page.locator("script").count() == 0


@EACH
def test_axe_finds_nothing_serious(look: Look) -> None:
    look.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = [one for one in Axe().run(look.page).response["violations"] if one["impact"] in {"serious", "critical"}]
    assert [(one["id"], one["nodes"][0]["html"][:160], one["nodes"][0]["failureSummary"]) for one in found] == []


@pytest.mark.parametrize("look", [("plan", "computer")], indirect=True)
def test_the_verdict_is_on_the_first_screen(look: Look) -> None:
    verdict = look.page.locator(".overview li").first.bounding_box()
    assert verdict is not None
    assert verdict["y"] + verdict["height"] < 900


@pytest.mark.parametrize("look", [("plan", "computer")], indirect=True)
def test_a_verdict_leads_to_its_source_by_the_keyboard(look: Look) -> None:
    look.page.keyboard.press("Tab")
    assert look.page.evaluate("document.activeElement.getAttribute('href')") == "#s1"
    look.page.keyboard.press("Enter")
    assert look.page.url.endswith("#s1")


@pytest.mark.parametrize("look", [("plan", "computer")], indirect=True)
def test_what_is_folded_opens_by_the_keyboard(look: Look) -> None:
    index = look.page.evaluate("[...document.querySelectorAll('details')].findIndex((one) => !one.open)")
    folded = look.page.locator("details").nth(index)
    folded.locator("summary").focus()
    look.page.keyboard.press("Enter")
    assert folded.locator("table").is_visible()


@pytest.mark.parametrize("look", [("plan", "phone")], indirect=True)
def test_each_cell_of_a_table_of_changes_names_its_column_on_a_phone(look: Look) -> None:
    cells = look.page.locator(".changes td")
    heads = cells.evaluate_all("all => all.map((one) => getComputedStyle(one, '::before').content)")
    assert heads
    assert all(one.strip('"') for one in heads)


@pytest.mark.parametrize("look", [("plan", "computer")], indirect=True)
def test_a_printed_page_has_what_is_folded_on_the_screen(look: Look) -> None:
    inside = look.page.locator("details:not([open]) table").first
    assert not inside.is_visible()
    look.page.emulate_media(media="print")
    assert inside.evaluate("one => one.getBoundingClientRect().height") > 20
