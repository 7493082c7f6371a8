"""Answers of APIs that were damaged anywhere: read, or refused with an error of ours, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import InputError, Place, ShihyoError
from catalog.reference import load_reference
from harvesters import Findings
from harvesters.estat.answer import read_page, read_status
from harvesters.estat.records import KeptTables
from harvesters.fetching.paged_api import write_line
from harvesters.mapping import Records
from harvesters.ngsi.entities import KeptEntities
from harvesters.sdmx.cells import records_of_observations
from harvesters.sdmx.json_reader import read_sdmx_json

_ODD = (
    *(None, 0, -1, 3, 1.5, True, "", "x", "2020", "NaN", "1e999999", "::", "0:0"),
    *([], {}, [1], ["a", {}], {"a": 1}, {"$": None}, {"@value": {"x": 1}}, {"id": None}),
)
_ANSWERS = (
    "estat/usage.json",
    "estat/one-value.json",
    "sdmx/json-1.0.json",
    "sdmx/json-2.0.json",
    "ngsi/v2-normalized.json",
    "ngsi/ld-normalized.json",
    "ngsi/ld-concise.json",
    "ngsi/ld-expanded.json",
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in members:
        yield from _paths(one, (*path, key))


def _damage(answer: Any, random: Random) -> Any:
    """Return the answer with a few parts taken out or replaced."""
    damaged = copy.deepcopy(answer)
    for _ in range(random.randint(1, 3)):
        path = random.choice(list(_paths(damaged)) or [()])
        if not path:
            break
        parent = damaged
        for key in path[:-1]:
            parent = parent[key]
        if random.random() < 0.3 and isinstance(parent, dict):
            del parent[path[-1]]
        else:
            parent[path[-1]] = copy.deepcopy(random.choice(_ODD))
    return damaged


def _read_estat(answer: Any, folder: Path) -> Records:
    data = read_status(answer, Place())
    read_page(data, Place())
    kept = folder / "estat"
    kept.write_bytes(write_line({"table": "1", "data": data}, Place()))
    return KeptTables(kept, load_reference().areas).records("x", {}, Findings())


def _read_sdmx(answer: Any, folder: Path) -> Records:
    (folder / "sdmx").write_bytes(orjson.dumps(answer))
    return records_of_observations(read_sdmx_json(folder / "sdmx", name="x"), "x")


def _read_ngsi(answer: Any, folder: Path) -> Records:
    entities = [one for one in answer if isinstance(one, dict) and isinstance(one.get("id"), str)]
    (folder / "ngsi").write_bytes(b"\n".join(write_line(one, Place()) for one in entities))
    kept = KeptEntities(folder / "ngsi", "x")
    assert kept.modified is None or kept.modified.year > 0
    return kept.records()


_READERS: dict[str, Callable[[Any, Path], Records]] = {"estat": _read_estat, "sdmx": _read_sdmx, "ngsi": _read_ngsi}


@pytest.mark.parametrize("name", _ANSWERS)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_answer_is_read_or_refused_with_an_error_of_ours(
    specimens: Path, tmp_path: Path, name: str, random: Random
) -> None:
    answer = json.loads((specimens / name).read_text("utf-8"))
    try:
        records = _READERS[name.partition("/")[0]](_damage(answer, random), tmp_path)
        rows = [(key, list(cells)) for key, cells in records.rows]
    except ShihyoError:
        return
    assert all(len(cells) == len(records.columns) for _, cells in rows)
    assert all(records.place(key, 0).file for key, _ in rows)


def test_an_answer_that_is_nested_without_end_is_refused() -> None:
    nested: Any = 1
    for _ in range(400):
        nested = {"a": nested}
    with pytest.raises(InputError, match="nested too deep"):
        write_line(nested, Place(file="x"))


def test_a_message_that_is_nested_without_end_is_refused(specimens: Path, tmp_path: Path) -> None:
    text = (specimens / "sdmx" / "json-1.0.json").read_text("utf-8")
    path = tmp_path / "deep.json"
    path.write_text(text.replace('"values": []', f'"values": [{"[" * 900}{"]" * 900}]', 1), "utf-8")
    with pytest.raises(InputError, match="SDMX-JSON"):
        list(read_sdmx_json(path, name="x").rows)
