"""Finding Japanese texts, ranking, and what a search costs."""

from __future__ import annotations

import pytest


@pytest.fixture
def names(catalog):
    """Return a function that answers the names found, best first."""
    return lambda q, **given: [item["name"] for item in catalog.call("package_search", {"q": q, **given})["results"]]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("失業率", ["unemployment"]),
        ("人口", ["population"]),
        ("取得", ["cards"]),
        ("率", ["unemployment"]),
        ("ｱﾝｹｰﾄ", ["survey"]),
        ("ＣＡＲＤＳ", ["cards"]),
        ("市民 アンケート", ["survey"]),
        ("市民 人口", []),
        ('"市民アンケート"', ["survey"]),
        ("title:失業", ["unemployment"]),
        ("notes:暮らし", ["survey"]),
        ("title:暮らし", []),
        ("千葉市", ["cards", "population", "survey", "unemployment"]),
        ("対象地域:全国", ["unemployment"]),
        ("extras_対象地域:全", ["unemployment"]),
    ],
)
def test_japanese_is_found_by_any_part(names, create, q, found):
    create("unemployment", title="完全失業率（年次）", extras=[{"key": "対象地域", "value": "全国"}])
    create("population", title="推計人口")
    create("cards", title="マイナンバーカード取得状況")
    create("survey", title="市民アンケート", notes="暮らしの満足度")
    assert sorted(names(q)) == found


def test_a_hit_in_the_title_stands_before_one_in_the_notes(names, create):
    create("first", title="統計", notes="失業率について " * 20)
    create("second", title="失業率")
    create("third", title="統計", notes="失業率")
    assert names("失業率")[0] == "second"


def test_what_is_changed_is_found_under_its_new_text_only(catalog, names, create):
    created = create("cards", title="カード取得")
    catalog.call("package_patch", {"id": created["id"], "title": "窓口の手続"}, as_system=True)
    assert (names("取得"), names("手続")) == ([], ["cards"])


def test_a_purged_dataset_leaves_nothing_in_the_index(catalog, create):
    create("cards", title="カード取得", tags=[{"name": "行政"}])
    catalog.call("dataset_purge", {"id": "cards"}, as_system=True)
    with catalog.database.reading() as db:
        left = [
            db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("term", "package_text", "package")
        ]
    assert left == [0, 0, 0]


def test_a_renamed_organisation_is_found_in_its_datasets(catalog, names, create):
    create("cards")
    catalog.call("organization_patch", {"id": "city", "title": "港の市"}, as_system=True)
    assert names("港の市") == ["cards"]
    assert catalog.call("package_show", {"id": "cards"})["organization"]["title"] == "港の市"


def test_a_search_needs_as_many_statements_for_one_dataset_as_for_many(catalog, create):
    def statements() -> int:
        seen = []
        connection = catalog.database.connection()
        connection.set_trace_callback(seen.append)
        facets = ["tags", "organization", "groups", "license_id", "res_format"]
        catalog.call("package_search", {"q": "人口", "facet.field": facets, "rows": 100})
        connection.set_trace_callback(None)
        return len([text for text in seen if text.lstrip().startswith("SELECT")])

    create("data-0", title="人口", tags=[{"name": "行政"}])
    one = statements()
    for number in range(1, 12):
        create(f"data-{number}", title="人口", tags=[{"name": f"行政{number}"}])
    assert statements() == one <= 6


def test_a_member_reads_private_datasets_but_no_drafts(catalog, create, token_of):
    create("draft", state="draft")
    create("private", private=True)
    token = token_of("member")
    found = catalog.call("package_search", {"include_drafts": True, "include_private": True}, token=token)
    assert [item["name"] for item in found["results"]] == ["private"]


def test_the_state_of_a_new_dataset_is_for_sysadmins_to_choose_as_in_ckan(catalog, token_of):
    given = {"name": "made-by-editor", "owner_org": "city", "state": "draft"}
    assert catalog.call("package_create", given, token=token_of("editor"))["state"] == "active"


def test_chosen_fields_may_be_all(catalog, create):
    create("cards", tags=[{"name": "行政"}])
    found = catalog.call("package_search", {"fl": "*"})["results"][0]
    assert (found["tags"], found["organization"], found["name"]) == (["行政"], "city", "cards")


def test_a_facet_may_count_values_that_were_not_found(catalog, create):
    create("cards", tags=[{"name": "行政"}])
    create("air", tags=[{"name": "環境"}])
    given = {"fq": "tags:行政", "facet.field": ["tags"], "facet.mincount": 0}
    assert catalog.call("package_search", given)["facets"]["tags"] == {"行政": 1, "環境": 0}


@pytest.mark.parametrize("q", ["AND", "a AND", "*", "/a/"])
def test_what_a_person_types_never_fails_even_where_solr_does(catalog, q):
    assert catalog.call("package_search", {"q": q})["count"] == 0


def test_an_or_in_a_filter_means_what_it_says(names, create):
    create("cards", tags=[{"name": "行政"}])
    create("air", tags=[{"name": "環境"}])
    create("other")
    # CKAN glues its own conditions to the text, so that this finds everything there
    assert sorted(names("", fq="tags:行政 OR tags:環境")) == ["air", "cards"]
