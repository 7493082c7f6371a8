"""A table says the same whether it is read row by row or column by column: one suite, every specimen, both ways."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.readers.plain import Untidy, open_plain

CARDS: dict[str, Any] = {
    "indicator": "kpi-12",
    "definition": "kpi-12.issued",
    "area": {"column": "団体コード"},
    "period": {"column": "年度", "as": "fiscal-year"},
    "value": {"column": "率", "unit": "PT", "percent": "points"},
    "numerator": {"column": "枚数"},
    "denominator": {"column": "人口"},
    "breakdowns": {"sex": {"column": "性別", "codes": {"計": "_T"}}},
}
HEADER = "団体コード,年度,性別,率,枚数,人口,備考"

#: what it is about -> header, rows, changes of the mapping, options
SPECIMENS: dict[str, tuple[str, list[str], dict[str, Any], dict[str, Any]]] = {
    "clean": (HEADER, ["121002,令和3年度,計,50.2,502,1000,", "121011,2021,男,40,400,1000,"], {}, {}),
    "areas": (
        HEADER,
        [
            "12100,2021,男,1,1,100,",
            "千葉市,2021,女,1,1,100,",
            "１２１０１１,2021,男,1,1,100,",
            "中央区,2021,女,1,1,100,",
            "999999,2021,男,1,1,100,",
            "どこか,2021,男,1,1,100,",
            ",2021,男,1,1,100,",
        ],
        {},
        {"area": "121002"},
    ),
    "numbers": (
        HEADER,
        [
            '121002,2021,計,50.2%,"1,391","2,000",',
            "121002,2020,計,５０．２,▲3,100,",
            "121002,2019,計,x,12人,100,",
            "121002,2018,計,…,1,100,",
            "121002,2017,計,,1,100,",
            "121002,2016,計,約50,1,100,",
            "121002,2015,計,-,1,100,",
            "121002,2014,計,1e1,1,100,",
            "121002,2013,計, 12.5 ,+1,100,",
            "121002,2012,計,0.12345678901234567,1,100,",
            "121002,2011,計,.5,1.,100,",
            "121002,2010,計,#N/A,1,100,",
        ],
        {},
        {},
    ),
    "checks": (
        HEADER,
        [
            "121002,2021,計,120,1,100,",
            "121002,2020,計,-1,1,100,",
            "121002,2019,計,50,200,100,",
            "121002,2018,計,50,1,0,",
            "121002,2017,計,50,-1,100,",
            "121002,2016,計,50,50,100,",
            "121002,2016,計,51,50,100,",
            "121002,H28,計,52,50,100,",
        ],
        {},
        {},
    ),
    "codes": (
        HEADER,
        [
            "121002,2021,男,1,1,100,",
            "121002,2021,ＦＥＭＡＬＥ,1,1,100,",
            "121002,2021,ねこ,1,1,100,",
            "121002,R3,,1,1,100,",
        ],
        {},
        {},
    ),
    "periods": (
        HEADER,
        [
            "121002,令和元年度,計,1,1,100,",
            "121002,R99,計,1,1,100,",
            "121002,きのう,計,1,1,100,",
            "121002,2021年,計,1,1,100,",
        ],
        {},
        {},
    ),
    "totals": (
        HEADER,
        ["121011,2021,計,1,1,100,", "合計,2021,計,1,1,100,", "小　計,2021,計,1,1,100,", "総計,2020,計,1,1,100,"],
        {},
        {},
    ),
    "only": (
        HEADER,
        [f"121002,{year},計,1,1,100,{'要' if year % 3 else '不要'}" for year in range(1950, 2020)],
        {"only": {"column": "備考", "values": ["要*"]}},
        {},
    ),
    "statuses": (
        HEADER,
        ["121002,2021,計,1,1,100,P", "121002,2020,計,,1,100,Q", "121002,2019,計,5,1,100,Q", "121002,2018,計,5,1,100,?"],
        {"status": {"column": "備考"}},
        {},
    ),
    "blanks skipped": (
        HEADER,
        ["121002,2021,計,,1,100,", "121002,2020,計,1,1,100,"],
        {"value": {"column": "率", "unit": "PT", "percent": "points", "blank": "skip"}},
        {},
    ),
    "fractions found by looking": (
        HEADER,
        [
            "121002,2021,計,0.502,1,100,",
            "121002,2020,計,0.07,1,100,",
            "121002,2019,計,0.289,1,100,",
            "121002,2018,計,30%,1,9,",
        ],
        {"value": {"column": "率", "unit": "PT"}},
        {},
    ),
    "multiplied": (
        HEADER,
        ["121002,2021,計,1.1,1,100,", "121002,2020,計,0.3,1,100,", "121002,2019,計,3p,1,100,"],
        {"value": {"column": "率", "unit": "PS", "multiply": 12}},
        {"legend": "yearbook"},
    ),
    "computed": (
        HEADER,
        ["121002,2021,計,,1,3,", "121002,2020,計,,1,0,", "121002,2019,計,,x,3,", "121002,2018,計,,,3,"],
        {"value": {"unit": "PT"}},
        {},
    ),
    "two columns for a period": (
        "団体コード,年度,性別,率,枚数,人口,備考",
        [
            "121002,2021,計,1,1,100,4",
            "121002,令和3,女,1,1,100,5",
            "121002,2021,計,1,1,100,13",
            "121002,2021,計,1,1,100,",
        ],
        {"period": {"columns": ["年度", "備考"], "as": "month"}},
        {},
    ),
    "several values a row": (
        "団体コード,年度,男,女,総数,備考",
        ["121002,2021,1,2,3,", "121011,2021,x,101,…,", "121011,2021,4,,5,", "合計,2021,1,1,1,"],
        {
            "value": {"unit": "PT", "percent": "points"},
            "breakdowns": {"sex": {"from": "heading"}},
            "columns_as": [{"columns": "?", "breakdowns": {}}],
        },
        {},
    ),
    "dates and notes": (
        HEADER,
        [
            "121002,2021,計,1,1,100,R3.4.1",
            "121002,2020,計,1,1,100,H31.5.1",
            "121002,2019,計,1,1,100,いつか",
            "121002,2018,計,1,1,9,",
        ],
        {"denominator_date": {"column": "備考"}, "note": {"column": "備考"}},
        {},
    ),
    "many of each": (
        HEADER,
        [
            f'121002,{year},計,{"x" if year % 7 == 0 else year % 90},1,"1,{year % 900 + 100}",'
            for year in range(1880, 2150)
        ],
        {},
        {},
    ),
}
SPECIMENS["several values a row"][2]["columns_as"] = [
    {"column": "男", "breakdowns": {"sex": "M"}},
    {"column": "女", "breakdowns": {"sex": "F"}},
    {"column": "総数", "breakdowns": {"sex": "_T"}},
]
_WITHOUT = {"several values a row": ("numerator", "denominator")}


def _mapping(name: str) -> dict[str, Any]:
    found = {**CARDS, **SPECIMENS[name][2]}
    for one in _WITHOUT.get(name, ()):
        del found[one]
    return found


def _same(first: Any, second: Any) -> None:
    assert first.contribution.table.equals(second.contribution.table)
    assert first.contribution.dataset == second.contribution.dataset
    assert first.contribution.issued == second.contribution.issued
    assert first.context.tally == second.context.tally
    assert _told(first) == _told(second)


def _told(one: Any) -> dict[str, Any]:
    """Return the findings by rule; that Parquet needs no detection is no difference."""
    return {rule["id"]: rule for rule in one.context.findings.to_dict() if not rule["id"].startswith("detected")}


@pytest.mark.parametrize("name", SPECIMENS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_text_file_says_the_same_both_ways(name, encoding, write, map_file):
    header, rows, _, options = SPECIMENS[name]
    path = write("\n".join([header, *rows, ""]), encoding=encoding)
    _same(map_file(path, _mapping(name), **options), map_file(path, _mapping(name), bulk=True, **options))


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_large_table_in_slices_says_the_same(name, write, map_file, monkeypatch):
    header, rows, _, options = SPECIMENS[name]
    path = write("\n".join([header, *rows, ""]))
    whole = map_file(path, _mapping(name), bulk=True, **options)
    for target, value in _SMALL.items():
        monkeypatch.setattr(target, value)
    _same(whole, map_file(path, _mapping(name), bulk=True, **options))


#: what makes every table a large one
_SMALL = {
    "harvesters.readers.plain.BLOCK": 120,
    "harvesters.mapping.bulk.ROWS_AT_ONCE": 2,
    "harvesters.mapping.scratch._SHORT": 1,
    "harvesters.mapping.scratch.MOST_HELD": 0,
    "harvesters.mapping.assembly.ROWS": 2,
    "catalog.formats.columns.ROWS": 2,
    "catalog.formats.columns.MOST_IN_MEMORY": 0,
}


@pytest.mark.parametrize("name", SPECIMENS)
def test_parquet_says_the_same_as_the_same_rows_of_text(name, tmp_path, write, map_file):
    header, rows, _, options = SPECIMENS[name]
    cells = list(csv.reader(rows))
    path = tmp_path / "parquet" / "表"
    path.parent.mkdir()
    columns = {one: [row[i] or None for row in cells] for i, one in enumerate(header.split(","))}
    pq.write_table(pa.table(columns, schema=pa.schema([(one, pa.string()) for one in columns])), path)
    text = write("\n".join([header, *rows, ""]), name="表")
    _same(map_file(text, _mapping(name), **options), map_file(path, _mapping(name), **options))


DAYS = [date(2021, 4, 1), date(2020, 4, 1), date(2019, 4, 1), None]
VALUES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "int64": (pa.int64(), [121002, 121011, None, 11002]),
    "int16": (pa.int16(), [2021, 2021, 2020, 2019]),
    "double": (pa.float64(), [38.800000000000004, float("nan"), None, 12.0]),
    "code as double": (pa.float64(), [121002.0, 121011.0, None, 11002.0]),
    "int32": (pa.int32(), [1, 2, 3, None]),
    "float": (pa.float32(), [100.0, 100.5, 99.25, None]),
    "date": (pa.date32(), DAYS),
    "moment": (pa.timestamp("us"), [one and datetime(one.year, 4, 1, tzinfo=UTC) for one in DAYS]),
    "decimal": (pa.decimal128(9, 3), [Decimal("38.8"), Decimal("0.125"), None, Decimal("12.000")]),
    "flag": (pa.bool_(), [True, None, None, False]),
    "text": (pa.string(), ["121002", "121011", None, "11002"]),
}


@pytest.mark.parametrize(
    ("types", "form"),
    [
        (("int64", "int16", "double", "int32", "float"), "fiscal-year"),
        (("code as double", "date", "decimal", "int32", "int64"), "date"),
        (("text", "moment", "int32", "flag", "int64"), "date"),
    ],
)
def test_numbers_and_dates_of_parquet_say_the_same_as_cells(types, form, tmp_path, map_file, map_rows):
    names = ("団体コード", "年度", "率", "枚数", "人口")
    columns = {name: pa.array(VALUES[one][1], VALUES[one][0]) for name, one in zip(names, types, strict=True)}
    table = pa.table({**columns, "性別": ["計", "男", "女", "計"]})
    path = tmp_path / "表"
    pq.write_table(table, path)
    mapping = {**CARDS, "period": {"column": "年度", "as": form}}
    rows = [list(row.values()) for row in table.to_pylist()]
    found, told = map_file(path, mapping), map_rows(table.column_names, rows, mapping)
    assert found.contribution.table.equals(told.contribution.table)
    assert found.context.tally == told.context.tally
    assert found.counts == told.counts


_CELL = st.sampled_from(
    [
        "1",
        "50.2",
        "0",
        "x",
        "…",
        "-",
        "",
        " 7 ",
        "1,000",
        "▲3",
        "100%",
        "12人",
        "１２",
        "abc",
        "0.30000000000000004",
        "１e2",
    ]
)
_AREA = st.sampled_from(["121002", "12100", "千葉市中央区", "合計", "", "999", "121011", "計", "０１１００２"])
_TIME = st.sampled_from(["2021", "R3", "令和3年度", "", "2021年", "H31", "全体"])
_SEX = st.sampled_from(["男", "女", "計", "合計", "", "F", "ねこ"])


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(_AREA, _TIME, _SEX, _CELL, _CELL, _CELL), min_size=3, max_size=12))
def test_any_table_says_the_same_both_ways(rows, write, map_file):
    text = io.StringIO()
    csv.writer(text).writerows(
        [HEADER.split(","), *([*row, "-"] for row in rows), ["121002", "2000", "計", 1, 1, 9, ""]]
    )
    path = write(text.getvalue())
    _same(map_file(path, CARDS), map_file(path, CARDS, bulk=True))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,2\n※注,\n3,4\n", "a note"),
        ("a,b\n1,2\n,\n3,4\n", "a blank row"),
        ("a,b\n1,2\n\n3,4\n", "an empty line"),
        ("a,b\n1,2\n3\n", "a short row"),
        ('a,b\n1,2\n3,"4\n5"\n', "a line break in a cell"),
        ("表題\n\na,b\n1,2\n", "a title"),
        ("a,,b\n1,2,3\n", "a heading that is missing"),
        ("a,a\n1,2\n", "a heading that is there twice"),
        ("a,a,b\nx,y,\n1,2,3\n", "a header in two rows"),
    ],
)
def test_a_text_that_is_no_plain_table_is_not_taken_for_one(text, why, write, tmp_path):
    path = write(text * 1)
    plain = open_plain(path, name="表.csv", folder=tmp_path)
    if plain is not None:
        with pytest.raises(Untidy):
            list(plain.iter_batches([0, 1], ()))


def test_what_shows_only_further_down_sends_the_file_the_other_way(write, map_file):
    rows = [f"121002,{year},計,1,1,100,要" for year in range(1900, 2000)]
    path = write("\n".join([HEADER, *rows, "※速報値です,,,,,,", ""]))
    found = map_file(path, CARDS, bulk=True)
    assert found.context.tally.accepted == 100
    _same(map_file(path, CARDS), found)
