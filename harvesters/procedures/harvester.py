"""Digital Agency's survey of all administrative procedures: how far they are online.

One file (CSV or Parquet), one row a kind of procedure. Two definitions of ``kpi-13``, each for the total and broken
down by ministry, by kind and by recipient, never crossed:

================== ================================ ============================== ================
definition         numerator                        denominator                    period
================== ================================ ============================== ================
``kpi-13.available``  procedures with the status 実施済  procedures with a known status   2024-03-31
``kpi-13.done``    オンライン手続件数 of all            総手続件数 of all                 FY2023
================== ================================ ============================== ================

The periods are those of the survey's own notes (行政手続等の悉皆調査結果解説資料: phase 2 as of 令和6年3月31日, counts
of 令和5年度); they are options, because the file does not say them (docs/adr/0053). What the file does wrong is in
:mod:`harvesters.procedures.rules`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from catalog.database import HarvestObject
from catalog.errors import Label, Place
from catalog.formats import sort_by_key
from catalog.model import COUNTRY, TOTAL, Dataset, Dimension
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.describe import SAMPLE, describe, read_yaml
from harvesters.fetching.fetch import declared_path
from harvesters.findings import row_place
from harvesters.options import DATE, INTEGER, Option
from harvesters.procedures.rules import RULES
from harvesters.readers import Row, SourceTable, read_table

DATASET, INDICATOR = "procedures-online", "kpi-13"
AVAILABLE, DONE = "kpi-13.available", "kpi-13.done"

#: largest file, unpacked, in bytes
LARGEST_FILE = 500_000_000

#: code for a breakdown that the survey does not ask for (SDMX: not applicable)
NOT_APPLICABLE = "_Z"

_ID, _MINISTRY, _KIND, _RECIPIENT = "手続ID", "所管府省庁", "手続類型", "手続の受け手"
_STATUS, _CASES, _ONLINE, _OFFLINE = (
    "オンライン化の実施状況",
    "総手続件数",
    "オンライン手続件数",
    "非オンライン手続件数",
)
_COLUMNS = (_ID, _MINISTRY, _KIND, _RECIPIENT, _STATUS, _CASES, _ONLINE, _OFFLINE)
#: status of the survey -> whether the procedure can be done online; None means in part of the ministries only
_STATUSES: dict[str, bool | None] = {
    "1 実施済": True,
    "2 未実施": False,
    "3 適用除外": False,
    "4 その他": False,
    "5 一部実施済": None,
}
#: kinds that have no recipient
_WITHOUT_RECIPIENT = frozenset({"K3", "K4"})
_BREAKDOWNS = {"ministry": _MINISTRY, "procedure_kind": _KIND, "recipient": _RECIPIENT}


class Procedures(Harvester):
    """The survey of procedures: one dataset, one release a survey."""

    kind = "procedures"
    version = "1"
    title: ClassVar[Label] = Label(
        "行政手続等の悉皆調査（デジタル庁）", "Survey of all administrative procedures (Digital Agency)"
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="published",
            type=DATE,
            default=date(2025, 7, 29),
            help=Label("調査結果の公表日", "Day on which the survey was published"),
        ),
        Option(
            name="status_day",
            type=DATE,
            default=date(2024, 3, 31),
            help=Label("オンライン化の実施状況の調査時点", "Day to which the status refers"),
        ),
        Option(
            name="fiscal_year",
            type=INTEGER,
            default=2023,
            help=Label("手続件数の年度（西暦）", "Fiscal year of the counts of cases"),
        ),
        SAMPLE,
    )
    rules = tuple(RULES.values())

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the dataset with the known codes."""
        return (_Codes(context).dataset(),)

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """Return the one file."""
        source = context.source
        if source.url is not None:
            return [HarvestObject(name=Path(urlsplit(source.url).path).name or "procedures", location=source.url)]
        return [HarvestObject(name=declared_path(source).name, location=str(source.path))]

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Count the rows and compute the shares."""
        table = read_table(fetched.path, name=fetched.object.name, columns=_COLUMNS, largest=LARGEST_FILE)
        survey = _Survey(context, table)
        groups = survey.count()
        dataset = survey.codes.dataset()
        observations = [one for key, group in groups.items() for one in _observations(context, key, group)]
        published = context.source.options["published"]
        return [
            Contribution(
                dataset=dataset,
                table=sort_by_key(dataset.structure.table(observations), dataset.structure),
                issued=f"{published.isoformat()}T00:00:00+09:00",
                object=fetched.object.name,
            )
        ]


class _Codes:
    """The codes of the three breakdowns, growing by a stable code for each value that is not in the list."""

    def __init__(self, context: Context) -> None:
        self._context = context
        raw = read_yaml("procedures-codes")
        self._titles = {name: Label(**one["label"]) for name, one in raw.items()}
        self._labels = {
            name: {code["code"]: Label(code["ja"], code["en"]) for code in one["codes"]} for name, one in raw.items()
        }
        self._sources = {
            name: {_plain(code["source"]): code["code"] for code in one["codes"] if code["source"]}
            for name, one in raw.items()
        }

    def find(self, breakdown: str, text: str) -> tuple[str, bool]:
        """Return the code of a value, and whether it is in the list."""
        known = self._sources[breakdown].get(_plain(text))
        if known is not None:
            return known, True
        code = f"X{hashlib.sha256(_plain(text).encode()).hexdigest()[:8].upper()}"
        name = re.sub(r"^\d+(-\d+)?\s+", "", text)
        self._labels[breakdown].setdefault(code, Label(name, name))
        return code, False

    def dataset(self) -> Dataset:
        """Return the dataset with all codes that are known by now."""
        total = {TOTAL: Label("総数", "Total")}
        breakdowns = [Dimension(name, self._titles[name], {**total, **labels}) for name, labels in self._labels.items()]
        source = self._context.source
        return describe(DATASET, source.publisher, *breakdowns, sample=source.options["sample"])


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


@dataclass(slots=True)
class _Group:
    """Counts over a group of procedures."""

    #: procedures with a known status
    known: int = 0
    #: of these, the ones that are online
    online: int = 0
    #: of these, the ones that only some ministries have put online
    partly: int = 0
    #: cases, and cases made online, of procedures whose counts are possible
    cases: int = 0
    cases_online: int = 0


@dataclass(slots=True)
class _Survey:
    """One file while it is counted."""

    context: Context
    table: SourceTable
    codes: _Codes = field(init=False)
    _groups: dict[tuple[str, str, str], _Group] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _without_cases: int = 0

    def __post_init__(self) -> None:
        self.codes = _Codes(self.context)

    def count(self) -> dict[tuple[str, str, str], _Group]:
        """Return the counts by (ministry, kind, recipient), of which at most one is not the total."""
        self._groups[TOTAL, TOTAL, TOTAL] = _Group()
        for row in self.table:
            self.context.tally.read += 1
            if self._usable(row):
                self.context.tally.accepted += 1
                self._add(row)
            else:
                self.context.tally.rejected += 1
        if self._without_cases:
            value = f"{self._without_cases} / {self.context.tally.read}"
            self.context.findings.add(RULES["cases-zero"], Place(file=self.table.file), value)
        return self._groups

    def _usable(self, row: Row) -> bool:
        identity = row.cells.get(_ID, "")
        problem = (
            ("row-width", None, str(len(row.cells)))
            if row.ragged
            else ("id-missing", _ID, identity)
            if not identity
            else ("id-twice", _ID, identity)
            if identity in self._seen
            else None
        )
        if problem:
            self._find(row, *problem)
            return False
        self._seen.add(identity)
        return True

    def _add(self, row: Row) -> None:
        available = self._availability(row)
        cases = self._cases(row)
        for key in self._keys(row):
            group = self._groups.setdefault(key, _Group())
            if available is not None:
                group.known += 1
                group.online += available == "online"
                group.partly += available == "partly"
            if cases is not None:
                group.cases += cases[0]
                group.cases_online += cases[1]

    def _availability(self, row: Row) -> str | None:
        """Return online, partly or no; None if the status is not known."""
        text = _plain(row.cells[_STATUS])
        if text not in _STATUSES:
            self._find(row, "status-unknown" if text else "status-missing", _STATUS, text)
            return None
        return {True: "online", None: "partly", False: "no"}[_STATUSES[text]]

    def _cases(self, row: Row) -> tuple[int, int] | None:
        """Return cases and online cases; None if they are not known or impossible."""
        texts = {name: row.cells[name].replace(",", "") for name in (_CASES, _ONLINE, _OFFLINE)}
        for name, text in texts.items():
            if not re.fullmatch(r"[0-9]{1,15}", text):
                self._find(row, "cases-invalid" if text else "cases-missing", name, row.cells[name])
                return None
        cases, online, offline = (int(text) for text in texts.values())
        if online > cases:
            self._find(row, "online-exceeds-cases", _ONLINE, f"{online} > {cases}")
            return None
        if online + offline != cases:
            self._find(row, "cases-do-not-add-up", _CASES, f"{online} + {offline} ≠ {cases}")
        if online and _STATUSES.get(_plain(row.cells[_STATUS])) is False:
            self._find(row, "online-without-status", _ONLINE, f"{online} ({row.cells[_STATUS]})")
        self._without_cases += cases == 0
        return cases, online

    def _keys(self, row: Row) -> Iterator[tuple[str, str, str]]:
        yield TOTAL, TOTAL, TOTAL
        ministry = self._code(row, "ministry")
        kind = self._code(row, "procedure_kind")
        not_asked = kind in _WITHOUT_RECIPIENT and not row.cells[_RECIPIENT]
        recipient = NOT_APPLICABLE if not_asked else self._code(row, "recipient")
        if ministry:
            yield ministry, TOTAL, TOTAL
        if kind:
            yield TOTAL, kind, TOTAL
        if recipient:
            yield TOTAL, TOTAL, recipient

    def _code(self, row: Row, breakdown: str) -> str | None:
        column = _BREAKDOWNS[breakdown]
        text = row.cells[column]
        if not text:
            self._find(row, f"{breakdown.replace('_', '-')}-missing", column, text)
            return None
        code, known = self.codes.find(breakdown, text)
        if not known:
            self._find(row, "code-new", column, f"{text} → {code}")
        return code

    def _find(self, row: Row, rule: str, column: str | None, value: str) -> None:
        identity = row.cells.get(_ID, "")
        shown = f"{identity}: {value}" if identity and column != _ID else value
        self.context.findings.add(RULES[rule], row_place(self.table.file, row.number, column), shown)


def _observations(context: Context, key: tuple[str, str, str], group: _Group) -> Iterator[dict[str, Any]]:
    options = context.source.options
    day = options["status_day"]
    common = {"indicator_id": INDICATOR, "area_code": COUNTRY, "unit": "PT", **dict(zip(_BREAKDOWNS, key, strict=True))}
    note = _partly_note(group) if group.partly else None
    yield {
        **common,
        "definition_id": AVAILABLE,
        "period": day.isoformat(),
        "numerator_date": day,
        "denominator_date": day,
        **_share(group.online, group.known, note, sample=options["sample"]),
    }
    yield {
        **common,
        "definition_id": DONE,
        "period": f"FY{options['fiscal_year']}",
        **_share(group.cases_online, group.cases, None, sample=options["sample"]),
    }


def _share(part: int, whole: int, note: str | None, *, sample: bool) -> dict[str, Any]:
    notes = [_SAMPLE_NOTE] if sample else []
    if not whole:
        text = " ".join([*notes, "分母が0のため割合はない / No share of 0"])
        return {"value": None, "numerator": part, "denominator": whole, "obs_status": "M", "note": text}
    return {
        "value": float(_percent(part, whole)),
        "numerator": part,
        "denominator": whole,
        "obs_status": "U" if sample else "A",
        "note": " ".join([*notes, *([note] if note else [])]) or None,
    }


_SAMPLE_NOTE = "見本による値で、全国の値ではない / From a sample, not the figure for Japan"


def _partly_note(group: _Group) -> str:
    with_them = _percent(group.online + group.partly, group.known)
    return (
        f"一部の府省だけが実施済の{group.partly}手続は分子に含めない（含めると{with_them}%） / "
        f"{group.partly} procedures that only some ministries have online are not counted ({with_them} % with them)"
    )


def _percent(part: int, whole: int) -> Decimal:
    """Return the share in percent with two decimals, half up."""
    return (Decimal(100 * part) / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)
