"""`rejoinder evaluate`: measure what labels, judges and models do, each on data that people have labelled.

It prints; the measuring itself stands in `feedback.measuring`.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from rejoinder.addresses import OPENAI, OPENAI_KEY
from rejoinder.cli import asking, options
from rejoinder.cli.console import print_json
from rejoinder.cli.evaluate_benchmark import evaluate_benchmark
from rejoinder.cli.evaluate_grid import evaluate_grid
from rejoinder.cli.evaluate_inspect import evaluate_export_inspect
from rejoinder.cli.evaluate_judge import evaluate_judge
from rejoinder.cli.evaluate_policy import evaluate_policy
from rejoinder.cli.gold import GoldFile, print_detected, read_labelled, with_languages
from rejoinder.cli.kept_answers import JOURNAL, BatchResultFiles, JournalFile, KeptAnswers
from rejoinder.cli.model_options import BaseUrl, InFlight, KeyVariable
from rejoinder.errors import WaitingError
from rejoinder.feedback.detectors import DETECTORS, Detector
from rejoinder.feedback.gold import LabelledConversation
from rejoinder.feedback.measuring import Labels, agreements, labels_of, measure
from rejoinder.feedback.measuring_text import render_all
from rejoinder.gateway import Endpoint
from rejoinder.prompts.windows import WindowSize

app = typer.Typer(no_args_is_help=True, help="Measure detectors, judges and policies, and play benchmarks.")
app.command("judge")(evaluate_judge)
app.command("policy")(evaluate_policy)
app.command("grid")(evaluate_grid)
app.command("benchmark")(evaluate_benchmark)
app.command("export-inspect")(evaluate_export_inspect)


@app.command("detector")
def evaluate_detector(
    gold: GoldFile,
    detector: Annotated[
        list[str] | None, typer.Option(help=f"Which to measure, once or several times: {', '.join(DETECTORS)}.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model that is asked; all but `embedded` need one.")] = None,
    base_url: BaseUrl = OPENAI,
    key_variable: KeyVariable = OPENAI_KEY,
    journal: JournalFile = JOURNAL,
    prices: asking.PriceFile = None,
    threshold: Annotated[float, typer.Option(help="Of `cascade`: it asks where the classifier is less sure.")] = 0.8,
    plain: Annotated[bool, typer.Option(help="Ask for categories only, without rubrics and flags.")] = False,
    window: Annotated[int, typer.Option(min=1, help="Bytes of a conversation that one request shows.")] = WindowSize().total,
    turns: Annotated[int, typer.Option(min=1, help="Turns that one request asks about.")] = WindowSize().turns,
    batch_file: asking.BatchFile = None,
    batch_results: BatchResultFiles = None,
    in_flight: InFlight = 64,
    limit: Annotated[int | None, typer.Option(min=1, help="Measure on the first so many conversations.")] = None,
    json: options.MeasuredAsJson = False,
    seed: options.IntervalSeed = 0,
) -> None:
    """Measure detectors on labelled conversations: the same scorecard for each, what asking cost, and how far they agree."""
    labelled, detected = with_languages(read_labelled(gold, limit))
    names = detector or ["asked" if model else "embedded"]
    size = WindowSize(total=window, context=window // 3, turns=turns)
    chosen = [Detector(name, model, threshold, plain, size) for name in names]
    served = {"default": Endpoint(model, base_url, key_variable, in_flight)} if model else {}
    kept = KeptAnswers.of(journal, prices, batch_file, batch_results)
    found = _labels(chosen, labelled, kept, served)
    measured, agreed = [measure(one, labelled, seed=seed) for one in found], agreements(found, seed=seed)
    if json:
        content = {"detectors": measured, "agreement": agreed, "languages_detected": detected}
        print_json(content)
        return
    typer.echo(render_all(measured, agreed), nl=False)
    print_detected(detected, len(labelled))


def _labels(
    detectors: list[Detector], labelled: list[LabelledConversation], kept: KeptAnswers, served: dict[str, Endpoint]
) -> list[Labels]:
    if not any(detector.asks for detector in detectors):
        return asyncio.run(labels_of(detectors, labelled, None))
    try:
        return kept.through(served, lambda llm: labels_of(detectors, labelled, llm))
    except WaitingError as error:
        if kept.waits is None:
            raise
        told = f"{kept.waits.written:,} requests stand in {kept.waits.path}"
        raise WaitingError(f"{error} {told}; have them answered and come back with --batch-results.") from error
