"""SQL over Parquet parts: joins, aggregations and sorts that spill to disk instead of filling memory.

Results come back as plain Python rows; no duckdb object leaves this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from rejoinder.errors import StoreError

MEMORY = "384MB"
"""What DuckDB may hold before it spills: enough for a million conversations to be sorted in memory's pace, little enough
that the peak of a large run stays near that of a small one (docs/benchmarks.md)."""


def query(sql: str, *, memory: str = MEMORY, threads: int = 2, **tables: Sequence[Path]) -> list[dict[str, Any]]:
    """Run one SELECT and return its rows as dicts, in the order of the query's ORDER BY.

    Args:
        sql: names the keyword arguments as tables, such as `SELECT count(*) AS n FROM feedback`.
        memory: DuckDB's memory limit; beyond it operators spill to a temporary folder.
        threads: DuckDB's threads.
        tables: Parquet files by table name; an empty list makes the query fail, so ask only for what exists.

    Raises:
        StoreError: a file is damaged or the SQL is wrong; the message carries DuckDB's.
    """
    with _connected(memory, threads) as connection, answered():
        for name, files in tables.items():
            connection.read_parquet([str(file) for file in files]).create_view(name)
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def copy(sql: str, target: Path, *, memory: str = MEMORY, **tables: Sequence[Path]) -> None:
    """Run one SELECT into a Parquet file (zstd); `target` should be a temporary name from `files.replaced`."""
    with _connected(memory, 2) as connection, answered():
        for name, files in tables.items():
            connection.read_parquet([str(file) for file in files]).create_view(name)
        connection.execute(f"COPY ({sql}) TO '{_quoted(target)}' (FORMAT parquet, COMPRESSION zstd)")


@contextmanager
def answered() -> Iterator[None]:
    """DuckDB's errors as ours; Ctrl-C while it works, which it tells as a `RuntimeError`, as Ctrl-C.

    Raises:
        StoreError: a file is damaged, the disk or the memory is full, or the SQL is wrong.
    """
    try:
        yield
    except duckdb.InterruptException as interrupt:
        raise KeyboardInterrupt from interrupt
    except duckdb.Error as error:
        raise StoreError(f"query failed: {error}") from error
    except RuntimeError as error:
        if "interrupted" in str(error):
            raise KeyboardInterrupt from error
        raise


def _connected(memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"memory_limit": memory, "threads": threads})
    connection.execute("SET enable_progress_bar = false")  # it would print into what scripts read
    return connection


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


__all__ = ["MEMORY", "answered", "copy", "query"]
