"""How the command talks: tables and bars for people, one JSON document for machines, exit codes for both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import click
import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from catalog.errors import Label, ShihyoError
from catalog.settings import Settings

if TYPE_CHECKING:
    from catalog.ckan import Progress as Report


class Exit(IntEnum):
    """The exit codes; ``docs/command.md`` explains them."""

    #: done, or nothing to do
    SUCCESS = 0
    #: something failed; standard error says what
    FAILURE = 1
    #: ``harvest plan``: a run would publish something; ``catalog copy --dry-run``: something would be copied;
    #: ``catalog edits``: something was edited; ``check``: a file has less than 100 points at a level
    CHANGES = 2
    #: ``harvest run``: something waits for a decision; ``harvest plan``: a source could not be read, or would be held
    UNKNOWN = 3
    #: the command line was not understood
    USAGE = 64
    #: stopped by Ctrl-C
    INTERRUPTED = 130


json_option = click.option("--json", "as_json", is_flag=True, help="機械向けにJSONで出力 / Print JSON for machines")


class Terminal:
    """Where a command writes: results to standard output, everything else to standard error."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.out = Console(highlight=False)
        self.err = Console(stderr=True, highlight=False)

    def text(self, label: Label) -> str:
        """Return a label in the language of the settings."""
        return label.in_language(self.settings.lang)

    def say(self, ja: str, en: str) -> None:
        """Tell people something, on standard error, in their language."""
        self.err.print(escape(self.text(Label(ja, en))), soft_wrap=True)

    def document(self, value: Any) -> None:
        """Print one JSON document to standard output."""
        click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())

    def table(self, columns: Sequence[Label], rows: Sequence[Sequence[object]], *, title: Label | None = None) -> None:
        """Print a table; cells are shown as text, markup in them is not interpreted."""
        table = Table(title=self.text(title) if title else None, title_justify="left")
        for column in columns:
            table.add_column(self.text(column), overflow="fold")
        for row in rows:
            table.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
        self.out.print(table)

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines as they are."""
        for line in lines:
            self.out.print(escape(line), soft_wrap=True)

    @contextmanager
    def progress(self, *, shown: bool = True) -> Iterator[Report]:
        """Draw one bar for each stage that is reported; nothing where standard error is not a terminal."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        # Lines for a file or another program stay there, though the bars stand on the terminal.
        above, drawn = self.out.is_terminal, shown and self.err.is_terminal
        with Progress(
            *columns, TimeElapsedColumn(), console=self.err, redirect_stdout=above, disable=not drawn
        ) as bars:
            tasks: dict[str, Any] = {}

            def report(stage: str, done: int, total: int | None) -> None:
                if stage not in tasks:
                    _finish(bars)
                    tasks[stage] = bars.add_task(escape(stage), total=total)
                bars.update(tasks[stage], completed=done, total=total)

            yield report
            _finish(bars)

    @staticmethod
    def explain(error: ShihyoError) -> None:
        """Print an error in both languages to standard error."""
        for lang in ("ja", "en"):
            click.echo(f"{error.code}: {error.message(lang)}", err=True)


def _finish(bars: Progress) -> None:
    """Fill the bars of stages that never knew how long they would be."""
    for task in bars.tasks:
        if task.total is None:
            bars.update(task.id, completed=1, total=1)
