"""Every link inside the site leads somewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

from flask.testing import FlaskClient

SITE = "http://shihyo.example"
#: pages that the walk ends at: each area and each filter is a page of its own
ENDLESS = ("area=", "page=", "tags=")


class Links(HTMLParser):
    """Addresses and ids of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: set[str] = set()
        self.ids: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {str(found["id"])} if "id" in found else set()
        for name in ("href", "src", "action"):
            if found.get(name):
                self.addresses.add(str(found[name]))


def is_ours(address: str) -> bool:
    return urlsplit(address).netloc in {"", "shihyo.example"}


def test_every_internal_link_of_every_page_answers_and_every_fragment_exists(client: FlaskClient) -> None:
    waiting, seen, ids, fragments = ["/", "/en/"], set(), {}, set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        with client.get(address, headers={"Accept": "text/html,*/*"}) as response:
            assert response.status_code == 200, address
            if response.mimetype != "text/html" or address.startswith("/docs"):
                continue
            page = Links(response.text)
        ids[address] = page.ids
        for link in page.addresses:
            full = urljoin(f"{SITE}{address}", link)
            if not is_ours(full) or urlsplit(full).scheme not in {"http", "https"}:
                continue
            target, fragment = urldefrag(full.removeprefix(SITE))
            if fragment:
                fragments.add((target, fragment))
            if not any(part in target for part in ENDLESS):
                waiting.append(target)
    assert {"/roadmap", "/en/roadmap", "/datasets", "/smarts/town", "/en/dataset/procedures-online"} <= seen
    assert any(one.startswith("/api/v1/datasets/") and one.endswith("_excel.csv") for one in seen)
    assert len(seen) > 80
    for target, fragment in fragments:
        if target in ids:
            assert fragment in ids[target], (target, fragment)


def test_the_links_of_a_comparison_answer(client: FlaskClient) -> None:
    page = Links(client.get("/indicators/kpi-12?area=121002&area=120006").text)
    links = [one for one in page.addresses if "area=" in one]
    assert len(links) >= 8
    for link in links:
        with client.get(link.removeprefix(SITE)) as response:
            assert response.status_code == 200, link
