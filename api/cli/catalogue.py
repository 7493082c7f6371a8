"""``shihyo catalog``: what is published, and this node's copy of it."""

from __future__ import annotations

import click

from api.cli.console import Terminal, json_option
from catalog.ckan import Follower, open_catalogue
from catalog.errors import Label
from catalog.releases import Holdings, LocalCopy


@click.group("catalog")
def catalog_group() -> None:
    """カタログの中身。What is published."""


def synchronise(terminal: Terminal) -> Holdings:
    """Bring the local copy up to the catalogue, with a bar for people."""
    settings = terminal.settings
    with terminal.progress() as report:
        follower = Follower(open_catalogue(settings), LocalCopy(settings.home / "copy"))
        return follower.synchronise(progress=report)


@catalog_group.command("sync")
@json_option
@click.pass_obj
def sync(terminal: Terminal, as_json: bool) -> None:
    """手元の写しを最新にする。Bring the local copy up to the catalogue."""
    _print_datasets(terminal, synchronise(terminal), as_json)


@catalog_group.command("list")
@json_option
@click.pass_obj
def list_datasets(terminal: Terminal, as_json: bool) -> None:
    """手元の写しにあるデータセット。Datasets of the local copy, without asking the catalogue."""
    _print_datasets(terminal, LocalCopy(terminal.settings.home / "copy").load(), as_json)


def _print_datasets(terminal: Terminal, holdings: Holdings, as_json: bool) -> None:
    manifests = [holding.current.manifest for holding in holdings.datasets.values()]
    if as_json:
        terminal.document(
            [
                {
                    "name": one.dataset.name,
                    "title": one.dataset.title.to_dict(),
                    "version": str(one.version),
                    "issued": one.issued,
                    "observations": one.observations,
                    "releases": len(holdings.get(one.dataset.name).releases),
                    "digest": one.digest,
                }
                for one in manifests
            ]
        )
        return
    terminal.table(
        (
            Label("データセット", "Dataset"),
            Label("題名", "Title"),
            Label("版", "Version"),
            Label("時点", "Issued"),
            Label("観測値", "Observations"),
            Label("リリース", "Releases"),
        ),
        [
            (
                one.dataset.name,
                terminal.text(one.dataset.title),
                one.version,
                one.issued[:10],
                f"{one.observations:,}",
                len(holdings.get(one.dataset.name).releases),
            )
            for one in manifests
        ],
    )


@catalog_group.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def show(terminal: Terminal, name: str, as_json: bool) -> None:
    """データセットのリリースの一覧。The releases of a dataset, newest first."""
    holding = LocalCopy(terminal.settings.home / "copy").load().get(name)
    manifests = [release.manifest for release in reversed(holding.releases)]
    if as_json:
        terminal.document([one.to_dict() for one in manifests])
        return
    terminal.table(
        (
            Label("版", "Version"),
            Label("時点", "Issued"),
            Label("追加", "Added"),
            Label("変更", "Changed"),
            Label("削除", "Removed"),
            Label("ダイジェスト", "Digest"),
        ),
        [
            (
                one.version,
                one.issued[:10],
                f"+{one.changes.added:,}",
                f"~{one.changes.changed:,}",
                f"-{one.changes.removed:,}",
                one.digest[:16],
            )
            for one in manifests
        ],
        title=holding.dataset.title,
    )


@catalog_group.command("status")
@json_option
@click.pass_obj
def status(terminal: Terminal, as_json: bool) -> None:
    """カタログに届くか。Whether the catalogue answers, and what it says of itself."""
    answer = open_catalogue(terminal.settings).action("status_show")
    if as_json:
        terminal.document(answer)
        return
    terminal.table((Label("項目", "Item"), Label("値", "Value")), sorted(answer.items()))
