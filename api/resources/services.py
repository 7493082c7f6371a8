"""``/services``: the city services that are registered in the catalogue."""

from __future__ import annotations

from typing import Any

from api.calls import Answer, Call, answers
from api.services import count_values, read_filter
from catalog.reference.service_checks import check_step
from catalog.releases import ServiceHolding


@answers("listServices")
def list_services(call: Call) -> Answer:
    """Answer the services that pass all filters, by id."""
    asked = {name: [part.strip() for part in text.split(",")] for name, text in call.parameters.items()}
    wanted = read_filter(asked, call.node.reference)
    found = [one for one in call.holdings.services.values() if wanted.passes(one.service)]
    return Answer(
        data=[_present(call, one) for one in found],
        meta={"total": len(found), "facets": count_values(one.service for one in found)},
    )


@answers("showService")
def show_service(call: Call) -> Answer:
    """Answer one service."""
    service = call.holdings.get_service(call.path["service"])
    return Answer(data=_present(call, call.holdings.services[service.id]))


def _present(call: Call, held: ServiceHolding) -> dict[str, Any]:
    service = held.service
    page = call.url(f"/services/{service.id}")
    return {
        **service.to_dict(),
        "others": dict(service.iter_others()),
        "step_findings": [one.to_dict() for one in check_step(service)],
        "digest": service.digest,
        "published": held.published,
        "links": {
            "self": call.api_url(f"/services/{service.id}"),
            "page": page,
            **{suffix: f"{page}.{suffix}" for suffix in ("jsonld", "ttl", "rdf")},
            **{f"linked {one}": call.api_url(f"/services/{one}") for one in service.linked_services},
        },
    }
