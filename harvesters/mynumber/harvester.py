"""My Number card statistics of MIC, as codeforjapan/mynumbercard_statistics extracts them from its PDFs.

One folder a publication (``20210401/``, and ``latest/``), up to three files in it:

====================== ============================== ==========================================
file                   one row                        dataset
====================== ============================== ==========================================
``all_localgovs.csv``  a municipality                 ``mynumber-municipalities``
``all_prefectures.csv``  a prefecture                 ``mynumber-prefectures``
``demographics.csv``   an age group, both sexes       ``mynumber-age-sex``
====================== ============================== ==========================================

What the files do wrong, seen on 2026-11-22 in 35 publications from 2017-03-08 to 2022-04-01, is the table of
:mod:`harvesters.mynumber.rules`. The period of an observation is 算出基準日 in the data, never the name of the folder:
``latest/`` is out of order. The value is the rate as published; numerator, denominator and both dates stand beside it,
and a rate that is not the quotient gets the status U and a note. A new reference date of the denominator is no break of
the series (docs/adr/0052).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise, product
from typing import Any, ClassVar, TypeVar

import pyarrow.compute as pc

from catalog.database import HarvestObject
from catalog.errors import CheckFailed, InputError, InvalidAreaCode, Label, Place
from catalog.formats import sort_by_key
from catalog.model import COUNTRY, TOTAL, Dataset, Dimension
from catalog.model.area import Area
from harvesters.base import Context, Contribution, Fetched, Harvester
from harvesters.describe import SAMPLE, describe
from harvesters.fetching.fetch import list_files
from harvesters.findings import row_place
from harvesters.mynumber.rules import RULES
from harvesters.options import SHARE, TEXTS, Option
from harvesters.readers import Row, SourceTable, read_csv

INDICATOR, DEFINITION = "kpi-12", "kpi-12.issued"

#: largest of the files, unpacked, in bytes
LARGEST_FILE = 50_000_000
#: half of the last digit of a rate that is published with one decimal
HALF_DIGIT = Decimal("0.05")

_Value = TypeVar("_Value")

_SEXES = {"男": "M", "女": "F", "計": TOTAL}


@dataclass(frozen=True, slots=True)
class _Form:
    """One of the three files."""

    #: its name in every folder
    file: str
    #: value of the option ``datasets``
    option: str
    #: name of the dataset
    dataset: str
    #: the column with the reference date of the numerator
    card_date: str
    #: the other columns that must be there
    columns: tuple[str, ...]

    @property
    def all_columns(self) -> tuple[str, ...]:
        return ("算出基準日", *self.columns, "人口算出基準日", self.card_date)


_COUNTS = ("総数（人口）", "交付枚数", "人口に対する交付枚数率")
MUNICIPALITIES = _Form(
    "all_localgovs.csv",
    "municipalities",
    "mynumber-municipalities",
    "交付件数基準日",
    ("都道府県名", "市区町村名", *_COUNTS, "団体コード"),
)
PREFECTURES = _Form(
    "all_prefectures.csv", "prefectures", "mynumber-prefectures", "交付枚数算出基準日", ("都道府県名", *_COUNTS)
)
AGE_SEX = _Form(
    "demographics.csv",
    "age-sex",
    "mynumber-age-sex",
    "交付枚数算出基準日",
    ("年齢", *(f"{what}({sex})" for what in ("人口", "交付件数", "交付率") for sex in _SEXES)),
)
_FORMS = {one.file: one for one in (MUNICIPALITIES, PREFECTURES, AGE_SEX)}
#: files that were never published, seen on 2026-11-22; asking for them over HTTP would fail for ever
_NEVER_PUBLISHED = frozenset({"20170308/demographics.csv"})
#: columns that are in the files and not needed: shares of the whole
_KNOWN_EXTRA = frozenset(f"全体に対する交付件数割合({sex})" for sex in _SEXES)


class MyNumber(Harvester):
    """Card statistics: three datasets, one release a publication."""

    kind = "mynumber"
    version = "1"
    title: ClassVar[Label] = Label("マイナンバーカード交付状況（総務省）", "My Number card statistics (MIC)")
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            name="datasets",
            type=TEXTS,
            default=tuple(one.option for one in _FORMS.values()),
            help=Label("作るデータセット", "The datasets to make"),
            allowed=tuple(one.option for one in _FORMS.values()),
        ),
        Option(
            name="folders",
            type=TEXTS,
            default=(),
            help=Label(
                "url から収集するとき、読む公表のフォルダ名（例: 20210401, latest）",
                "For a url: the folders of the publications to read, such as 20210401 and latest",
            ),
        ),
        Option(
            name="max_rejected",
            type=SHARE,
            default=0.05,
            help=Label(
                "使えない行がこの割合を超えるファイルは公開しない",
                "A file of which more than this share of rows cannot be used is not published",
            ),
        ),
        SAMPLE,
    )
    rules = tuple(RULES.values())

    def datasets(self, context: Context) -> tuple[Dataset, ...]:
        """Return the datasets that are asked for."""
        return tuple(_describe(one, context) for one in self._wanted(context))

    def gather(self, context: Context) -> Sequence[HarvestObject]:
        """List the files of all folders, by folder and file name."""
        wanted = self._wanted(context)
        if context.source.url is None:
            found = [one for form in wanted for one in list_files(context.source, f"*/{form.file}")]
            return sorted(found, key=lambda one: one.name)
        base = context.source.url.rstrip("/")
        names = [f"{folder}/{form.file}" for folder in context.source.options["folders"] for form in wanted]
        return [HarvestObject(name=name, location=f"{base}/{name}") for name in names if name not in _NEVER_PUBLISHED]

    def transform(self, context: Context, fetched: Fetched) -> Sequence[Contribution]:
        """Turn one file into the observations of one publication."""
        name = fetched.object.name
        form = _FORMS[name.rpartition("/")[2]]
        table = read_csv(fetched.path, name=name, columns=form.all_columns, largest=LARGEST_FILE)
        return [_Publication(context, form, table).contribution()]

    def review(self, context: Context, contributions: Sequence[Contribution]) -> None:
        """Report what moves between publications: the denominator's date, the day, the areas."""
        for before, after in pairwise(contributions):
            _review_dates(context, before, after)
            _review_codes(context, before, after)
        if contributions and contributions[0].dataset.name == AGE_SEX.dataset:
            self._review_missing(context, contributions)

    def _wanted(self, context: Context) -> list[_Form]:
        return [one for one in _FORMS.values() if one.option in context.source.options["datasets"]]

    def _review_missing(self, context: Context, contributions: Sequence[Contribution]) -> None:
        have = {one.object.rpartition("/")[0] for one in contributions}
        if context.source.url is None:
            every = {one.name.rpartition("/")[0] for one in list_files(context.source, f"*/{PREFECTURES.file}")}
        else:
            every = set(context.source.options["folders"])
        for folder in sorted(every - have):
            context.findings.add(RULES["file-missing"], Place(file=f"{folder}/{AGE_SEX.file}"))


