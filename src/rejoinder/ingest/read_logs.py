"""The step that opens the logs: units of raw rows become conversations, and rows that cannot are kept as failures.

Per unit, rows read = conversations + failures: a row gives one outcome, or one per draft where it holds several
conversations, and one more where some of it could not be read; a spread conversation (a group of rows) counts as one.
Blank lines are no rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from rejoinder.errors import InputError
from rejoinder.ingest.content import as_json
from rejoinder.ingest.cut import SHOWN, Piece, Unfit, cut_lines
from rejoinder.ingest.decode import decode_row
from rejoinder.ingest.detect import named_format
from rejoinder.ingest.draft import Draft, Unreadable
from rejoinder.ingest.format import Format
from rejoinder.ingest.formats import known_formats
from rejoinder.ingest.normalise import clean, normalise
from rejoinder.ingest.redact import redacted, redacted_failure
from rejoinder.ingest.spool import note_in
from rejoinder.ingest.units import SourceUnit
from rejoinder.records import Conversation, Failure, Origin, Record
from rejoinder.store.raw import parquet_rows

STAGE = "ingest"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ReadLogs:
    """Read the rows of units: decode, read by the unit's format, normalise, tell the language, redact."""

    reads: ClassVar[type[Record]] = SourceUnit
    writes: ClassVar[type[Record]] = Conversation
    column_map: tuple[tuple[str, str], ...] = ()
    """Our field and their column, for tables (`--map`)."""
    redact: tuple[str, ...] = ()
    """Kinds of personal data to replace; see `redact.KINDS`."""
    detect_language: bool = True

    def __call__(self, batch: Sequence[SourceUnit], /) -> Sequence[Conversation | Failure]:
        """All outcomes of all rows of the units, in order.

        Raises:
            InputError: a log is gone or cannot be opened any more.
        """
        return [outcome for unit in batch for outcome in self._unit(unit)]

    def _unit(self, unit: SourceUnit) -> Iterator[Conversation | Failure]:
        form = named_format(known_formats(self.column_map), unit.format)
        beside = {sidecar.name: _sidecar(sidecar.path, sidecar.digest) for sidecar in unit.sidecars}
        for origin, raw in _rows(unit):
            outcomes = 0
            drafts = _drafts(form, raw, beside)
            while True:
                try:
                    draft = next(drafts, None)
                    if draft is None:
                        break
                    outcomes += 1
                    yield self._conversation(draft, form.name, origin)
                except Unreadable as error:
                    outcomes += 1
                    yield self._failure(error, raw, origin)
            if not outcomes:
                detail = f"Nothing in the row is a conversation as {form.title} keeps it."
                yield self._failure(Unreadable("not-a-conversation", detail), raw, origin)

    def _conversation(self, draft: Draft, source: str, origin: Origin) -> Conversation:
        try:
            conversation = normalise(draft, source, origin, detect=self.detect_language)
        except (TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
            detail = f"A field has a value that no message can have ({type(error).__name__}: {error})."
            raise Unreadable("odd-field", detail) from error
        return redacted(conversation, self.redact) if self.redact else conversation

    def _failure(self, error: Unreadable, raw: Piece | dict[str, Any], origin: Origin) -> Failure:
        failure = Failure(stage=STAGE, reason=error.reason, detail=clean(error.detail), origin=origin, raw=_shown(raw))
        if self.redact:
            failure = redacted_failure(failure, self.redact)
        return msgspec.structs.replace(failure, raw=(failure.raw or "")[:SHOWN])


def _drafts(form: Format, raw: Piece | dict[str, Any], beside: Mapping[str, Any]) -> Iterator[Draft]:
    """The drafts of a row; whatever goes wrong in reading it is `Unreadable`."""
    if isinstance(raw, Unfit):
        raise Unreadable(raw.reason, raw.detail)
    value = decode_row(raw) if isinstance(raw, bytes) else raw
    try:
        yield from form.read(value, beside)
    except Unreadable:
        raise
    except Exception as error:  # the row is a stranger's: it may break a reader in any way, and is counted
        detail = f"The row does not fit {form.title} ({type(error).__name__}: {error}). Check that --format fits."
        raise Unreadable("does-not-fit", detail) from error


def _rows(unit: SourceUnit) -> Iterator[tuple[Origin, Piece | dict[str, Any]]]:
    """Every row of a unit with its place; blank lines are counted but not yielded."""
    if unit.kind == "parquet":
        yield from _parquet_rows(unit)
        return
    for number, line in enumerate(cut_lines(_bytes(unit)), start=unit.first_row):
        if isinstance(line, Unfit) or line.strip():
            origin = Origin(file=unit.file, row=number, member=unit.member)
            if unit.kind == "groups":
                yield _group(line, origin)
            else:
                yield origin, (note_in(line) or line) if unit.kind == "spool" and isinstance(line, bytes) else line


def _parquet_rows(unit: SourceUnit) -> Iterator[tuple[Origin, Piece | dict[str, Any]]]:
    """Rows of row groups; where their pages are damaged, one row says so and the unit ends."""
    number = unit.first_row
    if not Path(unit.path).exists():
        raise _gone(unit, "no such file")
    try:
        for row in itertools.islice(parquet_rows(Path(unit.path), unit.start, unit.stop), unit.rows):
            yield Origin(file=unit.file, row=number, member=unit.member), row
            number += 1
    except InputError as error:
        lost = f"rows {number:,} to {unit.first_row + unit.rows - 1:,} are lost"
        detail = f"The file is damaged here ({error.problem}): {lost}. Fetch the file again."
        yield Origin(file=unit.file, row=number, member=unit.member), Unfit("torn", detail)


def _group(line: Piece, place: Origin) -> tuple[Origin, Piece | dict[str, Any]]:
    """A group of rows, written by `groups`: the place of its first row, and the rows or why there are none."""
    try:
        value = decode_row(line) if isinstance(line, bytes) else {}
    except Unreadable as error:
        return place, Unfit(error.reason, error.detail)
    if isinstance(line, Unfit):
        return place, line
    origin = Origin(file=value["file"], row=value["row"], member=value["member"])
    if "note" in value:
        note = value["note"]
        return origin, Unfit(note["reason"], note["detail"], note["raw"].encode("utf-8", "replace"))
    return origin, {"rows": value["rows"]}


def _bytes(unit: SourceUnit) -> Iterator[bytes]:
    try:
        with open(unit.path, "rb") as file:
            file.seek(unit.start)
            left = unit.stop - unit.start
            while left and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise _gone(unit, error.strerror or str(error)) from error


def _gone(unit: SourceUnit, why: str) -> InputError:
    remedy = "Put the file back and run the same command again."
    return InputError(f"cannot be read any more ({why})", file=unit.file, remedy=remedy)


@lru_cache(maxsize=8)
def _sidecar(path: str, digest: str) -> Any:
    """A sidecar, decoded: JSON, or the list of its lines where it is JSONL; None where it is neither."""
    raw = Path(path).read_bytes()
    try:
        return decode_row(raw)
    except Unreadable:
        return [value for line in raw.splitlines() if line.strip() and (value := _lenient(line)) is not None] or None


def _lenient(line: bytes) -> Any:
    try:
        return decode_row(line)
    except Unreadable:
        return None


def _shown(raw: Piece | dict[str, Any]) -> str:
    """The row as text, longer than is kept: what is cut through by the cut must still be found by the redaction."""
    if isinstance(raw, Unfit):
        raw = raw.raw
    text = (raw[: 4 * SHOWN] if isinstance(raw, bytes) else as_json(raw).encode()).decode("utf-8", "replace")
    return clean(text)
