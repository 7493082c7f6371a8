"""The pages in a real browser: they open, say the API's numbers, can be used by everybody, and call no other host."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

PAGES = {
    "home": "/",
    "indicators": "/indicators",
    "indicator": "/indicators/kpi-12",
    "comparison": "/indicators/kpi-12?area=121002&area=122041&area=120006&area=000000",
    "national": "/indicators/kpi-13",
    "synthetic": "/indicators/kpi-05?area=121002&area=121011&area=121061",
    "real-and-synthetic": "/indicators/kpi-13?area=000000&area=121002",
    "smart": "/smarts/cityhall",
    "roadmap": "/roadmap",
    "services": "/services",
    "service": "/services/ideabox",
    "catalogue": "/datasets",
    "nothing-found": "/datasets?q=zzzz",
    "dataset": "/dataset/mynumber-municipalities",
}
#: widths of the browser window by fixture
WINDOWS = ("visit", "phone")


def severe(page: Any) -> list[str]:
    """Return what axe finds that keeps people from using a page (WCAG 2.2 A and AA, and best practices)."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


def api(site: str, path: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{site}/api/v1{path}") as answer:
        data: list[dict[str, Any]] = json.load(answer)["data"]
    return data


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_errors_foreign_requests_and_sideways_scrolling(
    request: pytest.FixtureRequest, screenshots: Path, name: str, prefix: str, window: str
) -> None:
    visit = request.getfixturevalue(window)
    page = visit.open(f"{prefix}{PAGES[name]}")
    page.screenshot(path=screenshots / f"{name}{prefix.replace('/', '-')}-{window}.png", full_page=True)
    assert visit.errors == []
    assert visit.foreign == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("window", [*WINDOWS, "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(request: pytest.FixtureRequest, name: str, window: str) -> None:
    page = request.getfixturevalue(window).open(PAGES[name])
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert severe(page) == []


def test_the_page_of_an_error_is_usable_too(visit: Any) -> None:
    page = visit.open("/en/no-such-page")
    assert page.locator("h1").inner_text() == "Page not found"
    assert severe(page) == []
    assert visit.foreign == []


def test_the_values_of_the_api_stand_in_table_and_chart(visit: Any) -> None:
    page = visit.open("/indicators/kpi-12")
    observations = api(visit.site, "/indicators/kpi-12/observations?area=121002")
    assert len(observations) >= 6
    written = page.locator("table.figures td:first-of-type data").evaluate_all("all => all.map((one) => one.value)")
    assert sorted(float(one) for one in written) == sorted(one["value"] for one in observations)
    points = page.locator(".chart-wide .chart-point")
    assert points.count() == len(observations)
    texts = points.evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    assert any("2021年4月1日 32.8%" in text for text in texts)


def test_a_point_shows_its_value_under_the_pointer(visit: Any) -> None:
    page = visit.open("/indicators/kpi-12")
    tip = page.locator(".tooltip")
    assert tip.is_hidden()
    page.locator(".chart-wide .chart-point").last.hover()
    assert tip.is_visible()
    assert "千葉市" in tip.inner_text()


def test_points_are_read_with_the_arrow_keys(visit: Any) -> None:
    page = visit.open("/indicators/kpi-12?area=121002&area=122041")
    points = page.locator(".chart-wide .series-1 .chart-point")
    points.first.focus()
    page.keyboard.press("ArrowRight")
    assert points.nth(1).evaluate("one => one === document.activeElement")
    assert page.locator(".tooltip").inner_text() == points.nth(1).get_attribute("aria-label")
    page.keyboard.press("End")
    assert points.last.evaluate("one => one === document.activeElement")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.closest('.chart-series').classList.contains('series-2')")
    page.keyboard.press("Escape")
    assert page.locator(".tooltip").is_hidden()


def test_only_one_point_of_a_series_is_a_stop_of_the_tab_key(visit: Any) -> None:
    page = visit.open("/indicators/kpi-12")
    page.locator(".chart-wide .chart-point").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".chart-wide .chart-point[tabindex='0']").count() == 1


def test_the_table_closes_and_opens(visit: Any) -> None:
    page = visit.open("/indicators/kpi-12")
    table = page.locator("table.figures")
    assert table.is_visible()
    page.locator("[data-table] summary").click()
    assert table.is_hidden()
    page.locator("[data-table] summary").click()
    assert table.is_visible()


def test_areas_are_filtered_by_name_chosen_and_removed(visit: Any) -> None:
    page = visit.open("/indicators/kpi-12")
    page.locator(".compare-areas summary").click()
    page.locator("#area-filter").fill("船橋")
    assert page.locator(".option:visible").all_inner_texts() == ["船橋市"]
    page.get_by_label("船橋市").check()
    page.get_by_role("button", name="選んだ地域を表示").click()
    assert "area=122041" in page.url
    assert page.locator(".chart-wide .chart-series").count() == 2
    assert page.locator("table.figures thead th").all_inner_texts()[1:] == ["千葉市 (%)", "船橋市 (%)"]
    page.get_by_label("千葉市を外す").click()
    assert page.locator("table.figures thead th").nth(1).inner_text() == "船橋市 (%)"
    assert visit.errors == []


def test_without_scripts_areas_are_compared_and_everything_is_there(scriptless: Any) -> None:
    page = scriptless.open("/indicators/kpi-12")
    assert page.locator(".chart-wide .chart-point").count() >= 6
    page.locator(".compare-areas summary").click()
    page.get_by_label("船橋市").check()
    page.get_by_role("button", name="選んだ地域を表示").click()
    assert page.locator(".chart-wide .chart-series").count() == 2
    assert page.locator("table.figures").is_visible()


def test_the_language_is_switched_on_the_same_page(visit: Any) -> None:
    page = visit.open("/indicators/kpi-12?area=121002&area=122041")
    page.get_by_role("link", name="English").click()
    assert page.url == f"{visit.site}/en/indicators/kpi-12?area=121002&area=122041"
    assert page.locator("html").get_attribute("lang") == "en"
    assert "1 April 2021" in page.locator("table.figures").inner_text()
    page.get_by_role("link", name="日本語").click()
    assert page.url == f"{visit.site}/indicators/kpi-12?area=121002&area=122041"


def test_the_first_stop_of_the_tab_key_leads_to_the_content(visit: Any) -> None:
    page = visit.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_dataset_is_found_by_a_japanese_substring_and_downloaded(visit: Any) -> None:
    page = visit.open("/")
    page.locator("#home-q").fill("市区町村")
    page.keyboard.press("Enter")
    page.locator(".result h3 a").first.wait_for()
    page.locator(".result h3 a", has_text="市区町村別").click()
    with page.expect_download() as download:
        page.locator(".button-main").first.click()
    assert Path(download.value.path()).read_bytes().startswith(b"\xef\xbb\xbf")
    assert download.value.suggested_filename.endswith(".csv")


def test_a_facet_narrows_down_and_is_taken_back(visit: Any) -> None:
    page = visit.open("/datasets")
    everything = page.locator(".result").count()
    page.locator(".facets a", has_text="年齢別").or_(page.locator(".facets a", has_text="オンライン化")).first.click()
    assert 1 <= page.locator(".result").count() < everything
    page.locator(".facet-chosen").click()
    assert page.locator(".result").count() == everything


def test_a_telephone_gets_the_small_chart_with_text_that_can_be_read(phone: Any) -> None:
    page = phone.open("/indicators/kpi-12")
    assert page.locator(".chart-narrow").is_visible()
    assert page.locator(".chart-wide").is_hidden()
    height = page.locator(".chart-narrow .chart-value").first.evaluate("one => one.getBoundingClientRect().height")
    assert height >= 11


def test_print_has_the_chart_and_not_the_navigation(visit: Any) -> None:
    page = visit.open("/indicators/kpi-12")
    page.emulate_media(media="print")
    assert page.locator(".site-nav").is_hidden()
    assert page.locator(".chart-wide").is_visible()
    assert page.locator("table.figures").is_visible()


def test_code_is_copied(visit: Any) -> None:
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=visit.site)
    page = visit.open("/indicators/kpi-12")
    page.locator(".copy").first.click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -s 'http://127.0.0.1:")
    assert page.locator(".copy").first.inner_text() == "コピーしました"
