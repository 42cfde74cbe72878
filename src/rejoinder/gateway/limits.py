"""How much may be under way at one server: requests at once, requests and tokens a minute, and pauses that it asks for.

All limits belong to the server as this process sees it, never to a stage or a batch. Times are those of the event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rejoinder.gateway.endpoint import Endpoint
from rejoinder.gateway.request import Request
from rejoinder.records import Usage

_FIRST = 32
"""Requests at once to begin with; doubled every round trip until the server says that it is too much."""
_BURST = 5.0
"""Seconds' worth of a limit per minute that may be used at once."""
_LONGEST_PAUSE = 300.0
"""Seconds; a server that asks for more is asked again after this."""


class Concurrency:
    """A semaphore whose size grows with every answer and is halved when the server is overrun (as TCP does)."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = float(min(most, _FIRST))
        self.running = 0
        self._overrun_at = float("inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a place, first come first served."""
        if self.running < int(self.size) and not self._waiting:
            self.running += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # given a place and cancelled in the same moment
                self.leave()
            raise

    def leave(self) -> None:
        """Give a place back."""
        self.running -= 1
        self._let_in()

    def grow(self) -> None:
        """An answer came: one more at once up to 0.8 of where the server was overrun, then one more per round."""
        step = 1.0 if self.size < 0.8 * self._overrun_at else 1.0 / self.size
        self.size = min(float(self.most), self.size + step)
        self._let_in()

    def shrink(self) -> None:
        """The server is overrun: half as many at once, at least one."""
        self._overrun_at = self.size
        self.size = max(1.0, self.size / 2)

    def _let_in(self) -> None:
        while self._waiting and self.running < int(self.size):
            place = self._waiting.popleft()
            if not place.done():
                self.running += 1
                place.set_result(None)


class PerMinute:
    """A limit per minute, used evenly: whoever takes waits until what was taken before it has been earned."""

    def __init__(self, limit: int | None) -> None:
        self._seconds_each = 60.0 / limit if limit else 0.0
        self._free_at = float("-inf")

    async def take(self, amount: int) -> None:
        """Wait until so much may be used; more than a minute's worth waits longer, but passes."""
        if not self._seconds_each:
            return
        now = asyncio.get_running_loop().time()
        start = max(self._free_at, now - _BURST)
        self._free_at = start + amount * self._seconds_each
        if start > now:
            await asyncio.sleep(start - now)

    def correct(self, taken: int, used: int) -> None:
        """Book what was really used in place of what was taken."""
        self._free_at += (used - taken) * self._seconds_each


class Limits:
    """All limits of one server while the gateway is open."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.concurrency = Concurrency(endpoint.in_flight)
        self._requests = PerMinute(endpoint.requests_per_minute)
        self._input = PerMinute(endpoint.input_tokens_per_minute)
        self._output = PerMinute(endpoint.output_tokens_per_minute)
        self._counts_tokens = bool(endpoint.input_tokens_per_minute or endpoint.output_tokens_per_minute)
        self._paused_until = 0.0

    @asynccontextmanager
    async def place(self, request: Request) -> AsyncIterator[None]:
        """A place at the server, once all limits allow it."""
        await self.concurrency.enter()
        try:
            await self._requests.take(1)
            if self._counts_tokens:
                await self._input.take(_tokens(request))
                await self._output.take(request.max_tokens)
            await self._pause()
            yield
        finally:
            self.concurrency.leave()

    def answered(self, request: Request, usage: Usage | None) -> None:
        """An answer came: let one more in, and book its tokens where they were counted."""
        self.concurrency.grow()
        if usage is not None:
            self._book(request, usage)

    def unanswered(self, request: Request) -> None:
        """No answer came: its tokens were not used."""
        self._book(request, Usage())

    def _book(self, request: Request, usage: Usage) -> None:
        if self._counts_tokens:
            self._input.correct(_tokens(request), usage.input_tokens)
            self._output.correct(request.max_tokens, usage.output_tokens)

    def pause(self, seconds: float, sent_at: float) -> bool:
        """Nobody sends for so long; False where it was sent before the last pause ended, and so says nothing new."""
        now = asyncio.get_running_loop().time()
        news = sent_at >= self._paused_until
        if news:
            self.concurrency.shrink()
        self._paused_until = max(self._paused_until, now + min(seconds, _LONGEST_PAUSE))
        return news

    async def _pause(self) -> None:
        while (rest := self._paused_until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(rest)


def _tokens(request: Request) -> int:
    """About how many tokens a request has: four characters each; corrected once the server has counted."""
    return sum(len(message.content) for message in request.messages) // 4 + 1
