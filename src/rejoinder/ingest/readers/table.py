"""Any table whose columns someone has named: a row may be an exchange, a message, or a whole conversation.

`--map "user=prompt,assistant=answer,conversation=session,time=ts"` says which column holds what; the words on the left
are ours. Without a map a table is not read, because a guess would turn columns into things that nobody said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rejoinder.errors import UsageError
from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chat import messages
from rejoinder.ingest.readers.judgements import is_riddle, thumb
from rejoinder.ingest.readers.shape import (
    Fields,
    conversation_rows,
    decoded,
    fields,
    items,
    key,
    number,
    prose,
    seen,
)
from rejoinder.ingest.readers.tree import when
from rejoinder.records import Signal

WORDS = {
    "user": "what the person said (one exchange per row)",
    "assistant": "what the model answered (one exchange per row)",
    "system": "the system prompt",
    "role": "who is speaking (one message per row)",
    "content": "what is said (one message per row)",
    "messages": "a list of messages (one conversation per row)",
    "conversation": "what the rows of one conversation have in common",
    "time": "when it was said: orders the rows of a conversation",
    "model": "which model answered",
    "person": "pseudonym of the person",
    "language": "language of the conversation",
    "title": "title of the conversation",
    "thumb": "a judgement of the answer as good or bad",
    "rating": "a judgement of the answer as a number",
    "comment": "what someone wrote about the answer",
}
"""What a map can name, and what it means; docs/formats.md has examples."""


@dataclass(frozen=True, slots=True)
class Table:
    """A declared table: which of its columns holds what."""

    columns: tuple[tuple[str, str], ...]

    def __call__(self, row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
        """Drafts of one group of rows, or of one row where no column names the conversation."""
        rows = conversation_rows(row)
        if not rows:
            raise Unreadable("not-an-object", "The row is no object with columns.")
        self._check(rows)
        said = [made for entry in rows for made in self._said(entry)]
        if not said:
            raise Unreadable("no-messages", f"The columns {self._named('user', 'assistant', 'content', 'messages')} are empty.")
        yield Draft(
            messages=said,
            id=self._get(rows[0], "conversation"),
            user=self._first(rows, "person"),
            model=self._first(rows, "model"),
            language=self._first(rows, "language"),
            time=self._get(rows[0], "time"),
            title=self._first(rows, "title"),
        )

    def recognise(self, sample: Sample) -> Evidence | None:
        """Rows that have the columns with the words in them."""
        needed = [column for name, column in self.columns if name in ("user", "assistant", "role", "content", "messages")]
        return seen(sample, lambda row: all(column in row for column in needed), f"columns {', '.join(needed)}", 1.0)

    def refuse(self, sample: Sample) -> str | None:
        """The declared columns that no sampled row has."""
        rows = [row for row in sample.rows if isinstance(row, dict)]
        there = {*sample.columns, *(name for row in rows for name in row)}
        missing = [f"`{column}` (for {name})" for name, column in self.columns if column not in there]
        return f"no column {', '.join(missing)} in {len(rows)} sampled rows" if there and missing else None

    def remark(self, sample: Sample) -> str | None:
        """Judgements in the sampled rows that say nothing to us."""
        lost = [riddle for row in sample.rows for riddle in self._riddles(fields(row))]
        if not lost:
            return None
        many = "judgement" if len(lost) == 1 else "judgements"
        rows = "row" if len(sample.rows) == 1 else "rows"
        return f"{len(lost)} {many} in {len(sample.rows)} sampled {rows} not understood ({', '.join(dict.fromkeys(lost[:9]))})"

    def group(self, row: Any) -> tuple[str, str | float] | None:
        """Key and time of a row; None where the conversation's column is empty."""
        id_ = key(self._get(fields(row), "conversation"))
        return (id_, when(self._get(fields(row), "time"))) if id_ else None

    def _said(self, entry: Fields) -> list[DraftMessage]:
        listed = decoded(self._get(entry, "messages"))
        if listed is not None:
            return messages(items(listed), alone="user")
        if self._has("content"):
            made = DraftMessage(self._get(entry, "role"), self._get(entry, "content"))
            return [self._dressed(made, entry)] if prose(made.content) else []
        said = [DraftMessage(role, self._get(entry, role)) for role in ("system", "user", "assistant")]
        return [self._dressed(made, entry) for made in said if prose(made.content)]

    def _dressed(self, made: DraftMessage, entry: Fields) -> DraftMessage:
        made.time = self._get(entry, "time")
        if made.role not in ("user", "system", "human"):
            made.model = self._get(entry, "model")
            made.signals = self._signals(entry)
            made.repairs = self._riddles(entry)
        return made

    def _riddles(self, entry: Fields) -> tuple[str, ...]:
        """The judgements that are there and say nothing to us, to be logged."""
        thumbs, grade = self._get(entry, "thumb"), self._get(entry, "rating")
        unread = [("thumb", thumbs)] if is_riddle(thumbs) else []
        if grade is not None and number(grade) is None and is_riddle(grade):
            unread.append(("rating", grade))
        return tuple(f"{name} {value!r:.60} -> none" for name, value in unread)

    def _signals(self, entry: Fields) -> tuple[Signal, ...]:
        columns = dict(self.columns)
        found = thumb(self._get(entry, "thumb"), origin=columns.get("thumb", ""), comment=self._get(entry, "comment"))
        value = number(self._get(entry, "rating"))
        rating = Signal(kind="rating", value=value, name=columns.get("rating"), origin=columns.get("rating", ""))
        return found if value is None else (*found, rating)

    def _check(self, rows: list[Fields]) -> None:
        there = {name for row in rows for name in row}
        missing = [f"`{column}` (for {name})" for name, column in self.columns if column not in there]
        if missing:
            known = ", ".join(f"`{name}`" for name in sorted(map(str, there))) or "none"
            raise Unreadable("missing-column", f"No column {', '.join(missing)}; the columns there are: {known}.")

    def _get(self, row: Fields, name: str) -> Any:
        column = next((column for word, column in self.columns if word == name), None)
        value = row.get(column) if column is not None else None
        return None if value == "" else value

    def _first(self, rows: list[Fields], name: str) -> Any:
        return next((value for row in rows if (value := self._get(row, name)) is not None), None)

    def _has(self, name: str) -> bool:
        return any(word == name for word, _ in self.columns)

    def _named(self, *names: str) -> str:
        return ", ".join(f"`{column}`" for name, column in self.columns if name in names)


