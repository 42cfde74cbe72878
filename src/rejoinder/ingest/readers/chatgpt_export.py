"""ChatGPT data export: `conversations.json`, a tree of messages per conversation, with the person's thumbs beside it.

Follows `current_node` by `parent`. What the person never saw (weight 0, calls of tools, hidden contexts) is no message;
thoughts and calls stay on the answer that they led to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chatgpt_signals import SIDECARS, signals_of
from rejoinder.ingest.readers.shape import Fields, decoded, fields, first, items, key, need_object, prose, seen
from rejoinder.ingest.readers.tree import Node, linearise, newest_leaf, place_signals, plant, when

_HIDDEN = frozenset({"user_editable_context", "model_editable_context", "system_error", "tether_browsing_display"})
_THOUGHTS = frozenset({"thoughts", "reasoning_recap"})


def recognise(sample: Sample) -> Evidence | None:
    """A `mapping` of nodes, most often with `current_node`."""
    with_leaf = seen(sample, lambda row: _is_tree(row) and "current_node" in row, "mapping tree with current_node", 0.99)
    return with_leaf or seen(sample, _is_tree, "mapping tree of messages", 0.9)


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One element of the array is one conversation."""
    row = need_object(row)
    mapping = decoded(row.get("mapping"))
    if not isinstance(mapping, dict) or not mapping:
        raise Unreadable("no-messages", "`mapping`, the tree of messages, is missing or empty.")
    tree = plant([_node(id_, fields(node)) for id_, node in mapping.items() if isinstance(node, dict)])
    leaf = row.get("current_node")
    said = linearise(tree, leaf if isinstance(leaf, str) and leaf in tree else newest_leaf(tree))
    id_ = first(row, "conversation_id", "id")
    place_signals(said, signals_of(sidecars, key(id_)))
    yield Draft(
        messages=_with_workings(said),
        id=id_,
        model=row.get("default_model_slug") or _model_of(said),
        time=row.get("create_time"),
        title=row.get("title"),
    )


def _node(id_: str, node: Fields) -> Node:
    inner = fields(node.get("message"))
    parent = node.get("parent")
    return Node(
        id=id_,
        parent=parent if isinstance(parent, str) else None,
        message=_message(id_, inner) if inner else None,
        time=when(inner.get("create_time")),
    )


def _message(id_: str, inner: Fields) -> DraftMessage | None:
    """A message as drafted, None where the person never saw it; thoughts and calls come as messages of role `working`."""
    author, content, metadata = fields(inner.get("author")), decoded(inner.get("content")), fields(inner.get("metadata"))
    role, kind = key(author.get("role")), key(fields(content).get("content_type"))
    shown = _content(content)
    if kind in _THOUGHTS or (role == "assistant" and _is_call(inner)):
        return DraftMessage("working", _working(inner, kind)) if prose(_plain(content)) else None
    hidden = inner.get("weight") == 0 or kind in _HIDDEN or metadata.get("is_visually_hidden_from_conversation") is True
    if hidden or _is_call(inner) or (role in ("system", "tool") and prose(shown) is None):
        return None
    return DraftMessage(
        role=author.get("role"),
        content=shown,
        id=first(inner, "id") or id_,
        name=author.get("name"),
        model=metadata.get("model_slug"),
        time=inner.get("create_time"),
        finish_reason=fields(metadata.get("finish_details")).get("type"),
    )


def _is_call(inner: Fields) -> bool:
    return inner.get("recipient") not in (None, "", "all")


def _working(inner: Fields, kind: str) -> dict[str, Any]:
    """A thought as a part that is kept but not shown, or the call of a tool as OpenAI writes it."""
    text = _plain(decoded(inner.get("content")))
    if kind in _THOUGHTS:
        return {"type": "thinking", "text": text}
    return {"type": "function", "function": {"name": inner.get("recipient"), "arguments": text}}


def _with_workings(said: list[DraftMessage]) -> list[DraftMessage]:
    """Messages without the `working` ones: thoughts become parts of the answer behind them, calls its `tool_calls`."""
    found: list[DraftMessage] = []
    waiting: list[dict[str, Any]] = []
    for made in said:
        if made.role == "working":
            waiting.append(fields(made.content))
            continue
        if made.role == "assistant" and waiting:
            thoughts = [part for part in waiting if part.get("type") == "thinking"]
            calls = [part for part in waiting if part.get("type") == "function"]
            made.content = [*thoughts, {"type": "text", "text": made.content}] if thoughts else made.content
            made.tool_calls = calls or None
        waiting = waiting if made.role == "tool" else []
        found.append(made)
    return found


def _content(content: Any) -> Any:
    """The text where all parts are texts, else the parts with their texts marked as such."""
    parts = fields(content).get("parts")
    if not isinstance(parts, list):
        return _plain(content)
    if all(isinstance(part, str) for part in parts):
        return "\n".join(parts)
    return [{"type": "text", "text": part} if isinstance(part, str) else _part(part) for part in parts]


def _part(part: Any) -> Any:
    heard = fields(part).get("content_type") == "audio_transcription"
    return {**part, "type": "text"} if heard else part


def _plain(content: Any) -> Any:
    inner = fields(content)
    thoughts = [first(thought, "content", "summary") for thought in map(fields, items(inner.get("thoughts")))]
    return content if not inner else thoughts or first(inner, "text", "parts", "content", "result")


def _model_of(said: list[DraftMessage]) -> object:
    return next((made.model for made in reversed(said) if made.model), None)


def _is_tree(row: Fields) -> bool:
    mapping = decoded(row.get("mapping"))
    if not isinstance(mapping, dict):
        return False
    nodes = [fields(node) for node in list(mapping.values())[:5]]
    return any({"parent", "children", "message"} & node.keys() for node in nodes) or (not nodes and "current_node" in row)


CHATGPT_EXPORT = Format(name="chatgpt-export", title="ChatGPT data export", recognise=recognise, read=read, sidecars=SIDECARS)
