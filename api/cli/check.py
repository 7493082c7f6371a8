"""``shihyo check``: how well machines can read a file, by the government's machine-readability rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from api.cli.console import Exit, Terminal, json_option
from catalog.errors import Label, ShihyoError
from harvesters.readability import ReadabilityReport, check_members, compare_layouts, find_described, write_pages
from harvesters.readability.rules import RULES

_LAYOUT = "L3-07"


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="報告のページ / Write a page")
@click.option("--no-values", is_flag=True, help="セルの値を出さない（個票など）/ Places only, no values of cells")
@click.option("--bare", is_flag=True, help="datapackage.json を見ない / Do not look at datapackage.json")
@json_option
@click.pass_context
def check_command(
    context: click.Context, files: Sequence[Path], page: Path | None, no_values: bool, bare: bool, as_json: bool
) -> None:
    """ファイルの機械可読性を点検する。Judge files by the machine-readability rule."""
    terminal: Terminal = context.obj
    reports: list[ReadabilityReport] = []
    skipped: list[str] = []
    failed = False
    for path in files:
        try:
            found = check_members(path, values=not no_values, described=None if bare else find_described(path))
            reports += found.reports
            skipped += found.lines(terminal.settings.lang)
            failed = failed or bool(found.errors)
            for one in found.errors:
                terminal.explain(one)
        except ShihyoError as error:  # the other files must get their turn
            failed = True
            terminal.explain(error)
    differences = compare_layouts([(one.name, one.columns) for one in reports if one.columns])
    if as_json:
        terminal.document(_document(reports, differences))
    else:
        terminal.lines(line for one in reports for line in one.lines(terminal.settings.lang))
        terminal.lines(skipped)
        terminal.lines(_difference_lines(differences, terminal.settings.lang))
    if page is not None:
        page.write_text(write_pages(reports), "utf-8")
    perfect = all(one.perfect for one in reports)
    context.exit(Exit.FAILURE if failed else Exit.SUCCESS if perfect else Exit.CHANGES)


def _difference_lines(differences: Sequence[Label], lang: str) -> list[str]:
    if not differences:
        return []
    rule = RULES[_LAYOUT]
    said = [f"[{rule.id}] {rule.title.in_language(lang)}: {len(differences)}"]
    said += [f"    {one.in_language(lang)}" for one in differences]
    return [*said, f"    → {rule.advice.in_language(lang)}"]


def _document(reports: Sequence[ReadabilityReport], differences: Sequence[Label]) -> dict[str, Any]:
    """Return one file's report as it is, several with what shows when they are seen together."""
    if len(reports) == 1:
        return reports[0].to_dict()
    return {
        "ファイル数": len(reports),
        "ファイル横断チェック": {_LAYOUT: {"合否": not differences, "違反": [one.to_dict() for one in differences]}},
        "ファイル別結果": [one.to_dict() for one in reports],
    }
