"""The one loop that tries again: every attempt is written down before anything else is made of it.

No other layer retries. What an answer says is not looked at here.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from rejoinder.errors import ModelError
from rejoinder.gateway.dialects import Dialects
from rejoinder.gateway.endpoint import Endpoint
from rejoinder.gateway.journal import Attempt, Journal
from rejoinder.gateway.limits import Limits
from rejoinder.gateway.prices import Prices
from rejoinder.gateway.request import Reply, Request, Transport
from rejoinder.gateway.turns import Turns
from rejoinder.gateway.verdicts import AGAIN, Verdict, verdict_of

_LONGEST = 60.0
"""Seconds: the longest pause that we choose ourselves."""
_BUSY_WEIGHT = 0.25
"""Being told to wait is no failure of the request: it uses up a quarter of an attempt."""
_UNREADABLE = {"malformed": "the body of the reply holds no whole answer"}
_HOPELESS = 25
"""So many requests given up in a row, and not one answer between: the server cannot be used."""
_NEVER = 3
"""The same, where it has not given a single answer yet."""


class Server:
    """One server while the gateway is open: its limits, and how it has behaved."""

    def __init__(
        self,
        endpoint: Endpoint,
        transport: Transport,
        journal: Journal,
        dialects: Dialects,
        prices: Prices | None,
        rng: random.Random,
    ) -> None:
        self.endpoint, self.limits = endpoint, Limits(endpoint)
        self._transport, self._journal, self._dialects = transport, journal, dialects
        self._turns = Turns(journal)
        self._prices, self._rng = prices, rng
        self._reached = False
        self._answers = self._given_up = self._busy_in_a_row = 0

    async def call(self, request: Request) -> tuple[Attempt, int]:
        """The attempt that settled the request, or the last one; and how many there were before it.

        Raises:
            ModelError: the server cannot be used at all.
            WaitingError: the transport puts the answer off.
        """
        used, retries, answers = 0.0, 0, self._answers
        while True:
            attempt = await self._attempt(request)
            if attempt is None:
                continue
            verdict = attempt.kind
            used += _BUSY_WEIGHT if verdict == "busy" else 1.0
            if verdict == "unreachable" and not self._reached:
                raise self._gone(attempt)  # it has never been there: a wrong address, or a server that was not started
            if verdict not in AGAIN or used >= self.endpoint.attempts:
                self._settle(attempt, alone=answers == self._answers)
                return attempt, retries
            retries += 1
            if verdict != "busy":  # then everybody waits, in the limits
                await asyncio.sleep(self._pause(int(used)))

    async def _attempt(self, request: Request) -> Attempt | None:
        """Send once, within all limits, and write down what came of it; None where it is to be put in other words at once."""
        loop = asyncio.get_running_loop()
        async with self.limits.place(request):
            request = request.put_in(self._dialects.of(request))
            sent_at = loop.time()
            verdict, reply, detail = await self._sent(request, sent_at)
            attempt = self._row(request, verdict, reply, detail, loop.time() - sent_at)
            await self._turns.write(attempt)
            self._adapt(request, verdict, reply, sent_at)
        return None if verdict == "dialect" and reply and self._dialects.learn(request, reply) else attempt

    async def _sent(self, request: Request, sent_at: float) -> tuple[Verdict, Reply | None, str]:
        try:
            async with asyncio.timeout(self.endpoint.timeout):
                reply = await self._transport.send(request)
        except TimeoutError:
            return "timeout", None, f"no whole answer within {self.endpoint.timeout:g} seconds"
        except ConnectionRefusedError as trouble:
            return "unreachable", None, str(trouble)
        except OSError as trouble:
            return "cut", None, str(trouble)
        except asyncio.CancelledError:
            seconds = asyncio.get_running_loop().time() - sent_at
            self._journal.write(self._row(request, "abandoned", None, "nobody waited for it any more", seconds))
            raise
        self._reached = True
        return verdict_of(reply, request), reply, ""

    def _row(self, request: Request, verdict: Verdict, reply: Reply | None, detail: str, seconds: float) -> Attempt:
        usage = reply.usage if reply else None
        known = self._prices is not None and usage is not None
        return Attempt(
            key=request.key,
            kind=verdict,
            request=request.kind,
            status=reply.status if reply else 0,
            raw=reply.raw if reply else b"",
            detail=(reply.error or _UNREADABLE.get(verdict, "")) if reply else detail,
            prompt=request.prompt,
            model=request.model,
            base_url=request.base_url,
            usage=usage,
            cost=self._prices.cost(request.model, request.base_url, usage) if known else None,  # type: ignore[union-attr,arg-type]
            seconds=seconds,
            time=time.time(),
        )

    def _adapt(self, request: Request, verdict: Verdict, reply: Reply | None, sent_at: float) -> None:
        if verdict == "answer":
            self._answers, self._given_up, self._busy_in_a_row = self._answers + 1, 0, 0
            self._dialects.confirm(request)
            self.limits.answered(request, reply.usage if reply else None)
            return
        self.limits.unanswered(request)
        if verdict == "busy":
            told = wait_of(reply.retry_after if reply else None)
            self._busy_in_a_row += self.limits.pause(self._pause(self._busy_in_a_row + 1) if told is None else told, sent_at)

    def _settle(self, attempt: Attempt, *, alone: bool) -> None:
        """Stop the run where going on would only turn every row into a failure; `alone`: nobody else had an answer since."""
        verdict, where = attempt.kind, f"{self.endpoint.model} at {self.endpoint.base_url}"
        if verdict == "denied":
            remedy = f"Put the right key into {self.endpoint.key_variable} (environment or .env)"
            raise ModelError(f"{where} refuses us: {attempt.detail}. {remedy}")
        if verdict == "unknown" or (verdict == "dialect" and attempt.request == "score"):
            raise ModelError(f"{where} is not there: {attempt.detail}. Check the name of the model and the address")
        if verdict in {"answer", "refused", "overflow", "rejected"}:  # it is the request, not the server; a resumed run meets
            return  # all of these one after the other, since the journal has the answers that once lay between them
        self._given_up += 1
        if (verdict == "unreachable" and alone) or self._given_up >= (_HOPELESS if self._answers else _NEVER):
            raise self._gone(attempt)

    def _gone(self, attempt: Attempt) -> ModelError:
        remedy = "Start the server or mend --base-url, and run the same command again: answers that are paid are kept"
        where = f"{self.endpoint.model} at {self.endpoint.base_url}"
        return ModelError(f"{where} does not answer ({attempt.kind}: {attempt.detail}). {remedy}")

    def _pause(self, tried: int) -> float:
        """Seconds before the next attempt: doubled each time, and spread by chance so that not all come at once."""
        longest = min(_LONGEST, self.endpoint.first_pause * 2.0 ** min(tried - 1, 60))
        return longest * self._rng.uniform(0.5, 1.0)


def wait_of(retry_after: str | None) -> float | None:
    """Seconds that a `Retry-After` header asks for, as a number or a date (RFC 9110, 10.2.3); None where it says nothing."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            then = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        seconds = ((then if then.tzinfo else then.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return None if math.isnan(seconds) else max(0.0, seconds)
