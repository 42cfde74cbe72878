"""Conversations that are spread over the rows of one or several files, brought together out of core, one line each.

Reads every row once, sorts on disk, writes the groups through the spool. Understands no row: the format gives its key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from rejoinder.ingest.cut import LONGEST_ROW, SHOWN, Piece, Unfit
from rejoinder.ingest.decode import decode_row
from rejoinder.ingest.draft import Unreadable
from rejoinder.ingest.format import Format
from rejoinder.ingest.rows import Layout, rows_of
from rejoinder.ingest.sources import Source
from rejoinder.store.raw import GroupedRow, sort_groups

_ROWS = b',"rows":['
_ALONE = "\0alone "
"""Begins the key of a row that belongs to no conversation."""


def group_lines(sources: Sequence[tuple[Source, Layout]], form: Format, folder: Path) -> Iterator[Piece]:
    """One line per conversation: `{"file", "member", "row", "rows": [...]}`, or `"note"` instead of `"rows"` for a row
    that belongs to none; in the order of their first rows.

    Args:
        folder: an existing folder on the disk that has room for the sort.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".tmp-sort-") as temporary:
        held: list[bytes] = []
        size, last = 0, None
        for key, text in sort_groups(_keyed(sources, form), Path(temporary)):
            if key != last and held:
                yield _line(held, size)
                held, size = [], 0
            last = key
            size += len(text)
            if size <= LONGEST_ROW or not held:
                held.append(text.encode("utf-8", "surrogatepass"))
        if held:
            yield _line(held, size)


def _keyed(sources: Sequence[tuple[Source, Layout]], form: Format) -> Iterator[GroupedRow]:
    place = started = 0
    for source, layout in sources:
        started += 1
        for number, piece in enumerate(rows_of(source, layout), start=1):
            if not isinstance(piece, Unfit) and not piece.strip():
                continue
            place += 1
            origin = {"file": source.file, "member": source.member, "row": number}
            found = _key(piece, form, started)
            started += isinstance(found, _Key) and found.starts
            yield _grouped(piece, found, place, origin)


@dataclass(frozen=True, slots=True)
class _Key:
    """To which conversation a row belongs, and where in it."""

    key: str
    order: object = None
    links: tuple[str, ...] = ()
    starts: bool = False


def _grouped(piece: Piece, found: _Key | Unfit, place: int, origin: dict[str, Any]) -> GroupedRow:
    if isinstance(found, Unfit) or isinstance(piece, Unfit):
        unfit = found if isinstance(found, Unfit) else Unfit("not-json", "")
        note = {"reason": unfit.reason, "detail": unfit.detail, "raw": unfit.raw.decode("utf-8", "replace")}
        text = orjson.dumps({**origin, "note": note}).decode()
        return GroupedRow(f"{_ALONE}{place}", None, None, place, text)
    order = found.order
    text = orjson.dumps(origin).decode()[:-1] + _ROWS.decode() + piece.decode("utf-8-sig", "replace")
    number = float(order) if isinstance(order, (int, float)) and math.isfinite(order) else None
    word = _sound(order) if isinstance(order, str) else None
    return GroupedRow(_sound(found.key), number, word, place, text, tuple(_sound(link) for link in found.links))


def _key(piece: Piece, form: Format, started: int) -> _Key | Unfit:
    if isinstance(piece, Unfit):
        return piece
    raw = piece[:SHOWN]
    try:
        value = decode_row(piece)
        if form.starts is not None:
            begins = bool(form.starts(value))
            return _Key(f"{started + begins:012d}", starts=begins)
        found = form.group(value) if form.group else None
        if found is not None:
            return _Key(found[0], found[1], form.links(value) if form.links else ())
    except Unreadable as error:
        return Unfit(error.reason, error.detail, raw)
    except Exception as error:  # noqa: BLE001  # a stranger's row may break the key in any way, and is counted
        return Unfit("does-not-fit", f"The row does not fit {form.title} ({type(error).__name__}).", raw)
    return Unfit("no-conversation-key", f"The row does not say to which conversation of {form.title} it belongs.", raw)


def _line(rows: list[bytes], size: int) -> bytes:
    """The group's line: the first row's place, then the values of all rows."""
    first, _, value = rows[0].partition(_ROWS)
    if not value:
        return rows[0]
    if size > LONGEST_ROW:
        note = {"reason": "too-long", "detail": "The rows of this conversation are longer than 64 MB together.", "raw": ""}
        return first + b',"note":' + orjson.dumps(note) + b"}"
    values = [value, *(row.partition(_ROWS)[2] for row in rows[1:])]
    return first + _ROWS + b",".join(values) + b"]}"


def _sound(word: str) -> str:
    return word.encode("utf-8", "replace").decode()
