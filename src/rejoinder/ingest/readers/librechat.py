"""LibreChat exports: one conversation per file, its messages nested by `children` or flat with `parentMessageId`.

Follows the branch of the newest leaf; what stood beside it stays as alternatives, thumbs with their tag and text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.judgements import thumb, unread
from rejoinder.ingest.readers.shape import Fields, decoded, fields, first, items, key, need_object, objects, prose, seen
from rejoinder.ingest.readers.tree import Node, linearise, newest_leaf, plant, when

_LISTS = ("messagesTree", "messages", "recursive")


def recognise(sample: Sample) -> Evidence | None:
    """Messages that know who created them, under a conversation."""
    return seen(sample, _fits, "messages with messageId and isCreatedByUser", 0.98)


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One object is one conversation; a bare list of messages is one too."""
    row = {"messages": list(row)} if isinstance(row, (list, tuple)) else need_object(row)
    entries = _flat(_entries(row))
    if not entries:
        raise Unreadable("no-messages", "Neither `messagesTree` nor `messages` holds messages.")
    tree = plant([_node(number, entry, parent) for number, (entry, parent) in enumerate(entries)])
    said = linearise(tree, newest_leaf(tree))
    options = fields(row.get("options"))
    yield Draft(
        messages=_with_prefix(options, said),
        id=first(row, "conversationId", "_id") or entries[0][0].get("conversationId"),
        user=first(row, "user") or entries[0][0].get("user"),
        model=first(row, "model") or options.get("model"),
        time=first(row, "createdAt") or entries[0][0].get("createdAt"),
        title=row.get("title"),
    )


def _entries(row: Fields) -> list[Fields]:
    return next((found for found in (objects(decoded(row.get(name))) for name in _LISTS) if found), [])


def _flat(entries: list[Fields]) -> list[tuple[Fields, str | None]]:
    """All messages with their parent's id, in the order of the file; nesting counts where no parent is named."""
    found: list[tuple[Fields, str | None]] = []
    waiting: list[tuple[Fields, str | None]] = [(entry, None) for entry in reversed(entries)]
    while waiting:
        entry, above = waiting.pop()
        found.append((entry, above or key(entry.get("parentMessageId")) or None))
        id_ = key(entry.get("messageId")) or None
        waiting.extend((child, id_) for child in reversed(objects(entry.get("children"))))
    return found


def _node(position: int, entry: Fields, parent: str | None) -> Node:
    return Node(
        id=key(entry.get("messageId")) or f"message {position}",
        parent=parent,
        message=_message(entry),
        time=when(entry.get("createdAt")),
    )


def _message(entry: Fields) -> DraftMessage:
    feedback = fields(decoded(entry.get("feedback")))
    return DraftMessage(
        role=_role(entry),
        content=_content(entry),
        id=entry.get("messageId"),
        name=entry.get("sender"),
        model=entry.get("model"),
        time=entry.get("createdAt"),
        finish_reason=first(entry, "finish_reason") or _stop(entry),
        signals=thumb(feedback.get("rating"), origin="feedback", reason=feedback.get("tag"), comment=feedback.get("text")),
        repairs=unread("feedback.rating", feedback.get("rating")),
    )


def _role(entry: Fields) -> object:
    by_user = entry.get("isCreatedByUser")
    if isinstance(by_user, bool):
        return "user" if by_user else "assistant"
    sender = key(first(entry, "role", "sender"))
    return "user" if sender.lower() in ("user", "human") else "assistant" if sender else None


def _stop(entry: Fields) -> str | None:
    return "error" if entry.get("error") is True else "unfinished" if entry.get("unfinished") is True else None


def _content(entry: Fields) -> Any:
    """`text`, or the parts where the text stands only there; thoughts are marked as such."""
    if prose(entry.get("text")):
        return entry["text"]
    parts = [
        {**part, "type": "thinking"} if isinstance(part, dict) and part.get("type") == "think" else part
        for part in items(entry.get("content"))
    ]
    return parts or entry.get("text")


def _with_prefix(options: Fields, said: list[DraftMessage]) -> list[DraftMessage]:
    prefix = first(options, "promptPrefix", "system")
    return [DraftMessage("system", prefix), *said] if isinstance(prefix, str) else said


def _fits(row: Fields) -> bool:
    entries = _entries(row)
    marks = ("messageId", "isCreatedByUser", "parentMessageId")
    return bool(entries) and sum(mark in entries[0] for mark in marks) >= 2


LIBRECHAT = Format(name="librechat", title="LibreChat export", recognise=recognise, read=read)
