"""Every engine gives the same answers: those of a plain Python filter over the same rows."""

from __future__ import annotations

import csv
import json
import os
import random
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import InputError
from catalog.model import DataStructure, parse_period
from catalog.query.engine import Engine
from catalog.query.grammar import parse_query
from catalog.query.question import ObservationQuery, SortTerm
from catalog.query.sqlite import SqliteEngine, build_index, ensure_index, prune_indexes
from catalog.query.time import TimeFilter, parse_time


def naive(rows, structure, query):
    """Answer a query with lists and loops."""
    full = [{name: row.get(name) for name in structure.names} for row in rows]
    for row in full:
        row["denominator_date"] = str(row["denominator_date"]) if row["denominator_date"] else None
    periods: dict[tuple[str, str], set[str]] = {}
    for row in full:
        periods.setdefault((row["indicator_id"], row["definition_id"]), set()).add(row["period"])
    ordered = {
        pair: sorted((parse_period(one) for one in texts), key=lambda one: (one.end, one.start, one.text))
        for pair, texts in periods.items()
    }
    selected = {pair: {one.text for one in query.time.select(ordered[pair])} for pair in ordered}
    kept = [
        row
        for row in full
        if all(row[column] in codes for column, codes in query.codes.items())
        and row["period"] in selected[row["indicator_id"], row["definition_id"]]
    ]
    for term in reversed(query.sort):
        there = [row for row in kept if row[term.column] is not None]
        there.sort(key=lambda row, column=term.column: row[column], reverse=term.descending)
        kept = there + [row for row in kept if row[term.column] is None]
    return [tuple(row[name] for name in query.fields) for row in kept]


def pages(engine: Engine, query: ObservationQuery):
    """Follow the pages of a query to the end."""
    while True:
        page = engine.select(query)
        yield page.rows
        if page.resume is None:
            return
        # A cursor travels as JSON.
        query = replace(query, after=tuple(json.loads(json.dumps(page.resume))))


def ask(engine, reference, **parameters):
    return parse_query(parameters, engine.structure, engine.coverage, reference).query


def test_no_condition_gives_every_observation_in_the_order_of_the_key(engine, reference, rows):
    query = ask(engine, reference)
    found = engine.select(query).rows
    assert found == naive(rows, engine.structure, query)
    assert len(found) == len(rows) == 23


def test_one_series_is_found_by_area(engine, reference):
    page = engine.select(ask(engine, reference, area="121002", sex="_T", fields="period,value"))
    assert page.columns == ("period", "value")
    assert page.rows == [("2020-04-01", 10.0), ("2021-04-01", 12.2), ("2021-12-01", 14.4)]


def test_a_date_is_an_iso_text_and_a_missing_value_is_none(engine, reference):
    page = engine.select(
        ask(engine, reference, area="121011", sex="M", time="2021-04-01", fields="value,denominator_date,n")
    )
    assert page.rows == [(None, "2020-01-01", 9)]


def test_text_comes_back_as_it_is(engine, reference):
    page = engine.select(ask(engine, reference, indicator="kpi-13", time="FY2021", fields="note"))
    assert page.rows == [("改行\nと,カンマ",)]


def test_latest_is_taken_for_each_definition(engine, reference):
    page = engine.select(ask(engine, reference, time="latest", sex="_T", fields="definition_id,area_code,period"))
    assert page.rows == [
        ("kpi-12.issued", "011002", "2021-12-01"),
        ("kpi-12.issued", "121002", "2021-12-01"),
        ("kpi-12.issued", "121011", "2021-12-01"),
        ("kpi-13.available", "000000", "FY2021"),
        ("kpi-13.done", "000000", "2021-Q1"),
    ]


def test_null_comes_last_in_both_directions(engine, reference):
    for sort in ("value", "-value"):
        values = [row[0] for row in engine.select(ask(engine, reference, sort=sort, fields="value")).rows]
        assert values[-1] is None
        assert None not in values[:-1]


def test_count_does_not_depend_on_limit(engine, reference):
    query = ask(engine, reference, indicator="kpi-12", limit="2")
    assert engine.count(query) == 18
    assert len(engine.select(query).rows) == 2


def test_a_limit_of_exactly_the_number_of_rows_has_no_next_page(engine, reference):
    assert engine.select(ask(engine, reference, limit="23")).resume is None
    assert engine.select(ask(engine, reference, limit="22")).resume is not None


def test_streaming_gives_the_same_rows_as_one_page(engine, reference):
    query = ask(engine, reference, sort="-n")
    streamed = list(engine.iter_rows(replace(query, limit=None), size=4))
    assert [len(one) for one in streamed] == [4, 4, 4, 4, 4, 3]
    assert [row for rows in streamed for row in rows] == engine.select(query).rows


