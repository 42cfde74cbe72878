"""ShareGPT rows: `conversations` of `from` and `value`, with every speaker's tag that is met in the wild.

Preference files of the same shape (with `chosen` and `rejected`) are WildFeedback's: `wildfeedback.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.shape import Fields, decoded, first, need_list, need_object, objects, prose, share

_LISTS = ("conversations", "conversation", "items", "messages", "dialog")


def recognise(sample: Sample) -> Evidence | None:
    """Lists of `from` and `value`; weak where a preference stands beside them."""
    plain = sum(1 for row in sample.rows if _fits(row) and not _is_pair(row))
    pairs = sum(1 for row in sample.rows if _fits(row) and _is_pair(row))
    found = share(plain + pairs, len(sample.rows), "conversations of `from` and `value`", 0.9)
    return Evidence(0.3, f"{found.why}, with chosen and rejected") if found and pairs > plain else found


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One row, an object or a bare list of turns, is one conversation."""
    if isinstance(row, (list, tuple)):
        row = {"conversations": list(row)}
    row = need_object(row)
    said = turns(need_list(row, *_LISTS))
    system = first(row, "system", "system_prompt")
    lead = [DraftMessage("system", system)] if prose(system) else []
    yield Draft(
        messages=lead + said,
        id=first(row, "id", "conversation_id", "idx"),
        user=first(row, "user_id", "user"),
        model=row.get("model"),
        language=first(row, "language", "lang"),
        time=first(row, "timestamp", "created_at", "create_time"),
        title=row.get("title"),
    )


def turns(entries: list[Any]) -> list[DraftMessage]:
    """Messages from a list of `from` and `value`, or of their synonyms in files that mix both styles."""
    return [
        DraftMessage(
            role=first(entry, "from", "role", "user", "speaker"),
            content=first(entry, "value", "content", "text", "markdown"),
            id=entry.get("id"),
            name=entry.get("name"),
            model=entry.get("model"),
            time=first(entry, "timestamp", "time"),
            tool_calls=entry.get("tool_calls"),
        )
        for entry in objects(entries)
    ]


def _fits(row: Any) -> bool:
    entries = row if isinstance(row, list) else decoded(first(row, *_LISTS)) if isinstance(row, dict) else None
    found = objects(entries)
    return bool(found) and "from" in found[0] and "value" in found[0]


def _is_pair(row: Fields) -> bool:
    return isinstance(row, dict) and "chosen" in row and "rejected" in row


SHAREGPT = Format(name="sharegpt", title="ShareGPT", recognise=recognise, read=read)
