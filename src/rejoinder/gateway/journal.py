"""Every attempt to get an answer, one row each, in one SQLite file that only grows: what was paid is never paid again.

It keeps replies as they came, no questions and no keys. A row that cannot be written stops the run.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rejoinder.errors import StoreError
from rejoinder.records import Usage

_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS attempts (
  number INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL, status INTEGER NOT NULL, raw BLOB NOT NULL,
  detail TEXT NOT NULL, prompt TEXT NOT NULL, model TEXT NOT NULL, base_url TEXT NOT NULL, request TEXT NOT NULL,
  input_tokens INTEGER, output_tokens INTEGER, cached_tokens INTEGER,
  cost REAL, seconds REAL NOT NULL, time REAL NOT NULL);
CREATE INDEX IF NOT EXISTS settled ON attempts (key) WHERE kind IN ('answer', 'refused');
CREATE TABLE IF NOT EXISTS learnt (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what became of one sending of one request."""

    key: str
    kind: str
    """answer, refused, or the kind of trouble, as listed in docs/gateway.md."""
    request: str = "chat"
    """chat or score: how `raw` is to be read."""
    status: int = 0
    """HTTP status; 0 where no reply came."""
    raw: bytes = b""
    detail: str = ""
    prompt: str = ""
    model: str = ""
    base_url: str = ""
    usage: Usage | None = None
    """None where the server did not count."""
    cost: float | None = None
    """US dollars; None where the price of the model is unknown."""
    seconds: float = 0.0
    time: float = 0.0
    """Seconds since 1970 UTC when it was written."""


class Journal:
    """The file of attempts. One process at a time should write; any number may read.

    Args:
        path: made, with its folder, at the first use.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._opened: sqlite3.Connection | None = None

    def find(self, key: str) -> Attempt | None:
        """The attempt that settled a request, or None where it is still to be asked."""
        found = self._run(_SETTLED, (key,)).fetchone()
        return _attempt(found) if found else None

    def write(self, *attempts: Attempt) -> None:
        """Append rows, all or none; when this returns, they survive the death of the process.

        Raises:
            StoreError: they could not be written.
        """
        rows = [_row(attempt) for attempt in attempts]
        if len(rows) == 1:
            self._run(_INSERT, rows[0])  # a transaction by itself
            return
        self._run("BEGIN IMMEDIATE")
        try:
            with self._connection() as connection:  # commits, or rolls back
                connection.executemany(_INSERT, rows)
        except sqlite3.Error as trouble:
            raise self._unusable(trouble) from trouble

    def attempts(self) -> Iterator[Attempt]:
        """All rows, in the order they were written."""
        yield from self._rows(f"{_SELECT} ORDER BY number", ())

    def of_kinds(self, *kinds: str) -> Iterator[Attempt]:
        """The rows of these kinds, in the order they were written."""
        yield from self._rows(f"{_SELECT} WHERE kind IN ({', '.join('?' * len(kinds))}) ORDER BY number", kinds)

    def spent(self) -> float:
        """US dollars that all attempts have cost, as far as their prices were known."""
        return float(self._run("SELECT total(cost) FROM attempts").fetchone()[0])

    def learn(self, name: str, value: str) -> None:
        """Remember something about a server."""
        self._run("INSERT INTO learnt VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value))

    def learnt(self, name: str) -> str | None:
        """What was remembered under this name."""
        found = self._run("SELECT value FROM learnt WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def learnt_under(self, prefix: str) -> dict[str, str]:
        """Everything that was remembered under names that begin so, in the order of the names."""
        found = self._run("SELECT name, value FROM learnt WHERE substr(name, 1, ?) = ? ORDER BY name", (len(prefix), prefix))
        return dict(found.fetchall())

    def close(self) -> None:
        """Give the file back; the next use opens it again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _rows(self, statement: str, values: tuple[object, ...]) -> Iterator[Attempt]:
        found = self._run(statement, values)
        try:
            for row in found:
                yield _attempt(row)
        except sqlite3.Error as trouble:
            raise self._unusable(trouble) from trouble

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._connection().execute(statement, values)
        except sqlite3.Error as trouble:
            raise self._unusable(trouble) from trouble

    def _unusable(self, trouble: sqlite3.Error) -> StoreError:
        return StoreError(f"the journal {self.path} cannot be used ({trouble}); free the disk, or name another file")

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = _open(self.path)
        return self._opened


_COLUMNS = (
    "key, kind, status, raw, detail, prompt, model, base_url, request, "
    "input_tokens, output_tokens, cached_tokens, cost, seconds, time"
)
_SELECT = f"SELECT {_COLUMNS} FROM attempts"
_SETTLED = f"{_SELECT} WHERE key = ? AND kind IN ('answer', 'refused') ORDER BY number LIMIT 1"
_INSERT = f"INSERT INTO attempts ({_COLUMNS}) VALUES ({', '.join('?' * 15)})"


def _row(attempt: Attempt) -> tuple[object, ...]:
    used = attempt.usage
    return (
        *(attempt.key, attempt.kind, attempt.status, attempt.raw, attempt.detail),
        *(attempt.prompt, attempt.model, attempt.base_url, attempt.request),
        *((used.input_tokens, used.output_tokens, used.cached_tokens) if used else (None, None, None)),
        *(attempt.cost, attempt.seconds, attempt.time or time.time()),
    )


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise StoreError(f"the folder of the journal {path} cannot be made ({trouble})") from trouble
    # the loop lives in a thread of its own, and SQLite is built to be called from any one thread at a time
    opened = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    opened.execute("PRAGMA journal_mode = WAL")
    opened.execute("PRAGMA synchronous = NORMAL")  # survives a killed process; a power cut may cost the last rows
    opened.execute("PRAGMA wal_autocheckpoint = 8000")  # 32 MB: the disk is waited for once in thousands of rows
    version = opened.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, _VERSION):
        raise StoreError(f"the journal {path} was written by another version of Rejoinder ({version}, not {_VERSION})")
    opened.executescript(f"{_TABLES} PRAGMA user_version = {_VERSION};")
    return opened


def _attempt(row: tuple[object, ...]) -> Attempt:
    names = ("key", "kind", "status", "raw", "detail", "prompt", "model", "base_url", "request")
    usage = None if row[9] is None else Usage(input_tokens=row[9], output_tokens=row[10], cached_tokens=row[11])  # type: ignore[arg-type]
    told = dict(zip(names, row[:9], strict=True))
    return Attempt(**told, usage=usage, cost=row[12], seconds=row[13], time=row[14])  # type: ignore[arg-type]  # as the table says
