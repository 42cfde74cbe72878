"""`rejoinder pairs`: mine preference pairs, unpaired examples and SFT examples, and send them through the gates."""

from __future__ import annotations

from rejoinder import pipeline
from rejoinder.cli import options
from rejoinder.cli.console import print_yields, progress


def pairs(
    folder: options.RunFolder,
    recipe: options.Recipe = None,
    seed: options.Seed = None,
    workers: options.Workers = None,
) -> None:
    """Build preference examples from the feedback of a run; dropped rows are kept with the gate that dropped them."""
    settings = options.with_flags(pipeline.settings_of(folder, recipe), seed=seed)
    with progress() as tell, pipeline.opened(folder, workers, tell) as work:
        examples = pipeline.pairs(work, settings)
    print_yields(examples)
