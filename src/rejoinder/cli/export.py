"""`rejoinder export`: write the kept preference examples in the formats that trainers read."""

from __future__ import annotations

from rejoinder import pipeline
from rejoinder.cli import options


def export(
    folder: options.RunFolder,
    recipe: options.Recipe = None,
    to: options.Targets = None,
    allow_restricted: options.AllowRestricted = False,
) -> None:
    """Write trainer files from the examples of a run, with a length report and a provenance file beside them."""
    settings = options.with_flags(pipeline.settings_of(folder, recipe), targets=to, allow_restricted=allow_restricted)
    with pipeline.opened(folder, workers=1) as work:
        written = pipeline.export(work, settings)
    print(f"preference  {written}")
