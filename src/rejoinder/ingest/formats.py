"""All formats that can be read: the readers', and the table that the caller's column map declares."""

from __future__ import annotations

from functools import cache

from rejoinder.ingest.format import Format
from rejoinder.ingest.readers import FORMATS, table_format


@cache
def known_formats(column_map: tuple[tuple[str, str], ...] = ()) -> tuple[Format, ...]:
    """The formats to choose from; a column map replaces the format `table` by the one it declares.

    Raises:
        UsageError: the map has a word that is none of ours, or does not say who speaks.
    """
    if not column_map:
        return FORMATS
    declared = table_format(dict(column_map))
    return tuple(declared if form.name == declared.name else form for form in FORMATS)
