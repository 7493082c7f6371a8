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

_watched: ContextVar[Shape | None] = ContextVar("watched_shape", default=None)


@contextmanager
def watch_shapes() -> Iterator[Shape]:
    """Collect the shape of what is read inside, in this thread."""
    shape: Shape = {}
    token = _watched.set(shape)
    try:
        yield shape
    finally:
        _watched.reset(token)


def note_shape(sheet: str | None, headings: Sequence[str]) -> None:
    """Note a table of the file that is read right now."""
    shape = _watched.get()
    if shape is not None:
        shape.setdefault(sheet or "", []).extend(headings)
