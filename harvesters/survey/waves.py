"""Which files of a folder are waves of a survey, what period each is about, and which code book explains it.

Options that say something of files (``periods``, ``published``, ``codebooks``) name them as the report does, relative
to the folder; ``*`` stands for anything, ``file#sheet`` is one sheet of a workbook. A full name wins over a pattern.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from catalog.database.jobs import HarvestObject
from catalog.errors import ConfigurationError, FetchError, InputError, InvalidPeriod, Label, Place
from catalog.model import Period, parse_period
from harvesters.base import HarvestSource
from harvesters.fetching.fetch import declared_path, list_files
from harvesters.readers.detected import Detected
from harvesters.readers.eras import ReadTime, find_times, read_time
from harvesters.readers.tables import Column, FoundTable, fold

#: which half of a year a name is about
_HALF_YEAR = re.compile(r"[上下]期|[上下]半期|[前後]期|[前後]半|[1-2]H\b|H[1-2]\b(?=.*\d{4})|(?<=\d{4})H[1-2]")


@dataclass(frozen=True, slots=True)
class WavePeriod:
    """The period of a wave, and how it was found."""

    #: the period
    period: Period
    #: how it was found; None if it is declared
    detected: Detected | None = None


def gather_files(source: HarvestSource, pattern: str) -> list[HarvestObject]:
    """Return the files of a source that match a pattern, without lock files; the file itself if the path is one.

    Raises
    ------
    FetchError
        If the path does not exist.
    """
    if source.url is not None:
        return [
            HarvestObject(name=PurePosixPath(source.url.partition("?")[0]).name or source.name, location=source.url)
        ]
    if declared_path(source).is_file():
        return [HarvestObject(name=declared_path(source).name, location=str(source.path))]
    return [one for one in list_files(source, pattern) if not PurePosixPath(one.name).name.startswith(("~$", "."))]


def gather_file(source: HarvestSource, name: str) -> HarvestObject:
    """Return one file of a source's folder, by its name.

    Raises
    ------
    FetchError
        If there is none.
    """
    found = [one for one in list_files(source, "**/*") if one.name == name]
    if not found:
        raise FetchError(
            f"「{name}」がフォルダにありません",
            f"{name} is not in the folder",
            next_step=Label(
                "options の codebook と codebooks を確かめてください", "Check codebook and codebooks in the options"
            ),
            place=Place(file=source.file.name, cell=f"{source.name}.options"),
            value=name,
        )
    return found[0]


def codebook_of(source: HarvestSource, wave: str, listed: Sequence[HarvestObject]) -> str | None:
    """Return the name of the code book of a wave: its own, the declared one, or the only one in the folder.

    Raises
    ------
    ConfigurationError
        If the folder has several and none is declared.
    """
    options = source.options
    own: str | None = of_file(options["codebooks"], wave)
    if own is not None:
        return own
    if options["codebook"]:
        return str(options["codebook"])
    names = [one.name for one in listed]
    if len(names) > 1:
        raise ConfigurationError(
            f"コード表が{len(names)}つあり、どれを使うか分かりません: {'、'.join(names)}",
            f"There are {len(names)} code books: {', '.join(names)}",
            next_step=Label(
                "options の codebook か codebooks で指定してください",
                "Name one in the option codebook, or in codebooks",
            ),
            place=Place(file=source.file.name, cell=f"{source.name}.options.codebook"),
            allowed=names,
        )
    return names[0] if names else None


def of_file(declared: Mapping[str, Any] | None, name: str, sheet: str | None = None) -> Any:
    """Return what an option says of a file or of one of its sheets; None if nothing."""
    for wanted in (*((f"{name}#{sheet}",) if sheet else ()), name):
        if declared and wanted in declared:
            return declared[wanted]
        hits = [value for pattern, value in (declared or {}).items() if "*" in pattern and fnmatchcase(wanted, pattern)]
        if hits:
            return hits[0]
    return None


def without_sheet(codebook: str) -> tuple[str, str | None]:
    """Return file and sheet of a code book: ``コード表.xlsx#R5`` is one sheet of the file."""
    name, _, sheet = codebook.partition("#")
    return name, sheet or None


