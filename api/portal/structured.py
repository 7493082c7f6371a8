"""The dataset as schema.org describes it, in its page, where search engines read it (JSON-LD 1.1, HTML section)."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from api.portal.site import View
from api.site import chain_of, describe_site
from catalog.metadata.schema_org import dataset_json_ld
from catalog.releases import DatasetHolding


def describe_dataset(view: View, holding: DatasetHolding) -> Markup:
    """Return JSON-LD to stand in a ``script`` element, in the language of the page."""
    site = describe_site(view.node, view.holdings)
    return embed(dataset_json_ld(site, chain_of(holding), view.node.reference, view.t.lang))


def embed(value: Any) -> Markup:
    """Return JSON that cannot end the ``script`` element around it."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character that HTML could read is escaped above
