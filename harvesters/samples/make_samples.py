"""Make the samples from the whole files: ``python -m harvesters.samples.make_samples FOLDER``.

``FOLDER`` has ``mynumber/`` and ``procedures/procedures_2025-07-29.parquet``. The same files give the same samples,
byte for byte; lines of CSV files are taken over unchanged, with their byte order mark and line ends.

- mynumber: the publications of :data:`PUBLICATIONS`; of the municipalities Chiba Prefecture's 54 and those of
  :data:`OTHERS`, which show the defects; prefectures and age groups whole.
- procedures: every procedure with a defect; the first of each ministry, kind and status; the largest by cases; then, up
  to :data:`PROCEDURES`, those whose id has the smallest sha256.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

PUBLICATIONS = (
    "20170308",  # the first, without demographics.csv
    "20170515",  # a published rate that is not the quotient
    "20170831",  # a new reference date of the population
    "20180701",
    "20190401",
    "20190916",  # population of an age group that does not add up
    "20200401",
    "20201001",
    "20210401",
    "20210801",  # <NA> for two area codes from here on
    "20211201",
    "latest",  # 2022-04-01, with other age groups
)
#: municipalities outside Chiba Prefecture: (prefecture, end of the name)
OTHERS = (("北海道", "札幌市"), ("東京都", "三宅村"), ("東京都", "八丈町"))
#: procedures in the sample, at least
PROCEDURES = 600
#: of these, the ones with the most cases
LARGEST = 100

_HERE = Path(__file__).parent


def main(source: Path, target: Path = _HERE) -> None:
    """Write both samples below ``target``, by default beside this file."""
    for publication in PUBLICATIONS:
        folder = target / "mynumber" / publication
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted((source / "mynumber" / publication).glob("*.csv")):
            wanted = _in_sample if file.name == "all_localgovs.csv" else _any
            (folder / file.name).write_bytes(b"".join(_lines(file, wanted)))
    _write_procedures(source / "procedures" / "procedures_2025-07-29.parquet", target / "procedures")


def _any(_: list[str]) -> bool:
    return True


def _in_sample(cells: list[str]) -> bool:
    return cells[1] == "千葉県" or any(cells[1] == where and cells[2].endswith(name) for where, name in OTHERS)


def _lines(file: Path, wanted: Callable[[list[str]], bool]) -> Iterator[bytes]:
    for number, line in enumerate(file.read_bytes().splitlines(keepends=True)):
        [cells] = csv.reader([line.decode("utf-8-sig")])
        if number == 0 or wanted(cells):
            yield line


def _write_procedures(file: Path, folder: Path) -> None:
    table = pq.read_table(file).drop_columns(["オンライン化率"])
    rows = table.to_pylist()
    chosen = _choose(rows)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "procedures_2025-07-29_sample.csv").open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(list(rows[i].values()) for i in sorted(chosen))


def _choose(rows: list[dict[str, Any]]) -> set[int]:
    chosen = {i for i, row in enumerate(rows) if _is_defective(row)}
    for columns in (("所管府省庁", "手続類型"), ("所管府省庁", "オンライン化の実施状況"), ("手続類型", "手続の受け手")):
        first: dict[tuple[Any, ...], int] = {}
        for i, row in enumerate(rows):
            first.setdefault(tuple(row[one] for one in columns), i)
        chosen.update(first.values())
    chosen.update(sorted(range(len(rows)), key=lambda i: -rows[i]["総手続件数"])[:LARGEST])
    by_hash = sorted(range(len(rows)), key=lambda i: hashlib.sha256(rows[i]["手続ID"].encode()).hexdigest())
    for i in by_hash:
        if len(chosen) >= PROCEDURES:
            break
        chosen.add(i)
    return chosen


def _is_defective(row: dict[str, Any]) -> bool:
    asked = str(row["手続類型"])[:1] in {"1", "2"}
    not_online = str(row["オンライン化の実施状況"])[:1] in {"2", "3", "4"}
    return (
        row["オンライン手続件数"] > row["総手続件数"]
        or row["手続類型"] is None
        or row["オンライン化の実施状況"] is None
        or (asked and row["手続の受け手"] is None)
        or (not_online and row["オンライン手続件数"] > 0)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
