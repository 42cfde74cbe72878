"""`rejoinder run`: from a chat log to labelled turns, preference data and a report, with one command."""

from __future__ import annotations

from rejoinder import pipeline
from rejoinder.cli import asking, options
from rejoinder.cli.console import print_result, progress
from rejoinder.settings import load_settings


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
    model: asking.Model = None,
    base_url: asking.BaseUrl = None,
    key_variable: asking.KeyVariable = None,
    in_flight: asking.InFlight = None,
    ask: asking.Ask = None,
    ask_below: asking.AskBelow = None,
    max_cost: asking.MaxCost = None,
    prices: asking.PriceFile = None,
    dry_run: asking.DryRun = False,
    batch: asking.Batch = False,
    batch_file: asking.BatchFile = None,
    batch_results: asking.BatchResultFiles = None,
    finish_without_stragglers: asking.Stragglers = False,
) -> None:
    """Do all of it: read the logs, detect feedback, build preference data, export it, write the report."""
    settings = options.with_flags(
        load_settings(recipe),
        format=format,
        column_map=map,
        limit=limit,
        redact=redact,
        seed=seed,
        targets=to,
        allow_restricted=allow_restricted,
        default_model=(model, base_url, key_variable, in_flight),
        ask=ask,
        ask_below=ask_below,
    )
    how = asking.asking_from(max_cost, prices, batch, batch_file, batch_results, finish_without_stragglers)
    if dry_run:
        with progress() as tell:
            forecasts = pipeline.forecast(logs, output, settings, workers=workers, progress=tell, asking=how)
        asking.print_forecast(forecasts)
        return
    with progress() as tell:
        result = pipeline.run(logs, output, settings, workers=workers, progress=tell, resume=resume, asking=how)
    print_result(result)
