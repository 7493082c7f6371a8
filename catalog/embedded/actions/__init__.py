"""The actions, one module for each kind of object; importing this package fills the table in ``registry``."""

from catalog.embedded.actions import (
    communities,
    members,
    packages,
    resources,
    site,
    tags,
    tokens,
    users,
)

__all__ = ["communities", "members", "packages", "resources", "site", "tags", "tokens", "users"]
