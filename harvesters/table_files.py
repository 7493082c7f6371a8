"""Files with a table whose columns the configuration explains: CSV and its relatives, and workbooks.

A new file needs no code: its source says in ``mapping`` what its columns are (:mod:`harvesters.mapping`). Both kinds
read every form of file; they differ in the names that they look for in a folder and in what staff call them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import ClassVar

from catalog.database.jobs import HarvestObject
from catalog.errors import Label
from catalog.model import Dataset, parse_period
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.findings import Rule
from harvesters.mapping import MAPPING_OPTIONS, MAPPING_RULES, Mapper
from harvesters.options import TEXT, Option
from harvesters.readers.declared import LAYOUT_OPTIONS, LAYOUT_RULES, Declared
from harvesters.survey.options import PUBLISHED
from harvesters.survey.waves import gather_files

_JAPAN = timezone(timedelta(hours=9))


def _files(default: str) -> Option:
    return Option(
        name="files",
        type=TEXT,
        default=default,
        help=Label(
            "フォルダの中で読むファイル名のパターン（**/ で下のフォルダも）",
            "Pattern of the names of the files to read in a folder; **/ reaches the folders below",
        ),
    )


def _rules() -> tuple[Rule, ...]:
    return tuple({one.id: one for one in (*MAPPING_RULES, *LAYOUT_RULES)}.values())


class _TableFiles(Harvester):
    """What both kinds do: one dataset, one contribution a file."""

    rules = _rules()

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the dataset, without the codes that only the files tell."""
        return (Mapper(context).dataset(),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the files."""
        return gather_files(context.source, context.source.options["files"])

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return what a file adds to the dataset."""
        name = fetched.object.name
        found = Mapper(context).file_contributions(
            fetched.path, name=name, declared=Declared.of(context.source.options), object=name
        )
        published = (context.source.options["published"] or {}).get(name)
        return [_dated(one, published, fetched) for one in found]


class CsvFiles(_TableFiles):
    """CSV, TSV and Parquet, also in ZIP and gzip."""

    kind: ClassVar[str] = "csv"
    version: ClassVar[str] = "2"
    title: ClassVar[Label] = Label("列を宣言したCSV・Parquet", "CSV and Parquet with declared columns")
    options: ClassVar[tuple[Option, ...]] = (*MAPPING_OPTIONS, _files("*.csv"), PUBLISHED, *LAYOUT_OPTIONS)


class ExcelFiles(_TableFiles):
    """Workbooks: XLSX, XLS and ODS."""

    kind: ClassVar[str] = "excel"
    version: ClassVar[str] = "2"
    title: ClassVar[Label] = Label("列を宣言したExcelの表", "Workbooks with declared columns")
    options: ClassVar[tuple[Option, ...]] = (*MAPPING_OPTIONS, _files("*.xlsx"), PUBLISHED, *LAYOUT_OPTIONS)


def _dated(one: Contribution, published: date | None, fetched: Fetched) -> Contribution:
    """Return a contribution with the day that it became known: declared, or the last day of its last period.

    A period that goes on still, such as a fiscal year, became known when the file was fetched.
    """
    if published is None:
        last = max(parse_period(text).end for text in one.table["period"].unique().to_pylist())
        published = min(last, _fetched_on(fetched.object))
    return replace(one, issued=f"{published.isoformat()}T00:00:00+09:00")


def _fetched_on(one: HarvestObject) -> date:
    if one.fetched is None:
        return date.max
    return datetime.fromisoformat(one.fetched).astimezone(_JAPAN).date()
