"""`rejoinder evaluate judge`: ask a judge about pairs that people have labelled, and print how far it agrees with them.

It asks and prints; the card is made in `evaluation.judging`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from rejoinder.addresses import OPENAI, OPENAI_KEY
from rejoinder.cli import asking, options
from rejoinder.cli.console import print_json
from rejoinder.cli.kept_answers import JOURNAL, BatchResultFiles, JournalFile, KeptAnswers
from rejoinder.cli.model_options import BaseUrl, InFlight, KeyVariable
from rejoinder.errors import UsageError, WaitingError
from rejoinder.evaluation.judging import judge_pairs, score_judge
from rejoinder.evaluation.judging_text import render
from rejoinder.evaluation.labelled_pairs import Columns, Label, read_pairs
from rejoinder.gateway import Endpoint
from rejoinder.gateway.batch import BatchFile

_LABELS: dict[str, Label] = {"first": "win", "second": "loss", "tie": "tie"}


def evaluate_judge(
    pairs: Annotated[Path, typer.Argument(help="Labelled pairs, one JSON object per line; see docs/judge.md.")],
    model: Annotated[str, typer.Option(help="The model that judges, as its server names it.")],
    base_url: BaseUrl = OPENAI,
    key_variable: KeyVariable = OPENAI_KEY,
    columns: Annotated[str | None, typer.Option(help="Where the file keeps what: first=chosen,second=rejected,label=")] = None,
    labels: Annotated[str | None, typer.Option(help="The file's words for a label: first=1,second=2,tie=0")] = None,
    journal: JournalFile = JOURNAL,
    prices: asking.PriceFile = None,
    batch_file: asking.BatchFile = None,
    batch_results: BatchResultFiles = None,
    in_flight: InFlight = 64,
    limit: Annotated[int | None, typer.Option(min=1, help="Use the first so many pairs of the file.")] = None,
    json: options.MeasuredAsJson = False,
    seed: options.IntervalSeed = 0,
) -> None:
    """Measure a judge on labelled pairs: each is judged in both orders; agreement, flips, ties, length, with intervals."""
    found = read_pairs(pairs, columns_from(columns, labels))
    chosen = found.pairs[:limit]
    kept = KeptAnswers.of(journal, prices, batch_file, batch_results)
    endpoint = Endpoint(model, base_url, key_variable, in_flight)
    verdicts = kept.through({"default": endpoint}, lambda llm: judge_pairs(llm, model, chosen, at_once=in_flight))
    known = [verdict for verdict in verdicts if verdict is not None]
    if len(known) < len(verdicts):
        _wait(len(verdicts) - len(known), len(verdicts), kept.waits)
    card = score_judge(chosen, known, model, unused=found.unused, seed=seed)
    if json:
        print_json(card)
    else:
        typer.echo(render(card), nl=False)


def columns_from(columns: str | None, labels: str | None) -> Columns:
    """The columns that the flags declare.

    Raises:
        UsageError: a flag does not parse, or names what no pair has.
    """
    given: dict[str, Any] = _parsed("--columns", columns, [field.name for field in fields(Columns) if field.name != "labels"])
    if words := _parsed("--labels", labels, list(_LABELS)):
        given["labels"] = {word: _LABELS[name] for name, word in words.items()}
    return Columns(**given)


def _parsed(flag: str, text: str | None, known: Sequence[str]) -> dict[str, Any]:
    """`a=x,b=` as a dict; unlike in a map of a log, an empty column says that there is none."""
    pieces = [piece.partition("=") for piece in text.split(",")] if text else []
    if any(not separator or name.strip() not in known for name, separator, _ in pieces):
        raise UsageError(f"{flag}: {text!r} is not a list of name=value. Names: {', '.join(known)}")
    return {name.strip(): value.strip() for name, _, value in pieces}


def _wait(waiting: int, pairs: int, waits: BatchFile | None) -> NoReturn:
    where = f"{waits.written:,} requests stand in {waits.path}" if waits else "a batch holds them"
    remedy = "Have them answered, and give the answers to the same command with --batch-results"
    raise WaitingError(f"{waiting:,} of {pairs:,} pairs wait for answers: {where}. {remedy}")
