"""`rejoinder evaluate policy`: is one model better than another on held-out prompts? A scorecard that can say no."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rejoinder.cli import asking
from rejoinder.cli import policy_options as options
from rejoinder.contenders import EvaluationPlan
from rejoinder.local_models import LocalOptions


def evaluate_policy(
    candidate: Annotated[list[str], typer.Option(help=f"[NAME=]{options.SPEC}; repeat a NAME for further seeds.")],
    baseline: Annotated[str, typer.Option(help=f"[NAME=]{options.SPEC}.")],
    checklists: Annotated[Path, typer.Option(help="A run folder with built samples, or prompts in .jsonl.")],
    output: options.Output,
    control: Annotated[list[str] | None, typer.Option(help="A policy to stand beside: [NAME=]SPEC; repeatable.")] = None,
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
    """Compare policies on held-out prompts: by program, by a judge in both orders, by a reward model; with paired tests."""
    plan = EvaluationPlan(
        checklists=checklists,
        contenders=options.contenders([baseline], candidate=candidate, control=control),
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
        seed=seed,
    )
    how = asking.asking_from(max_cost, prices, batch, batch_file, batch_results, finish_without_stragglers)
    options.show(plan, output, how, dry_run=dry_run, as_json=json)
