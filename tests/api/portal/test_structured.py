"""The description of a dataset for search engines."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient

from api.portal.structured import embed
from catalog.releases import Holdings


def described(client: FlaskClient, path: str) -> dict[str, Any]:
    block = client.get(path).text.split('<script type="application/ld+json">')[1].split("</script>")[0]
    found: dict[str, Any] = json.loads(block)
    return found


def test_a_dataset_describes_itself_with_what_search_engines_ask_for(client: FlaskClient, holdings: Holdings) -> None:
    found = described(client, "/dataset/mynumber-municipalities")
    manifest = holdings.get("mynumber-municipalities").current.manifest
    assert found["@type"] == "Dataset"
    assert found["name"] == manifest.dataset.title.ja
    assert 50 <= len(found["description"]) <= 5000
    assert found["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert found["version"] == str(manifest.version)
    assert found["temporalCoverage"] == "2017-03-08/2022-04-01"
    assert found["isAccessibleForFree"] is True


def test_every_file_has_an_absolute_address_that_answers(client: FlaskClient) -> None:
    for one in described(client, "/en/dataset/mynumber-municipalities")["distribution"]:
        assert one["contentUrl"].startswith("http://shihyo.example/")
        with client.get(one["contentUrl"].removeprefix("http://shihyo.example")) as response:
            assert response.status_code == 200
            assert response.mimetype == one["encodingFormat"].split(";")[0]
            assert one["contentSize"].split()[0] == str(len(response.data))


def test_the_text_is_in_the_language_of_the_page(client: FlaskClient) -> None:
    assert described(client, "/en/dataset/procedures-online")["name"].startswith("Share of national")


def test_json_in_a_page_reads_back_and_has_no_character_of_markup() -> None:
    value = {"a": "</script><!-- & \u2028\u2029 日本"}
    text = str(embed(value))
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)
