"""Readers: files as people make them -> rows of text, each with its place.

Every reader returns a :class:`~harvesters.readers.table.SourceTable`; what the cells mean is the harvester's business.
"""

from harvesters.readers.delimited import read_csv
from harvesters.readers.parquet import read_parquet
from harvesters.readers.table import Row, SourceTable, read_table

__all__ = ["Row", "SourceTable", "read_csv", "read_parquet", "read_table"]
