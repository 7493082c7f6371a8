"""A table of any length as a city would publish it: area, month, sex, age, rate, numerator, denominator.

Areas and ages are those of the reference data. The rows are in the order of time, which is not the order of the key.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from catalog.reference import load_reference

#: ages of the code list that are used
_AGES = 22

_ROWS = """
    COPY (
        SELECT code AS 団体コード, strftime(date '1950-01-01' + to_months(m::INT), '%Y-%m') AS 年月, sex AS 性別,
               age AS 年齢, round(100 * num / den, 1) AS "率（%）", num AS 枚数, den AS 人口
        FROM (
            SELECT code, m, sex, age, (1000 + hash(code, m, sex, age) % 9000)::INT AS den,
                   (hash(m, code, age, sex) % 1000)::INT AS num
            FROM range({months}) r(m), areas, (VALUES ('M'), ('F'), ('_T')) s(sex), ages
            ORDER BY m, code, sex, age LIMIT {rows}
        )
    ) TO '{target}' (HEADER, DELIMITER ',')
"""

#: the entry of ``harvest.yml`` for the folder of such a table
SOURCE = """
  - name: {name}
    kind: csv
    title: {{ja: 表, en: table}}
    path: {path}
    options:
      area: "000000"
      landing_page: "https://example.org/"
      dataset: {name}
      mapping:
        indicator: kpi-12
        definition: kpi-12.issued
        area: {{column: 団体コード}}
        period: {{column: 年月, as: month}}
        value: {{column: "率（%）", unit: PT, percent: points}}
        numerator: {{column: 枚数}}
        denominator: {{column: 人口}}
        breakdowns:
          sex: {{column: 性別}}
          age: {{column: 年齢}}
"""


def write_long_table(target: Path, rows: int, *, months: int | None = None) -> None:
    """Write the CSV with so many rows: of all areas, or of so few that each series has at least so many months."""
    reference = load_reference()
    areas = [one.code for one in reference.areas]
    ages = [one.code for one in reference.codelists["age"]][:_AGES]
    with duckdb.connect() as connection:
        series = len(ages) * 3
        areas = areas[: -(-rows // (months * series))] if months else areas
        connection.execute("CREATE TABLE areas AS SELECT unnest(?) AS code", [areas])
        connection.execute("CREATE TABLE ages AS SELECT unnest(?) AS age", [ages])
        connection.execute(_ROWS.format(months=-(-rows // (len(areas) * series)), rows=rows, target=target))
