"""A database for one question about tables, that takes little memory: what does not fit goes to temporary files."""

from __future__ import annotations

import tempfile

import duckdb

#: of memory that one question may take; joins and sorts of more go to files
MEMORY = "512MB"


def open_scratch() -> duckdb.DuckDBPyConnection:
    """Return an empty database in memory; to be used with ``with``."""
    return duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": tempfile.gettempdir()})
