"""Open WebUI chat exports: a tree of messages by id, with the person's ratings as annotations.

Follows `currentId` by `parentId`; answers of other models to the same request, and regenerated ones, are alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.judgements import reason_tags, thumb, unread
from rejoinder.ingest.readers.shape import Fields, decoded, fields, first, items, key, need_object, number, objects, seen
from rejoinder.ingest.readers.tree import Node, linearise, newest_leaf, plant, when
from rejoinder.records import Signal

_DETAILS = re.compile(r"<details\b[^>]*\btype=\"(\w+)\"[^>]*>.*?</details>\s*", re.DOTALL)


def recognise(sample: Sample) -> Evidence | None:
    """A chat whose `history` holds messages by id."""
    return seen(sample, lambda row: bool(tree_in(row)) and "snapshot" not in row, "chat.history.messages by id", 0.98)


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One element of the export is one conversation."""
    row = need_object(row)
    yield draft_of(row, said_in(row))


def draft_of(row: Fields, said: list[DraftMessage]) -> Draft:
    """A conversation from the chat around its messages."""
    chat = fields(decoded(row.get("chat"))) or row
    models = items(chat.get("models"))
    return Draft(
        messages=said,
        id=first(row, "id", "chat_id") or chat.get("id"),
        user=row.get("user_id"),
        model=next((made.model for made in reversed(said) if made.model), models[0] if models else None),
        time=first(row, "created_at") or chat.get("timestamp"),
        title=row.get("title") or chat.get("title"),
    )


def said_in(row: Fields, through: str | None = None) -> list[DraftMessage]:
    """The messages of the current branch, or of the newest branch through one message.

    Raises:
        Unreadable: `no-messages`.
    """
    chat = fields(decoded(row.get("chat"))) or row
    history = fields(decoded(chat.get("history")))
    entries = tree_in(row)
    if entries:
        tree = plant([_node(id_, fields(entry)) for id_, entry in entries.items() if isinstance(entry, dict)])
        current = history.get("currentId")
        leaf = current if isinstance(current, str) and current in tree else newest_leaf(tree)
        return linearise(tree, leaf if through is None else newest_leaf(tree, under=through))
    listed = [_message(key(entry.get("id")), entry) for entry in objects(decoded(chat.get("messages")))]
    if not listed:
        raise Unreadable("no-messages", "Neither `chat.history.messages` nor `chat.messages` holds messages.")
    return listed


def tree_in(row: Fields) -> Fields:
    """The messages by id of a chat, wherever it lies in the row; empty where there are none."""
    chat = fields(decoded(row.get("chat"))) or row
    return fields(decoded(fields(decoded(chat.get("history"))).get("messages")))


def _node(id_: str, entry: Fields) -> Node:
    parent = entry.get("parentId")
    return Node(
        id=id_,
        parent=parent if isinstance(parent, str) else None,
        message=_message(id_, entry),
        time=when(entry.get("timestamp")),
    )


def _message(id_: str, entry: Fields) -> DraftMessage:
    annotation = fields(entry.get("annotation"))
    return DraftMessage(
        role=entry.get("role"),
        content=_content(entry.get("content")),
        id=first(entry, "id") or id_,
        model=first(entry, "model", "modelName"),
        time=entry.get("timestamp"),
        finish_reason="error" if entry.get("error") else "unfinished" if entry.get("done") is False else None,
        tool_calls=[item for item in objects(entry.get("output")) if item.get("type") == "function_call"] or None,
        signals=rating_signals(annotation, "annotation"),
        repairs=unread("annotation.rating", annotation.get("rating")),
    )


def rating_signals(rating: Fields, origin: str) -> tuple[Signal, ...]:
    """Thumb, comment and the rating from 1 to 10 that a person may add to it."""
    found = thumb(rating.get("rating"), origin=origin, reason=rating.get("reason"), comment=rating.get("comment"))
    value = number(fields(rating.get("details")).get("rating"))
    if value is None:
        return found
    name = reason_tags(rating.get("reason"))
    return (*found, Signal(kind="rating", value=value, name=name, origin=f"{origin}.details.rating"))


def _content(content: Any) -> Any:
    """The answer's text; folded blocks of reasoning and of tool output, which Open WebUI writes into it, as parts."""
    if not isinstance(content, str) or "<details" not in content:
        return content
    folded = [{"type": _kind(found.group(1)), "text": found.group(0).strip()} for found in _DETAILS.finditer(content)]
    return [*folded, {"type": "text", "text": _DETAILS.sub("", content)}] if folded else content


def _kind(folded: str) -> str:
    return "thinking" if folded == "reasoning" else "tool_call"  # tool_calls, code_interpreter


OPEN_WEBUI = Format(name="open-webui", title="Open WebUI chat export", recognise=recognise, read=read)
