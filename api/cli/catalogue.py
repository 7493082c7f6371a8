"""``shihyo catalog``: what is published, this node's copy of it, and copies into other catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from api.cli.console import Exit, Terminal, json_option
from catalog.ckan import Follower, load_datastores, open_catalogue
from catalog.ckan.copy import copy_catalogue
from catalog.ckan.copy_journal import CopyJournal
from catalog.ckan.copy_sides import address_of, settings_of
from catalog.ckan.datastore import ACTIONS
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


@catalog_group.command("copy")
@click.option(
    "--from", "source", required=True, metavar="URL|embedded[:FOLDER]", help="写し元 / Catalogue to copy from"
)
@click.option("--to", "target", required=True, metavar="URL|embedded[:FOLDER]", help="写し先 / Catalogue to copy to")
@click.option(
    "--dataset", "datasets", multiple=True, metavar="NAME", help="これだけを写す（繰り返し可） / Only this one"
)
@click.option(
    "--from-token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="写し元のトークンのファイル / File with its API token",
)
@click.option(
    "--to-token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="写し先のトークンのファイル / File with its API token",
)
@click.option("--overwrite", is_flag=True, help="写し先で変えられたものも置き換える / Replace what was changed there")
@click.option("--dry-run", is_flag=True, help="何が写るかだけを示す / Only show what would be copied")
@json_option
@click.pass_context
def copy(
    context: click.Context,
    source: str,
    target: str,
    datasets: Sequence[str],
    from_token_file: Path | None,
    to_token_file: Path | None,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """別のカタログへ写す。Copy datasets, releases, organisations and files into another catalogue.

    トークンは SHIHYO_COPY_FROM_TOKEN、SHIHYO_COPY_TO_TOKEN かファイルで渡す（引数では渡せない）。
    Tokens come from SHIHYO_COPY_FROM_TOKEN and SHIHYO_COPY_TO_TOKEN, or from files; never on the command line.
    """
    terminal: Terminal = context.obj
    settings = terminal.settings
    reading = settings_of(source, settings, _token(from_token_file) or settings.copy_from_token)
    writing = settings_of(target, settings, _token(to_token_file) or settings.copy_to_token)
    journal = CopyJournal(settings.home / "copies", address_of(reading), address_of(writing))
    with terminal.progress(shown=not as_json) as report:
        done = copy_catalogue(
            open_catalogue(reading),
            open_catalogue(writing),
            journal,
            datasets=datasets,
            overwrite=overwrite,
            dry_run=dry_run,
            progress=report,
        )
    if as_json:
        terminal.document(done.to_dict())
    else:
        terminal.lines(done.lines(settings.lang))
    context.exit(Exit.FAILURE if done.failed else Exit.CHANGES if dry_run and done.changes else Exit.SUCCESS)


def _token(file: Path | None) -> str:
    return file.read_text("utf-8").strip() if file else ""


@catalog_group.command("datastore")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@click.pass_context
def datastore(context: click.Context, names: Sequence[str], as_json: bool) -> None:
    """CKANのDataStoreを最新のリリースにそろえる。Bring CKAN's DataStore up to the current releases."""
    terminal: Terminal = context.obj
    with terminal.progress(shown=not as_json) as report:
        tables = load_datastores(open_catalogue(terminal.settings), names or None, progress=report)
    if as_json:
        terminal.document([one.to_dict() for one in tables])
    else:
        terminal.table(
            (
                Label("データセット", "Dataset"),
                Label("結果", "Result"),
                Label("追加", "Added"),
                Label("変更", "Changed"),
                Label("削除", "Removed"),
                Label("秒", "Seconds"),
            ),
            [
                (
                    one.dataset,
                    terminal.text(ACTIONS[one.action]),
                    f"{one.added:,}",
                    f"{one.changed:,}",
                    f"{one.removed:,}",
                    f"{one.seconds:.1f}",
                )
                for one in tables
            ],
        )
        for one in tables:
            if one.error:
                terminal.explain(one.error)
    context.exit(Exit.FAILURE if any(one.action in {"failed", "unpublished"} for one in tables) else Exit.SUCCESS)
