"""`rejoinder formats`: the formats that `--format` takes."""

from __future__ import annotations

from rejoinder.ingest.readers import FORMATS


def formats() -> None:
    """List the log formats that Rejoinder reads; docs/formats.md has their fields and traps."""
    width = max(len(known.name) for known in FORMATS)
    for known in FORMATS:
        print(f"{known.name:<{width}}  {known.title}")
