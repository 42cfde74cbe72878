"""`rejoinder run`: from a chat log to labelled turns, preference data and a report, with one command."""

from __future__ import annotations

from rejoinder import pipeline
from rejoinder.cli import options
from rejoinder.cli.console import print_result, progress


def run(
    logs: options.Logs,
    output: options.Output,
    recipe: options.Recipe = None,
    format: options.Format = None,
    map: options.Map = None,
    limit: options.Limit = None,
    redact: options.Redact = None,
    seed: options.Seed = None,
    to: options.Targets = None,
    allow_restricted: options.AllowRestricted = False,
    workers: options.Workers = None,
    resume: options.Resume = True,
) -> None:
    """Do all of it: read the logs, detect feedback, build preference data, export it, write the report."""
    settings = options.settings_from(
        recipe,
        format=format,
        column_map=map,
        limit=limit,
        redact=redact,
        seed=seed,
        targets=to,
        allow_restricted=allow_restricted,
    )
    with progress() as tell:
        result = pipeline.run(logs, output, settings, workers=workers, progress=tell, resume=resume)
    print_result(result)
