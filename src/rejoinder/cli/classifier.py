"""`rejoinder classifier`: train the embedded feedback classifier again, and measure it on labelled conversations.

It prints and writes; fitting stands in `feedback.training`, scoring in `feedback.scorecard`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rejoinder.cli import options
from rejoinder.cli.console import print_json
from rejoinder.cli.gold import GoldFile, print_detected, read_labelled, with_languages
from rejoinder.errors import InputError
from rejoinder.feedback.evaluate import evaluate
from rejoinder.feedback.scorecard_text import render
from rejoinder.feedback.training import gather, train, write

app = typer.Typer(no_args_is_help=True, help="Train and evaluate the embedded classifiers.")


@app.command("train")
def train_command(
    data: Annotated[Path, typer.Option(help="Folder of the shared data, with gold/train.jsonl in it.")],
    corpus: Annotated[Path, typer.Option(help="Folder of the training corpus in the repository.")] = Path("corpus"),
    out: Annotated[Path, typer.Option(help="Folder that the weights and card.json are written to.")] = Path(
        "src/rejoinder/feedback/weights"
    ),
) -> None:
    """Fit the classifier and write its weights; the same inputs give the same bytes."""
    if not corpus.is_dir():
        raise InputError("is not a folder", file=str(corpus), remedy="Run from the repository, or name it with --corpus")
    found = gather(data, corpus)
    typer.echo(f"{len(found)} labelled turns, {sum(e.real for e in found)} of them from real logs")
    trained = train(found)
    write(trained, out)
    typer.echo(f"{out}: weights {trained.card['fingerprint']}, pair threshold {trained.card['pair_threshold']}")


@app.command("evaluate")
def evaluate_command(
    gold: GoldFile,
    json: options.MeasuredAsJson = False,
    seed: options.IntervalSeed = 0,
) -> None:
    """Measure the classifier that ships on labelled conversations: scores in three views, with intervals and calibration."""
    labelled, detected = with_languages(read_labelled(gold))
    card = evaluate(labelled, seed=seed)
    if json:
        print_json(card)
        return
    typer.echo(render(card), nl=False)
    print_detected(detected, len(labelled))
