"""``python -m benchmarks [NAME...]``: measure, print and write the tables."""

from __future__ import annotations

import sys

from benchmarks import ckan, harvest, ingest, many, release, series, serving, start, workbook

MEASUREMENTS = {
    "ckan": ckan.measure,
    "harvest": harvest.measure,
    "ingest": ingest.measure,
    "many": many.measure,
    "release": release.measure,
    "series": series.measure,
    "serving": serving.measure,
    "start": start.measure,
    "workbook": workbook.measure,
}


def main(names: list[str]) -> None:
    """Run the named measurements, or all."""
    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        sys.exit(f"no measurement {sorted(unknown)}; there are {sorted(MEASUREMENTS)}")
    for name in names or MEASUREMENTS:
        print(MEASUREMENTS[name]().write(name))


if __name__ == "__main__":
    main(sys.argv[1:])
