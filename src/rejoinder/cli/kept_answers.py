"""Answers that a measuring verb pays for once: a journal of its own, and batch files in and out in place of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from rejoinder.gateway import Endpoint, Gateway, Journal
from rejoinder.gateway.batch import BatchFile, read_batch_results
from rejoinder.gateway.loop import new_event_loop
from rejoinder.gateway.prices import Prices, load_prices
from rejoinder.models import described

T = TypeVar("T")

JournalFile = Annotated[Path, typer.Option("--journal", help="Where answers are kept; asked again they cost nothing.")]
BatchResultFiles = Annotated[
    list[Path] | None, typer.Option("--batch-results", help="Read answers from there; send nothing, write out what is missing.")
]
JOURNAL = Path("evaluate.journal.sqlite")


@dataclass(frozen=True)
class KeptAnswers:
    """Where answers come from and where requests go."""

    journal: Journal
    prices: Prices
    waits: BatchFile | None
    """Takes the requests instead of a server."""

    @classmethod
    def of(
        cls, journal: Path, prices: Path | None, batch_file: Path | None, batch_results: Sequence[Path] | None
    ) -> KeptAnswers:
        """Open the journal and read the results into it; what they lack is written out, so that nothing is ever sent."""
        kept, paid = Journal(journal), load_prices(prices)
        for results in batch_results or ():
            typer.echo(f"{results}: {described(read_batch_results(results, kept, paid))}", err=True)
        file = batch_file or (missing_file(batch_results) if batch_results else None)
        return cls(kept, paid, BatchFile(file, kept) if file else None)

    def through(self, endpoints: Mapping[str, Endpoint], ask: Callable[[Gateway], Awaitable[T]]) -> T:
        """What `ask` gives when it is handed the gateway, already entered; an empty batch file is removed afterwards."""
        found = run_through(Gateway(endpoints, self.journal, transport=self.waits, prices=self.prices), ask)
        if self.waits is not None:
            remove_empty(self.waits)
        return found


def run_through(gateway: Gateway, ask: Callable[[Gateway], Awaitable[T]]) -> T:
    """Enter the gateway on a loop of its own, and give what `ask` gives."""

    async def asked() -> T:
        async with gateway as llm:
            return await ask(llm)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(asked())


def missing_file(results: Sequence[Path]) -> Path:
    """Where the requests go that the last of these files of results still lacks."""
    return results[-1].with_name(f"{results[-1].name}.missing.jsonl")


def remove_empty(file: BatchFile) -> None:
    """Remove a batch file without a request in it: everything is answered."""
    if not file.written:
        file.path.unlink(missing_ok=True)
