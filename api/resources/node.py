"""``/api/v1`` and ``/api/v1/status``: the entrance, and the state of this node."""

from __future__ import annotations

from typing import Any

from api.caching import software_version
from api.calls import Answer, Call, answers
from catalog.ckan import BrokenRelease
from catalog.ckan.follow import BrokenService
from catalog.errors import Label
from catalog.releases import DatasetHolding
from openapi import OPERATIONS

_TITLE = Label("指標API", "Indicator API")
_DESCRIPTION = Label(
    "指標の観測値、データセットとそのリリース、地域、ビジョンを返します。読むのに鍵はいりません。",
    "Observations of indicators, datasets and their releases, areas and the vision. Reading needs no key.",
)


@answers("showIndex")
def show_index(call: Call) -> Answer:
    """Answer where everything is."""
    lists = [one.path for one in OPERATIONS if one.path and not one.path_parameters]
    links = {path.removeprefix("/"): call.api_url(path) for path in lists}
    title = call.node.settings.site_title
    return Answer(
        data={
            "title": Label(title, title) if title else _TITLE,
            "description": _DESCRIPTION,
            "version": software_version(),
        },
        links={**links, "describedby": call.url("/openapi.json"), "help": call.url("/docs")},
    )


@answers("showStatus")
def show_status(call: Call) -> Answer:
    """Answer what is held and whether the catalogue can be reached."""
    state = call.node.follow_state
    data = {
        "version": software_version(),
        "started": call.node.started,
        "holdings": call.holdings.digest,
        "datasets": [_held(one) for one in call.holdings.datasets.values()],
        "services": len(call.holdings.services),
        "catalogue": {
            "reachable": state.reachable,
            "checked": state.checked,
            "followed": state.followed,
            "error": state.error,
            "broken": [_broken(one) for one in state.broken],
            "broken_services": [_broken_service(one) for one in state.broken_services],
        },
    }
    return Answer(data=data, volatile=True)


def _broken(release: BrokenRelease) -> dict[str, Any]:
    error = release.error
    detail = Label(error.message("ja"), error.message("en"))
    return {"dataset": release.dataset, "sequence": release.sequence, "error": detail.to_dict()}


def _broken_service(service: BrokenService) -> dict[str, Any]:
    error = service.error
    return {"package": service.package, "error": {"ja": error.message("ja"), "en": error.message("en")}}


def _held(holding: DatasetHolding) -> dict[str, Any]:
    manifest = holding.current.manifest
    return {
        "dataset": manifest.dataset.name,
        "version": str(manifest.version),
        "digest": manifest.digest,
        "issued": manifest.issued,
        "releases": len(holding.releases),
        "observations": manifest.observations,
    }
