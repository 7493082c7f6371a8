"""The catalogue as everybody may read it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.portal import catalogue as module
from api.portal.catalogue import PublicCatalogue, find_package
from catalog.ckan.client import open_catalogue
from catalog.errors import CatalogueUnavailable
from catalog.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path, catalog_timeout=1)
    system = open_catalogue(settings)
    system.action("organization_create", name="chiba-city", title="千葉市")
    for name, more in (("open-one", {}), ("private-one", {"private": True}), ("draft-one", {"state": "draft"})):
        system.action("package_create", name=name, title="完全失業率の指標", owner_org="chiba-city", **more)
    system.close()
    return settings


def test_only_what_is_public_is_found(settings: Settings) -> None:
    found = PublicCatalogue(settings).action("package_search", q="失業率", fq="+dataset_type:dataset")
    assert [one["name"] for one in found["results"]] == ["open-one"]


def test_only_what_is_public_is_shown(settings: Settings) -> None:
    catalogue = PublicCatalogue(settings)
    shown = [find_package(catalogue, name) for name in ("open-one", "private-one", "draft-one", "no-such-one")]
    assert [one is not None for one in shown] == [True, False, False, False]


def test_several_threads_may_ask_at_once(settings: Settings) -> None:
    catalogue = PublicCatalogue(settings)
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: catalogue.action("package_search", q="*:*")["count"], range(20)))
    assert set(counts) == {1}


def test_a_catalogue_that_does_not_answer_is_left_alone_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = PublicCatalogue(Settings(home=tmp_path, catalog_url="http://127.0.0.1:9"))
    with pytest.raises(CatalogueUnavailable):
        catalogue.action("package_search", q="a")
    monkeypatch.setattr(PublicCatalogue, "_own", lambda self: pytest.fail("asked again"))
    with pytest.raises(CatalogueUnavailable, match="a moment ago"):
        catalogue.action("package_search", q="a")


def test_a_catalogue_is_asked_again_after_its_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REST", 0.0)
    catalogue = PublicCatalogue(Settings(home=tmp_path, catalog_url="http://127.0.0.1:9"))
    for _ in range(2):
        with pytest.raises(CatalogueUnavailable, match="does not answer"):
            catalogue.action("package_search", q="a")
