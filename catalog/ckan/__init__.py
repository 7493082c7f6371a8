"""The gateway to CKAN: open it, publish to it, follow it. The only place that knows ckanapi."""

from catalog.ckan.client import Catalogue, EmbeddedCKAN, open_catalogue
from catalog.ckan.datastore import Loaded, load_datastore, load_datastores
from catalog.ckan.follow import BrokenRelease, BrokenService, Follower
from catalog.ckan.organizations import ensure_organization
from catalog.ckan.publish import Progress, Published, find_current, publish
from catalog.ckan.services import PublishedService, find_service, plan_service, publish_service

__all__ = [
    "BrokenRelease",
    "BrokenService",
    "Catalogue",
    "EmbeddedCKAN",
    "Follower",
    "Loaded",
    "Progress",
    "Published",
    "PublishedService",
    "ensure_organization",
    "find_current",
    "find_service",
    "load_datastore",
    "load_datastores",
    "open_catalogue",
    "plan_service",
    "publish",
    "publish_service",
]
