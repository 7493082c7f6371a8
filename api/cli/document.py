"""``shihyo openapi``: the OpenAPI document as a file."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from api.cli.console import Exit, Terminal
from openapi import build_document


@click.group("openapi")
def openapi_group() -> None:
    """OpenAPI文書。The OpenAPI document."""


def document_bytes() -> bytes:
    """Return the document as it is committed: two spaces, keys in their order, a newline at the end."""
    return orjson.dumps(build_document(), option=orjson.OPT_INDENT_2) + b"\n"


@openapi_group.command("show")
def show() -> None:
    """標準出力に書く。Print the document."""
    click.echo(document_bytes().decode(), nl=False)


@openapi_group.command("write")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path), default=Path("openapi.json"))
@click.pass_obj
def write(terminal: Terminal, target: Path) -> None:
    """ファイルに書く。Write the document to a file."""
    target.write_bytes(document_bytes())
    terminal.say(f"{target} に書きました", f"Wrote {target}")


@openapi_group.command("check")
@click.argument("target", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=Path("openapi.json"))
@click.pass_context
def check(context: click.Context, target: Path) -> None:
    """ファイルがコードと一致するか。Whether a file equals what the code builds (exit 1 if not)."""
    if target.read_bytes() != document_bytes():
        context.obj.say(
            f"{target} はコードと一致しません。shihyo openapi write で書き直してください",
            f"{target} differs from the code; run shihyo openapi write",
        )
        context.exit(Exit.FAILURE)
