"""CKAN's action API on SQLite and a folder of files, for those who have no CKAN at hand.

Clients that speak to CKAN speak to this without a change: the same actions, answers, errors and roles.

- :class:`EmbeddedCatalog` is the catalogue; ``call`` does an action.
- ``registry`` is the table of actions, ``actions`` are the functions in it.
- ``validation``, ``validators``, ``schemas`` check what callers give.
- ``callers`` knows roles and tokens, ``packages`` stores, ``search`` finds, ``files`` keeps uploads.
"""

from catalog.embedded.catalog import EmbeddedCatalog, UploadedFile
from catalog.embedded.errors import (
    ActionError,
    BadRequest,
    NotAuthorized,
    NotFound,
    SearchError,
    SearchQueryError,
    ValidationError,
)
from catalog.embedded.files import StoredFile

__all__ = [
    "ActionError",
    "BadRequest",
    "EmbeddedCatalog",
    "NotAuthorized",
    "NotFound",
    "SearchError",
    "SearchQueryError",
    "StoredFile",
    "UploadedFile",
    "ValidationError",
]
