"""Declared mapping: any table with a heading for each column -> observations, by configuration only.

``harvest.yml`` says what the columns are (:mod:`harvesters.mapping.declaration`); :class:`Mapper` does it, for tables
of files and for rows of any other origin (:class:`Records`).
"""

from harvesters.mapping.declaration import MAPPING, TableMapping, read_mapping
from harvesters.mapping.description import MAPPING_OPTIONS
from harvesters.mapping.mapper import Mapper
from harvesters.mapping.records import Cell, Records, records_of_rows, records_of_table
from harvesters.mapping.rules import MAPPING_RULES

__all__ = [
    "MAPPING",
    "MAPPING_OPTIONS",
    "MAPPING_RULES",
    "Cell",
    "Mapper",
    "Records",
    "TableMapping",
    "read_mapping",
    "records_of_rows",
    "records_of_table",
]
