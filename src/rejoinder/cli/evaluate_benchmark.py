"""`rejoinder evaluate benchmark`: play a published benchmark with files that the user has fetched, and print its card.

It parses and prints; `evaluation.benchmarks.playing` plays.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rejoinder.addresses import OPENAI, OPENAI_KEY
from rejoinder.cli import asking, options
from rejoinder.cli.console import print_json
from rejoinder.cli.kept_answers import missing_file, remove_empty, run_through
from rejoinder.errors import UsageError, WaitingError
from rejoinder.evaluation.benchmarks.answering import ANSWER_TOKENS
from rejoinder.evaluation.benchmarks.playing import BENCHMARKS, Play
from rejoinder.evaluation.benchmarks.text import Card, render
from rejoinder.gateway.batch import BatchFile
from rejoinder.models import Asking, Models, with_models
from rejoinder.settings import ModelSettings
from rejoinder.store import write_json

_Answers = Annotated[list[Path] | None, typer.Option(help="Answers in the benchmark's shape; once or several times.")]
_Results = Annotated[list[Path] | None, typer.Option(help="Judgments in the benchmark's shape: nobody is asked.")]


def evaluate_benchmark(
    name: Annotated[str, typer.Argument(help=f"Which: {', '.join(BENCHMARKS)}.")],
    questions: Annotated[Path, typer.Argument(help="Its questions; for alpaca-eval the reference's outputs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for answers, judgments, scores and the journal.")],
    prompts: Annotated[Path | None, typer.Option(help="Its judge's prompt, as published.")] = None,
    references: Annotated[Path | None, typer.Option(help="mt-bench: reference answers.")] = None,
    answers: _Answers = None,
    results: _Results = None,
    model: Annotated[str | None, typer.Option(help="A model that answers the questions first.")] = None,
    judge: Annotated[str | None, typer.Option(help="The model that judges.")] = None,
    base_url: asking.BaseUrl = None,
    judge_base_url: Annotated[str | None, typer.Option(help="The judge's server, where it is another one.")] = None,
    key_variable: asking.KeyVariable = None,
    judge_key_variable: Annotated[str | None, typer.Option(help="Holds the key of the judge's server.")] = None,
    baseline: Annotated[str | None, typer.Option(help="The model that the others are compared with.")] = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="mt-bench, wildbench: compare with the baseline directly.")] = False,
    length_margin: Annotated[
        int | None, typer.Option(min=0, help="wildbench: a slight win by so many more characters is a tie.")
    ] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of an answer.")] = ANSWER_TOKENS,
    limit: Annotated[int | None, typer.Option(min=1, help="Use the first so many questions.")] = None,
    in_flight: asking.InFlight = None,
    max_cost: asking.MaxCost = None,
    prices: asking.PriceFile = None,
    dry_run: asking.DryRun = False,
    batch: asking.Batch = False,
    batch_file: asking.BatchFile = None,
    batch_results: asking.BatchResultFiles = None,
    json: options.MeasuredAsJson = False,
    seed: Annotated[int, typer.Option(help="Seed of permutations and of the bootstrap.")] = 0,
) -> None:
    """Play a published benchmark with files that you have fetched: answer, judge, score with intervals; or score judgments."""
    if name not in BENCHMARKS:
        raise UsageError(f"there is no benchmark {name}; there are: {', '.join(BENCHMARKS)}")
    _check(name, pairs, length_margin, references, bool(results) and bool(model or judge or answers))
    server, key, at_once = base_url or OPENAI, key_variable or OPENAI_KEY, in_flight or Play.at_once
    roles = _roles(
        ("candidate", model, server, key),
        ("judge", judge, judge_base_url or server, judge_key_variable or key),
        at_once=at_once,
    )
    play = Play(
        questions=questions,
        output=output,
        prompts=prompts,
        references=references,
        answers=tuple(answers or ()),
        results=tuple(results or ()),
        baseline=baseline,
        pairs=pairs,
        length_margin=length_margin,
        max_tokens=max_tokens,
        limit=limit,
        seed=seed,
        at_once=at_once,
    )
    if batch_results and not (batch_file or batch or dry_run):
        batch_file = missing_file(batch_results)
    how = asking.asking_from(max_cost, prices, batch, batch_file, batch_results)
    if dry_run:
        _forecast(name, play, roles, how)
        return
    card = with_models(output, roles, how, lambda models: _played(name, play, models))
    write_json(output / "scores.json", card)
    if json:
        print_json(card)
    else:
        typer.echo(render(card), nl=False)


def _check(name: str, pairs: bool, length_margin: int | None, references: Path | None, both: bool) -> None:
    """Refuse what would be silently without effect.

    Raises:
        UsageError: an option belongs to another benchmark, or judgments are given and asked for.
    """
    if both:
        raise UsageError("--results asks nobody: leave out --model, --judge and --answers")
    if pairs and name not in ("mt-bench", "wildbench"):
        raise UsageError(f"{name} always compares pairs; leave out --pairs")
    if length_margin is not None and not (name == "wildbench" and pairs):
        raise UsageError("--length-margin belongs to wildbench with --pairs")
    if references is not None and name != "mt-bench":
        raise UsageError("--references belongs to mt-bench")


def _roles(*named: tuple[str, str | None, str, str], at_once: int) -> dict[str, ModelSettings]:
    """The models that are named, by role."""
    return {
        role: ModelSettings(model=model, base_url=base_url, key_variable=key, in_flight=at_once)
        for role, model, base_url, key in named
        if model is not None
    }


def _played(name: str, play: Play, models: Models) -> Card:
    """The card; WaitingError where answers are still to come."""
    play = replace(play, model=models.named("candidate"), judge=models.named("judge"))
    card = run_through(models.gateway, lambda llm: BENCHMARKS[name](play, llm))
    if isinstance(models.transport, BatchFile):
        remove_empty(models.transport)
    return card


def _forecast(name: str, play: Play, roles: dict[str, ModelSettings], how: Asking) -> None:
    with Models(play.output, roles, replace(how, dry_run=True)) as models:
        with suppress(WaitingError):
            _played(name, play, models)
        asking.print_forecast(models.forecasts())
