"""Rows that no unit can find in the log itself (arrays, packed files, CSV, spread conversations), as chunks of lines on disk.

A spool folder is named by the content it was made from and is whole or absent, so a second run reads nothing again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import orjson

from rejoinder.errors import StoreError
from rejoinder.ingest.cut import SHOWN, Piece, Unfit
from rejoinder.ingest.units import BYTES, ROWS, Span
from rejoinder.store import replaced_folder

INDEX = "index.json"
NOTE = b"!"
"""A line that begins with it is not a row of the log: it says why there is none."""


class Chunk(msgspec.Struct, frozen=True):
    """One file of a spool."""

    file: str
    first_row: int
    rows: int
    digest: str
    size: int

    @property
    def span(self) -> Span:
        """As a span of its file."""
        return Span(0, self.size, self.first_row, self.rows, self.digest)


def spooled(folder: Path, pieces: Iterable[Piece], limit: int | None = None) -> list[Chunk]:
    """The chunks in `folder`, written first if they are not there.

    Args:
        folder: named by the content and the way of cutting.
        pieces: consumed only if there is no such folder; no further than `limit` rows.
        limit: rows at most; part of the folder's name.

    Raises:
        StoreError: the disk is full, or a spool is damaged.
    """
    if limit is not None:
        folder = folder.with_name(f"{folder.name}-{limit}")
    if not (folder / INDEX).exists():
        with replaced_folder(folder) as temporary:
            chunks = list(_write(temporary, pieces, limit))
            (temporary / INDEX).write_bytes(msgspec.json.encode(chunks))
    try:
        return msgspec.json.decode((folder / INDEX).read_bytes(), type=list[Chunk])
    except msgspec.DecodeError as error:
        raise StoreError(f"{folder}: damaged spool ({error}). Delete it and run the same command again.") from error


def line_of(piece: Piece) -> bytes:
    """A piece as one line of a spool, without the line break."""
    if isinstance(piece, Unfit):
        note = {"reason": piece.reason, "detail": piece.detail, "raw": piece.raw.decode("utf-8", "replace")}
        return NOTE + orjson.dumps(note)
    if piece.startswith(NOTE):
        return line_of(Unfit("not-json", "The row is not JSON.", piece[:SHOWN]))
    return piece.replace(b"\n", b" ").replace(b"\r", b" ") if b"\n" in piece or b"\r" in piece else piece


def note_in(line: bytes) -> Unfit | None:
    """What `line_of` wrote for a row that could not be cut out; None for a row."""
    if not line.startswith(NOTE):
        return None
    note = orjson.loads(line[len(NOTE) :])
    return Unfit(note["reason"], note["detail"], note["raw"].encode())


def _write(folder: Path, pieces: Iterable[Piece], limit: int | None) -> Iterator[Chunk]:
    row, rest = 1, _lines(pieces, limit)
    line = next(rest, None)
    while line is not None:
        path = folder / f"{row:09d}.jsonl"
        first, rows, state, size = row, 0, hashlib.blake2b(digest_size=16), 0
        with path.open("wb") as file:
            while line is not None and rows < ROWS and (size == 0 or size + len(line) <= BYTES):
                size += _put(file, state, line)
                row, rows = row + 1, rows + bool(line.strip())
                line = next(rest, None)
        yield Chunk(path.name, first, rows, state.hexdigest(), size)


def _put(file: BinaryIO, state: hashlib.blake2b, line: bytes) -> int:
    file.write(line + b"\n")
    state.update(line)
    state.update(b"\n")
    return len(line) + 1


def _lines(pieces: Iterable[Piece], limit: int | None) -> Iterator[bytes]:
    left = limit
    for piece in pieces:
        line = line_of(piece)
        if left is not None and line.strip():
            if left == 0:
                return
            left -= 1
        yield line
