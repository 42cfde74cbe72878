"""How a run gets at its language models: endpoints from the settings, one journal in the run folder, one gateway.

It decides nothing about what is asked. What stands in `Asking` changes the cost and the way of an answer, never the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import msgspec

from rejoinder.errors import UsageError, WaitingError
from rejoinder.gateway import Endpoint, Gateway, Journal, Transport
from rejoinder.gateway.batch import WAITING, BatchFile, BatchResults, read_batch_results
from rejoinder.gateway.batch_api import run_batches, until_answered
from rejoinder.gateway.budget import MaxCost, spent_in
from rejoinder.gateway.dry_run import DryRun, Forecast
from rejoinder.gateway.journal_checks import spent
from rejoinder.gateway.prices import Prices, load_prices
from rejoinder.gateway.stragglers import Patience
from rejoinder.gateway.tokens import TokenCounter
from rejoinder.report import AskedOf
from rejoinder.settings import ModelSettings

Done = TypeVar("Done")

REQUESTS = "requests.jsonl"
"""What goes to the Batch API, in the run folder."""
JOURNAL = "journal.sqlite"
"""In the run folder, outside of what `--no-resume` forgets: answers that were paid for stay."""


@dataclass(frozen=True)
class Asking:
    """How models are asked in one call."""

    max_cost: float | None = None
    """US dollars that the journal may come to, earlier calls on the folder included."""
    prices: Path | None = None
    """File of prices that go before the ones that ship."""
    dry_run: bool = False
    """Count what would be asked, and ask nothing."""
    batch: bool = False
    """Ask through the server's Batch API."""
    batch_file: Path | None = None
    """Write the requests there, and ask nothing."""
    batch_results: tuple[Path, ...] = ()
    """Read answers from these files first."""
    finish_without_stragglers: bool = False
    """Give up the last few requests of a stage that take far longer than the others."""
    say: Callable[[str], None] = lambda _: None
    """Told what a batch is at, a line now and then."""
    transport: Transport | None = None
    """What carries requests instead of HTTP: for tests."""
    around: Callable[[Transport | None], Transport] | None = None
    """Puts a transport before the one that would carry requests, such as one for models on this machine; not in a dry run."""

    @property
    def needs_model(self) -> bool:
        """Whether something is set that only a run with a model heeds."""
        given = (self.max_cost, self.prices, self.batch_file)
        return self.batch or bool(self.batch_results) or any(value is not None for value in given)

    def __post_init__(self) -> None:
        """Refuse ways that exclude each other.

        Raises:
            UsageError: more than one of dry run, batch and batch file.
        """
        if sum((self.dry_run, self.batch, self.batch_file is not None)) > 1:
            raise UsageError("--dry-run, --batch and --batch-file exclude each other; give one of them")


