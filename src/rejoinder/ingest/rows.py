"""The rows of one source as raw JSON, whatever holds them: lines, an array, a list in an object, values, CSV, Parquet.

Streams; decodes nothing but CSV and Parquet, and knows no format.
"""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from rejoinder.errors import InputError
from rejoinder.ingest.content import as_json
from rejoinder.ingest.cut import LONGEST_ROW, SHOWN, Piece, TornError, Unfit, cut_elements, cut_lines, cut_values, too_long
from rejoinder.ingest.encoding import why_not_text
from rejoinder.ingest.format import Container
from rejoinder.ingest.sources import Source, read_chunks
from rejoinder.store.raw import parquet_rows, parquet_shape

csv.field_size_limit(LONGEST_ROW)


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows lie in a source."""

    container: Container
    key: str | None = None
    """For an array inside an object: its key."""

    @property
    def shown(self) -> str:
        """In words, to print."""
        words = {"lines": "JSON lines", "array": "JSON array", "object": "JSON objects", "parquet": "Parquet", "csv": "CSV"}
        return f"{words[self.container]} under {self.key!r}" if self.key else words[self.container]


def rows_of(source: Source, layout: Layout) -> Iterator[Piece]:
    """Every row, in order; of JSON lines the blank ones too."""
    if layout.container == "parquet":
        return until_damaged(parquet_pieces(source, 0, len(parquet_shape(source.path).groups)))
    return pieces_of(read_chunks(source), layout, source.name)


def pieces_of(chunks: Iterable[bytes], layout: Layout, name: str = "") -> Iterator[Piece]:
    """The rows in a stream of bytes."""
    if layout.container == "csv":
        return csv_pieces(chunks, "\t" if name.endswith(".tsv") else None)
    if layout.container == "lines":
        return cut_lines(chunks)
    return cut_values(chunks) if layout.container == "object" else cut_elements(chunks, layout.key)


def parquet_pieces(source: Source, start: int, stop: int) -> Iterator[Piece]:
    """The rows of some row groups as JSON objects."""
    return (_encoded(row) for row in parquet_rows(source.path, start, stop))


def until_damaged(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The rows; where the file cannot be read on, one `Unfit` and the end."""
    try:
        yield from pieces
    except InputError as error:
        yield Unfit("torn", f"The file is damaged here: {error.problem}. What stood before was read; fetch the file again.")


def csv_pieces(chunks: Iterable[bytes], delimiter: str | None = None) -> Iterator[Piece]:
    """The rows of a CSV file with a header as JSON objects with strings; empty fields are null."""
    chunks = iter(chunks)
    first, *_ = head = list(itertools.islice(chunks, 1)) or [b""]
    delimiter = delimiter or _delimiter(first)
    torn: list[str] = []
    reader = csv.reader(_text_lines(itertools.chain(head, chunks), torn), delimiter=delimiter)
    header: list[str] = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield Unfit("not-csv", f"The row is not CSV ({error}).")
            continue
        if not header:
            header = [cell.strip() for cell in cells]
        elif cells:
            yield _csv_row(header, cells)
    if torn:
        yield Unfit("torn", f"The file breaks off here: {torn[0]}. What stood before was read; fetch the file again.")


def csv_header(head: bytes, name: str) -> tuple[str, ...]:
    """The column names in the first line of a CSV file."""
    line = head.decode("utf-8-sig", "replace").splitlines()[:1]
    delimiter = "\t" if name.endswith(".tsv") else _delimiter(head)
    return tuple(cell.strip() for cell in next(csv.reader(line, delimiter=delimiter), []))


def _delimiter(head: bytes) -> str:
    line = head.split(b"\n", 1)[0]
    return max(",;\t", key=lambda sign: line.count(sign.encode()))


def _text_lines(chunks: Iterable[bytes], torn: list[str]) -> Iterator[str]:
    """Lines with their breaks; bytes that are not UTF-8 become surrogates, which `_csv_row` finds."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    held = ""
    try:
        for chunk in chunks:
            *lines, held = (held + decoder.decode(chunk)).split("\n")
            yield from (line.replace("\0", "\ufffd") + "\n" for line in lines)
    except TornError as error:
        torn.append(str(error))
    if held:
        yield held


def _csv_row(header: list[str], cells: list[str]) -> Piece:
    raw = ",".join(cells)
    if len(cells) > len(header):
        detail = f"The row has {len(cells)} fields, the header {len(header)}. Quote fields that hold the delimiter."
        return Unfit("not-csv", detail, raw.encode("utf-8", "replace")[:SHOWN])
    try:
        return orjson.dumps({name: cell or None for name, cell in zip(header, cells, strict=False)})
    except orjson.JSONEncodeError:
        problem, remedy = why_not_text(raw.encode("utf-8", "surrogateescape")) or ("it is not UTF-8", "Repair it.")
        return Unfit("not-utf8", f"In the row {problem}. {remedy}", raw.encode("utf-8", "replace")[:SHOWN])


def _encoded(row: dict[str, Any]) -> Piece:
    raw = as_json(row).encode()
    return raw if len(raw) <= LONGEST_ROW else too_long(raw)
