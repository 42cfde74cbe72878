"""Writes a report into a folder: `report.json` holds the numbers, `report.html` and `report.md` are drawings of it.

Each file is whole or absent.
"""

from __future__ import annotations

from pathlib import Path

from rejoinder.report.render import html, markdown_page
from rejoinder.report.sources import ReportSources
from rejoinder.report.tally import tally
from rejoinder.store import replaced, write_json


def write_report(sources: ReportSources, folder: Path) -> None:
    """Tally the sources and write the three files; the same sources give the same bytes.

    Raises:
        StoreError: a part is damaged, or the folder is not writable.
        UsageError: the taxonomy is unknown.
    """
    numbers = tally(sources, folder)
    write_json(folder / "report.json", numbers)
    for name, page in (("report.md", markdown_page(numbers)), ("report.html", html(numbers))):
        with replaced(folder / name) as temporary:
            temporary.write_text(page, encoding="utf-8", newline="\n")
