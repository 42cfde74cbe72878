"""`rejoinder ingest` on one file of 2 GB that cannot be cut where it stands: a JSON array, a Parquet file of one row group.

Memory should be that of a small file: the whole process tree is measured, packed text of the spool included.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.conversations import rows
from benchmarks.process_tree import Cost, measure
from rejoinder.results import Ingested

SIZE = 2_000_000_000
_FEW = 20_000_000
"""Bytes of the small file that the large ones are compared with."""


def main(folder: Path, size: int = SIZE) -> str:
    """Write, read and measure all four files; return a Markdown table."""
    lines = ["| file | MB | conversations | wall s | peak memory MB (process tree) |", "|---|---:|---:|---:|---:|"]
    for name, write in (("JSON array", write_array), ("Parquet, one row group", write_row_group)):
        for bytes_wanted in (_FEW, size):
            log, run = folder / "log", folder / "run-big"
            file = write(log, bytes_wanted)
            cost = measure([sys.executable, "-m", "rejoinder", "ingest", str(file), "-o", str(run)])
            lines.append(_row(name, file.stat().st_size, Ingested.of(run).read.written, cost))
            print(lines[-1], flush=True)
            file.unlink()
            measure(["rm", "-r", str(run)])
    return "\n".join(lines)


def write_array(path: Path, size: int) -> Path:
    """One JSON array in one line of about `size` bytes."""
    path = path.with_suffix(".json")
    with path.open("wb") as file:
        for number, row in enumerate(rows(1_000_000_000)):
            file.write((b"[" if number == 0 else b",") + orjson.dumps(row))
            if file.tell() >= size:
                break
        file.write(b"]")
    return path


def write_row_group(path: Path, size: int) -> Path:
    """One Parquet file of one row group, not compressed, of about `size` bytes."""
    path, batches = path.with_suffix(".parquet"), []
    stream = rows(1_000_000_000)
    while sum(batch.nbytes for batch in batches) < size:
        some = list(islice(stream, 5_000))
        batches.append(pa.RecordBatch.from_pylist(some, batches[0].schema if batches else None))
    table = pa.Table.from_batches(batches)
    pq.write_table(table, path, row_group_size=table.num_rows, compression="none", use_dictionary=False)
    return path


def _row(name: str, size: int, conversations: int, cost: Cost) -> str:
    return f"| {name} | {size / 1e6:,.0f} | {conversations:,} | {cost.wall:.1f} | {cost.peak / 1e6:,.0f} |"


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "bench-data")
    target.mkdir(exist_ok=True)
    main(target, int(sys.argv[2]) if len(sys.argv) > 2 else SIZE)
