"""`rejoinder report`: draw the report of a run again, as HTML, Markdown and JSON."""

from __future__ import annotations

from rejoinder import pipeline
from rejoinder.cli import options


def report(folder: options.RunFolder, recipe: options.Recipe = None) -> None:
    """Write report.html, report.md and report.json from the datasets of a run."""
    with pipeline.opened(folder, workers=1) as work:
        written = pipeline.report(work, pipeline.settings_of(folder, recipe))
    print(f"report      {written}")
