"""Notes of observations as one plain sentence, so that a cell holds one value in every CSV.

Commas, lists with several ``、`` or ``・``, line breaks and full-width spaces in a cell break the machine-readability
rule (L1-06, L1-07). The note says the same without them: ``;`` for a comma, ``；`` and ``／`` for the signs of a list.
It is done where notes enter, so that Parquet, JSON and both CSVs say the same.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pyarrow as pa

from catalog.formats.columns import ROWS, encode, keep_column
from harvesters.base import Contribution


def plain_note(text: str) -> str:
    """Return a note without signs that list or lay out."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    plain = plain.replace(",", ";")
    for sign, instead in (("、", "；"), ("・", "／")):
        if plain.count(sign) >= 2:
            plain = plain.replace(sign, instead)
    return re.sub(r"\s+", " ", plain).strip()


def with_plain_notes(contribution: Contribution) -> Contribution:
    """Return the contribution with plain notes; each distinct note is looked at once."""
    table = contribution.table
    place = table.schema.get_field_index("note")
    index, notes = encode(table.column(place))
    plain = pa.array([plain_note(one) for one in notes.to_pylist()], pa.string())
    if plain.equals(notes):
        return contribution
    parts = (index[start : start + ROWS] for start in range(0, len(index), ROWS))
    pieces = (plain.take(pa.array(one, mask=one < 0)) for one in parts)
    column = keep_column(pa.string(), pieces, len(index))
    return replace(contribution, table=table.set_column(place, table.schema.field(place), column))
