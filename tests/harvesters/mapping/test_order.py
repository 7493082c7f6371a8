"""Observations come out in the order of their key, and what is said of that is so."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.formats import has_repeated_key, sort_by_key
from catalog.formats.known import known_of

_MAPPING = {
    "indicator": "kpi-12",
    "definition": "kpi-12.issued",
    "area": {"column": "団体コード"},
    "period": {"column": "年度", "as": "fiscal-year"},
    "value": {"column": "率", "unit": "PT", "percent": "points"},
    "breakdowns": {"sex": {"column": "性別", "codes": {"男": "M", "女": "F", "計": "_T"}}},
}
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["121002", "011002", "131016", "12100", "千葉県"]),
        st.sampled_from(["2021", "2009", "令和3年度", "1999"]),
        st.sampled_from(["男", "女", "計"]),
        st.integers(0, 100).map(str),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("bulk", [False, True], ids=["rows", "columns"])
@given(rows=_ROWS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_known_of_the_observations_is_what_looking_finds(rows, bulk, write, map_file):
    path = write("\n".join(["団体コード,年度,性別,率", *map(",".join, rows), ""]))
    contribution = map_file(path, _MAPPING, bulk=bulk, max_rejected=1.0).contribution
    table, structure = contribution.table, contribution.dataset.structure
    known, looked_at = known_of(table), pa.concat_tables([table])
    assert known.order == structure.key
    assert table.equals(sort_by_key(looked_at, structure))
    assert known.repeated_key == (structure.key, has_repeated_key(looked_at, structure))
    for name, codes in known.values.items():
        assert set(codes.to_pylist()) == set(pc.unique(table[name]).to_pylist())
