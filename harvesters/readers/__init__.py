"""Readers: files as people make them -> cells and rows, each with its place.

Two ways in. :func:`read_table` streams a file that is a table and nothing else, with a known header, and returns a
:class:`~harvesters.readers.table.SourceTable` of text. :func:`open_tables` takes what people lay out for people: any
workbook or text file, several tables on a sheet, titles, merged headers, notes, and returns
:class:`~harvesters.readers.tables.FoundTable`; :class:`CellReader` says what their cells mean. What a table means is
the harvester's business.
"""

from harvesters.readers.cells import CellReader, ReadNumber, read_number
from harvesters.readers.declared import Declared, open_tables
from harvesters.readers.delimited import read_csv
from harvesters.readers.detected import Detected
from harvesters.readers.eras import ReadTime, find_times, read_time
from harvesters.readers.grid import Grid
from harvesters.readers.markers import LEGENDS, Legend, Meaning
from harvesters.readers.parquet import read_parquet
from harvesters.readers.source_file import SourceFile, read_file
from harvesters.readers.table import Row, SourceTable, read_table
from harvesters.readers.tables import FoundTable, Layout, find_tables

__all__ = [
    "LEGENDS",
    "CellReader",
    "Declared",
    "Detected",
    "FoundTable",
    "Grid",
    "Layout",
    "Legend",
    "Meaning",
    "ReadNumber",
    "ReadTime",
    "Row",
    "SourceFile",
    "SourceTable",
    "find_tables",
    "find_times",
    "open_tables",
    "read_csv",
    "read_file",
    "read_number",
    "read_parquet",
    "read_table",
    "read_time",
]
