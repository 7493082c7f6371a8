"""Who acts in the catalogue: the user whose API token is used."""

from __future__ import annotations

from typing import Any

from catalog.ckan.client import Catalogue, EmbeddedCKAN
from catalog.embedded.errors import NotAuthorized, NotFound, ValidationError


def find_user(catalogue: Catalogue) -> str | None:
    """Return the name of the user whose token the settings have; None without a token, or if nobody owns it.

    Raises
    ------
    CatalogueUnavailable
        If the catalogue does not answer.

    References
    ----------
    CKAN 2.12, ``user_show``: without ``id`` the user who asks (2026-11-22).
    """
    if not catalogue.settings.catalog_token:
        return None
    try:
        return str(_own_account(catalogue)["name"])
    except (NotFound, NotAuthorized, ValidationError):
        return None


def _own_account(catalogue: Catalogue) -> Any:
    ckan = catalogue._ckan
    if isinstance(ckan, EmbeddedCKAN):  # which else acts as its own sysadmin
        return ckan.catalog.call("user_show", {}, token=catalogue.settings.catalog_token)
    return catalogue.action("user_show")
