"""A query becomes SQL: bounds, and what the recorded CKAN says nothing about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.embedded import EmbeddedCatalog
from catalog.embedded.errors import SearchError
from catalog.embedded.search.conditions import MAX_LEAVES, condition_for

PIECES = st.sampled_from(
    ["失業", "air", "AND", "OR", "NOT", "(", ")", "+", "-", ":", '"', "*", "?", "[", "]", "{", "}", " TO ", "tags",
     "~2", "^4", "\\", "/", "metadata_modified", "2026-01-01", " ", "|", "'", ">=", "extras_a", "日本:", "\0"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{!dismax qf=x}q", "local parameters"),
        ("x" * 20_001, "longer"),
        ("(" * 51 + "a" + ")" * 51, "brackets"),
        ("a:" + " ".join("b" * 1 for _ in range(MAX_LEAVES + 2)), "terms"),
        ("tags:*a*b*c*d*e*", "wildcards"),
        ("tags:/re.*/", "not supported"),
        ("num_tags:[a TO b]", "no number"),
    ],
)
def test_what_costs_too_much_or_is_not_supported_is_refused_with_its_reason(query, words):
    with pytest.raises(SearchError, match=words):
        condition_for(query)


def test_the_refusal_shows_the_query_and_nothing_of_the_machine():
    with pytest.raises(SearchError) as refused:
        condition_for("title:(a")
    texts = refused.value.error_dict("ja")["message"] + refused.value.error_dict("en")["message"]
    assert "title:(a" in texts
    assert "SELECT" not in texts
    assert "package" not in texts


@pytest.mark.parametrize("query", ["(" * 40 + "a" + ")" * 40, "a " * 400, "tags:[a TO b] OR tags:{a TO b}"])
def test_a_query_within_the_bounds_is_answered_by_sqlite(catalog, query):
    assert catalog.call("package_search", {"q": query})["count"] == 0


def test_many_filters_together_are_bounded(catalog):
    filters = ["tags:(" + " OR ".join(f"t{number}" for number in range(300)) + ")"] * 2
    with pytest.raises(SearchError, match="too many"):
        catalog.call("package_search", {"fq_list": filters})


@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_query_is_answered_or_refused(fuzzed_catalog, query):
    lenient = ":" not in query and "{!" not in query
    with nullcontext() if lenient else suppress(SearchError):
        assert fuzzed_catalog.call("package_search", {"q": query})["count"] == 0


@pytest.fixture(scope="module")
def fuzzed_catalog(tmp_path_factory):
    made = EmbeddedCatalog(tmp_path_factory.mktemp("fuzz"), site_url="http://x", max_upload_bytes=1)
    yield made
    made.close()


def test_queries_are_parsed_by_many_threads_at_once():
    queries = [f"tags:(a{number} OR b{number}) AND title:失業率" for number in range(200)]
    alone = [condition_for(query) for query in queries]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(condition_for, queries)) == alone
