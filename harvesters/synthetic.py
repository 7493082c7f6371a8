"""Say of every observation of a made-up dataset that it is made up.

Title, description and metadata say it too, but a table is passed on without them: a row in somebody's spreadsheet must
still tell. So the mark stands in the column ``note`` of every row, before anything is compared or published.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.formats.columns import keep_column
from harvesters.base import Contribution

#: begins the note of every observation that is made up
MARK = "【合成データ：実際の値ではない / synthetic: not a real value】"


def mark_synthetic(contribution: Contribution) -> Contribution:
    """Return the contribution with :data:`MARK` in every note if its dataset is synthetic; else as it is."""
    if not contribution.dataset.synthetic:
        return contribution
    table = contribution.table
    place = table.column_names.index("note")
    marked = keep_column(pa.string(), map(_marked, table["note"].chunks), table.num_rows)
    return replace(contribution, table=table.set_column(place, table.schema.field(place), marked))


def _marked(some: pa.Array[Any]) -> pa.Array[Any]:
    notes = pc.fill_null(some, "")
    known = pc.starts_with(notes, MARK)
    return pc.if_else(known, notes, pc.binary_join_element_wise(pa.scalar(MARK), notes, ""))
