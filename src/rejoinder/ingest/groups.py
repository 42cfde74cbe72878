"""Conversations that are spread over the rows of one or several files, brought together out of core, one line each.

Reads every row once, sorts on disk, writes the groups through the spool. Understands no row: the format gives its key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from rejoinder.ingest.cut import LONGEST_ROW, Piece, Unfit
from rejoinder.ingest.decode import decode_row
from rejoinder.ingest.draft import Unreadable
from rejoinder.ingest.format import Format
from rejoinder.ingest.rows import Layout, rows_of
from rejoinder.ingest.sources import Source
from rejoinder.store.raw import GroupedRow, sort_groups

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
    place = 0
    for source, layout in sources:
        for number, piece in enumerate(rows_of(source, layout), start=1):
            if isinstance(piece, Unfit) or piece.strip():
                place += 1
                yield _grouped(piece, form, place, {"file": source.file, "member": source.member, "row": number})


def _grouped(piece: Piece, form: Format, place: int, origin: dict[str, Any]) -> GroupedRow:
    found = piece if isinstance(piece, Unfit) else _key(piece, form)
    if isinstance(found, Unfit):
        note = {"reason": found.reason, "detail": found.detail, "raw": found.raw.decode("utf-8", "replace")}
        text = orjson.dumps({**origin, "note": note}).decode()
        return GroupedRow(f"{_ALONE}{place}", None, None, place, text)
    assert isinstance(piece, bytes)
    key, order = found
    text = orjson.dumps(origin).decode()[:-1] + ',"rows":[' + piece.decode("utf-8", "replace")
    number = float(order) if isinstance(order, (int, float)) and math.isfinite(order) else None
    return GroupedRow(_sound(key), number, _sound(order) if isinstance(order, str) else None, place, text)


def _key(piece: bytes, form: Format) -> tuple[str, str | float] | Unfit:
    try:
        value = decode_row(piece)
        found = form.group(value) if form.group else None
    except Unreadable as error:
        return Unfit(error.reason, error.detail, piece[:20_000])
    except Exception as error:  # noqa: BLE001  # a stranger's row may break the key in any way, and is counted
        return Unfit("does-not-fit", f"The row does not fit {form.title} ({type(error).__name__}).", piece[:20_000])
    if found is None:
        return Unfit(
            "no-conversation-key", f"The row does not say to which conversation of {form.title} it belongs.", piece[:20_000]
        )
    return found


def _line(rows: list[bytes], size: int) -> bytes:
    """The group's line: the first row's place, then the values of all rows."""
    first, _, value = rows[0].partition(b',"rows":[')
    if not value:
        return rows[0]
    if size > LONGEST_ROW:
        note = {"reason": "too-long", "detail": "The rows of this conversation are longer than 64 MB together.", "raw": ""}
        return first + b',"note":' + orjson.dumps(note) + b"}"
    values = [value, *(row.partition(b',"rows":[')[2] for row in rows[1:])]
    return first + b',"rows":[' + b",".join(values) + b"]}"


def _sound(word: str) -> str:
    return word.encode("utf-8", "replace").decode()
