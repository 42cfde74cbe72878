"""Chatbot UI exports: a `history` of conversations with plain messages, one model and one system prompt each.

Reads the whole export or one conversation of it; folders and saved prompts are no conversations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chat import messages
from rejoinder.ingest.readers.shape import Fields, fields, first, key, need_list, need_object, objects, prose, seen, strongest


def recognise(sample: Sample) -> Evidence | None:
    """A versioned history, or conversations with a folder and a model that has a token limit."""
    return strongest(
        [
            seen(sample, lambda row: any(map(_fits, objects(row.get("history")))), "history of conversations", 0.9),
            seen(sample, _fits, "conversations with messages, prompt and folderId", 0.97),
        ]
    )


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One export is many conversations; one conversation of it is one."""
    row = need_object(row)
    history = row.get("history")
    if isinstance(history, list) and not history:
        raise Unreadable("no-messages", "`history` holds no conversations.")
    for conversation in objects(history) if isinstance(history, list) else [row]:
        yield _draft(conversation)


def _draft(row: Fields) -> Draft:
    system = first(row, "prompt")
    lead = [DraftMessage("system", system)] if isinstance(system, str) and prose(system) else []
    model = row.get("model")
    return Draft(
        messages=[*lead, *messages(need_list(row, "messages"), alone="user")],
        id=row.get("id"),
        model=first(model, "id", "name") if isinstance(model, dict) else model,
        title=row.get("name"),
    )


def _fits(row: Fields) -> bool:
    entries = objects(row.get("messages"))
    marks = ("folderId" in row, "prompt" in row, "name" in row, bool(key(fields(row.get("model")).get("id"))))
    return bool(entries) and "role" in entries[0] and sum(marks) >= 3


CHATBOTUI = Format(name="chatbotui", title="Chatbot UI export", recognise=recognise, read=read)
