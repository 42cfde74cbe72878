"""WildChat rows: WildChat-1M, WildChat-4.8M, and the older WildChat and WildChat-nontoxic.

Fields and traps: docs/formats.md. The pseudonym of a user is a hash of the hashed address and the browser's header.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.identity import fingerprint
from rejoinder.ingest.draft import Draft
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chat import message
from rejoinder.ingest.readers.shape import (
    Fields,
    decoded,
    fields,
    first,
    flag,
    key,
    need_list,
    need_object,
    objects,
    seen,
    strongest,
)

_MARKS = ("toxic", "hashed_ip", "turn_identifier", "redacted")


def recognise(sample: Sample) -> Evidence | None:
    """Per-message marks that only WildChat has, in a `conversation` list."""
    return strongest(
        [
            seen(sample, _has_hash, "conversation_hash beside a conversation list", 0.98),
            seen(sample, _has_marks, "messages with `toxic`, `redacted` or `hashed_ip` in a conversation list", 0.95),
        ]
    )


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One row is one conversation."""
    row = need_object(row)
    conversation = objects(need_list(row, "conversation"))
    verdicts = verdicts_of(row, len(conversation))
    said = [message(entry) for entry in conversation]
    for made, entry, verdict in zip(said, conversation, verdicts, strict=True):
        made.id = entry.get("turn_identifier")
        made.toxic = made.toxic if made.toxic is not None else verdict
    yield Draft(
        messages=said,
        id=first(row, "conversation_hash", "conversation_id"),
        user=_pseudonym(row, conversation),
        model=row.get("model"),
        language=row.get("language"),
        time=first({"time": next((made.time for made in said if made.time), None), **row}, "time", "timestamp"),
        toxic=flag(row.get("toxic")),
    )


def verdicts_of(row: Fields, count: int) -> list[bool | None]:
    """The moderation verdict for each of `count` messages, None where the list is missing or does not fit."""
    results = decoded(row.get("openai_moderation"))
    if not isinstance(results, list) or len(results) != count:
        return [None] * count
    return [flag(fields(result).get("flagged")) for result in results]


def _pseudonym(row: Fields, conversation: list[Fields]) -> str | None:
    """A name for the person behind an address and a browser, which cannot be turned back into either."""
    marks = next((entry for entry in (row, *conversation) if key(entry.get("hashed_ip"))), None)
    if marks is None:
        return key(row.get("user_id")) or None
    header = fields(decoded(marks.get("header") or row.get("header")))
    return fingerprint("user", [key(marks["hashed_ip"]), key(header.get("user-agent")), key(header.get("accept-language"))])


def _has_hash(row: Fields) -> bool:
    return "conversation_hash" in row and isinstance(decoded(row.get("conversation")), list)


def _has_marks(row: Fields) -> bool:
    turns = objects(decoded(row.get("conversation")))
    return bool(turns) and "role" in turns[0] and any(mark in turns[0] for mark in _MARKS)


WILDCHAT = Format(name="wildchat", title="WildChat", recognise=recognise, read=read)
