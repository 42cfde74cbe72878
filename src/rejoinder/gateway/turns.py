"""Rows of the journal that come in one turn of an event loop, in one transaction, since commits cost more than rows.

Nobody goes on before their row is safe. It keeps nothing from turn to turn.
"""

from __future__ import annotations

import asyncio

from rejoinder.errors import StoreError
from rejoinder.gateway.journal import Attempt, Journal


class Turns:
    """Writes to a journal from one event loop."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._turn: list[tuple[Attempt, asyncio.Future[StoreError | None]]] = []

    async def write(self, attempt: Attempt) -> None:
        """As `Journal.write`: when this returns, the row survives the death of the process.

        Raises:
            StoreError: it could not be written.
        """
        loop = asyncio.get_running_loop()
        if not self._turn:
            loop.call_soon(self._commit)
        done: asyncio.Future[StoreError | None] = loop.create_future()
        self._turn.append((attempt, done))
        try:
            trouble = await done
        except asyncio.CancelledError:
            if (trouble := self._commit()) is None:  # now: whoever asks the same next has to find the row
                raise
        if trouble is not None:
            raise trouble

    def _commit(self) -> StoreError | None:
        turn, self._turn = self._turn, []
        if not turn:  # somebody was cancelled, and it is done
            return None
        trouble = None
        try:
            self._journal.write(*(attempt for attempt, _ in turn))
        except StoreError as error:
            trouble = error
        for _, done in turn:
            if not done.done():
                done.set_result(trouble)
        return trouble
