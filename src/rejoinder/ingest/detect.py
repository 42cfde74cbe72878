"""Tells the format of a source from its beginning, and says why; refuses to guess between two that fit equally well.

Reads at most a few MB of a source, whatever its size.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rejoinder.errors import FormatError, InputError, UsageError
from rejoinder.ingest.cut import TornError, Unfit
from rejoinder.ingest.decode import decode_row
from rejoinder.ingest.draft import Unreadable
from rejoinder.ingest.encoding import why_not_text
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.rows import Layout, csv_header, parquet_pieces, pieces_of
from rejoinder.ingest.sources import Source, beside, read_chunks
from rejoinder.ingest.suggest import suggested_map
from rejoinder.store.raw import parquet_shape

_HEAD = 4 << 20
_ROWS = 20
_TIE = 0.01
_KINDS = {".zip": "zip archive", ".gz": "gzip file", ".zst": "Zstandard file", ".parquet": "Parquet file"}
_WHOLE = 16 << 20
"""Bytes; a single JSON object may be this long to be a row of its own."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The format that fits, how the rows lie, and why."""

    format: Format
    layout: Layout
    why: str


def choose(source: Source, formats: Sequence[Format], forced: str | None = None) -> Choice | None:
    """The format of a source; None for an empty one.

    Raises:
        InputError: the source cannot be opened or unpacked, or is no text in UTF-8.
        FormatError: none fits, several fit equally well, or a declared column is missing; says what was seen.
        UsageError: there is no format named `forced`.
    """
    if source.trouble is not None:
        raise source.trouble
    candidates = list(_candidates(source))
    if not candidates:
        return None
    if forced is not None:
        return _forced(source, candidates, formats, forced)
    found = [
        (evidence, Choice(form, layout, f"{evidence.why}; {layout.shown}"))
        for layout, sample in candidates
        for form in formats
        if (evidence := form.recognise(sample)) is not None and evidence.score > 0
    ]
    if not found:
        raise _unknown(source, candidates, formats)
    best, choice = max(found, key=lambda pair: pair[0].score)  # the first of equals: candidates come most likely first
    rivals = {c.format.name for e, c in found if e.score > best.score - _TIE and c.layout == choice.layout}
    if len(rivals) > 1:
        names = ", ".join(sorted(rivals))
        raise FormatError(f"fits several formats equally well ({names})", file=source.shown, remedy="Choose one with --format.")
    return choice


def named_format(formats: Sequence[Format], name: str) -> Format:
    """The format of that name.

    Raises:
        UsageError: there is none; the message lists all.
    """
    for form in formats:
        if form.name == name:
            return form
    known = ", ".join(sorted(form.name for form in formats))
    raise UsageError(f"--format: unknown format {name!r}. Known formats: {known}.")


def _forced(source: Source, candidates: list[tuple[Layout, Sample]], formats: Sequence[Format], name: str) -> Choice:
    form = named_format(formats, name)
    scores = [(form.recognise(sample) or Evidence(0, "")).score for _, sample in candidates]
    best = scores.index(max(scores))
    layout, sample = candidates[best]
    if not scores[best]:
        sample = max((sample for _, sample in candidates), key=lambda sample: len(sample.rows))
    if problem := form.refuse(sample):
        raise FormatError(problem, file=source.shown, remedy=f"The columns there are: {', '.join(_columns(sample))}.")
    remark = form.remark(sample)
    return Choice(form, layout, f"--format {name}; {layout.shown}" + (f"; {remark}" if remark else ""))


def _columns(sample: Sample) -> list[str]:
    """Columns of a table, or all keys of the sampled rows."""
    keys = dict.fromkeys(str(key) for row in sample.rows if isinstance(row, dict) for key in row)
    return list(sample.columns or keys)


def _candidates(source: Source) -> Iterator[tuple[Layout, Sample]]:
    """Every way in which the rows of the source may lie, most likely first, with the first rows."""
    siblings = tuple(beside(source))
    if source.parquet:
        shape = parquet_shape(source.path)
        layout = Layout("parquet")
        rows = _decoded(parquet_pieces(source, 0, min(1, len(shape.groups))))
        yield layout, Sample(source.name, "parquet", rows, shape.columns, siblings)
        return
    head, whole = _head(source)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return
    if source.name.lower().endswith((".csv", ".tsv")):
        rows = _decoded(pieces_of([head], Layout("csv"), source.name))
        yield Layout("csv"), Sample(source.name, "csv", rows, csv_header(head, source.name), siblings)
        return
    for layout in _json_layouts(text, whole):
        rows = _decoded(pieces_of([head], layout))
        if rows or layout.container == "lines":
            wrapper = _scalars(text) if layout.key and whole else {}
            yield layout, Sample(source.name, layout.container, rows, (), siblings, wrapper)


