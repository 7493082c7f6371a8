"""Documents that cannot lie: what the code declares is documented, and what is documented exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from api.cli.command import shihyo
from api.cli.console import Exit
from catalog import errors
from catalog.settings import describe_settings

_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


def _documents(root: Path) -> list[Path]:
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    return sorted(pages)


def _commands(group: click.Group, prefix: str = "shihyo") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


def _subclasses(kind: type[errors.ShihyoError]) -> Iterator[type[errors.ShihyoError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)


@pytest.mark.parametrize("command", sorted(_commands(shihyo)))
def test_every_command_is_documented(root: Path, command: str) -> None:
    assert f"`{command}" in (root / "docs/command.md").read_text("utf-8")


def test_every_exit_code_is_documented(root: Path) -> None:
    text = (root / "docs/command.md").read_text("utf-8")

    assert [code for code in Exit if f"\n| {code.value} |" not in text] == []


def test_the_settings_page_is_the_declared_settings(root: Path) -> None:
    text = (root / "docs/settings.md").read_text("utf-8")

    for one in describe_settings():
        row = f"| `{one.name}` | {f'`{one.default}`' if one.default else ''} | {one.help.ja} / {one.help.en} |"
        assert row in text


def test_every_error_code_is_documented(root: Path) -> None:
    text = (root / "docs/errors.md").read_text("utf-8")
    codes = {one.code for one in _subclasses(errors.ShihyoError)}

    assert sorted(code for code in codes if f"`{code}`" not in text) == []


def test_the_error_tree_in_the_docstring_names_every_error_of_the_module() -> None:
    named = set(re.findall(r"^\s+([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE))
    classes = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}

    assert classes <= named


def test_every_adr_is_in_the_index(root: Path) -> None:
    folder = root / "docs/adr"
    index = (folder / "README.md").read_text("utf-8")

    assert [path.name for path in sorted(folder.glob("[0-9]*.md")) if f"({path.name})" not in index] == []


def test_links_between_documents_lead_somewhere(root: Path) -> None:
    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in _documents(root)
        for target in _LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_python_example_of_the_readme_compiles(root: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (root / "README.md").read_text("utf-8"), re.DOTALL)

    assert blocks
    for block in blocks:
        compile(block, "README.md", "exec")
