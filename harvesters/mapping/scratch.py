"""Arrays of large tables, in memory up to a size and then in a temporary file, until their turn comes.

A file of many millions of rows is mapped slice by slice, and what is known of the slices so far must not stay in
memory. An array that is the same from end to end, or counts up, is kept as one value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: shorter arrays stay in memory
_SHORT = 65_536
#: bytes of longer arrays that stay in memory
MOST_HELD = 128_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An array that can be had again."""

    #: its length
    length: int
    #: returns it; it must not be changed
    load: Callable[[], NDArray[Any]]


class Scratch:
    """A file of arrays.

    Parameters
    ----------
    path
        The file, which is made when it is needed; None to keep everything in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._held = 0

    def keep(self, array: NDArray[Any]) -> Kept:
        """Keep an array of one dimension."""
        length = len(array)
        if self._path is None or length < _SHORT:
            return Kept(length, lambda: array)
        kind = array.dtype
        if (array == array[0]).all():
            one = array[0]
            return Kept(length, lambda: np.full(length, one, kind))
        if _counts_up(array):
            first = int(array[0])
            return Kept(length, lambda: np.arange(first, first + length, dtype=kind))
        if self._held + array.nbytes <= MOST_HELD:
            self._held += array.nbytes
            return Kept(length, lambda: array)
        return self._write(self._path, array)

    def _write(self, path: Path, array: NDArray[Any]) -> Kept:
        with path.open("ab") as file:
            offset = file.tell()
            array.tofile(file)
        length, kind = len(array), array.dtype
        return Kept(length, lambda: np.fromfile(path, kind, length, offset=offset))


def _counts_up(array: NDArray[Any]) -> bool:
    if array.dtype.kind != "i" or array[-1] - array[0] != len(array) - 1:
        return False
    return bool((array[1:] - array[:-1] == 1).all())
