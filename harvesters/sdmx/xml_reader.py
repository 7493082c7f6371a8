"""SDMX-ML data messages, 2.1 and 3.0, read by the library sdmx1 (the extra ``sdmx``).

Order of events: the file is searched from end to end without keeping it: a document type, an element of structures, or
anything that is no data message is refused; data sets are counted, with their observations and attributes. A child
process with limits parses it (:mod:`harvesters.sdmx.xml_child` says why). Then both must agree on what there is: the
library leaves out what it does not understand, so a difference is an error and not a smaller table; attributes of a
whole data set, which it leaves out, are put back.

References
----------
SDMX 2.1 and 3.0, section 3 (SDMX-ML): Generic Data, Structure Specific Data, Error.
"""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from catalog.errors import FetchError, InputError, Label, Place, TooLarge
from harvesters.findings import Findings
from harvesters.mapping.records import Cell
from harvesters.sdmx.cells import VALUE, Observations
from harvesters.sdmx.csv_reader import DELETED

#: largest message, in bytes: the library keeps an object for each observation
LARGEST_XML = 16_000_000
#: memory of the process that parses it, in bytes, and its time in seconds
MOST_MEMORY, MOST_SECONDS = 2_500_000_000, 120

_CHILD = Path(__file__).with_name("xml_child.py")
_CHUNK = 1 << 16
_DEEPEST = 64
_DATA = frozenset({"GenericData", "StructureSpecificData", "GenericTimeSeriesData", "StructureSpecificTimeSeriesData"})
#: attributes of a data set that are about the data set and not about its observations
_ABOUT_DATASET = frozenset(
    {
        *("action", "setID", "structureRef", "dataScope", "publicationYear", "publicationPeriod"),
        *("reportingBeginDate", "reportingEndDate", "validFromDate", "validToDate", "type", "keyFamilyURI"),
    }
)


@dataclass(slots=True)
class SeenDataSet:
    """A data set as the search saw it."""

    #: what is to be done with it: Append, Replace, Information, Delete...
    action: str
    #: attributes that hold for all its observations
    attributes: dict[str, str]
    #: number of its observations
    observations: int = 0


@dataclass(slots=True)
class _Search:
    """Goes through a message without keeping it."""

    name: str
    datasets: list[SeenDataSet] = field(default_factory=list)
    root: str = ""
    error: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)

    def run(self, path: Path) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise _no_message(self.name, f"line {error.lineno}", str(error)) from error

    def _refuse_doctype(self, *_: Any) -> None:
        raise _no_message(self.name, "<!DOCTYPE>", "SDMX-ML has no document type")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, local = tag.rpartition(" ")
        if not self.root:
            self.root = local
            self._check_root(namespace)
        if len(self.path) > _DEEPEST or namespace.rstrip("/").endswith("/structure"):
            raise _no_message(self.name, f"<{local}>", "not an element of a data message")
        if local == "DataSet":
            self.datasets.append(_seen(attributes))
        elif local == "Obs" and self.datasets:
            self.datasets[-1].observations += 1
        elif local == "Value" and self.path[-2:] == ["DataSet", "Attributes"]:
            self.datasets[-1].attributes[attributes.get("id", "")] = attributes.get("value", "")
        self.path.append(local)

    def _check_root(self, namespace: str) -> None:
        if self.root != "Error" and not (self.root in _DATA and "sdmx" in namespace):
            raise _no_message(self.name, f"<{self.root}>", "not a data message")

    def _end(self, _: str) -> None:
        self.path.pop()

    def _text(self, text: str) -> None:
        if self.root == "Error" and text.strip() and len(self.error) < 20:
            self.error.append(text.strip())


def _seen(attributes: Mapping[str, str]) -> SeenDataSet:
    plain = {name: text for name, text in attributes.items() if " " not in name and name not in _ABOUT_DATASET}
    action = next((text for name, text in attributes.items() if name.rpartition(" ")[2] == "action"), "")
    return SeenDataSet(action, plain)


def search_message(path: Path, name: str) -> list[SeenDataSet]:
    """Return the data sets of a message after looking at every element of it.

    Raises
    ------
    InputError
        If it is no data message.
    FetchError
        If it is the error that a server of SDMX reports.
    """
    search = _Search(name)
    search.run(path)
    if search.root == "Error":
        raise _reported(name, " ".join(search.error))
    return search.datasets


