"""What is indexed of a text, and how a term looks for it."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.embedded.search.tokens import fold, index_tokens, match_expression

JAPANESE = st.text("人口失業率取得アンケートカード々ー", min_size=1, max_size=12)


@pytest.fixture(scope="module")
def finds():
    """Return a function that tells whether a term finds a text, by SQLite itself."""
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = \"unicode61 remove_diacritics 0\", prefix='1 2')"
    )

    def finds(term: str, text: str) -> bool:
        db.execute("DELETE FROM words")
        db.execute("INSERT INTO words VALUES (?)", (index_tokens(text),))
        return bool(db.execute("SELECT 1 FROM words WHERE words MATCH ?", (match_expression(term),)).fetchone())

    yield finds
    db.close()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("完全失業率", "完全 全失 失業 業率 率"),
        ("率", "率"),
        ("失業率CSV", "失業 業率 率 csv"),
        ("ｱﾝｹｰﾄ", "アン ンケ ケー ート ト"),
        ("ＣＳＶ（年次）", "csv 年次 次"),
        ("kpi-12_v2", "kpi 12 v2"),
        ("佐々木", "佐々 々木 木"),
        ("", ""),
        ("！？", ""),
    ],
)
def test_text_becomes_words_and_pairs(text, tokens):
    assert index_tokens(text) == tokens


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("失業率", "完全失業率（年次）"),
        ("人口", "年齢別人口"),
        ("取得", "マイナンバーカード取得状況"),
        ("率", "完全失業率"),
        ("口", "人口"),
        ("ｱﾝｹｰﾄ", "市民アンケート調査"),
        ("アンケート", "市民ｱﾝｹｰﾄ調査"),
        ("失業率CSV", "完全失業率CSV"),
        ("unemploy", "Unemployment rate"),
        ("kpi-12", "indicator kpi-12"),
        ("2021", "令和3年（2021年）"),
        ("𠮷野", "𠮷野家"),
    ],
)
def test_a_term_is_found_inside_a_text(finds, term, text):
    assert finds(term, text)


@pytest.mark.parametrize(
    ("term", "text"), [("失率", "失業率"), ("業失", "失業率"), ("ment", "unemployment"), ("人工", "人口"), ("1", "21")]
)
def test_a_term_is_not_found_where_it_does_not_stand(finds, term, text):
    assert not finds(term, text)


@given(before=JAPANESE, term=JAPANESE, after=JAPANESE)
def test_every_part_of_a_japanese_text_is_found(finds, before, term, after):
    assert finds(term, before + term + after)


@given(term=JAPANESE, text=JAPANESE)
def test_a_japanese_term_is_found_exactly_where_the_text_contains_it(finds, term, text):
    assert finds(term, text) == (fold(term) in fold(text))


@given(st.text(max_size=40))
def test_no_text_breaks_the_full_text_query(finds, text):
    if match_expression(text) is not None:
        assert finds(text, text)
