"""The shape of an input: its sheets and headings, noted while it is read.

The doors of the reader layer call :func:`note_shape` before they look for the columns that they need, so that a file
whose column is gone still leaves its shape. Who wants to know reads inside :func:`watch_shapes`; nobody else pays for
it. Only headings are noted, never the rows below them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

#: sheet (empty for files without sheets) -> headings of all its tables, in their order
Shape = dict[str, list[str]]

_watched: ContextVar[tuple[str, Shape] | None] = ContextVar("watched_shape", default=None)


@contextmanager
def watch_shapes(name: str) -> Iterator[Shape]:
    """Collect the shape of one file, or of the files in one archive, while it is read inside, in this thread.

    Parameters
    ----------
    name
        What people call it; other files that are read on the way do not count.
    """
    shape: Shape = {}
    token = _watched.set((name, shape))
    try:
        yield shape
    finally:
        _watched.reset(token)


def note_shape(file: str, sheet: str | None, headings: Sequence[str]) -> None:
    """Note a table of a file; one that is read twice, because the first way of reading gave up, counts once."""
    watched = _watched.get()
    if watched is None or not (file.startswith(watched[0]) or watched[0].endswith(file)):
        return
    noted = watched[1].setdefault(sheet or "", [])
    if noted[-len(headings) :] != list(headings):
        noted.extend(headings)