def test_a_stream_that_is_left_early_does_not_block_the_next_query(engine, reference):
    stream = engine.iter_rows(ask(engine, reference), size=2)
    next(stream)
    stream.close()
    assert engine.count(ask(engine, reference)) == 23


def test_coverage_knows_series_and_codes(engine):
    assert [str(one) for one in engine.coverage.series["kpi-13", "kpi-13.done"]] == ["FY2019", "FY2020", "2021-Q1"]
    assert engine.coverage.codes["area_code"] == ("000000", "011002", "121002", "121011")
    assert engine.coverage.codes["sex"] == ("M", "_T")


def test_an_empty_answer_names_the_condition_in_the_way_and_what_is_near(engine, reference):
    query = ask(engine, reference, indicator="kpi-12", area="121002", time="2019")
    found = engine.availability(query)
    assert engine.count(query) == 0
    assert found.periods == ("2020-04-01", "2021-12-01")
    [obstacle] = found.obstacles
    assert (obstacle.dimension, obstacle.asked, obstacle.count) == ("period", ("2019",), 3)
    assert obstacle.available == ("2020-04-01", "2021-04-01", "2021-12-01")


def test_an_area_without_observations_is_named_with_the_areas_that_have_some(engine, reference):
    query = ask(engine, reference, indicator="kpi-12", area="121029")
    [obstacle] = engine.availability(query).obstacles
    assert obstacle.dimension == "area_code"
    assert obstacle.available == ("011002", "121002", "121011")
    assert obstacle.nearest == {"121029": "121002"}


def test_a_condition_is_an_obstacle_only_if_it_alone_is_in_the_way(engine, reference):
    query = ask(engine, reference, indicator="kpi-13", area="121002", time="2021")
    found = engine.availability(query)
    assert [one.dimension for one in found.obstacles] == ["area_code", "indicator_id"]
    both = ask(engine, reference, indicator="kpi-13", area="121002", time="1999")
    assert engine.availability(both).obstacles == ()


def test_an_empty_release_answers(make_engine, structure, write_parquet, tmp_path, reference):
    with make_engine(write_parquet([], structure, tmp_path / "none.parquet"), structure) as engine:
        query = ask(engine, reference)
        assert engine.select(query).rows == []
        assert engine.count(query) == 0
        found = engine.availability(query)
        assert (found.periods, found.areas, found.obstacles) == (None, 0, ())


def test_many_threads_read_at_once(engine, reference):
    query = ask(engine, reference)
    expected = engine.select(query).rows
    start = threading.Barrier(8)

    def read(_: int):
        start.wait()
        return [engine.select(query).rows for _ in range(20)]

    with ThreadPoolExecutor(8) as threads:
        assert all(rows == expected for found in threads.map(read, range(8)) for rows in found)


AREAS = ("000000", "011002", "121002", "121011")
COLUMNS = ("period", "value", "n", "note", "area_code", "sex", "denominator_date", "obs_status")
TIMES = ("2020", "2021", "FY2020", "FY2019:FY2020", "2021-Q1:", ":2020", "latest", "latest:2", "2020,latest", "1999")

queries = st.builds(
    dict,
    codes=st.fixed_dictionaries(
        {},
        optional={
            "indicator_id": st.sets(st.sampled_from(["kpi-12", "kpi-13", "kpi-01"]), min_size=1),
            "definition_id": st.sets(st.sampled_from(["kpi-12.issued", "kpi-13.available", "kpi-13.done"]), min_size=1),
            "area_code": st.sets(st.sampled_from([*AREAS, "121029"]), min_size=1),
            "sex": st.sets(st.sampled_from(["_T", "M", "F"]), min_size=1),
        },
    ),
    time=st.one_of(st.just(None), st.sampled_from(TIMES)),
    sort=st.lists(st.tuples(st.sampled_from(COLUMNS), st.booleans()), max_size=3, unique_by=lambda one: one[0]),
    fields=st.lists(st.sampled_from(COLUMNS), min_size=1, unique=True),
    limit=st.integers(1, 25),
)


def build_query(drawn, structure: DataStructure) -> ObservationQuery:
    named = {column for column, _ in drawn["sort"]}
    return ObservationQuery(
        codes={column: tuple(sorted(codes)) for column, codes in drawn["codes"].items()},
        time=parse_time(drawn["time"]) if drawn["time"] else TimeFilter(),
        fields=tuple(drawn["fields"]),
        sort=(
            *(SortTerm(*one) for one in drawn["sort"]),
            *(SortTerm(column) for column in structure.key if column not in named),
        ),
        limit=drawn["limit"],
    )


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=queries)
def test_random_queries_are_answered_as_by_a_plain_filter_and_paging_loses_nothing(engine, rows, drawn):
    query = build_query(drawn, engine.structure)
    expected = naive(rows, engine.structure, query)
    found = list(pages(engine, query))
    assert [row for page in found for row in page] == expected
    assert all(len(page) == query.limit for page in found[:-1])
    assert engine.count(query) == len(expected)


