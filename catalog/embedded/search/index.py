"""Write the search index of a package: full text, and one row for each value of each field.

The fields are those of CKAN's Solr schema that clients use; an extra is found as ``extras_<key>`` and, unless it
would hide a field of CKAN's own, by its bare name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.embedded.search.tokens import fold, index_tokens

#: CKAN has one site for each index; clients still filter by it
SITE_ID = "default"

#: single values of the package that are fields of the same name
_PLAIN = (
    "id",
    "name",
    "title",
    "notes",
    "state",
    "version",
    "url",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "license_id",
    "license_title",
    "owner_org",
    "creator_user_id",
    "num_resources",
    "num_tags",
    "metadata_created",
    "metadata_modified",
)

#: field -> key of a resource
RESOURCE_FIELDS = {
    "res_name": "name",
    "res_description": "description",
    "res_format": "format",
    "res_url": "url",
    "res_type": "resource_type",
}

#: long texts, which are in the full-text index only
_LONG = frozenset({"notes"})


def fields_of(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the values of every field of a package."""
    fields = {key: [str(document[key])] for key in _PLAIN if document.get(key) not in (None, "")}
    fields |= {
        "type": [document["type"]],
        "dataset_type": [document["type"]],
        "entity_type": ["package"],
        "site_id": [SITE_ID],
        "title_string": [document["title"]],
        "private": [str(document["private"]).lower()],
        "isopen": [str(document["isopen"]).lower()],
        "capacity": ["private" if document["private"] else "public"],
        "organization": [document["organization"]["name"]],
        "groups": [group["name"] for group in document["groups"]],
        "tags": [tag["name"] for tag in document["tags"]],
    }
    for field, key in RESOURCE_FIELDS.items():
        fields[field] = [str(item[key]) for item in document["resources"] if item.get(key)]
    own = frozenset(fields) | frozenset(document)
    for extra in document["extras"]:
        fields[f"extras_{extra['key']}"] = [extra["value"]]
        if extra["key"] not in own:
            fields[extra["key"]] = [extra["value"]]
    return fields


def _terms(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, values in fields_of(document).items():
        if field not in _LONG:
            yield from ((field, value) for value in dict.fromkeys(values))


def _texts(document: Mapping[str, Any]) -> tuple[str, ...]:
    organization = document["organization"]
    communities = [organization["title"], organization["name"]]
    communities += [text for group in document["groups"] for text in (group["title"], group["name"])]
    rest = [document.get(key) for key in ("author", "maintainer", "url", "license_id", "license_title", "id")]
    rest += [item.get(key) for item in document["resources"] for key in ("name", "description", "format")]
    rest += [extra["value"] for extra in document["extras"]]
    columns: tuple[list[str | None], ...] = (
        [document["title"]],
        [document["name"]],
        [tag["name"] for tag in document["tags"]],
        communities,
        [document.get("notes")],
        rest,
    )
    # the full stop keeps a phrase from running over from one value to the next
    return tuple(" ".join(index_tokens(text) for text in column if text) for column in columns)


def index_package(db: sqlite3.Connection, seq: int, document: Mapping[str, Any]) -> None:
    """Replace the index of a package."""
    remove_package(db, seq)
    db.executemany(
        "INSERT INTO term (field, value, package, folded) VALUES (?, ?, ?, ?)",
        [(field, value, seq, fold(value)) for field, value in _terms(document)],
    )
    db.execute(
        "INSERT INTO package_text (rowid, title, name, tags, communities, notes, rest) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (seq, *_texts(document)),
    )


def remove_package(db: sqlite3.Connection, seq: int) -> None:
    """Remove a package from the index."""
    db.execute("DELETE FROM term WHERE package = ?", (seq,))
    db.execute("DELETE FROM package_text WHERE rowid = ?", (seq,))
