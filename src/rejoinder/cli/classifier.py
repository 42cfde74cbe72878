"""`rejoinder classifier`: train the embedded feedback classifier again, and measure it on labelled conversations.

It prints and writes; fitting stands in `feedback.training`, scoring in `feedback.scorecard`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rejoinder.cli.console import print_json
from rejoinder.errors import InputError
from rejoinder.feedback import LabelledConversation, read_gold
from rejoinder.feedback.evaluate import evaluate
from rejoinder.feedback.scorecard_text import render
from rejoinder.feedback.training import gather, train, write
from rejoinder.language import UNKNOWN, detect_language, language_code

app = typer.Typer(no_args_is_help=True, help="Train and measure the embedded feedback classifier.")


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
    gold: Annotated[Path, typer.Argument(help="Labelled conversations, one JSON object per line; see docs/scorecard.md.")],
    json: Annotated[bool, typer.Option("--json", help="Print everything measured as one JSON object.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap that gives the intervals.")] = 0,
) -> None:
    """Measure the classifier that ships on labelled conversations: scores in three views, with intervals and calibration."""
    labelled, told = with_languages(read_gold(gold))
    if not any(one.labels for one in labelled):
        raise InputError("holds no labelled turn", file=str(gold), remedy="docs/scorecard.md shows the format")
    card = evaluate(labelled, seed=seed)
    if json:
        print_json(card)
        return
    typer.echo(render(card), nl=False)
    typer.echo(f"\nLanguages: {told} of {len(labelled)} conversations name none; theirs was detected from the user's words.")


def with_languages(labelled: Sequence[LabelledConversation]) -> tuple[list[LabelledConversation], int]:
    """The conversations with a language code each, detected where the row names none; and how many those were."""
    found, told = [], 0
    for one in labelled:
        code = language_code(one.language) if one.language != UNKNOWN else None
        told += code is None
        found.append(replace(one, language=code or detect_language(turn.request for turn in one.conversation.turns)))
    return found, told
