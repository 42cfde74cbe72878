"""Guesses a `--map` from the names of columns, to be shown in a message and tried by a person.

Nothing is read by it: a guess of ours would turn columns into things that nobody said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SIGNS = {
    "conversation": ("conversation", "session", "thread", "chat", "dialog", "dialogue"),
    "assistant": ("assistant", "response", "answer", "completion", "output", "reply", "bot", "model"),
    "user": ("user", "human", "prompt", "question", "query", "request", "instruction", "input", "followup"),
    "role": ("role", "speaker", "sender", "author"),
    "content": ("content", "text", "message", "utterance", "body"),
    "time": ("time", "timestamp", "ts", "date", "created"),
}
"""Our word and the words in a column's name that speak for it; the first that fits takes the column."""
_OTHER = ("model", "name", "time", "at", "language", "length", "tokens")
"""A column of an exchange that ends in one of these says something about it, and is not what was said."""


def suggested_map(columns: Sequence[str]) -> str | None:
    """A map such as `user=prompt,assistant=answer`, with COLUMN where no column fits; None where none speaks at all.

    Args:
        columns: names in the order of the file.
    """
    found: dict[str, str] = {}
    for column in columns:
        word = _word(column)
        if word is not None:
            found.setdefault(word, column)
    beside = [f"{word}={found[word]}" for word in ("conversation", "time") if word in found]
    if "user" in found or "assistant" in found:
        return ",".join([f"{word}={found.get(word, 'COLUMN')}" for word in ("user", "assistant")] + beside)
    if "role" in found or "content" in found:
        beside = beside if "conversation" in found else ["conversation=COLUMN", *beside]
        return ",".join([f"{word}={found.get(word, 'COLUMN')}" for word in ("role", "content")] + beside)
    return None


def _word(column: str) -> str | None:
    """Our word for a column, or None."""
    if "," in column or "=" in column or '"' in column:
        return None
    parts = [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", column)]
    named = next((word for word, signs in _SIGNS.items() if any(part in signs for part in parts)), None)
    if not parts or (parts[-1] in ("id", "uuid") and named != "conversation"):
        return None
    return None if named in ("user", "assistant") and parts[-1] in _OTHER else named