def _head(source: Source) -> tuple[bytes, bool]:
    """The first bytes, and whether they are all; more of them where a single object has no end in sight."""
    chunks = read_chunks(source)
    try:
        first = next(chunks, b"")
    except TornError as error:
        raise InputError(f"cannot be unpacked ({error})", file=source.shown, remedy="Fetch it again.") from error
    head, whole = _taken(chunks, first, _HEAD)
    if not whole and head.lstrip().startswith(b"{") and _value(head.lstrip().split(b"\n", 1)[0]) is None:
        head, whole = _taken(chunks, head, _WHOLE)
    return head, whole


def _taken(chunks: Iterator[bytes], head: bytes, size: int) -> tuple[bytes, bool]:
    pieces = [head]
    try:
        while len(head) < size:
            chunk = next(chunks, None)
            if chunk is None:
                return b"".join(pieces), True
            pieces.append(chunk)
            size -= len(chunk)
    except TornError:
        return b"".join(pieces), True  # the tear is met again, and counted, when the rows are read
    return b"".join(pieces), False


def _json_layouts(text: bytes, whole: bool) -> Iterator[Layout]:
    opens = text[:1]
    line = text.split(b"\n", 1)[0].strip()
    is_line = _value(line) is not None
    if is_line or opens not in (b"[", b"{"):
        yield Layout("lines")
    if opens == b"[":
        yield Layout("array")
    alone = whole and not text.partition(b"\n")[2].strip()
    if opens == b"{" and (alone or not is_line):
        if not is_line:
            yield Layout("object")
        yield from (Layout("array", key) for key in _list_keys(text, whole))
    if not is_line and opens in (b"[", b"{"):
        yield Layout("lines")  # last: a log whose first line is broken


def _list_keys(text: bytes, whole: bool) -> list[str]:
    """Keys of an object under which a list of objects lies."""
    value = _value(text) if whole else None
    if isinstance(value, dict):
        return [key for key, items in value.items() if isinstance(items, list) and items and isinstance(items[0], (dict, list))]
    return [
        key
        for key in ("conversations", "data", "runs", "items", "results", "traces", "rows", "history", "chats")
        if next(iter(pieces_of([text], Layout("array", key))), None) is not None
    ]


def _scalars(text: bytes) -> dict[str, Any]:
    value = _value(text)
    return {k: v for k, v in value.items() if not isinstance(v, (dict, list))} if isinstance(value, dict) else {}


def _value(raw: bytes) -> Any:
    """The value, or None where it is no JSON."""
    try:
        return decode_row(raw)
    except Unreadable:
        return None


def _decoded(pieces: Iterable[bytes | Unfit]) -> tuple[Any, ...]:
    """The first rows that are JSON."""
    whole = (piece for piece in pieces if not isinstance(piece, Unfit) and piece.strip())
    values = (_value(piece) for piece in itertools.islice(whole, 10 * _ROWS))
    return tuple(itertools.islice((value for value in values if value is not None), _ROWS))


def _foreign(source: Source) -> tuple[str, str] | None:
    """What the bytes are, and the remedy, where they are no text in UTF-8 or not what the file's name promises."""
    promised = next((kind for end, kind in _KINDS.items() if (source.member or source.file).lower().endswith(end)), None)
    if promised and source.packing == "plain":
        return f"not a readable {promised} (its first bytes are not those of one)", "Fetch it again."
    return why_not_text(_head(source)[0])


def _unknown(source: Source, candidates: list[tuple[Layout, Sample]], formats: Sequence[Format]) -> InputError:
    layout, sample = max(candidates, key=lambda candidate: len(candidate[1].rows))
    if not sample.rows and (trouble := _foreign(source)):
        return InputError(trouble[0], file=source.shown, remedy=trouble[1])
    first = sample.rows[0] if sample.rows else None
    seen = ", ".join(list(first)[:12]) if isinstance(first, dict) else type(first).__name__ if sample.rows else "no JSON at all"
    if sample.columns:
        seen = "columns " + ", ".join(sample.columns[:12])
    known = ", ".join(sorted(form.name for form in formats))
    guess = suggested_map(_columns(sample))
    columns = f'try --map "{guess}"' if guess else "name the columns with --map"
    remedy = f"Choose a format with --format ({known}) or {columns}."
    return FormatError(f"no known format fits ({layout.shown}: {seen})", file=source.shown, remedy=remedy)
