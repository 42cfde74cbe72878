"""`rejoinder classifier train-unsafe`: train the embedded classifier of unsafe requests again.

It prints and writes; fitting stands in `preference.unsafe_requests.training`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rejoinder.preference.unsafe_requests.examples import gather
from rejoinder.preference.unsafe_requests.training import train, write


def train_unsafe(
    data: Annotated[Path, typer.Option(help="Folder of the shared data.")],
    corpus: Annotated[Path, typer.Option(help="Folder of the training corpus in the repository.")] = Path("corpus"),
    out: Annotated[Path, typer.Option(help="Folder that the weights and card.json are written to.")] = Path(
        "src/rejoinder/preference/unsafe_requests/weights"
    ),
) -> None:
    """Fit the classifier of unsafe requests and write its weights; the same inputs give the same bytes."""
    found = gather(data, corpus)
    typer.echo(f"{len(found)} requests, {sum(one.unsafe for one in found)} of them unsafe")
    trained = train(found)
    write(trained, out)
    typer.echo(f"{out}: weights {trained.card['fingerprint']}, threshold {trained.card['threshold']}")
