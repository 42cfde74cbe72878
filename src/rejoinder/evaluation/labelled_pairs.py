"""Files of pairs that people have labelled, one JSON object per line, in columns that the caller declares.

Judges nothing. A row that cannot be used is counted under its reason and never taken for a tie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from rejoinder.errors import InputError
from rejoinder.records import Message, Role

Label = Literal["win", "tie", "loss"]

WORDS: Mapping[str, Label] = {"a": "win", "b": "loss", "tie": "tie"}
"""What people's labels say of the first response; compared without case."""
_ROLES: Mapping[str, Role] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "tool": "tool",
}


@dataclass(frozen=True)
class Columns:
    """Where a file of pairs keeps what; the defaults are those of docs/judge.md. A dot leads into an object: `meta.model`."""

    prompt: str = "prompt"
    """A text, or a list of messages that ends in the user's."""
    first: str = "response_a"
    """A text, or a list of messages of the assistant."""
    second: str = "response_b"
    label: str = "human_label"
    """Which response is better, in the words of `labels`; empty where the first one always is (chosen and rejected)."""
    subset: str = "source"
    """Name of the part that the row belongs to; empty, or not in the row: no parts."""
    id: str = "id"
    first_model: str = ""
    """Who wrote the first response, where the file says so; needed for self-preference only."""
    second_model: str = ""
    labels: Mapping[str, Label] = field(default_factory=lambda: WORDS)


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two responses to one context, and which of them people found better."""

    id: str
    subset: str
    context: tuple[Message, ...]
    first: str
    second: str
    label: Label
    """Of the first response."""
    models: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True, slots=True)
class PairFile:
    """What a file held: each row is a pair, or counted among the unused."""

    pairs: tuple[LabelledPair, ...]
    unused: Mapping[str, int]
    """Rows that could not be used, by reason."""


class _UnusableError(ValueError):
    """A row says nothing that can be judged; the message is the reason it is counted under."""


def read_pairs(path: Path, columns: Columns | None = None) -> PairFile:
    """Read a file of pairs.

    Raises:
        InputError: it cannot be opened, or no row of it can be used.
    """
    columns, pairs, unused = columns or Columns(), [], dict[str, int]()
    for number, line in enumerate(_lines(path), start=1):
        try:
            pairs.append(_pair(line, number, columns))
        except _UnusableError as reason:
            unused[str(reason)] = unused.get(str(reason), 0) + 1
    if not pairs:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in unused.items()) or "it is empty"
        raise InputError(
            f"holds no labelled pair ({reasons})", file=str(path), remedy="docs/judge.md shows how to name columns"
        )
    return PairFile(tuple(pairs), unused)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from (line for line in file if line.strip())
    except OSError as trouble:
        raise InputError(f"cannot be read ({trouble.strerror})", file=str(path)) from trouble


def _pair(line: bytes, number: int, columns: Columns) -> LabelledPair:
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _UnusableError("not JSON") from None
    if not isinstance(row, dict):
        raise _UnusableError("not a JSON object")
    return LabelledPair(
        id=str(_at(row, columns.id) or number),
        subset=str(_at(row, columns.subset) or ""),
        context=_context(_at(row, columns.prompt), columns.prompt),
        first=_response(_at(row, columns.first), columns.first),
        second=_response(_at(row, columns.second), columns.second),
        label=_label(row, columns),
        models=(_name(_at(row, columns.first_model)), _name(_at(row, columns.second_model))),
    )


def _at(row: Any, column: str) -> Any:
    """The value of a column, or None where the row has none."""
    for name in column.split(".") if column else ():
        row = row.get(name) if isinstance(row, dict) else None
    return row if column else None


def _context(value: Any, column: str) -> tuple[Message, ...]:
    messages = (Message(role="user", content=value),) if isinstance(value, str) else tuple(_messages(value, column))
    if not messages or messages[-1].role != "user" or not messages[-1].content.strip():
        raise _UnusableError(f"{column} does not end in a user's text")
    return messages


def _response(value: Any, column: str) -> str:
    """The text of a response; an empty one is a response, too, and people have labelled some."""
    return value if isinstance(value, str) else "\n\n".join(message.content for message in _messages(value, column))


def _messages(value: Any, column: str) -> Iterable[Message]:
    if not isinstance(value, list):
        raise _UnusableError(f"{column} is missing" if value is None else f"{column} is neither text nor messages")
    for one in value:
        said = one if isinstance(one, dict) else {}
        role, content = _ROLES.get(str(said.get("role", said.get("from")))), said.get("content", said.get("value"))
        if role is None or not isinstance(content, str):
            raise _UnusableError(f"{column} holds something else than messages with role and content")
        yield Message(role=role, content=content)


def _label(row: Any, columns: Columns) -> Label:
    if not columns.label:
        return "win"
    value = _at(row, columns.label)
    if value is None:
        raise _UnusableError(f"{columns.label} is missing")
    words = {word.casefold(): label for word, label in columns.labels.items()}
    try:
        return words[str(value).strip().casefold()]
    except KeyError:
        raise _UnusableError(f"{columns.label} is none of {', '.join(columns.labels)}") from None


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
