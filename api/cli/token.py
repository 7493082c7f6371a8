"""``shihyo token``: API tokens of the catalogue. A token is shown once, when it is made; only its hash is kept."""

from __future__ import annotations

import secrets

import click

from api.cli.console import Terminal, json_option
from catalog.ckan import Catalogue, open_catalogue
from catalog.errors import Label


@click.group("token")
def token_group() -> None:
    """APIトークン。API tokens of the catalogue."""


@token_group.command("create")
@click.argument("user")
@click.option("--name", default="shihyo", show_default=True, help="トークンの名前 / Name of the token")
@click.option("--new-user", is_flag=True, help="利用者も作る / Create the user as well")
@click.option("--organization", help="所属させる組織 / Organisation to join (with --role)")
@click.option("--role", type=click.Choice(["admin", "editor", "member"]), default="editor", show_default=True)
@json_option
@click.pass_obj
def create(
    terminal: Terminal, user: str, name: str, new_user: bool, organization: str | None, role: str, as_json: bool
) -> None:
    """トークンを作る（一度だけ表示）。Make a token for USER; it is shown once."""
    catalogue = open_catalogue(terminal.settings)
    if new_user:
        _create_user(catalogue, user)
    if organization:
        catalogue.action("organization_member_create", id=organization, username=user, role=role)
    token = catalogue.action("api_token_create", user=user, name=name)["token"]
    if as_json:
        terminal.document({"user": user, "name": name, "token": token})
        return
    terminal.say("このトークンは二度と表示されません。", "This token will not be shown again.")
    click.echo(token)


def _create_user(catalogue: Catalogue, user: str) -> None:
    # CKAN wants a password and an address of everyone; nobody signs in with this one.
    catalogue.action("user_create", name=user, email=f"{user}@localhost.invalid", password=secrets.token_urlsafe(24))


@token_group.command("list")
@click.argument("user")
@json_option
@click.pass_obj
def list_tokens(terminal: Terminal, user: str, as_json: bool) -> None:
    """利用者のトークンの一覧。The tokens of USER, without the tokens themselves."""
    tokens = open_catalogue(terminal.settings).action("api_token_list", user_id=user)
    if as_json:
        terminal.document(tokens)
        return
    terminal.table(
        (Label("ID", "Id"), Label("名前", "Name"), Label("作成", "Created"), Label("最終利用", "Last used")),
        [(one["id"], one["name"], one["created_at"], one["last_access"]) for one in tokens],
    )


@token_group.command("revoke")
@click.argument("jti")
@click.pass_obj
def revoke(terminal: Terminal, jti: str) -> None:
    """トークンを無効にする。Revoke the token with this id."""
    open_catalogue(terminal.settings).action("api_token_revoke", jti=jti)
    terminal.say("無効にしました。", "Revoked.")
