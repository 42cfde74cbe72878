"""`rejoinder evaluate grid`: the rows of tables 3 and 4 of arXiv 2507.23158 for one's own log and models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rejoinder.cli import asking
from rejoinder.cli import policy_options as options
from rejoinder.contenders import EvaluationPlan
from rejoinder.errors import UsageError
from rejoinder.local_models import LocalOptions


def evaluate_grid(
    run: Annotated[Path, typer.Argument(help="A run folder with built samples.", show_default=False)],
    output: options.Output,
    arm: Annotated[
        list[str] | None, typer.Option(help=f"Table 4: NAME={options.SPEC}; once per seed, under the same NAME.")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help=f"Table 4: the untouched model, {options.SPEC}.")] = None,
    judge: options.Judge = None,
    reward: options.Reward = None,
    base_url: options.BaseUrl = EvaluationPlan.base_url,
    key_variable: options.KeyVariable = EvaluationPlan.key_variable,
    in_flight: options.InFlight = EvaluationPlan.in_flight,
    select: options.Select = EvaluationPlan.way,
    groups: options.Groups = EvaluationPlan.groups,
    per_group: options.PerGroup = EvaluationPlan.per_group,
    temperature: options.Temperature = EvaluationPlan.temperature,
    max_tokens: options.MaxTokens = EvaluationPlan.max_tokens,
    pointwise: options.Pointwise = EvaluationPlan.pointwise,
    context: options.Context = LocalOptions.context,
    parallel: options.Parallel = LocalOptions.parallel,
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
    seed: options.Seed = EvaluationPlan.seed,
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
        local=LocalOptions(context, parallel, threads, binary),
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
