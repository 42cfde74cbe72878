"""The staircase to a model: ask -> journal -> budget -> retries -> limits -> transport, one concern a step.

It knows no prompt and no stage; what a good answer says is the business of who asked.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from typing import Protocol, Self

import msgspec

from rejoinder.errors import UsageError
from rejoinder.gateway.answers import answer_of, corrected
from rejoinder.gateway.dialects import Dialects
from rejoinder.gateway.endpoint import Endpoint
from rejoinder.gateway.http import Http
from rejoinder.gateway.journal import Attempt, Journal
from rejoinder.gateway.loop import rare_collections
from rejoinder.gateway.prices import Prices
from rejoinder.gateway.reading import schema_of
from rejoinder.gateway.request import Request, Transport
from rejoinder.gateway.retries import Server
from rejoinder.gateway.stragglers import GivenUpError, Patience, Stragglers
from rejoinder.gateway.tally import Tally, added, sum_of
from rejoinder.records import Answer, Message, Question, Usage


class Budget(Protocol):
    """Says before each request whether it may be paid for; `before` and `after` come in pairs."""

    async def before(self, request: Request) -> None:
        """Set money aside for a request; waits while requests under way stand between it and the limit.

        Raises:
            BudgetError: there is not enough left, and nothing is under way.
        """
        ...

    def after(self, request: Request, usage: Usage, cost: float | None) -> None:
        """Book what it came to; a cost of None is unknown. No usage and no cost where no answer came."""
        ...


@dataclass
class _Open:
    """What lives from entering the gateway to leaving it, on one loop."""

    stack: AsyncExitStack
    servers: dict[tuple[str, str, str], Server]
    under_way: dict[str, asyncio.Future[tuple[Attempt, int]]]
    stragglers: Stragglers | None


class Gateway:
    """The one door to language models; enter it with `async with` on the loop that asks, once for each stage.

    Args:
        endpoints: by the names that stages use; a name that is not there is taken for a model on the server of `default`.
        journal: where every attempt is written down, and looked up before anything is asked.
        transport: what carries requests; HTTP unless given.
        budget: asked before every request that is not answered from the journal.
        prices: what tokens cost; without it every cost is unknown.
        patience: when the last stragglers of a stage are given up; never unless given.
        rng: spreads pauses.
    """

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        journal: Journal,
        *,
        transport: Transport | None = None,
        budget: Budget | None = None,
        prices: Prices | None = None,
        patience: Patience | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.endpoints, self.journal = dict(endpoints), journal
        self.tally: defaultdict[str, Tally] = defaultdict(Tally)
        """Counts by prompt id, since the gateway was made."""
        self._transport, self._budget, self._prices = transport or Http(), budget, prices
        self._patience, self._rng = patience, rng or random.Random(0)
        self._dialects = Dialects(journal)
        self._opened: _Open | None = None

    async def __aenter__(self) -> Self:
        stack = AsyncExitStack()
        await stack.enter_async_context(self._transport)
        stack.enter_context(rare_collections())
        stragglers = None
        if self._patience is not None:
            stragglers = Stragglers(self._patience)
            stack.push_async_callback(_stop, asyncio.create_task(stragglers.watch()))
        self._opened = _Open(stack, {}, {}, stragglers)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._opened is not None:
            opened, self._opened = self._opened, None
            await opened.stack.aclose()

    def endpoint(self, model: str) -> Endpoint:
        """The endpoint that a name stands for.

        Raises:
            UsageError: there is none of that name, and no default.
        """
        if model in self.endpoints:
            return self.endpoints[model]
        if "default" not in self.endpoints:
            raise UsageError(f"no endpoint is called {model}; there are: {', '.join(sorted(self.endpoints))}")
        return replace(self.endpoints["default"], model=model)

    async def ask(self, model: str, question: Question, draw: int = 0) -> Answer:
        """The answer to a question; a bad answer is an answer, too: look at its state.

        One that cannot be read is asked for once more, with what was wrong about it.

        Raises:
            ModelError: the server cannot be used at all.
            BudgetError: it would cost more than is left.
            WaitingError: it will be answered later, in a batch.
        """
        endpoint = self.endpoint(model)
        request = question_request(endpoint, question, draw)
        answer = await self._answer(endpoint, request, question.reply)
        if answer.state == "invalid":
            again = replace(request, messages=corrected(question, answer, request.schema))
            self.tally[request.prompt].asked_again += 1
            answer = _both(answer, await self._answer(endpoint, again, question.reply))
        self.tally[request.prompt].add(answer)
        return answer

    async def score(self, model: str, messages: Sequence[Message]) -> Answer:
        """The reward that an endpoint gives to a conversation; `value` is a float where the state is ok.

        Raises:
            ModelError, BudgetError, WaitingError: as `ask`.
        """
        endpoint = self.endpoint(model)
        request = score_request(endpoint, messages)
        answer = await self._answer(endpoint, request, None)
        self.tally[request.prompt].add(answer)
        return answer

    async def _answer(self, endpoint: Endpoint, request: Request, shape: type[msgspec.Struct] | None) -> Answer:
        attempt, retries, reused = await self._journalled(endpoint, request)
        answer, mended = answer_of(attempt, shape)
        tally = self.tally[request.prompt]
        tally.retries += retries
        tally.repaired += mended
        return msgspec.structs.replace(answer, reused=True) if reused else answer

    async def _journalled(self, endpoint: Endpoint, request: Request) -> tuple[Attempt, int, bool]:
        """The attempt that settled a request: from the journal, from an equal request under way, or new."""
        under_way = self._open.under_way
        while (known := self.journal.find(request.key)) is None:
            if (other := under_way.get(request.key)) is None:
                attempt, retries = await self._shared(endpoint, request)
                return attempt, retries, False
            await asyncio.wait([other])
            if not other.cancelled():  # else whoever asked has gone, and it is our turn
                return other.result()[0], 0, True
        return known, 0, True

    async def _shared(self, endpoint: Endpoint, request: Request) -> tuple[Attempt, int]:
        """Ask so that equal requests can wait for the same answer."""
        under_way, shared = self._open.under_way, asyncio.get_running_loop().create_future()
        under_way[request.key] = shared
        try:
            result = await self._budgeted(endpoint, request)
        except asyncio.CancelledError:
            shared.cancel()
            raise
        except BaseException as error:
            shared.set_exception(error)
            shared.exception()  # it counts as seen, should nobody else wait for it
            raise
        finally:
            del under_way[request.key]
        shared.set_result(result)
        return result

    async def _budgeted(self, endpoint: Endpoint, request: Request) -> tuple[Attempt, int]:
        if self._budget is None:
            return await self._patient(endpoint, request)
        await self._budget.before(request)
        attempt = None
        try:
            attempt, retries = await self._patient(endpoint, request)
        finally:
            used = attempt.usage if attempt else None
            self._budget.after(request, used or Usage(), attempt.cost if attempt else 0.0)
        return attempt, retries

    async def _patient(self, endpoint: Endpoint, request: Request) -> tuple[Attempt, int]:
        server, stragglers = self._server(endpoint), self._open.stragglers
        if stragglers is None:
            return await server.call(request)
        try:
            async with stragglers.watched():
                return await server.call(request)
        except GivenUpError as reason:
            return Attempt(key=request.key, kind="abandoned", detail=str(reason), model=request.model), 0

    def _server(self, endpoint: Endpoint) -> Server:
        servers, name = self._open.servers, (endpoint.model, endpoint.base_url, endpoint.key_variable)
        if name not in servers:
            servers[name] = Server(endpoint, self._transport, self.journal, self._dialects, self._prices, self._rng)
        return servers[name]

    @property
    def _open(self) -> _Open:
        assert self._opened is not None, "enter the gateway with `async with` before asking"
        return self._opened


def question_request(endpoint: Endpoint, question: Question, draw: int = 0) -> Request:
    """The request that a question becomes at an endpoint."""
    return Request(
        model=endpoint.model,
        base_url=endpoint.base_url,
        messages=question.messages,
        schema=None if question.reply is None else schema_of(question.reply),
        schema_name="reply" if question.reply is None else question.reply.__name__,
        max_tokens=question.max_tokens,
        temperature=question.temperature,
        draw=draw,
        extra=endpoint.extra,
        prompt=question.prompt,
        key_variable=endpoint.key_variable,
    )


def score_request(endpoint: Endpoint, messages: Sequence[Message]) -> Request:
    """The request that a conversation to be scored becomes at an endpoint."""
    return Request(
        model=endpoint.model,
        base_url=endpoint.base_url,
        messages=tuple(messages),
        max_tokens=0,
        extra=endpoint.extra,
        kind="score",
        template=endpoint.template,
        prompt="score",
        key_variable=endpoint.key_variable,
    )


def _both(first: Answer, second: Answer) -> Answer:
    """The second answer, with what both together took."""
    return msgspec.structs.replace(
        second,
        usage=added(first.usage, second.usage),
        cost=sum_of(first.cost, second.cost),
        reused=first.reused and second.reused,
    )


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
