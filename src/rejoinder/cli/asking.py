"""The options that say which models a run asks, and how; and what is printed of requests that were not sent.

They become `settings.models` and `models.Asking`; a recipe may name more models, by role.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rejoinder.gateway.dry_run import Forecast, Range, total
from rejoinder.models import Asking

SERVER = typer.Option(help="OpenAI-compatible server, up to and with the version.")
KEY = typer.Option(help="Environment variable or line of .env that holds the key; a server without keys needs none.")
AT_ONCE = typer.Option(min=1, help="Most requests under way at once.")

Model = Annotated[str | None, typer.Option(help="Model to ask, as its server names it; none is asked when left out.")]
BaseUrl = Annotated[str | None, SERVER]
KeyVariable = Annotated[str | None, KEY]
Ask = Annotated[str | None, typer.Option(help="`unsure`: ask where the embedded classifier is unsure; `all`: ask always.")]
AskBelow = Annotated[float | None, typer.Option(help="Probability below which the classifier counts as unsure.")]
InFlight = Annotated[int | None, AT_ONCE]
MaxCost = Annotated[float | None, typer.Option(min=0, help="US dollars that the folder's answers may come to.")]
PriceFile = Annotated[Path | None, typer.Option("--prices", help="Prices per million tokens, for models whose are unknown.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be asked and cost; ask nothing.")]
Batch = Annotated[bool, typer.Option("--batch", help="Ask through the server's Batch API, and wait for it.")]
BatchFile = Annotated[Path | None, typer.Option(help="Write the requests there as OpenAI batch lines; ask nothing.")]
BatchResultFiles = Annotated[list[Path] | None, typer.Option("--batch-results", help="Read answers from there first.")]
Stragglers = Annotated[bool, typer.Option("--finish-without-stragglers", help="Give up the last, slowest requests of a stage.")]


def asking_from(
    max_cost: float | None,
    prices: Path | None,
    batch: bool,
    batch_file: Path | None,
    batch_results: Sequence[Path] | None,
    finish_without_stragglers: bool = False,
) -> Asking:
    """How the flags want models to be asked."""
    return Asking(
        max_cost=max_cost,
        prices=prices,
        batch=batch,
        batch_file=batch_file,
        batch_results=tuple(batch_results or ()),
        finish_without_stragglers=finish_without_stragglers,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )


def print_forecast(forecasts: Sequence[Forecast]) -> None:
    """Say what each prompt would ask and cost, from low to high; what is unknown is said to be."""
    if not forecasts:
        print("nothing to ask: no model is named, or every answer is there already")
        return
    for one in forecasts:
        print(f"{one.prompt} -> {one.model} at {one.base_url}")
        print(f"  requests       {one.requests:,}")
        print(f"  input tokens   {one.input_tokens:,} ({one.counted})")
        print(f"  output tokens  {_range(one.output_tokens, '{:,.0f}')} ({one.observed:,} earlier answers observed)")
        print(f"  cost           {_range(one.cost, '${:,.4f}')}")
    print(f"all together     {_range(total([one.cost for one in forecasts]), '${:,.4f}')}")
    print("Later stages depend on answers that are not there yet; what they would ask is not in these figures.")


def _range(found: Range, shape: str) -> str:
    low, likely, high = ("unknown" if value is None else shape.format(value) for value in (found.low, found.likely, found.high))
    return "unknown" if {low, likely, high} == {"unknown"} else f"low {low}, likely {likely}, high {high}"
