"""The sitemap, read back with another XML reader."""

from __future__ import annotations

from xml.dom import minidom

from catalog.metadata.sitemap import Page, write_sitemap

URLS = {"ja": "https://data.example.jp/?a=1&b=<2>", "en": "https://data.example.jp/en/"}


def test_each_language_has_an_entry_that_names_all_languages() -> None:
    entries = minidom.parseString(write_sitemap([Page(URLS, "2021-01-01T09:00:00+09:00")])).getElementsByTagName("url")

    assert [one.getElementsByTagName("loc")[0].firstChild.data for one in entries] == list(URLS.values())
    for one in entries:
        links = one.getElementsByTagName("xhtml:link")
        assert {link.getAttribute("hreflang"): link.getAttribute("href") for link in links} == URLS
        assert one.getElementsByTagName("lastmod")[0].firstChild.data == "2021-01-01T09:00:00+09:00"


def test_a_page_of_unknown_age_has_no_date() -> None:
    assert b"lastmod" not in write_sitemap([Page(URLS)])


def test_no_pages_are_an_empty_list() -> None:
    assert minidom.parseString(write_sitemap([])).documentElement.tagName == "urlset"
