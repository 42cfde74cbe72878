"""Rows of one turn of the loop: safe before anybody goes on, also where the disk fails or nobody waits any more."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Coroutine
from pathlib import Path

import pytest

from rejoinder.errors import StoreError
from rejoinder.gateway import Journal
from rejoinder.gateway.journal import Attempt
from rejoinder.gateway.turns import Turns


def attempt(number: int, raw: bytes = b"{}") -> Attempt:
    return Attempt(key=f"request-{number}", kind="answer", status=200, raw=raw)


def rows(path: Path) -> int:
    """As another process sees them: only what is committed."""
    with sqlite3.connect(path) as other:
        return int(other.execute("SELECT count(*) FROM attempts").fetchone()[0])


def commits(journal: Journal) -> list[str]:
    statements: list[str] = []
    journal._connection().set_trace_callback(statements.append)
    return statements


async def ended(*works: Coroutine[None, None, None]) -> list[BaseException | None]:
    return await asyncio.gather(*works, return_exceptions=True)


def test_each_row_is_safe_before_its_writer_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    seen: list[bool] = []

    async def one(turns: Turns, number: int) -> None:
        await turns.write(attempt(number))
        with sqlite3.connect(journal.path) as other:
            found = other.execute("SELECT 1 FROM attempts WHERE key = ?", (f"request-{number}",)).fetchone()
        seen.append(found is not None)

    async def main() -> None:
        turns = Turns(journal)
        await asyncio.gather(*(one(turns, number) for number in range(20)))
        await one(turns, 20)

    asyncio.run(main())
    assert seen == [True] * 21


def test_what_comes_in_one_turn_is_one_transaction(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    statements = commits(journal)

    async def main() -> None:
        turns = Turns(journal)
        await asyncio.gather(*(turns.write(attempt(number)) for number in range(20)))

    asyncio.run(main())
    assert rows(journal.path) == 20
    assert statements.count("COMMIT") == 1


def test_where_writing_fails_nobody_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal._run("CREATE TRIGGER full BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'disk is full'); END")

    async def main() -> list[BaseException | None]:
        turns = Turns(journal)
        return await ended(*(turns.write(attempt(number)) for number in range(3)))

    assert all(isinstance(one, StoreError) for one in asyncio.run(main()))
    assert rows(journal.path) == 0


def test_a_row_whose_writer_is_cancelled_is_written_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    found: list[Attempt | None] = []

    async def main() -> None:
        turns = Turns(journal)
        works = [asyncio.ensure_future(turns.write(attempt(number))) for number in range(2)]
        asyncio.get_running_loop().call_soon(works[0].cancel)  # before the turn is over
        with pytest.raises(asyncio.CancelledError):
            await works[0]
        found.extend((journal.find("request-0"), journal.find("request-1")))
        await works[1]

    asyncio.run(main())
    assert None not in found
    assert rows(journal.path) == 2
