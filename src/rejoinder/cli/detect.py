"""`rejoinder detect`: every user turn that follows a response gets a category, a probability and its evidence."""

from __future__ import annotations

from rejoinder import pipeline
from rejoinder.cli import options
from rejoinder.cli.console import progress


def detect(folder: options.RunFolder, workers: options.Workers = None) -> None:
    """Label the user turns of an ingested run with the embedded classifier."""
    with progress() as tell, pipeline.opened(folder, workers, tell) as work:
        annotated = pipeline.detect(work)
    print(f"{annotated.written:,} conversations labelled, one row per user turn in {folder / 'feedback' / 'feedback.parquet'}")
