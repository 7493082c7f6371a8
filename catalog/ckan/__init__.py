"""The gateway to CKAN: open it, publish to it, follow it. The only place that knows ckanapi."""

from catalog.ckan.client import Catalogue, EmbeddedCKAN, open_catalogue
from catalog.ckan.follow import BrokenRelease, Follower
from catalog.ckan.organizations import ensure_organization
from catalog.ckan.publish import Progress, Published, find_current, publish

__all__ = [
    "BrokenRelease",
    "Catalogue",
    "EmbeddedCKAN",
    "Follower",
    "Progress",
    "Published",
    "ensure_organization",
    "find_current",
    "open_catalogue",
    "publish",
]