def _describe(form: _Form, context: Context) -> Dataset:
    lists = context.reference.codelists
    breakdowns = [Dimension(one, lists[one].label, lists[one].labels) for one in ("sex", "age") if form is AGE_SEX]
    return describe(form.dataset, context.source.publisher, *breakdowns, sample=context.source.options["sample"])


class _RowRejected(Exception):
    """A row cannot be used; its finding is added already."""


class _Publication:
    """One file while it is read."""

    def __init__(self, context: Context, form: _Form, table: SourceTable) -> None:
        self._context = context
        self._form = form
        self._table = table
        self._dataset = _describe(form, context)
        self._keys: set[tuple[str, ...]] = set()

    def contribution(self) -> Contribution:
        """Read all rows; a row is used whole or not at all."""
        self._look_at_file()
        rows = list(self._table)
        day = self._release_day(rows)
        self._look_at_folder(day)
        accepted = [self._accept(row, day) for row in rows]
        self._guard(len(rows), sum(bool(one) for one in accepted))
        observations = [one for row in accepted for one in row]
        if self._form is AGE_SEX:
            self._add_up_ages(observations)
        structure = self._dataset.structure
        return Contribution(
            dataset=self._dataset,
            table=sort_by_key(structure.table(observations), structure),
            issued=f"{day.isoformat()}T00:00:00+09:00",
            object=self._table.file,
        )

    def _accept(self, row: Row, day: date) -> list[dict[str, Any]]:
        tally = self._context.tally
        tally.read += 1
        try:
            observations = list(self._observations(row, day))
        except _RowRejected:
            tally.rejected += 1
            return []
        tally.accepted += 1
        return observations

    def _observations(self, row: Row, day: date) -> Iterator[dict[str, Any]]:
        if row.ragged:
            raise self._reject("row-width", row, None, str(len(row.cells)))
        if self._date(row, "算出基準日") != day:
            raise self._reject("release-date-mixed", row, "算出基準日", row.cells["算出基準日"])
        dates = {
            "numerator_date": self._date(row, self._form.card_date),
            "denominator_date": self._date(row, "人口算出基準日"),
        }
        common = {"indicator_id": INDICATOR, "definition_id": DEFINITION, "period": day.isoformat(), **dates}
        if self._form is AGE_SEX:
            yield from self._age_group(row, common)
        else:
            area = self._municipality(row) if self._form is MUNICIPALITIES else self._prefecture(row)
            self._once(row, area.code)
            yield {**common, "area_code": area.code, **self._rate(row, *_COUNTS)}

    def _age_group(self, row: Row, common: dict[str, Any]) -> Iterator[dict[str, Any]]:
        age = self._age(row)
        self._once(row, age)
        sexes = {
            code: self._rate(row, f"人口({sex})", f"交付件数({sex})", f"交付率({sex})") for sex, code in _SEXES.items()
        }
        for part in ("denominator", "numerator"):
            if sexes["M"][part] + sexes["F"][part] != sexes[TOTAL][part]:
                values = f"{sexes['M'][part]:.0f} + {sexes['F'][part]:.0f} ≠ {sexes[TOTAL][part]:.0f}"
                self._find("sexes-differ", row, "人口(計)" if part == "denominator" else "交付件数(計)", values)
        for sex, rate in sexes.items():
            yield {**common, "area_code": COUNTRY, "sex": sex, "age": age, **rate}

    def _rate(self, row: Row, people: str, cards: str, published: str) -> dict[str, Any]:
        denominator, numerator = self._count(row, people), self._count(row, cards)
        if denominator == 0:
            raise self._reject("population-zero", row, people, row.cells[people])
        if numerator > denominator:
            raise self._reject("cards-exceed-people", row, cards, f"{numerator} > {denominator}")
        rate = self._decimal(row, published)
        quotient = Decimal(100 * numerator) / Decimal(denominator)
        values = {"value": float(rate), "unit": "PT", "numerator": numerator, "denominator": denominator}
        if abs(rate - quotient) <= HALF_DIGIT:
            return {**values, "obs_status": "A"}
        rounded = quotient.quantize(Decimal("0.01"), ROUND_HALF_UP)
        self._find("rate-differs", row, published, f"{rate} ≠ {numerator} / {denominator} = {rounded} %")
        note = f"公表値 {rate} は分子÷分母（{rounded}）と合わない / Published {rate}; the counts give {rounded}"
        return {**values, "obs_status": "U", "note": note}

    def _municipality(self, row: Row) -> Area:
        text, areas = row.cells["団体コード"], self._context.reference.areas
        named = areas.find_municipality(row.cells["都道府県名"], row.cells["市区町村名"])
        if not re.search(r"\d", text):
            if named is None:
                raise self._reject("area-unknown", row, "団体コード", f"{text} {row.cells['市区町村名']}")
            self._find("area-code-missing", row, "団体コード", f"{text} → {named.code} {named.name_ja}")
            return named
        try:
            parsed = areas.parse_code(text, five_digits="lost_zero")
        except InvalidAreaCode as error:
            raise self._reject("area-code-invalid", row, "団体コード", text, error.what) from error
        area = areas.find(parsed.code)
        if area is None or not area.is_municipality:
            raise self._reject("area-unknown", row, "団体コード", text)
        if parsed.repaired:
            self._find("area-code-repaired", row, "団体コード", f"{text} → {parsed.code}", parsed.note)
        if named is None and self._in_prefecture(row, area):
            self._find("area-name-unknown", row, "市区町村名", f"{row.cells['市区町村名']} ≠ {area.name_ja}")
        elif named is None or named.code != area.code:
            stated = f"{row.cells['都道府県名']}{row.cells['市区町村名']}"
            raise self._reject("area-contradicts", row, "団体コード", f"{text} = {area.name_ja} ≠ {stated}")
        return area

    def _in_prefecture(self, row: Row, area: Area) -> bool:
        prefecture = self._context.reference.areas.find_prefecture(row.cells["都道府県名"])
        return prefecture is not None and area.parent == prefecture.code

    def _prefecture(self, row: Row) -> Area:
        area = self._context.reference.areas.find_prefecture(row.cells["都道府県名"])
        if area is None:
            raise self._reject("area-unknown", row, "都道府県名", row.cells["都道府県名"])
        return area

    def _age(self, row: Row) -> str:
        text = row.cells["年齢"]
        code = parse_age(text)
        if code is None or code not in self._context.reference.codelists["age"]:
            raise self._reject("age-unknown", row, "年齢", text)
        if code != TOTAL and not re.fullmatch(r"\d+-\d+歳|\d+歳以上", text):
            self._find("age-repaired", row, "年齢", f"{text} → {code}")
        return code

    def _once(self, row: Row, *key: str) -> None:
        if key in self._keys:
            raise self._reject("row-twice", row, None, " ".join(key))
        self._keys.add(key)

    def _date(self, row: Row, column: str) -> date:
        return self._parse(row, column, parse_day, "date-invalid")

    def _count(self, row: Row, column: str) -> int:
        return self._parse(row, column, _count, "number-invalid")

    def _decimal(self, row: Row, column: str) -> Decimal:
        return self._parse(row, column, _decimal, "number-invalid")

    def _parse(self, row: Row, column: str, parse: Callable[[str], _Value], rule: str) -> _Value:
        text = row.cells[column]
        try:
            return parse(text)
        except ValueError as error:
            raise self._reject(rule, row, column, text) from error

    def _find(self, rule: str, row: Row, column: str | None, value: str, detail: Label | None = None) -> None:
        place = row_place(self._table.file, row.number, column)
        self._context.findings.add(RULES[rule], place, value, detail=detail)

    def _reject(self, rule: str, row: Row, column: str | None, value: str, detail: Label | None = None) -> _RowRejected:
        self._find(rule, row, column, value, detail)
        return _RowRejected()

    def _look_at_file(self) -> None:
        file = Place(file=self._table.file)
        if self._table.bom:
            self._context.findings.add(RULES["byte-order-mark"], file)
        if self._table.encoding not in {"utf-8", None}:
            self._context.findings.add(RULES["encoding"], file, self._table.encoding)
        for column in self._table.unknown_columns({*self._form.all_columns, *_KNOWN_EXTRA}):
            self._context.findings.add(RULES["column-unknown"], file, column)

    def _release_day(self, rows: list[Row]) -> date:
        """Return the reference date that most rows state."""
        stated = Counter(row.cells.get("算出基準日", "") for row in rows)
        for text, _ in stated.most_common():
            try:
                return parse_day(text)
            except ValueError:
                continue
        raise InputError(
            "算出基準日を読める行がありません",
            "No row has a readable 算出基準日 (reference date)",
            next_step=Label(
                "2021/04/01 の形の日付が入っているか確かめてください", "Check that it has dates like 2021/04/01"
            ),
            place=Place(file=self._table.file, cell="column 算出基準日"),
            value=next(iter(stated), None),
        )

    def _look_at_folder(self, day: date) -> None:
        folder = self._table.file.split("/")[0]
        if folder != f"{day:%Y%m%d}":
            rule = "folder-date-differs" if re.fullmatch(r"\d{8}", folder) else "folder-without-date"
            self._context.findings.add(RULES[rule], Place(file=self._table.file), f"{folder} → {day.isoformat()}")

    def _add_up_ages(self, observations: list[dict[str, Any]]) -> None:
        for part, sex in product(("denominator", "numerator"), _SEXES.values()):
            counts = {one["age"]: one[part] for one in observations if one["sex"] == sex}
            total = counts.pop(TOTAL, None)
            if total is not None and sum(counts.values()) != total:
                rule = "ages-below-total" if sum(counts.values()) < total else "ages-exceed-total"
                value = f"{part}, sex {sex}: {sum(counts.values())} ≠ {total}"
                self._context.findings.add(RULES[rule], Place(file=self._table.file), value)

    def _guard(self, rows: int, used: int) -> None:
        most = self._context.source.options["max_rejected"]
        if used == 0 or rows - used > most * rows:
            raise CheckFailed(
                f"{rows}行のうち使えるのは{used}行だけです",
                f"Only {used} of {rows} rows can be used",
                next_step=Label(
                    "報告にある行を直すか、正しいファイルか確かめてください",
                    "Look at the rows in the report, and check that it is the right file",
                ),
                place=Place(file=self._table.file),
                rows=rows,
                used=used,
                max_rejected=most,
            )


