"""One part of a dataset: a Parquet file of records with its own counts in the footer, whole or absent.

A part that exists is done. Its failures lie beside it and are renamed into place before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
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


def failures_path(path: Path) -> Path:
    """Where the failures of the part `path` lie, if it has any."""
    return path.with_name(path.name.removesuffix(".parquet") + FAILURES)


def _write(path: Path, record: type[Record], rows: Sequence[Record], report: PartReport) -> None:
    schema = arrow_schema(record).with_metadata({_KEY: msgspec.json.encode(report)})
    with replaced(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd", compression_level=1) as writer:
        for start in range(0, len(rows), _ROWS_PER_GROUP):
            writer.write_table(to_table(record, rows[start : start + _ROWS_PER_GROUP]))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what pyarrow says of a damaged file into an error that names the file and the remedy."""
    try:
        yield
    except (pa.ArrowException, OSError, KeyError, msgspec.DecodeError) as error:
        raise StoreError(f"{path}: not a readable part ({error}). Delete it and run the same command again.") from error
