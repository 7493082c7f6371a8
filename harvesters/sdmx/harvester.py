"""Statistical data in SDMX (ISO 17369), from any server or file: SDMX-CSV, SDMX-JSON and SDMX-ML.

The source is the URL of a data query (SDMX REST), or files. The format is asked for by ``Accept`` and told by the first
byte of what came, whatever the server calls it. All formats become the same rows (:mod:`harvesters.sdmx.cells`).

References
----------
SDMX REST API 1.5 and 2.0, data queries; https://github.com/sdmx-twg/sdmx-rest
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalog.database.jobs import HarvestObject
from catalog.errors import FetchError, InputError, Label, Place
from catalog.model import Dataset
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.fetching.fetch import declared_path, list_files
from harvesters.findings import Findings
from harvesters.mapping import MAPPING_RULES, Mapper
from harvesters.mapping.defaults import mapping_options
from harvesters.options import TEXT, Option
from harvesters.readers.declared import LARGEST_FILE
from harvesters.readers.shape import note_shape
from harvesters.sdmx.cells import Observations, records_of_observations
from harvesters.sdmx.csv_reader import RULES, read_sdmx_csv
from harvesters.sdmx.json_reader import read_sdmx_json
from harvesters.sdmx.xml_reader import read_sdmx_xml

_MEDIA = {
    "csv": ("application/vnd.sdmx.data+csv;version=1.0.0;labels=id", "application/vnd.sdmx.data+csv;version=2.0.0"),
    "json": ("application/vnd.sdmx.data+json;version=1.0.0", "application/vnd.sdmx.data+json;version=2.0.0"),
    "xml": (
        "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
        "application/vnd.sdmx.genericdata+xml;version=2.1",
        "application/vnd.sdmx.data+xml;version=3.0.0",
    ),
}
_PERCENT = dict.fromkeys(("PC", "PCT", "PERCENT", "PERCENTAGE", "%"), "PT") | {"PERS": "PS", "PERSONS": "PS"}
_DEFAULTS: Mapping[str, Any] = {
    "area": {"column": "area"},
    "period": {"column": "period"},
    "value": {"column": "value", "unit": {"column": "UNIT_MEASURE", "codes": _PERCENT}, "percent": "points"},
    "status": {"column": "OBS_STATUS"},
}
#: what a server of SDMX means by a status
_STATUS = {
    404: (
        Label("条件に合うデータがSDMXのサーバーにありません", "The SDMX server has no data that fit"),
        Label("URLのデータフロー・キー・期間を確かめてください", "Check dataflow, key and period in the URL"),
    ),
    406: (
        Label("SDMXのサーバーがこの形式を返せません", "The SDMX server does not give this format"),
        Label("options の format を変えてください（csv、json、xml）", "Try another format: csv, json or xml"),
    ),
    413: (
        Label("SDMXのサーバーが、結果が多すぎると答えました", "The SDMX server says that the result is too large"),
        Label("URLのキーと期間で絞ってください", "Ask for less by key and period in the URL"),
    ),
}


def accept_of(preferred: str) -> str:
    """Return the header ``Accept``: the preferred format before the others."""
    order = [preferred, *(one for one in _MEDIA if one != preferred)]
    media = [one for name in order for one in _MEDIA[name]]
    return ", ".join(f"{one};q={1 - place / 10:.1f}" for place, one in enumerate(media))


class Sdmx(Harvester):
    """Harvests SDMX data messages."""

    kind = "sdmx"
    version = "1"
    title = Label("SDMXの統計データ", "Statistical data in SDMX")
    options = (
        Option(
            name="format",
            type=TEXT,
            default="csv",
            help=Label(
                "サーバーに頼む形式。xml には追加のライブラリ（shihyo[sdmx]）が要る",
                "Format that the server is asked for; xml needs the extra shihyo[sdmx]",
            ),
            allowed=tuple(_MEDIA),
        ),
        Option(
            name="files",
            type=TEXT,
            default="*",
            help=Label(
                "path がフォルダのとき、読むファイル名のパターン", "Names of the files to read if path is a folder"
            ),
        ),
        *mapping_options(_DEFAULTS),
    )
    rules = (*MAPPING_RULES, *RULES)

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the one dataset of the source."""
        return (Mapper(context).dataset(),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the URL, the file, or the files of the folder."""
        source = context.source
        if source.url is not None:
            return [HarvestObject(name="data", location=source.url)]
        path = declared_path(source)
        if path.is_dir():
            return list_files(source, source.options["files"])
        return [HarvestObject(name=path.name, location=str(source.path))]

    def fetch(self, context: Context, wanted: HarvestObject, known: HarvestObject | None) -> Fetched:
        """Get a message, in the format that is preferred."""
        try:
            return context.fetcher.fetch_once(
                context.source, wanted, known, accept=accept_of(context.source.options["format"]), limit=None
            )
        except FetchError as error:
            said = _STATUS.get(error.context.get("status", 0))
            if said is None:
                raise
            what, next_step = said
            raise FetchError(what.ja, what.en, next_step=next_step, place=error.place, **error.context) from error

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Return the observations of a message."""
        name = fetched.object.name
        found = read_message(fetched.path, name, context.findings)
        note_shape(name, None, found.columns)
        contributions = Mapper(context).contributions(records_of_observations(found, name), object=name)
        return [replace(one, issued=fetched.not_after(one.issued)) for one in contributions]


def read_message(path: Path, name: str, findings: Findings) -> Observations:
    """Read a data message in any of the formats, told apart by its first byte.

    Raises
    ------
    InputError
        If it is none of them.
    """
    with path.open("rb") as file:
        start = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise InputError(
            "応答が空です",
            "The answer is empty",
            next_step=Label(
                "URLのデータフロー・キー・期間を確かめてください", "Check dataflow, key and period in the URL"
            ),
            place=Place(file=name),
        )
    if start.startswith(b"{"):
        return read_sdmx_json(path, name=name)
    if start.startswith(b"<"):
        return read_sdmx_xml(path, name=name, findings=findings)
    return read_sdmx_csv(path, name=name, largest=LARGEST_FILE, findings=findings)
