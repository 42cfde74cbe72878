"""`rejoinder evaluate grid`: the rows of tables 3 and 4 of arXiv 2507.23158 for one's own log and models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rejoinder.addresses import OPENAI, OPENAI_KEY
from rejoinder.cli import asking
from rejoinder.cli import policy_options as options
from rejoinder.contenders import EvaluationPlan
from rejoinder.errors import UsageError
from rejoinder.evaluation.selection import GROUPS, PER_GROUP


def evaluate_grid(
    run: Annotated[Path, typer.Argument(help="A run folder with built samples.", show_default=False)],
    output: options.Output,
    arm: Annotated[
        list[str] | None, typer.Option(help=f"Table 4: NAME={options.SPEC}; once per seed, under the same NAME.")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help=f"Table 4: the untouched model, {options.SPEC}.")] = None,
    judge: options.Judge = None,
    reward: options.Reward = None,
    base_url: options.BaseUrl = OPENAI,
    key_variable: options.KeyVariable = OPENAI_KEY,
    in_flight: options.InFlight = 64,
    select: options.Select = "clusters",
    groups: options.Groups = GROUPS,
    per_group: options.PerGroup = PER_GROUP,
    temperature: options.Temperature = 0.0,
    max_tokens: options.MaxTokens = 1_024,
    pointwise: options.Pointwise = True,
    context: options.Context = 4_096,
    parallel: options.Parallel = 1,
    threads: options.Threads = None,
    binary: options.Binary = None,
    table_3: Annotated[
        bool, typer.Option("--table-3/--no-table-3", help="Rewards of the run's own answers; scored here where they are not.")
    ] = True,
    max_cost: asking.MaxCost = None,
    prices: asking.PriceFile = None,
    dry_run: asking.DryRun = False,
    batch: asking.Batch = False,
    batch_file: asking.BatchFile = None,
    batch_results: asking.BatchResultFiles = None,
    finish_without_stragglers: asking.Stragglers = False,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Table 3: rewards of regenerated answers, with and without feedback. Table 4: policies trained on the arms, compared."""
    if (baseline is None) != (not arm):
        raise UsageError(
            "table 4 needs the policies trained on arms (--arm NAME=SPEC) and the untouched model (--baseline SPEC)"
        )
    if not table_3 and not arm:
        raise UsageError("nothing to do: --no-table-3 leaves table 4 only, and that needs --arm and --baseline")
    plan = EvaluationPlan(
        checklists=run,
        contenders=options.contenders([baseline], arm=arm) if baseline is not None else (),
        judge=judge,
        reward=reward,
        base_url=base_url,
        key_variable=key_variable,
        in_flight=in_flight,
        local=options.local_options(context, parallel, threads, binary),
        way=options.way_of(select),
        groups=groups,
        per_group=per_group,
        temperature=temperature,
        max_tokens=max_tokens,
        pointwise=pointwise,
        lens=table_3,
        seed=seed,
    )
    how = asking.asking_from(max_cost, prices, batch, batch_file, batch_results, finish_without_stragglers)
    options.show(plan, output, how, dry_run=dry_run, as_json=json)
