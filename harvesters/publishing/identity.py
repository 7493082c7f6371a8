"""Who runs, approves, rejects and rolls back: the CKAN user of the token if there is one, and the system account.

Identity is CKAN's: with ``SHIHYO_CATALOG_TOKEN`` the catalogue says whose token it is, and that name counts. Without a
token only the account of the operating system is known. Both are kept with every decision, and reports say which of
them a name is.
"""

from __future__ import annotations

import getpass
import os

from catalog.ckan import Catalogue
from catalog.ckan.users import find_user
from catalog.database.holds import Actor


def find_actor(catalogue: Catalogue) -> Actor:
    """Return who acts in this process.

    Raises
    ------
    CatalogueUnavailable
        If there is a token and the catalogue does not answer.
    """
    return Actor(ckan=find_user(catalogue), os=_account())


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return f"uid {os.getuid()}"
