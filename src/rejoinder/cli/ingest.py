"""`rejoinder ingest`: logs become conversations; what cannot be one is quarantined with its reason."""

from __future__ import annotations

from rejoinder import pipeline
from rejoinder.cli import options
from rejoinder.cli.console import print_counts, progress
from rejoinder.settings import load_settings


def ingest(
    logs: options.Logs,
    output: options.Output,
    recipe: options.Recipe = None,
    format: options.Format = None,
    map: options.Map = None,
    limit: options.Limit = None,
    redact: options.Redact = None,
    workers: options.Workers = None,
    resume: options.Resume = True,
) -> None:
    """Read logs of any known format into a run folder: normalise, redact, drop duplicates, quarantine."""
    settings = options.with_flags(load_settings(recipe), format=format, column_map=map, limit=limit, redact=redact)
    with progress() as tell, pipeline.opened(output, workers, tell, resume=resume) as work:
        ingested = pipeline.ingest(work, logs, settings)
    print_counts(ingested)
