"""How this process stands with the catalogue: what it is, who the token is there, and what it may do.

Every check is a question that changes nothing, so a person learns of a wrong token or a missing right before the first
publication and not in the middle of it. A node that only follows needs no token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.ckan.client import Catalogue
from catalog.embedded.errors import NotFound
from catalog.errors import Label, NotAuthorized

#: what it is tested with
_TESTED = "2.12"


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer."""

    #: for programs
    name: str
    #: what was asked
    asked: Label
    #: what was found
    found: Label
    #: True if all is well, False if publishing will fail, None if it is only to be known
    good: bool | None = None
    #: what to do, if anything
    next_step: Label | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "name": self.name,
            "asked": self.asked.to_dict(),
            "found": self.found.to_dict(),
            "good": self.good,
            "next_step": self.next_step.to_dict() if self.next_step else None,
        }


def iter_checks(catalogue: Catalogue, status: Mapping[str, Any]) -> Iterator[Check]:
    """Yield the checks of a catalogue.

    Parameters
    ----------
    catalogue
        The one that the settings name.
    status
        What it answers to ``status_show``.

    Raises
    ------
    CatalogueError
        If it stops answering.
    """
    yield _version(status)
    yield _holds(catalogue)
    if not catalogue.settings.catalog_url:
        return
    user = _find_user(catalogue)
    yield _token(catalogue, user)
    if user is not None:
        yield _organization(catalogue, user)
    yield _datastore(catalogue, status)
    yield _types(status)


def _version(status: Mapping[str, Any]) -> Check:
    version = str(status["ckan_version"])
    asked = Label("CKANの版", "Version of CKAN")
    if version.startswith(_TESTED):
        return Check("version", asked, Label(version, version), good=True)
    return Check(
        "version",
        asked,
        Label(version, version),
        next_step=Label(
            f"試験しているのは {_TESTED} です。ほかの版では一部が動かないことがあります",
            f"It is tested with {_TESTED}; with others something may not work",
        ),
    )


def _holds(catalogue: Catalogue) -> Check:
    count = catalogue.action("package_search", fq="+shihyo_release:* -shihyo_release_of:*", rows=0)["count"]
    return Check(
        "datasets",
        Label("ここから公開したデータセット", "Datasets published from here"),
        Label(f"{count}件", str(count)),
    )


def _find_user(catalogue: Catalogue) -> dict[str, Any] | None:
    """Return the user of the token; None if there is no token, or CKAN does not know it and takes us for a stranger."""
    if not catalogue.settings.catalog_token:
        return None
    try:
        return dict(catalogue.action("user_show"))
    except (NotFound, NotAuthorized):
        return None


def _token(catalogue: Catalogue, user: Mapping[str, Any] | None) -> Check:
    asked = Label("トークンの利用者", "User of the token")
    if user is not None:
        name = str(user["name"]) + (" (sysadmin)" if user.get("sysadmin") else "")
        return Check("token", asked, Label(name, name), good=True)
    if not catalogue.settings.catalog_token:
        return Check(
            "token",
            asked,
            Label("トークンなし（読むだけ）", "no token: reading only"),
            next_step=Label(
                "公開するには SHIHYO_CATALOG_TOKEN を設定してください", "Set SHIHYO_CATALOG_TOKEN in order to publish"
            ),
        )
    return Check(
        "token",
        asked,
        Label("CKANの知らないトークン", "CKAN does not know this token"),
        good=False,
        next_step=Label(
            "期限切れ、失効、写し間違いのいずれかです。CKANで新しいトークンを作ってください",
            "It has expired, was revoked or was mistyped: make a new one in CKAN",
        ),
    )


def _organization(catalogue: Catalogue, user: Mapping[str, Any]) -> Check:
    name = catalogue.settings.organization
    asked = Label(f"組織 {name} への公開", f"Publishing for {name}")
    own = catalogue.action("organization_list_for_user", permission="create_dataset")
    if name in {one["name"] for one in own}:
        return Check("organization", asked, Label("できます", "allowed"), good=True)
    try:
        catalogue.action("organization_show", id=name, include_datasets=False, include_users=False)
    except NotFound:
        return Check(
            "organization",
            asked,
            Label("組織がありません", "there is no such organisation"),
            good=True if user.get("sysadmin") else None,
            next_step=Label(
                "CKANが許せば最初の公開のときに作られます。許さなければ、CKANの管理者に作成を依頼してください",
                "The first publication makes it where CKAN allows it; where not, ask CKAN's administrator for it",
            ),
        )
    return Check(
        "organization",
        asked,
        Label("権限がありません", "not allowed"),
        good=False,
        next_step=Label(
            f"組織 {name} の管理者に、利用者 {user['name']} を編集者（editor）に加えるよう依頼してください。"
            "組織が違うなら SHIHYO_ORGANIZATION と harvest.yml を直してください",
            f"Ask an admin of {name} to make {user['name']} an editor of it; if it is the wrong organisation, correct"
            " SHIHYO_ORGANIZATION and harvest.yml",
        ),
    )


def _datastore(catalogue: Catalogue, status: Mapping[str, Any]) -> Check:
    asked = Label("DataStore", "DataStore")
    if "datastore" in status["extensions"]:
        return Check(
            "datastore", asked, Label("あり（最新のリリースを入れます）", "there: it gets the current releases")
        )
    wanted = catalogue.settings.datastore == "on"
    return Check(
        "datastore",
        asked,
        Label("なし（ファイルだけを公開します）", "none: files alone are published"),
        good=False if wanted else None,
        next_step=Label("SHIHYO_DATASTORE=on とは両立しません", "SHIHYO_DATASTORE=on cannot be met")
        if wanted
        else None,
    )


def _types(status: Mapping[str, Any]) -> Check:
    asked = Label("プラグイン shihyo", "Plugin shihyo")
    if "shihyo" in status["extensions"]:
        return Check("plugin", asked, Label("あり", "there"), good=True)
    return Check(
        "plugin",
        asked,
        Label("なし", "not there"),
        next_step=Label(
            "なくても公開できます。CKANの一覧にリリースも並びます（docs/how-to/ckan.md）",
            "Publishing works without it; releases stand among the datasets on CKAN's pages (docs/how-to/ckan.md)",
        ),
    )