def test_the_real_series_of_chiba_city_is_found(make_engine, shared_data, write_parquet, tmp_path, reference):
    with (shared_data / "figures" / "mynumber_chiba_city.csv").open(encoding="utf-8-sig", newline="") as file:
        source = list(csv.DictReader(file))
    structure = DataStructure()
    rows = [
        {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": area,
            "period": one["refDate"],
            "value": float(one["publishedRatePct"]),
            "unit": "PT",
            "obs_status": "A",
        }
        for one in source
        for area in ("121002", "131016")
    ]
    with make_engine(write_parquet(rows, structure, tmp_path / "real.parquet"), structure) as engine:
        page = engine.select(ask(engine, reference, area="121002", time="2021-04-01", fields="value"))
        assert page.rows == [(32.8,)]
        latest = engine.select(ask(engine, reference, area="121002", time="latest", fields="period"))
        assert latest.rows == [("2021-12-01",)]


def test_an_index_is_built_once_and_nothing_half_built_stays(parquet, structure, tmp_path):
    first = ensure_index(parquet, structure, "abc", tmp_path)
    stamp = first.stat().st_ino
    assert ensure_index(parquet, structure, "abc", tmp_path).stat().st_ino == stamp
    assert [one.name for one in tmp_path.iterdir()] == [first.name]


def test_an_index_built_by_many_at_once_is_whole(parquet, structure, tmp_path):
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: ensure_index(parquet, structure, "abc", tmp_path), range(6)))
    assert len(set(found)) == 1
    with sqlite3.connect(found[0]) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM observation").fetchone() == (23,)


def test_indexes_that_no_release_needs_are_removed_after_a_day(parquet, structure, tmp_path):
    current, old, young = (ensure_index(parquet, structure, name, tmp_path) for name in ("current", "old", "young"))
    leftover = tmp_path / "x.1.sqlite.abc.part"
    leftover.write_bytes(b"half")
    for path in (current, old, leftover):
        os.utime(path, (0, 0))
    assert set(prune_indexes(tmp_path, {"current"})) == {old, leftover}
    assert {one.name for one in tmp_path.iterdir()} == {current.name, young.name}
    assert prune_indexes(tmp_path / "missing", set()) == []


def test_opening_an_index_says_that_it_is_needed(parquet, structure, tmp_path):
    path = ensure_index(parquet, structure, "a", tmp_path)
    os.utime(path, (0, 0))
    ensure_index(parquet, structure, "a", tmp_path)
    assert prune_indexes(tmp_path, set()) == []


def test_a_file_that_is_no_parquet_is_refused_and_leaves_nothing(structure, tmp_path):
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 but not really")
    with pytest.raises(InputError, match=r"broken\.parquet"):
        build_index(broken, structure, tmp_path / "x.sqlite")
    assert [one.name for one in tmp_path.iterdir()] == ["broken.parquet"]


def test_one_series_and_one_period_are_each_found_through_an_index(parquet, structure, tmp_path, reference):
    random.seed(1)
    rows = [
        {
            "indicator_id": "kpi-12",
            "definition_id": "kpi-12.issued",
            "area_code": f"{area:06}",
            "period": f"2021-M{month:02}",
            "sex": "_T",
            "value": random.random(),
            "unit": "PT",
            "obs_status": "A",
        }
        for area in range(300)
        for month in range(1, 13)
    ]
    pq.write_table(structure.table(rows), tmp_path / "many.parquet")
    with SqliteEngine(ensure_index(tmp_path / "many.parquet", structure, "many", tmp_path), structure) as engine:
        plans = {}
        for name, parameters in {"series": {"area": "000005"}, "period": {"time": "latest"}}.items():
            statement, values = engine._statement(ask(engine, reference, **parameters), structure.names, 100)
            plans[name] = " ".join(row[3] for row in engine.fetch(f"EXPLAIN QUERY PLAN {statement}", values))
    assert "PRIMARY KEY (indicator_id=? AND definition_id=? AND area_code=?)" in plans["series"]
    assert "COVERING INDEX by_period (period=? AND indicator_id=? AND definition_id=?)" in plans["period"]


def test_paths_with_strange_characters_open(parquet: Path, structure, tmp_path, reference):
    folder = tmp_path / "名前 ?#%20"
    with SqliteEngine(ensure_index(parquet, structure, "x", folder), structure) as engine:
        assert engine.count(ask(engine, reference)) == 23
