"""Cuts a stream of bytes into the raw bytes of its rows: lines, elements of a JSON array, concatenated JSON values.

Looks only at quotes, brackets and commas, so that one broken row costs one row, and holds one row at a time.
Decodes nothing. (An event parser such as ijson is slower and ends at the first error.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

LONGEST_ROW = 64 << 20
"""Bytes; a longer row is quarantined unread."""
SHOWN = 20_000
"""Bytes of a quarantined row that are kept."""

_QUOTE, _COMMA, _OPEN = ord('"'), ord(","), ord("[")
_DELTA = np.zeros(256, np.int64)
_DELTA[[ord("["), ord("{")]] = 1
_DELTA[[ord("]"), ord("}")]] = -1
_STRUCTURAL = np.zeros(256, np.bool_)
_STRUCTURAL[[_QUOTE, _COMMA, *b"[]{}"]] = True
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*$')
_KEY_ROOM = 400


@dataclass(frozen=True, slots=True)
class Unfit:
    """A row that could not even be cut out: why, and its beginning."""

    reason: str
    detail: str
    raw: bytes = b""


class TornError(Exception):
    """A compressed stream that ends or breaks in the middle; raised by the stream, kept as a row by the cutters."""


Piece = bytes | Unfit
"""One row: its raw bytes, or why there are none."""


def cut_lines(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Every line without its line break, blank ones too, so that counting them gives line numbers."""
    held = b""
    skipping = False
    stream = _until_torn(chunks)
    for chunk in stream:
        if isinstance(chunk, Unfit):
            yield from [held] if held and not skipping else []
            yield chunk
            return
        *lines, held = (held + chunk).split(b"\n") if not skipping else chunk.split(b"\n")
        if lines and skipping:
            skipping = False
            del lines[0]
        yield from lines
        if len(held) > LONGEST_ROW and not skipping:
            yield too_long(held)
            skipping = True
        if skipping:
            held = b""
    if held and not skipping:
        yield held


def cut_elements(chunks: Iterable[bytes], key: str | None = None) -> Iterator[Piece]:
    """Every element of the array that the stream is, or of the list under `key` of the object that it is."""
    return _Cutter(1 if key is None else 2, key).cut(chunks)


def cut_values(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Every JSON object or array of a stream of them, pretty-printed or not, with or without separators."""
    return _Cutter(0, None).cut(chunks)


def too_long(raw: bytes) -> Unfit:
    """The row `raw` is longer than `LONGEST_ROW`."""
    remedy = "Split it, or take out embedded files."
    return Unfit("too-long", f"The row is longer than {LONGEST_ROW >> 20} MB and was not read. {remedy}", raw[:SHOWN])


def _until_torn(chunks: Iterable[bytes]) -> Iterator[bytes | Unfit]:
    """The chunks; where the stream breaks, one `Unfit` and the end."""
    try:
        yield from chunks
    except TornError as error:
        yield Unfit("torn", f"The file breaks off here: {error}. What stood before was read; fetch the file again.")


class _Cutter:
    """The state of one pass: how deep in brackets, in a string or not, where the current element began."""

    def __init__(self, level: int, key: str | None) -> None:
        self.level, self.key = level, key
        self.buffer = bytearray()
        self.start = 0
        self.depth = 0
        self.quoted = 0
        self.inside = level == 0
        self.skipping = False

    def cut(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        carry = b""
        for chunk in _until_torn(chunks):
            if isinstance(chunk, Unfit):
                yield from self._rest()
                yield chunk
                return
            data = carry + chunk
            whole = data.rstrip(b"\\")  # a run of backslashes is read with what follows it
            carry = data[len(whole) :]
            yield from self._scan(whole)
            if self.depth < 0:
                yield Unfit("not-json", "A bracket closes that was never opened: the rest of the file cannot be cut into rows.")
                return
            yield from self._tidy()
        self.buffer += carry
        yield from self._rest()

    def _scan(self, data: bytes) -> Iterator[Piece]:
        offset = len(self.buffer)
        self.buffer += data
        marks, codes, depths = self._marks(data)
        for mark, code, depth in zip((marks + offset).tolist(), codes.tolist(), depths.tolist(), strict=True):
            if self.level == 0:
                yield from self._piece(mark + 1)
                self.start = mark + 1
            elif _DELTA[code] > 0:
                self.inside = code == _OPEN and self._named(mark)
                self.start = mark + 1
            elif self.inside:
                yield from self._piece(mark)
                self.start = mark + 1
                self.inside = depth == self.level

    def _marks(self, data: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Offsets, bytes and depths of the brackets and commas that open, part or close elements."""
        codes = np.frombuffer(data.replace(b"\\\\", b"__").replace(b'\\"', b"__"), np.uint8)
        places = np.flatnonzero(_STRUCTURAL[codes])
        codes = codes[places]
        quotes = codes == _QUOTE
        inside = np.cumsum(quotes) + self.quoted
        self.quoted = int(inside[-1]) & 1 if len(inside) else self.quoted
        bare = ~quotes & (inside & 1 == 0)
        places, codes = places[bare], codes[bare]
        deltas = _DELTA[codes]
        depths = np.cumsum(deltas) + self.depth
        if len(depths):
            self.depth = int(depths[-1]) if depths.min() >= 0 else -1
        marks = (deltas < 0) & (depths == max(self.level - 1, 0))
        if self.level:
            marks |= (depths == self.level) & (deltas >= 0)
        return places[marks], codes[marks], depths[marks]

    def _named(self, mark: int) -> bool:
        if self.key is None:
            return True
        found = _KEY.search(bytes(self.buffer[max(0, mark - _KEY_ROOM) : mark]))
        return found is not None and found.group(1).decode("utf-8", "replace") == self.key

    def _piece(self, stop: int) -> Iterator[Piece]:
        if self.skipping:
            self.skipping = False
            return
        raw = bytes(self.buffer[self.start : stop]).strip(b" \t\r\n,")
        if raw:
            yield raw

    def _tidy(self) -> Iterator[Piece]:
        """Forget what was read; give up on an element that is too long."""
        if not self.inside:
            self.start = max(0, len(self.buffer) - _KEY_ROOM)
        if self.inside and not self.skipping and len(self.buffer) - self.start > LONGEST_ROW:
            yield too_long(bytes(self.buffer[self.start : self.start + SHOWN]))
            self.skipping = True
        if self.skipping:
            self.start = len(self.buffer)
        del self.buffer[: self.start]
        self.start = 0

    def _rest(self) -> Iterator[Piece]:
        raw = bytes(self.buffer[self.start : self.start + LONGEST_ROW]).strip() if self.inside and not self.skipping else b""
        if raw:
            yield Unfit("not-json", "The file ends inside this row. Fetch the file again.", raw[:SHOWN])