def read_sdmx_xml(path: Path, *, name: str, findings: Findings) -> Observations:
    """Read an SDMX-ML data message.

    Raises
    ------
    InputError
        If it is none, or the library does not read all of it.
    TooLarge
        If it is larger than what is parsed in memory.
    FetchError
        If it is the error that a server of SDMX reports, or the library is not installed.
    """
    if path.stat().st_size > LARGEST_XML:
        raise _too_large(name)
    seen = search_message(path, name)
    parsed = _parse(path, name)
    found = [len(one) for one in parsed]
    if found != [one.observations for one in seen]:
        raise _no_message(name, "<Obs>", f"{found} observations parsed of {[one.observations for one in seen]}")
    rows = list(_rows(seen, parsed, name, findings))
    columns = dict.fromkeys(column for row in rows for column in row)
    return Observations((*(one for one in columns if one != VALUE), VALUE), iter(rows))


def _rows(
    seen: list[SeenDataSet], parsed: list[list[dict[str, str | None]]], name: str, findings: Findings
) -> Iterator[dict[str, Cell]]:
    for dataset, observations in zip(seen, parsed, strict=True):
        if dataset.action.lower() == "delete":
            findings.add(DELETED, Place(file=name, cell="<DataSet>"), str(dataset.observations))
            continue
        for one in observations:
            yield {**one, **{name: text for name, text in dataset.attributes.items() if name not in one}}


def _parse(path: Path, name: str) -> list[list[dict[str, str | None]]]:
    wanted = {"path": str(path.resolve()), "memory": MOST_MEMORY, "seconds": MOST_SECONDS}
    try:
        done = subprocess.run(  # noqa: S603 - our own file, by the interpreter that runs us
            [sys.executable, "-I", "-X", "utf8", str(_CHILD)],
            input=json.dumps(wanted).encode(),
            capture_output=True,
            timeout=2 * MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_large(name) from error
    if done.returncode:
        raise _too_large(name)
    answer: dict[str, Any] = marshal.loads(done.stdout)  # noqa: S302 - written by our own child
    if "error" in answer:
        raise _translate(answer["error"], answer["detail"], name)
    datasets: list[list[dict[str, str | None]]] = answer["datasets"]
    return datasets


def _translate(code: str, detail: str, name: str) -> FetchError | InputError:
    if code == "missing":
        return FetchError(
            "SDMX-ML（XML）を読むライブラリが入っていません",
            "The library that reads SDMX-ML (XML) is not installed",
            next_step=Label(
                "pip install 'shihyo[sdmx]' で入れるか、options に format: csv と書いてください",
                "Install it with pip install 'shihyo[sdmx]', or write format: csv in the options",
            ),
            place=Place(file=name),
            reason=detail,
        )
    return _too_large(name) if code == "memory" else _no_message(name, "XML", detail)


def _no_message(name: str, cell: str, reason: str) -> InputError:
    return InputError(
        "SDMX-MLのデータメッセージとして読めません",
        "It cannot be read as an SDMX-ML data message",
        next_step=Label(
            "データ（構造やHTMLのページではなく）を返すURLか確かめるか、options の format を csv にしてみてください",
            "Check that the URL answers with data, not with structures or an HTML page; or try format: csv",
        ),
        place=Place(file=name, cell=cell),
        reason=reason[:300],
    )


def _too_large(name: str) -> TooLarge:
    megabytes = LARGEST_XML // 1_000_000
    return TooLarge(
        f"SDMX-ML（XML）として読むには大きすぎます（上限{megabytes}MB）",
        f"It is too large to be read as SDMX-ML ({megabytes} MB at most)",
        next_step=Label(
            "options に format: csv と書くか、キーと期間で絞ってください",
            "Write format: csv in the options, or ask for less by key and period",
        ),
        place=Place(file=name),
        limit_mb=megabytes,
    )


def _reported(name: str, message: str) -> FetchError:
    return FetchError(
        f"SDMXのサーバーが誤りを返しました（{message[:200]}）",
        f"The SDMX server answered with an error: {message[:200]}",
        next_step=Label("URLのデータフロー・キー・期間を確かめてください", "Check dataflow, key and period in the URL"),
        place=Place(file=name),
    )
