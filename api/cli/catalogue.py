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
from catalog.ckan.restore import LOG_NAME, Edited, find_edited, overwrite
from catalog.ckan.standing import iter_checks
from catalog.errors import Label, SettingError
from catalog.releases import Holdings, LocalCopy
from catalog.settings import parse_token


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
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """カタログに届くか、公開できるか。Whether the catalogue answers, and whether this node may publish to it."""
    terminal: Terminal = context.obj
    catalogue = open_catalogue(terminal.settings)
    answer = catalogue.action("status_show")
    checks = list(iter_checks(catalogue, answer))
    if as_json:
        terminal.document({**answer, "checks": [one.to_dict() for one in checks]})
    else:
        terminal.table(
            (Label("", ""), Label("項目", "Item"), Label("結果", "Found")),
            [
                ("", terminal.text(Label("カタログ", "Catalogue")), address_of(terminal.settings)),
                *((_MARKS[one.good], terminal.text(one.asked), terminal.text(one.found)) for one in checks),
            ],
        )
        for one in checks:
            if one.next_step:
                terminal.say(f"{one.asked.ja}: {one.next_step.ja}", f"{one.asked.en}: {one.next_step.en}")
    context.exit(Exit.FAILURE if any(one.good is False for one in checks) else Exit.SUCCESS)


#: how a check went -> its mark
_MARKS = {True: "✓", False: "✗", None: "·"}


@catalog_group.command("edits")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@click.pass_context
def edits(context: click.Context, names: Sequence[str], as_json: bool) -> None:
    """公開後にカタログ上で手で直されたもの。What was edited by hand in the catalogue since it was published."""
    terminal: Terminal = context.obj
    found = find_edited(open_catalogue(terminal.settings), names)
    if as_json:
        terminal.document([one.to_dict() for one in found])
    else:
        _print_edits(terminal, found)
    context.exit(Exit.CHANGES if found else Exit.SUCCESS)


def _print_edits(terminal: Terminal, found: Sequence[Edited]) -> None:
    if not any(one.fields for one in found):
        terminal.say("手で直されたものはありません", "Nothing was edited by hand")
        return
    removed = terminal.text(Label("（消された）", "(removed)"))
    terminal.table(
        (Label("名前", "Name"), Label("項目", "Field"), Label("今の値", "Value now")),
        [
            (one.name, field, removed if value is None else _shortened(value))
            for one in found
            for field, value in one.fields.items()
        ],
    )


#: most characters of a value in a table
_LONGEST = 200


def _shortened(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


@catalog_group.command("overwrite")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@json_option
@click.pass_obj
def overwrite_edits(terminal: Terminal, names: Sequence[str], as_json: bool) -> None:
    """手で直されたものを、公開した内容に戻す。Put back what was published over edits by hand.

    戻す前の内容は、SHIHYO_HOME の overwritten.jsonl に残る。
    What is replaced is kept in overwritten.jsonl of SHIHYO_HOME.
    """
    catalogue = open_catalogue(terminal.settings)
    done = [overwrite(catalogue, name) for name in names]
    if as_json:
        terminal.document([one.to_dict() for one in done])
        return
    _print_edits(terminal, done)
    if any(one.fields for one in done):
        log = terminal.settings.home / LOG_NAME
        terminal.say(f"公開した内容に戻しました。前の内容は {log} にあります", f"Put back; what was there is in {log}")
    for one in done:
        if one.needs_harvest:
            terminal.say(
                f"{one.name}: 記録そのものが直されています。shihyo harvest run で台帳の内容に戻ります",
                f"{one.name}: the record itself was edited; shihyo harvest run puts it back",
            )


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
    if file is None:
        return ""
    try:
        return parse_token(file.read_text("utf-8"))
    except ValueError:
        raise SettingError(
            f"ファイル {file} の中身はトークンではありません",
            f"File {file} does not hold a token",
            next_step=Label("トークンだけを1行で書いてください", "Put the token alone in it, on one line"),
            value=str(file),
        ) from None


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
