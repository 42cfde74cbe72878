"""Logs of Simon Willison's `llm`: one row per prompt and response (`llm logs --json`, or the table `responses`).

Rows of one `conversation_id` are one conversation, in the order of `datetime_utc`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.shape import Fields, conversation_rows, fields, first, has, key, prose, seen
from rejoinder.ingest.readers.tree import when


def recognise(sample: Sample) -> Evidence | None:
    """Prompts and responses with llm's own columns beside them."""
    return seen(
        sample, lambda row: has(row, "prompt", "response", "conversation_id", "datetime_utc"), "llm's log columns", 0.97
    )


def group(row: Any) -> tuple[str, str | float] | None:
    """Rows of one conversation, in time; a row without a conversation is its own."""
    row = fields(row)
    name = next((name for name in ("conversation_id", "id") if key(row.get(name))), None)
    return (f"{name} {key(row[name])}", when(row.get("datetime_utc"))) if name else None


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One group of rows is one conversation."""
    rows = [entry for entry in conversation_rows(row) if prose(entry.get("prompt")) or prose(entry.get("response"))]
    if not rows:
        raise Unreadable("no-messages", "Neither `prompt` nor `response` holds text.")
    said: list[DraftMessage] = []
    system: str | None = None
    for entry in rows:
        said += _exchange(entry, system)
        system = prose(entry.get("system")) or system
    yield Draft(
        messages=said,
        id=first(rows[0], "conversation_id", "id"),
        model=first(rows[-1], "resolved_model", "model"),
        time=rows[0].get("datetime_utc"),
        title=rows[0].get("conversation_name"),
    )


def _exchange(entry: Fields, system: str | None) -> list[DraftMessage]:
    """Request and answer of one row, led by the system prompt where it is new."""
    time, model, id_ = entry.get("datetime_utc"), first(entry, "resolved_model", "model"), entry.get("id")
    lead = prose(entry.get("system"))
    found = [DraftMessage("system", lead, time=time)] if lead and lead != system else []
    if prose(entry.get("prompt")):
        found.append(DraftMessage("user", entry["prompt"], time=time))
    if prose(entry.get("response")):
        found.append(DraftMessage("assistant", entry["response"], id=id_, model=model, time=time))
    return found


LLM_LOGS = Format(name="llm-logs", title="llm logs", recognise=recognise, read=read, group=group)