class Models:
    """The models of one run, by role; a context manager that closes the journal.

    Args:
        folder: the run folder, where the journal lies.
        roles: `Settings.models`.
        asking: how they are asked this time.

    Raises:
        UsageError: no model is named, and something is set that only one could heed.
    """

    def __init__(self, folder: Path, roles: Mapping[str, ModelSettings], asking: Asking) -> None:
        if not roles and asking.needs_model:
            raise UsageError("a limit, a price file or a batch belongs to a model; name it with --model or in a recipe")
        self._roles, self.asking = roles, asking
        self._file = folder / JOURNAL
        self._requests = folder / REQUESTS if asking.batch else asking.batch_file

    def __enter__(self) -> Models:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if "journal" in self.__dict__:
            self.journal.close()

    def named(self, role: str) -> str | None:
        """The model of a role, or else the default one, by the name that the gateway knows; None where there is neither."""
        chosen = self._roles.get(role) or self._roles.get("default")
        return None if chosen is None else _name(chosen, self._roles)

    def needed(self, role: str) -> str:
        """The model of a role.

        Raises:
            UsageError: none is set.
        """
        if (name := self.named(role)) is None:
            raise UsageError(f"this needs a model for the role {role}: give --model, or models.{role} in a recipe")
        return name

    @cached_property
    def journal(self) -> Journal:
        """Every answer that this folder has ever paid for."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        return Journal(self._file)

    @cached_property
    def prices(self) -> Prices:
        """What tokens cost."""
        return load_prices(self.asking.prices)

    @cached_property
    def transport(self) -> Transport | None:
        """What carries requests; None for HTTP."""
        if self.asking.dry_run:
            return DryRun(self.journal, self.prices, TokenCounter(self.journal))
        return BatchFile(self._requests, self.journal) if self._requests else self.asking.transport

    @property
    def _carrier(self) -> Transport | None:
        """What the gateway hands requests to: the transport, with what answers on this machine before it."""
        around = None if self.asking.dry_run else self.asking.around
        return self.transport if around is None else around(self.transport)

    @cached_property
    def gateway(self) -> Gateway:
        """The door, the same for all stages of a call."""
        tokens = TokenCounter(self.journal)
        collected = self._requests is not None
        budget = MaxCost(self.asking.max_cost, self.prices, tokens, spent=spent_in(self.journal), batch=collected)
        return Gateway(
            self.endpoints,
            self.journal,
            transport=self._carrier,
            budget=None if self.asking.dry_run else budget,
            prices=self.prices,
            patience=Patience() if self.asking.finish_without_stragglers else None,
        )

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        """Where each model is found, by the name that stages use."""
        found = {_name(one, self._roles): _endpoint(one) for one in self._roles.values()}
        if self._requests is None and not self.asking.dry_run:
            return found
        return {name: _unlimited(one) for name, one in found.items()}  # collecting requests needs no patience

    @property
    def in_flight(self) -> int:
        """Records that a stage may have under way: enough that every request the servers bear is always there."""
        return 2 * max((one.in_flight for one in self._roles.values()), default=1)

    def read_results(self) -> list[BatchResults]:
        """Store the answers of the batch files that were given; see `gateway.batch`."""
        return [read_batch_results(path, self.journal, self.prices) for path in self.asking.batch_results]

    def forecasts(self) -> tuple[Forecast, ...]:
        """What a dry run has counted; nothing where this is none."""
        return self.transport.forecasts() if isinstance(self.transport, DryRun) else ()

    def settle(self) -> BatchResults:
        """Have the written requests answered through the Batch API; see `gateway.batch_api`."""
        assert self._requests is not None
        work = run_batches(self._requests, self.journal, self.endpoints, prices=self.prices, say=self.asking.say)
        with ThreadPoolExecutor(1) as thread:  # a notebook's own loop runs in this one
            return thread.submit(asyncio.run, work).result()


def with_models(folder: Path, roles: Mapping[str, ModelSettings], asking: Asking, work: Callable[[Models], Done]) -> Done:
    """Do the work with the models of a run; through the Batch API as often as requests wait for answers.

    Raises:
        WaitingError: requests stand in the batch file, or a batch brought nothing new; the message says what to do.
    """

    def once() -> Done:
        with Models(folder, roles, asking) as models:
            for results in models.read_results():
                asking.say(described(results))
            return work(models)

    def settle() -> BatchResults:
        with Models(folder, roles, asking) as models:
            return models.settle()

    if asking.batch:
        return until_answered(once, settle)
    try:
        return once()
    except WaitingError as waiting:
        if asking.batch_file is None:
            raise
        then = "have its requests answered, and run the same command with --batch-results ANSWERS added"
        raise WaitingError(f"{asking.batch_file} is written: {then}. {waiting}") from waiting


def asked_of(folder: Path) -> tuple[AskedOf, ...]:
    """What the journal of the run folder says was asked; requests that wait in a batch were not."""
    if not (folder / JOURNAL).exists():
        return ()
    with closing(Journal(folder / JOURNAL)) as journal:
        return tuple(
            AskedOf(one.prompt, one.model, kinds, one.usage.input_tokens, one.usage.output_tokens, one.cost)
            for one in spent(journal)
            if (kinds := tuple((kind, count) for kind, count in one.kinds.most_common() if kind != WAITING))
        )


def described(results: BatchResults) -> str:
    """What became of the lines of a file of results, in one paragraph."""
    errors = ", ".join(f"{count:,} {kind}" for kind, count in sorted(results.errors.items())) or "none"
    counts = (
        f"results: {results.lines:,} lines = {results.answers:,} answers + {results.refused:,} refused + "
        f"{results.errors.total():,} errors ({errors}) + {results.duplicates:,} duplicate + {results.unknown:,} unknown + "
        f"{results.broken:,} broken; {results.missing:,} requests still open"
    )
    return "\n".join([counts, *(f"  {line}" for line in results.named)])


def _unlimited(one: Endpoint) -> Endpoint:
    return replace(one, requests_per_minute=None, input_tokens_per_minute=None, output_tokens_per_minute=None)


def _name(one: ModelSettings, roles: Mapping[str, ModelSettings]) -> str:
    """The model's own name, with its server where two servers have one of that name."""
    servers = {other.base_url for other in roles.values() if other.model == one.model}
    return one.model if len(servers) == 1 else f"{one.model} at {one.base_url}"


def _endpoint(one: ModelSettings) -> Endpoint:
    values = msgspec.structs.asdict(one)
    return Endpoint(**{("extra" if name == "parameters" else name): value for name, value in values.items()})


__all__ = ["JOURNAL", "REQUESTS", "Asking", "Models", "asked_of", "described", "with_models"]
