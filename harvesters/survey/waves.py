"""Which files of a folder are waves of a survey, what period each is about, and which code book explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from catalog.database.harvests import HarvestObject
from catalog.errors import ConfigurationError, FetchError, InputError, Label, Place
from catalog.model import Period, parse_period
from harvesters.base import HarvestSource
from harvesters.fetching.fetch import declared_path, list_files
from harvesters.readers.detected import Detected
from harvesters.readers.eras import ReadTime, find_times


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
    declared: Mapping[str, str] = options["codebooks"] or {}
    if wave in declared:
        return declared[wave]
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


def find_period(name: str, texts: Sequence[tuple[str, Place]], declared: Mapping[str, str] | None) -> WavePeriod:
    """Return the period of a file: declared, or the one year or fiscal year that a title, else its name, mentions.

    ``R5`` in the name of a file is taken for a fiscal year, which is told.

    Raises
    ------
    InputError
        If none or several are mentioned; says how to declare it.
    """
    if declared and name in declared:
        return WavePeriod(parse_period(declared[name]))
    for text, place in texts:
        found = _yearly(find_times(text))
        if len(found) == 1:
            return _told(found[0], place, Label(f"「{text[:60]}」", f"in: {text[:60]}"))
    stem = PurePosixPath(name).stem
    found = _yearly(find_times(stem, bare="fiscal_year"))
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
            f"options の periods で指定してください（例: {{'{name}': FY2023}}）",
            f"Say it in the option periods, such as {{'{name}': FY2023}}",
        ),
        place=Place(file=name),
    )


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
