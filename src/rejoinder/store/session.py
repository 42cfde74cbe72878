"""A longer talk with DuckDB over the parts of a dataset: intermediate tables, numpy columns, sorts that spill to disk.

Rows are named by `place`: part and row in one number, in the order of the dataset. `query` is for single questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from rejoinder.store.query import MEMORY, answered

ROW_BITS = 32
"""`place = part << ROW_BITS | row`, both from 0."""


class Session:
    """A DuckDB connection whose view `rows` is all parts with a column `place`.

    Args:
        files: Parquet parts, in order.
        memory: DuckDB's limit; beyond it it spills into `folder`.
        folder: where to spill; a temporary folder in it is removed at the end.
    """

    def __init__(self, files: Sequence[Path], folder: Path, memory: str = MEMORY, threads: int = 2) -> None:
        self._files = [str(file) for file in files]
        self._folder = TemporaryDirectory(dir=folder, prefix=".tmp-session-")
        config: dict[str, Any] = {"memory_limit": memory, "threads": threads, "temp_directory": self._folder.name}
        self._connection = duckdb.connect(":memory:", config=config)

    def __enter__(self) -> Session:
        self.table("parts", {"filename": self._files, "part": list(range(len(self._files)))})
        names = ", ".join("'" + file.replace("'", "''") + "'" for file in self._files)
        self.execute(
            f"""CREATE VIEW rows AS SELECT (parts.part::BIGINT << {ROW_BITS}) + lines.file_row_number AS place, lines.*
            FROM read_parquet([{names}], filename = true, file_row_number = true) AS lines JOIN parts USING (filename)"""
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()
        self._folder.cleanup()

    def execute(self, sql: str) -> None:
        """Run a statement.

        Raises:
            StoreError: a part is damaged, the disk is full, or the SQL is wrong.
        """
        with answered():
            self._connection.execute(sql)

    def table(self, name: str, columns: dict[str, Any]) -> None:
        """Make a table of lists or arrays of equal length."""
        content = pa.table(columns)
        self._connection.register("content", content)
        self.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM content")
        self._connection.unregister("content")

    def batches(self, sql: str, rows: int = 50_000) -> Iterator[dict[str, Any]]:
        """Stream a result: numbers as arrays, lists of equal length as matrices, all else as lists.

        Raises:
            StoreError: a part is damaged, the disk is full, or the SQL is wrong.
        """
        with answered():
            for batch in self._connection.sql(sql).to_arrow_reader(rows):
                yield {name: _plain(batch.column(name)) for name in batch.schema.names}


def _plain(column: pa.Array) -> Any:
    if pa.types.is_list(column.type):
        return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1) if len(column) else np.empty((0, 0))
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column.to_numpy(zero_copy_only=False)
    return column.to_pylist()
