"""Unpack the bodies of HTTP answers in bounded pieces (RFC 9110 section 8.4: content encodings)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from catalog.errors import FetchError, Label, Place

#: most bytes that are unpacked at once
CHUNK = 1 << 16


class Plain:
    """Passes a body through."""

    #: whether all that was begun has ended
    complete = True

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what the piece is."""
        yield piece


class Gzip:
    """Unpacks gzip in bounded pieces, so that a bomb is noticed before it goes off."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._member = zlib.decompressobj(wbits=31)

    @property
    def complete(self) -> bool:
        """Whether all that was begun has ended."""
        return self._member.eof

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what the piece unpacks to; raises FetchError if it is no gzip."""
        while piece:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            try:
                part = self._member.decompress(piece, CHUNK)
            except zlib.error as error:
                raise FetchError(
                    "gzip で圧縮された応答が壊れています",
                    "The answer says that it is gzip and is not",
                    next_step=Label("提供元に知らせてください", "Tell the owner of the source"),
                    place=Place(file=self._url),
                ) from error
            if part:
                yield part
            piece = self._member.unused_data if self._member.eof else self._member.unconsumed_tail


def unpacker(url: str, encoding: str) -> Plain | Gzip:
    """Return what unpacks a body of a content encoding.

    Raises
    ------
    FetchError
        If the encoding is neither gzip nor none.
    """
    if encoding.lower() in {"", "identity"}:
        return Plain()
    if encoding.lower() in {"gzip", "x-gzip"}:
        return Gzip(url)
    raise FetchError(
        f"応答の圧縮方式「{encoding}」は読めません",
        f"The answer has the content encoding {encoding!r}, which was not asked for",
        next_step=Label("提供元に知らせてください", "Tell the owner of the source"),
        place=Place(file=url),
        value=encoding,
    )
