"""`rejoinder detect`: every user turn that follows a response gets a category, a probability and its evidence.

`--frontier` labels nothing: it shows on a labelled file what asking a model about the unsure turns would cost and gain.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rejoinder import pipeline
from rejoinder.addresses import OPENAI, OPENAI_KEY
from rejoinder.cli import model_options, options
from rejoinder.cli.console import print_json, progress
from rejoinder.cli.gold import read_labelled
from rejoinder.errors import UsageError
from rejoinder.feedback.cascade import asked_labels, frontier_of
from rejoinder.feedback.detectors import Detector
from rejoinder.feedback.frontier import Target
from rejoinder.feedback.frontier_text import figure as drawn
from rejoinder.feedback.frontier_text import render
from rejoinder.store import replaced

Folder = Annotated[Path | None, typer.Argument(help="A run folder with ingested conversations.", show_default=False)]


def detect(
    folder: Folder = None,
    workers: options.Workers = None,
    frontier: Annotated[Path | None, typer.Option(help="Labelled conversations; see docs/detection-cascade.md.")] = None,
    target_risk: Annotated[float | None, typer.Option(help="Share of wrong final labels that may not be exceeded.")] = None,
    max_asked: Annotated[float | None, typer.Option(help="Share of turns that may be asked.")] = None,
    max_cost: Annotated[float | None, typer.Option(help="US dollars that 1,000 turns may cost.")] = None,
    cost_per_request: Annotated[float | None, typer.Option(help="US dollars for asking about one conversation.")] = None,
    asked_error: Annotated[float, typer.Option(help="Without a model: share of asked turns taken to be wrong.")] = 0.0,
    view: Annotated[str, typer.Option(help="three: polarity; six: categories; binary: feedback or none.")] = "three",
    model: model_options.Model = None,
    base_url: model_options.BaseUrl = OPENAI,
    key_variable: model_options.KeyVariable = OPENAI_KEY,
    journal: model_options.JournalFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole frontier as one JSON object.")] = False,
    figure: Annotated[Path | None, typer.Option(help="Draw the frontier into this SVG file.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of folds and intervals.")] = 0,
) -> None:
    """Label the user turns of an ingested run with the embedded classifier, or show the frontier of the cascade."""
    if folder is not None and frontier is None:
        _label(folder, workers)
        return
    if folder is not None or frontier is None:
        raise UsageError("give a run folder to label, or --frontier GOLD.jsonl to measure")
    labelled = read_labelled(frontier)
    asked = None
    if model is not None:
        door = model_options.Door.of(model, base_url, key_variable, journal, frontier)
        asked = door.through(lambda llm: asked_labels(labelled, Detector("asked", model), llm))
        cost_per_request = cost_per_request if cost_per_request is not None else asked.cost_per_request
    found = frontier_of(
        labelled,
        _targets(target_risk, max_asked, max_cost, cost_per_request),
        view=view,
        asked=asked,
        asked_error=asked_error,
        cost_per_request=cost_per_request,
        seed=seed,
    )
    if figure is not None:
        with replaced(figure) as temporary:
            temporary.write_text(drawn(found), encoding="utf-8")
    if json:
        print_json(found)
    else:
        print(render(found), end="")


def _label(folder: Path, workers: int | None) -> None:
    with progress() as tell, pipeline.opened(folder, workers, tell) as work:
        annotated = pipeline.detect(work)
    print(f"{annotated.written:,} conversations labelled, one row per user turn in {folder / 'feedback' / 'feedback.parquet'}")


def _targets(risk: float | None, asked: float | None, cost: float | None, cost_per_request: float | None) -> list[Target]:
    if cost is not None and not cost_per_request:
        raise UsageError("--max-cost needs the price of a request: give --cost-per-request, or --model with a known price")
    limits = {"risk": risk, "asked": asked, "requests": cost / 1000 / cost_per_request if cost and cost_per_request else cost}
    for name, limit in (("--target-risk", risk), ("--max-asked", asked)):
        if limit is not None and not 0 <= limit <= 1:
            raise UsageError(f"{name} is {limit}; it is a share from 0 to 1")
    return [Target(kind=kind, limit=limit) for kind, limit in limits.items() if limit is not None]  # type: ignore[arg-type]  # the keys are kinds
