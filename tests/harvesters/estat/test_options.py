"""Options of a source of kind ``estat`` that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from catalog.errors import ConfigurationError
from harvesters import Context
from harvesters.estat.harvester import EStat

APP_ID = "0123456789abcdef0123456789abcdef01234567"


Api = Callable[..., Any]


def test_a_source_without_tables_is_told_so(api: Api, source_of: Any, make_context: Callable[..., Context]) -> None:
    with pytest.raises(ConfigurationError, match="lack tables"):
        EStat().gather(make_context(source_of(api("usage.json"), tables=None)))


def test_a_key_in_the_url_is_refused_without_repeating_it(
    api: Api, source_of: Any, make_context: Callable[..., Context]
) -> None:
    source = source_of(api("usage.json"))
    with pytest.raises(ConfigurationError, match="must end before") as caught:
        EStat().gather(make_context(replace(source, url=f"{source.url}?appId={APP_ID}")))
    assert APP_ID not in json.dumps(caught.value.to_dict()) + str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("tables", []),
        ("tables", [3448237]),
        ("tables", ["x"]),
        ("tables", ["1", "1"]),
        ("filters", {"appId": "x"}),
        ("filters", {"cdArea": 12100}),
        ("filters", {"cdCat16": "1"}),
        ("filters", {"cdArea": "1&appId=2"}),
        ("page_size", 0),
        ("page_size", 100_001),
        ("page_size", True),
    ],
)
def test_values_of_options_that_the_api_does_not_take_are_refused(option: str, value: Any) -> None:
    declared = next(one for one in EStat.options if one.name == option)
    with pytest.raises((ValueError, TypeError)):
        declared.type.parse(value)