def find_period(
    name: str, texts: Sequence[tuple[str, Place]], declared: Mapping[str, str] | None, sheet: str | None = None
) -> WavePeriod:
    """Return the period of a file: declared, or the one year or fiscal year that a title, else its name, mentions.

    ``R5`` in the name of a file or sheet is taken for a fiscal year, which is told; a name that mentions no year but
    one month is about that month. Half-years have no form of their own, so a name that mentions one is not guessed.

    Parameters
    ----------
    name
        Of the file, relative to the folder.
    texts
        Titles, each with its place.
    declared
        The option ``periods``.
    sheet
        A sheet that is about a period of its own, which its name says before all others.

    Raises
    ------
    InputError
        If none or several are mentioned; says how to declare it.
    """
    said = of_file(declared, name, sheet)
    if said is not None:
        return WavePeriod(parse_period(said))
    if sheet is not None and len(found := _of_name(sheet)) == 1:
        return _told(found[0], Place(file=name, sheet=sheet), Label("シート名の年", "Name of the sheet"))
    for text, place in texts:
        found = _yearly(find_times(text))
        if len(found) == 1:
            return _told(found[0], place, Label(f"「{text[:60]}」", f"in: {text[:60]}"))
    for text in (PurePosixPath(name).stem, PurePosixPath(name).parent.name):
        found = _of_name(text)
        if len(found) == 1:
            return _told(
                found[0],
                Place(file=name),
                Label("ファイル名の年（年度とみなした）", "Name of the file, taken for a fiscal year"),
            )
    raise InputError(
        f"「{name}」が何年度のものか分かりません",
        f"It is not clear which year {name} is about",
        next_step=Label(
            f"options の periods で指定してください（例: {{'{name}': FY2023}}。半年ごとの調査は調査した月 2023-M06）",
            f"Say it in the option periods, such as {{'{name}': FY2023}}; for half-years the month, such as 2023-M06",
        ),
        place=Place(file=name),
    )


def _of_name(text: str) -> list[tuple[str, Period]]:
    """Return the different years that a name mentions, else the months; none if it says which half of a year."""
    if _HALF_YEAR.search(unicodedata.normalize("NFKC", text)):
        return []
    found = find_times(text, bare="fiscal_year")
    return _yearly(found) or list({time.period: (said, time.period) for said, time in found}.values())


def _yearly(found: Sequence[tuple[str, ReadTime]]) -> list[tuple[str, Period]]:
    """Return the different years and fiscal years among times."""
    years = {time.period: mention for mention, time in found if time.period.form in {"year", "fiscal_year"}}
    return [(mention, period) for period, mention in years.items()]


def _told(found: tuple[str, Period], place: Place, evidence: Label) -> WavePeriod:
    mention, period = found
    grounds = Label(f"{evidence.ja}に「{mention}」とある", f"{mention} ({evidence.en})")
    return WavePeriod(period, Detected(what="period", value=str(period), evidence=grounds, place=place))


def issued_at(period: Period, day: Any = None) -> str:
    """Return when a wave became known: the day that is declared, else the last day of its period, at 00:00 in Japan."""
    return f"{(day or period.end).isoformat()}T00:00:00+09:00"


#: headings of a column that tells the waves of a file apart
_PERIOD_HEADINGS = ("調査年度", "年度", "調査年", "調査時期", "調査年月", "実施年度", "実施時期", "実施年月")


@dataclass(frozen=True, slots=True)
class SplitRows:
    """The rows of a table by period."""

    #: period -> the table with its rows
    waves: Mapping[WavePeriod, FoundTable]
    #: rows that say no period
    unread: tuple[int, ...]


def find_period_column(table: FoundTable) -> Column | None:
    """Return the column that tells waves apart, by its heading, or None."""
    return next((found for name in _PERIOD_HEADINGS if (found := table.find_column(name))), None)


def split_by_period(table: FoundTable, column: Column, codes: Mapping[str, str]) -> SplitRows:
    """Return the rows of a table by the period that a column says; a year below 年度 is a fiscal year."""
    rows: dict[Period, list[int]] = {}
    unread = []
    known: dict[str, Period | None] = {}
    for row in table.rows:
        text = table.text(row, column)
        if text not in known:
            known[text] = _period_of_cell(text, column, codes)
        period = known[text]
        if period is None:
            unread += [] if row in table.totals else [row]
        else:
            rows.setdefault(period, []).append(row)
    place = table.grid.place(table.header.start, column.index)
    evidence = Label(f"列「{column.name}」", f"Column {column.name}")
    waves = {}
    for period, own in sorted(rows.items()):
        detected = Detected(what="period", value=str(period), evidence=evidence, place=place)
        waves[WavePeriod(period, detected)] = replace(table, rows=tuple(own))
    return SplitRows(waves, tuple(unread))


def _period_of_cell(text: str, column: Column, codes: Mapping[str, str]) -> Period | None:
    said = next((code for label, code in codes.items() if fold(label) == fold(text)), None)
    if said is not None:
        return parse_period(said)
    try:
        period = read_time(text.removesuffix("T00:00:00").removesuffix(".0"), bare="fiscal_year").period
    except InvalidPeriod:  # the caller reports the row
        return None
    fiscal = period.form == "year" and "年度" in column.name
    return parse_period(f"FY{period}") if fiscal else period
