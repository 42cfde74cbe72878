"""One part of a dataset: a Parquet file of records with its own counts in the footer, whole or absent.

A part that exists is done. Its failures lie beside it and are renamed into place before it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rejoinder.errors import StoreError
from rejoinder.records import Failure, Record
from rejoinder.store.columns import arrow_schema, from_table, to_table
from rejoinder.store.files import replaced

FAILURES = ".failures.parquet"
_KEY = b"rejoinder"
_ROWS_PER_GROUP = 2_000


class PartReport(msgspec.Struct, frozen=True):
    """What one part holds: rows read to make it, rows written, rows that failed."""

    file: str
    """Name inside the dataset's folder."""
    read: int
    written: int
    failed: int


def write_part(path: Path, record: type[Record], rows: Sequence[Record], failures: Sequence[Failure], read: int) -> PartReport:
    """Write rows and failures atomically: failures first, the part last.

    Raises:
        StoreError: the disk is full or the folder is not writable.
    """
    report = PartReport(file=path.name, read=read, written=len(rows), failed=len(failures))
    if failures:
        _write(failures_path(path), Failure, failures, report)
    _write(path, record, rows, report)
    return report


def part_report(path: Path) -> PartReport:
    """The counts in the footer of a finished part.

    Raises:
        StoreError: the file is not a part of Rejoinder, or is damaged.
    """
    with _readable(path):
        metadata = pq.read_metadata(path).metadata or {}
        return msgspec.json.decode(metadata[_KEY], type=PartReport)


def read_part(path: Path, record: type[Record], rows: int = _ROWS_PER_GROUP) -> Iterator[list[Any]]:
    """Yield the records of a part in batches of at most `rows`."""
    with _readable(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=rows, use_threads=False):
            yield from_table(record, pa.Table.from_batches([batch]))


def drop_rows(source: Path, target: Path, rows: Sequence[tuple[int, Failure]]) -> None:
    """Copy a part without the rows at the given positions (from 0), which become failures beside it.

    Column by column, no record is decoded; without rows to drop the copy is a link to the same bytes.
    """
    with _readable(source):
        if not rows:
            with replaced(target) as temporary:
                os.link(source, temporary)
            return
        table = pq.read_table(source, use_threads=False)
    keep = np.ones(table.num_rows, dtype=bool)
    keep[[position for position, _ in rows]] = False
    report = PartReport(file=target.name, read=table.num_rows, written=int(keep.sum()), failed=len(rows))
    _write(failures_path(target), Failure, [failure for _, failure in rows], report)
    _write_tables(target, table.schema, [table.filter(pa.array(keep))], report)


def failures_path(path: Path) -> Path:
    """Where the failures of the part `path` lie, if it has any."""
    return path.with_name(path.name.removesuffix(".parquet") + FAILURES)


def _write(path: Path, record: type[Record], rows: Sequence[Record], report: PartReport) -> None:
    slices = (rows[start : start + _ROWS_PER_GROUP] for start in range(0, len(rows), _ROWS_PER_GROUP))
    _write_tables(path, arrow_schema(record), (to_table(record, some) for some in slices), report)


def _write_tables(path: Path, schema: pa.Schema, tables: Iterable[pa.Table], report: PartReport) -> None:
    schema = schema.with_metadata({_KEY: msgspec.json.encode(report)})
    with replaced(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd", compression_level=1) as writer:
        for table in tables:
            writer.write_table(table.replace_schema_metadata(schema.metadata), row_group_size=_ROWS_PER_GROUP)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what pyarrow says of a damaged file into an error that names the file and the remedy."""
    try:
        yield
    except (pa.ArrowException, OSError, KeyError, msgspec.DecodeError) as error:
        raise StoreError(f"{path}: not a readable part ({error}). Delete it and run the same command again.") from error