def parse_day(text: str) -> date:
    """Parse ``2021/04/01``.

    Raises
    ------
    ValueError
        If it is no such day.
    """
    return datetime.strptime(text, "%Y/%m/%d").date()  # noqa: DTZ007 - a day has no time zone


def parse_age(text: str) -> str | None:
    """Return the code of an age group (SDMX CL_AGE) as the source writes it, or None.

    ``0～4歳`` and ``5～9`` (with full-width tilde, wave dash or hyphen, with 歳 or without), ``100歳以上``, ``全体``.
    """
    narrow = unicodedata.normalize("NFKC", text).replace("〜", "~").replace("-", "~")
    if narrow == "全体":
        return TOTAL
    if match := re.fullmatch(r"(\d{1,3})~(\d{1,3})歳?", narrow):
        return f"Y{match[1]}T{match[2]}"
    if match := re.fullmatch(r"(\d{1,3})歳以上", narrow):
        return f"Y_GE{match[1]}"
    return None


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise ValueError(text)
    return int(text)


def _decimal(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?", text):
        raise ValueError(text)
    return Decimal(text)


def _review_dates(context: Context, before: Contribution, after: Contribution) -> None:
    old, new = (pc.max(one.table["denominator_date"]).as_py() for one in (before, after))
    if old != new:
        place = Place(file=after.object, cell="column 人口算出基準日")
        context.findings.add(RULES["denominator-date-moves"], place, f"{old} → {new}")
    days = [date.fromisoformat(one.issued[:10]).day for one in (before, after)]
    if days[0] != days[1]:
        place = Place(file=after.object, cell="column 算出基準日")
        context.findings.add(RULES["release-day-moves"], place, f"{before.issued[:10]} → {after.issued[:10]}")


def _review_codes(context: Context, before: Contribution, after: Contribution) -> None:
    column, rules = ("age", "ages") if after.dataset.name == AGE_SEX.dataset else ("area_code", "areas")
    old, new = (set(pc.unique(one.table[column]).to_pylist()) for one in (before, after))
    for rule, codes in ((f"{rules}-gone", old - new), (f"{rules}-new", new - old)):
        if codes:
            context.findings.add(RULES[rule], Place(file=after.object), ", ".join(sorted(codes)))
