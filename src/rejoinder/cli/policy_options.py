"""The options that evaluations of policies share, and how they name policies; asks nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from rejoinder.cli import asking
from rejoinder.cli.console import print_json, progress
from rejoinder.contenders import Contender, EvaluationPlan
from rejoinder.errors import UsageError
from rejoinder.evaluating import evaluate_policies, forecast_evaluation
from rejoinder.evaluation.render import plain
from rejoinder.evaluation.selection import Way
from rejoinder.evaluation.trials import Role
from rejoinder.models import Asking

SPEC = "MODEL@URL, MODEL (on --base-url), a GGUF file, a model's or adapter's folder, answers in .jsonl, or run:WORD"
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder of the evaluation; the same one goes on where it was.")]
Judge = Annotated[str | None, typer.Option(help="Model that judges: MODEL@URL, MODEL (on --base-url), or a GGUF file.")]
Reward = Annotated[str | None, typer.Option(help="Reward model: MODEL@URL, MODEL (on --base-url), or its folder.")]
BaseUrl = Annotated[str, typer.Option(help="OpenAI-compatible server of models that name none, up to and with the version.")]
KeyVariable = Annotated[str, asking.KEY]
InFlight = Annotated[int, typer.Option(min=1, help="Most requests under way at once, per model.")]
Select = Annotated[str, typer.Option(help="Which held-out prompts: clusters, stratified or all.")]
Groups = Annotated[int, typer.Option(min=1, help="Clusters of prompts.")]
PerGroup = Annotated[int, typer.Option(min=1, help="Prompts near the centre of each; all are taken where there are no more.")]
Temperature = Annotated[float, typer.Option(min=0, help="Of the answers.")]
MaxTokens = Annotated[int, typer.Option(min=1, help="Longest answer.")]
Pointwise = Annotated[bool, typer.Option("--pointwise/--no-pointwise", help="Have each answer marked item by item, too.")]
Context = Annotated[int, typer.Option(min=64, help="GGUF files: most tokens of one request, answer included.")]
Parallel = Annotated[int, typer.Option(min=1, help="GGUF files: requests answered at once.")]
Threads = Annotated[int | None, typer.Option(min=1, help="GGUF files: as llama.cpp chooses when left out.")]
Binary = Annotated[Path | None, typer.Option(help="GGUF files: a llama-server; found when left out.")]
Seed = Annotated[int, typer.Option(help="Of the choice of prompts, and of tests that draw.")]
Json = Annotated[bool, typer.Option("--json", help="Print the scorecard as JSON.")]
_NAMED = re.compile(r"([^/\\@=:]+)=(.+)", re.DOTALL)


def contenders(baseline: Sequence[str], **named: Sequence[str] | None) -> tuple[Contender, ...]:
    """`NAME=SPEC` or `SPEC`, by role; the same name again is a further seed of the same policy."""
    found: list[Contender] = []
    seen: Counter[str] = Counter()
    for role, texts in (("baseline", baseline), *named.items()):
        for text in texts or ():
            parts = _NAMED.fullmatch(text)
            name, spec = (parts[1], parts[2]) if parts else (text, text)
            found.append(Contender(spec=spec, role=cast("Role", role), name=_short(name), seed=seen[name]))
            seen[name] += 1
    return tuple(found)


def way_of(text: str) -> Way:
    """The way of choosing prompts.

    Raises:
        UsageError: there is none of that name.
    """
    for way in get_args(Way):
        if way == text:
            return way  # type: ignore[no-any-return]  # one of the literal's own values
    raise UsageError(f"--select {text}: it is one of {', '.join(get_args(Way))}")


def show(plan: EvaluationPlan, output: Path, how: Asking, *, dry_run: bool, as_json: bool) -> None:
    """Do it, or say what it would ask, and print what came out."""
    if dry_run:
        asking.print_forecast(forecast_evaluation(plan, output, asking=replace(how, batch=False, batch_file=None)))
        return
    with progress() as tell:
        card = evaluate_policies(plan, output, progress=tell, asking=how)
    if as_json:
        print_json(card)
        return
    typer.echo(plain(card), nl=False)
    typer.echo(f"scorecard  {output / 'scorecard.html'}")


def _short(name: str) -> str:
    """A file by its name, a folder by its last parts; other names as they are."""
    path = Path(name)
    if path.is_file():
        return path.name
    return "/".join(path.parts[-3:]) if path.is_dir() else name
