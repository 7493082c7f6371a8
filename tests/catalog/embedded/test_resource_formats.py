"""How formats are written."""

from __future__ import annotations

import pytest

from catalog.embedded.licenses import all_licenses
from catalog.embedded.resource_formats import clean_format, guess_format


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("csv", "CSV"),
        (".CSV", "CSV"),
        ("text/csv", "CSV"),
        ("geojson", "GeoJSON"),
        ("jpg", "JPEG"),
        ("Parquet", "Parquet"),
    ],
)
def test_a_format_is_written_one_way(raw, written):
    assert clean_format(raw) == written


@pytest.mark.parametrize(
    ("url", "guess"),
    [("https://x/a.csv?b=1", "CSV"), ("https://x/%E8%A1%A8.xlsx", "XLSX"), ("https://x/a", None), ("", None)],
)
def test_a_format_is_guessed_from_the_end_of_an_address(url, guess):
    assert guess_format(url) == guess


def test_every_licence_has_a_title_in_both_languages():
    assert all(item.title.ja and item.title.en for item in all_licenses().values())
