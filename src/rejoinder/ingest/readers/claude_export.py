"""Claude data export: `conversations.json`, an array of chats with `chat_messages` in both sides' words.

Ordered by time, the human first among equals; where messages name their parents, the newest branch is followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.judgements import thumb, unread
from rejoinder.ingest.readers.shape import Fields, fields, first, items, key, need_list, need_object, objects, prose, seen
from rejoinder.ingest.readers.tree import Node, linearise, newest_leaf, plant, when
from rejoinder.records import Signal

_SENDERS = {"human": "user", "user": "user", "assistant": "assistant", "claude": "assistant"}


def recognise(sample: Sample) -> Evidence | None:
    """A list `chat_messages` in every chat."""
    return seen(sample, lambda row: isinstance(row.get("chat_messages"), list), "chat_messages", 0.98)


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One element of the array is one conversation."""
    row = need_object(row)
    entries = objects(need_list(row, "chat_messages"))
    yield Draft(
        messages=_branch(entries) if _branches(entries) else _in_time(entries),
        id=first(row, "uuid", "id"),
        user=fields(row.get("account")).get("uuid"),
        model=row.get("model"),
        time=row.get("created_at"),
        title=row.get("name"),
    )


def _in_time(entries: list[Fields]) -> list[DraftMessage]:
    made = [_message(entry) for entry in entries]
    if all(when(message.time) for message in made):
        made.sort(key=lambda message: (when(message.time), message.role != "user"))
    return made


def _branches(entries: list[Fields]) -> bool:
    """Whether some message was edited or answered again: two messages with the same parent."""
    parents = [key(entry.get("parent_message_uuid")) for entry in entries]
    return all(parents) and len(set(parents)) < len(parents)


def _branch(entries: list[Fields]) -> list[DraftMessage]:
    tree = plant(
        [
            Node(
                id=key(entry.get("uuid")),
                parent=key(entry.get("parent_message_uuid")),
                message=_message(entry),
                time=when(entry.get("created_at")),
            )
            for entry in entries
        ]
    )
    return linearise(tree, newest_leaf(tree))


def _message(entry: Fields) -> DraftMessage:
    sender, feedback = key(first(entry, "sender", "role")), _feedback(entry.get("chat_feedback"))
    return DraftMessage(
        role=_SENDERS.get(sender.lower(), sender),
        content=_content(entry),
        id=first(entry, "uuid", "id"),
        time=entry.get("created_at"),
        finish_reason=entry.get("stop_reason"),
        signals=_signals(feedback),
        repairs=unread("chat_feedback", _verdict(feedback)[0]),
    )


def _content(entry: Fields) -> Any:
    """The parts where they hold text, else `text`; what was attached follows as parts."""
    parts = items(entry.get("content"))
    shown: Any = parts if prose(parts) else first(entry, "text", "content")
    attached = [{**file, "type": "file"} for file in (*objects(entry.get("attachments")), *objects(entry.get("files")))]
    if not attached:
        return shown
    return [*(shown if isinstance(shown, list) else [{"type": "text", "text": shown}]), *attached]


def _feedback(value: Any) -> Fields:
    """What was said of a message; a word alone is its type."""
    return value if isinstance(value, dict) else {"type": value}


def _signals(feedback: Fields) -> tuple[Signal, ...]:
    rating, tag = _verdict(feedback)
    return thumb(
        rating,
        origin="chat_messages.chat_feedback",
        reason=first(feedback, "category") or tag,
        comment=feedback.get("reason"),
    )


def _verdict(feedback: Fields) -> tuple[Any, str | None]:
    """The verdict and its tag: `upvote`, `flag`, `flag/bug`."""
    kind = first(feedback, "type", "rating")
    if not isinstance(kind, str):
        return kind, None
    rating, _, tag = kind.partition("/")
    return rating, tag or None


CLAUDE_EXPORT = Format(name="claude-export", title="Claude data export", recognise=recognise, read=read)
