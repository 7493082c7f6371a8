"""Organisations: whose datasets these are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.ckan.client import Catalogue
from catalog.embedded.errors import NotFound, ValidationError
from catalog.errors import CatalogueUnavailable, Label, NotAuthorized
from catalog.model import Agent


def ensure_organization(catalogue: Catalogue, agent: Agent) -> dict[str, Any]:
    """Return the organisation of an agent; it is made if there is none.

    Raises
    ------
    NotAuthorized
        If it has to be made and the token may not.
    """
    try:
        return _show(catalogue, agent)
    except NotFound:
        return _create(catalogue, agent)


def ensure_owner(catalogue: Catalogue, package: Mapping[str, Any] | None, agent: Agent) -> None:
    """Make the organisation of an agent if a package is new or belongs to another one.

    Raises
    ------
    NotAuthorized
        If it has to be made and the token may not.
    """
    owner = ((package or {}).get("organization") or {}).get("name")
    if owner != agent.name:
        ensure_organization(catalogue, agent)


def _show(catalogue: Catalogue, agent: Agent) -> dict[str, Any]:
    return dict(catalogue.action("organization_show", id=agent.name, include_datasets=False, include_users=False))


def _create(catalogue: Catalogue, agent: Agent) -> dict[str, Any]:
    links = [one for one in (agent.label.en, agent.url) if one]
    try:
        return dict(
            catalogue.action(
                "organization_create", name=agent.name, title=agent.label.ja, description="\n\n".join(links)
            )
        )
    except (ValidationError, CatalogueUnavailable) as error:
        # Someone else made it in between (CKAN says 409, or 500 at the same moment); if not, the error stands.
        try:
            return _show(catalogue, agent)
        except NotFound:
            raise error from None
    except NotAuthorized as error:
        raise NotAuthorized(
            f"カタログに組織 {agent.name}（{agent.label.ja}）がなく、作る権限もありません",
            f"The catalogue has no organisation {agent.name} and this token may not make it",
            next_step=Label(
                f"カタログの管理者に、組織 {agent.name} の作成と編集者（editor）権限を依頼してください",
                f"Ask an administrator to make the organisation {agent.name} and to add you as an editor",
            ),
            value=agent.name,
        ) from error
