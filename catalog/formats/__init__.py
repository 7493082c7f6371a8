"""Observation tables as files: one module a format, facts about the format in its docstring."""

from catalog.formats.cells import cell_texts, number_texts
from catalog.formats.csv import iter_csv, write_csv
from catalog.formats.excel_csv import iter_excel_csv, readable_columns, single_unit, write_excel_csv
from catalog.formats.keys import has_repeated_key, key_numbers
from catalog.formats.labels import CodeLabels, code_labels
from catalog.formats.parquet import read_description, read_parquet, sort_by_key, write_parquet

__all__ = [
    "CodeLabels",
    "cell_texts",
    "code_labels",
    "has_repeated_key",
    "iter_csv",
    "iter_excel_csv",
    "key_numbers",
    "number_texts",
    "read_description",
    "read_parquet",
    "readable_columns",
    "single_unit",
    "sort_by_key",
    "write_csv",
    "write_excel_csv",
    "write_parquet",
]
