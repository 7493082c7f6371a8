"""Releases and city services as packages of types of their own, ``release`` and ``service``.

Without this plugin CKAN's core answers 500 to an upload into a package of a type that nobody registered, and on every
page that lists one; shihyo then publishes both as plain datasets. With it they have pages of their own
(``/release/<name>``, ``/service/<name>``).

They stay out of ``package_search`` unless a query names their type or their extra, as ckanext-harvest does it with its
sources: another CKAN that harvests this one without the plugin would fail on them.

References
----------
CKAN 2.12, ``ckan/plugins/interfaces.py``: IDatasetForm, IPackageController (2026-11-22).
"""

from __future__ import annotations

import re
from typing import Any

from ckan import plugins
from ckan.plugins import toolkit

RELEASE_TYPE = "release"
SERVICE_TYPE = "service"

#: a query that wants packages by one of these says itself which types it wants; an exclusion does not, and other
#: plugins add exclusions of their own types
_SAYS_SO = re.compile(r"(?<![-\w])(?:dataset_type|shihyo_release_of|shihyo_service_digest):")

_NOT_OURS = f"-dataset_type:{RELEASE_TYPE} -dataset_type:{SERVICE_TYPE}"


class ReleasePlugin(plugins.SingletonPlugin, toolkit.DefaultDatasetForm):
    """Registers the types; a catalogue with it has ``shihyo`` among the ``extensions`` of ``status_show``."""

    plugins.implements(plugins.IDatasetForm)
    plugins.implements(plugins.IPackageController, inherit=True)

    def is_fallback(self) -> bool:
        """Leave datasets to CKAN and to other plugins."""
        return False

    def package_types(self) -> list[str]:
        """Return the types that are registered here."""
        return [RELEASE_TYPE, SERVICE_TYPE]

    def before_dataset_search(self, search_params: dict[str, Any]) -> dict[str, Any]:
        """Leave releases and services out unless they are asked for."""
        asked = " ".join(str(search_params.get(key) or "") for key in ("q", "fq", "fq_list"))
        if not _SAYS_SO.search(asked):
            search_params["fq"] = f"{search_params.get('fq') or ''} {_NOT_OURS}".strip()
        return search_params