def table_format(column_map: Mapping[str, str]) -> Format:
    """A format for tables with the given columns.

    Args:
        column_map: our word (a key of `WORDS`) to the table's column.

    Raises:
        UsageError: for a word that is none of ours, and a map that names no words of anybody.
    """
    unknown = [name for name in column_map if name not in WORDS]
    if unknown:
        raise UsageError(f"--map: {', '.join(map(repr, unknown))} is none of {', '.join(WORDS)}.")
    if "messages" not in column_map and "user" not in column_map and not {"role", "content"} <= column_map.keys():
        raise UsageError("--map needs user=COLUMN and assistant=COLUMN, or role=COLUMN and content=COLUMN, or messages=COLUMN.")
    if {"role", "content"} <= column_map.keys() and "conversation" not in column_map:
        raise UsageError("--map: one message per row needs conversation=COLUMN, or every message would stand alone.")
    table = Table(tuple(sorted(column_map.items())))
    spread = "conversation" in column_map and "messages" not in column_map
    return Format(
        name=TABLE.name,
        title=TABLE.title,
        recognise=table.recognise,
        refuse=table.refuse,
        remark=table.remark,
        read=table,
        group=table.group if spread else None,
    )


def _unmapped(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    columns = ", ".join(f"`{name}`" for name in sorted(map(str, fields(row)))[:30]) or "none"
    raise Unreadable("no-column-map", f"Say `--map user=COLUMN,assistant=COLUMN`; the columns there are: {columns}.")


TABLE = Format(name="table", title="Table with declared columns", read=_unmapped)
"""What `--format table` means without a map: every row is kept aside with the columns that it has."""
