"""What there is to read: sources found, formats told, rows cut into units; the table of contents of this room.

Spools what cannot be cut where it lies. Makes no conversation: `ReadLogs` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import msgspec

from rejoinder.errors import FormatError, InputError
from rejoinder.identity import digest
from rejoinder.ingest.detect import Choice, choose, named_format
from rejoinder.ingest.format import Format
from rejoinder.ingest.formats import known_formats
from rejoinder.ingest.groups import group_lines
from rejoinder.ingest.rows import parquet_pieces, rows_of, until_damaged
from rejoinder.ingest.sources import Source, beside, file_digest, find_sources, read_chunks
from rejoinder.ingest.spool import Chunk, spooled
from rejoinder.ingest.units import (
    LARGEST_ROW_GROUP,
    Kind,
    Sidecar,
    SourceUnit,
    Span,
    cut_short,
    line_spans,
    row_group_spans,
    unit_name,
)
from rejoinder.store import replaced
from rejoinder.store.raw import parquet_shape

_EMPTY = "empty"
_COUNTED = "the rows of one conversation count as one"


@dataclass(frozen=True)
class Detected:
    """What was told about one source, to print: `file: format (why)`."""

    file: str
    format: str
    """Empty where the source is not read."""
    why: str


@dataclass(frozen=True)
class Plan:
    """All units in order, and what was told of each source."""

    units: tuple[SourceUnit, ...]
    detected: tuple[Detected, ...]
    rows: int
    """Rows in all units, those of one spread conversation as one; a row may hold several conversations."""


def plan(
    inputs: Sequence[str | Path],
    *,
    spool: Path,
    format: str | None = None,
    column_map: tuple[tuple[str, str], ...] = (),
    limit: int | None = None,
) -> Plan:
    """Find, recognise and cut the inputs.

    Args:
        inputs: files, folders, globs, archives; `-` is standard input.
        spool: folder of the run for rows that cannot be read where they lie; reused by the next run.
        format: a format's name that all inputs must have; None to tell it from each.
        column_map: our field and their column, for tables.
        limit: rows at most, over all inputs; of formats whose conversations are spread over rows, conversations.

    Raises:
        InputError: an input names nothing, a named file cannot be read, none of those found can be, or all are empty.
        FormatError: a named input has no known format or no column of the map, or none of those in a folder has.
        UsageError: `format` is no format's name, or the map has a word that is none of ours.
    """
    formats = known_formats(column_map)
    if format is not None:
        named_format(formats, format)
    elif column_map:
        format = "table"
    sources = find_sources(inputs, spool)
    choices, detected = _told(sources, formats, format)
    units: list[SourceUnit] = []
    left = limit
    for unit in _units(choices, spool, limit):
        if left is not None:
            if left <= 0:
                break
            unit = _shortened(unit, left)  # noqa: PLW2901
            left -= unit.rows
        units.append(unit)
    return Plan(tuple(units), tuple(detected), sum(unit.rows for unit in units))


def _told(
    sources: list[Source], formats: Sequence[Format], forced: str | None
) -> tuple[list[tuple[Source, Choice]], list[Detected]]:
    """The choice for each source that is a log; a stray or broken file in a folder is told and left out."""
    choices: list[tuple[Source, Choice]] = []
    detected: list[Detected] = []
    refused: list[InputError] = []
    aside = {name for form in formats for name in form.sidecars}
    for source in sources:
        if not source.named and source.name.rsplit("/", 1)[-1] in aside:
            detected.append(Detected(source.shown, "", "no log of its own: read with the log that it belongs to"))
            continue
        try:
            choice = choose(source, formats, forced)
        except InputError as error:
            if source.named:
                raise
            refused.append(error)
            remedy = "" if isinstance(error, FormatError) or not error.remedy else f". {error.remedy}"
            detected.append(Detected(source.shown, "", f"{error.problem}{remedy.removesuffix('.')}"))
            continue
        if choice is None:
            detected.append(Detected(source.shown, "", _EMPTY))
        else:
            choices.append((source, choice))
            why = f"{choice.why}; {_COUNTED}" if _is_spread(choice.format) else choice.why
            detected.append(Detected(source.shown, choice.format.name, why))
    if not choices:
        _refuse(refused, [found.file for found in detected if found.why == _EMPTY])
    return choices, detected


def _refuse(refused: list[InputError], empty: list[str]) -> None:
    """Say why nothing can be read, where that is known."""
    if refused:
        raise refused[0]
    if empty:
        others = f", and so are {len(empty) - 1} more" if len(empty) > 1 else ""
        raise InputError(f"is empty{others}", file=empty[0], remedy="Export the log again, or name another file.")


def _units(choices: list[tuple[Source, Choice]], spool: Path, limit: int | None) -> Iterator[SourceUnit]:
    grouped = {choice.format.name for _, choice in choices if _is_spread(choice.format)}
    for name, run in groupby(choices, key=lambda pair: pair[1].format.name):
        if name not in grouped:
            for source, choice in run:
                yield from _of_source(source, choice, spool, limit)
    for name in sorted(grouped):
        yield from _of_groups([pair for pair in choices if pair[1].format.name == name], spool, limit)


def _is_spread(form: Format) -> bool:
    """Whether a conversation of the format may lie in several rows."""
    return form.group is not None or form.starts is not None


def _of_source(source: Source, choice: Choice, spool: Path, limit: int | None) -> Iterator[SourceUnit]:
    sidecars = _sidecars(source, choice.format, spool)
    container = choice.layout.container
    if container == "lines" and source.packing == "plain":
        for span in line_spans(source.path):
            yield _unit(source, source.path, choice.format, "lines", span, sidecars)
    elif container == "parquet":
        yield from _of_parquet(source, choice, spool, limit, sidecars)
    else:
        folder = spool / digest(file_digest(source.path).encode(), str(source.member).encode(), repr(choice.layout).encode())
        for chunk in spooled(folder, rows_of(source, choice.layout), limit):
            yield _unit(source, _chunk_path(folder, chunk, limit), choice.format, "spool", chunk.span, sidecars)


def _of_parquet(
    source: Source, choice: Choice, spool: Path, limit: int | None, sidecars: tuple[Sidecar, ...]
) -> Iterator[SourceUnit]:
    for span in row_group_spans(source.path, parquet_shape(source.path)):
        if span.rows <= LARGEST_ROW_GROUP:
            yield _unit(source, source.path, choice.format, "parquet", span, sidecars)
            continue
        folder = spool / digest(span.digest.encode(), b"parquet")
        for chunk in spooled(folder, until_damaged(parquet_pieces(source, span.start, span.stop)), limit):
            moved = Span(0, chunk.size, span.first_row + chunk.first_row - 1, chunk.rows, chunk.digest)
            yield _unit(source, _chunk_path(folder, chunk, limit), choice.format, "spool", moved, sidecars)


def _of_groups(pairs: list[tuple[Source, Choice]], spool: Path, limit: int | None) -> Iterator[SourceUnit]:
    form = pairs[0][1].format
    sources = [(source, choice.layout) for source, choice in pairs]
    names = [f"{source.shown}\n{layout!r}\n{file_digest(source.path)}" for source, layout in sources]
    folder = spool / digest(form.name.encode(), *(name.encode("utf-8", "surrogateescape") for name in names))
    first = pairs[0][0]
    for chunk in spooled(folder, group_lines(sources, form, spool), limit):
        path = _chunk_path(folder, chunk, limit)
        yield _unit(first, path, form, "groups", chunk.span, _sidecars(first, form, spool))


def _unit(source: Source, path: Path, form: Format, kind: Kind, span: Span, sidecars: tuple[Sidecar, ...]) -> SourceUnit:
    return SourceUnit(
        path=str(path),
        file=source.file,
        member=source.member,
        format=form.name,
        kind=kind,
        start=span.start,
        stop=span.stop,
        first_row=span.first_row,
        rows=span.rows,
        fingerprint=unit_name(span, source.file, source.member, form.name, kind, sidecars),
        sidecars=sidecars,
    )


def _shortened(unit: SourceUnit, rows: int) -> SourceUnit:
    """The beginning of a unit, if it has more rows than wanted."""
    if unit.rows <= rows:
        return unit
    whole = Span(unit.start, unit.stop, unit.first_row, unit.rows, "")
    if unit.kind == "parquet":
        short = Span(unit.start, unit.stop, unit.first_row, rows, unit.fingerprint)
    else:
        short = cut_short(Path(unit.path), whole, rows)
    name = unit_name(short, unit.file, unit.member, unit.format, unit.kind, unit.sidecars)
    return msgspec.structs.replace(unit, start=short.start, stop=short.stop, rows=short.rows, fingerprint=name)


def _chunk_path(folder: Path, chunk: Chunk, limit: int | None) -> Path:
    return (folder if limit is None else folder.with_name(f"{folder.name}-{limit}")) / chunk.file


def _sidecars(source: Source, form: Format, spool: Path) -> tuple[Sidecar, ...]:
    """The files beside a source that its format wants; members of an archive are unpacked into the spool."""
    if not form.sidecars:
        return ()
    others = beside(source)
    return tuple(_sidecar(name, others[name], spool) for name in form.sidecars if name in others)


def _sidecar(name: str, source: Source, spool: Path) -> Sidecar:
    if source.packing != "zip":
        return Sidecar(name=name, path=str(source.path), digest=file_digest(source.path))
    raw = b"".join(read_chunks(source))
    path = spool / f"beside-{digest(raw)}"
    if not path.exists():
        with replaced(path) as temporary:
            temporary.write_bytes(raw)
    return Sidecar(name=name, path=str(path), digest=digest(raw))


__all__ = ["Detected", "Plan", "plan"]
