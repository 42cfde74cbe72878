"""Messages in the shapes that chat APIs speak: requests, responses, choices, items, plain texts, and lists of these.

Reads OpenAI's chat completions and responses, Anthropic's messages and what tracing tools make of them; knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rejoinder.ingest.draft import DraftMessage
from rejoinder.ingest.readers.judgements import thumb, unread
from rejoinder.ingest.readers.shape import Fields, decoded, fields, first, flag, items, key, objects, prose
from rejoinder.records import Alternative, Signal

_LISTS = ("messages", "input_messages", "history", "conversation")
_REQUESTS = ("input", "prompt", "question", "query", "user_input", "message", "text", "content", "instruction")
_ANSWERS = ("output", "completion", "response", "answer", "generation", "result", "text", "content", "message")
_PARTS = ("text", "tool_use", "thinking", "redacted_thinking")
_DEEPEST = 6


def messages_in_request(value: Any, depth: int = 0) -> list[DraftMessage]:
    """What was sent to a model: a text becomes one user message, a list or an object the messages in it."""
    value = decoded(value)
    if isinstance(value, str):
        return [DraftMessage("user", value)] if value.strip() else []
    if isinstance(value, (list, tuple)):
        return messages(value, alone="user")
    if not isinstance(value, dict) or depth > _DEEPEST:
        return []
    if _is_message(value):
        return messages([value], alone="user")
    lead = first(value, "system", "instructions", "system_prompt")
    system = [DraftMessage("system", lead)] if prose(lead) else []
    inner = first(value, *_LISTS, *_REQUESTS)
    return system + messages_in_request(inner, depth + 1) if inner is not None else []


def messages_in_answer(value: Any, depth: int = 0) -> list[DraftMessage]:
    """What a model sent back: a text, a message, `choices` (further choices are alternatives), items, or an object."""
    value = decoded(value)
    if isinstance(value, str):
        return [DraftMessage("assistant", value)] if value.strip() else []
    if isinstance(value, (list, tuple)):
        return [DraftMessage("assistant", list(value))] if _is_parts(value) else messages(value, alone="assistant")
    if not isinstance(value, dict) or depth > _DEEPEST:
        return []
    return _in_answer(value, depth)


def _in_answer(value: Fields, depth: int) -> list[DraftMessage]:
    if isinstance(value.get("choices"), list):
        return _chosen(value)
    if _is_message(value):
        return messages([value], alone="assistant")
    inner = first(value, "body", "messages", *_ANSWERS)
    return messages_in_answer(inner, depth + 1) if inner is not None else []


def messages(values: Iterable[Any], alone: str) -> list[DraftMessage]:
    """Messages from a list of message objects, Responses-API items and texts; reasoning items are left out.

    Args:
        values: as the log has them.
        alone: role of a text that stands without one.
    """
    found = []
    for value in values:
        if isinstance(value, str) and value.strip():
            found.append(DraftMessage(alone, value))
        elif isinstance(value, dict):
            message = _item(value, alone)
            found += [message] if message else []
    return found


def message(value: Fields, role: Any = None) -> DraftMessage:
    """One message object with `role` and `content`, with the calls, refusal and marks it may have."""
    content, refusal = value.get("content"), value.get("refusal")
    if refusal is not None and prose(content) is None and prose(refusal):
        content = refusal
    if content is None:
        content = first(value, "parts", "text", "value")
    return DraftMessage(
        role=first(value, "role", "from", "speaker", "sender") if role is None else role,
        content=content,
        id=first(value, "id", "message_id", "uuid"),
        name=first(value, "name", "tool_call_id"),
        model=value.get("model"),
        time=first(value, "timestamp", "created_at", "create_time", "time", "created"),
        finish_reason=first(value, "finish_reason", "stop_reason") or ("refusal" if refusal and prose(refusal) else None),
        toxic=flag(value.get("toxic")),
        tool_calls=first(value, "tool_calls", "function_call"),
        signals=_judged(value),
        repairs=unread("feedback", _rating(value)),
    )


def _judged(value: Fields) -> tuple[Signal, ...]:
    """A thumb or comment that the log keeps on the message itself, as `feedback` or `rating`."""
    verdict, rating = decoded(value.get("feedback")), _rating(value)
    if isinstance(verdict, dict):
        return thumb(
            rating, origin="feedback", reason=first(verdict, "tag", "reason", "tags"), comment=first(verdict, "text", "comment")
        )
    return thumb(rating, origin="message")


def _rating(value: Fields) -> Any:
    verdict = decoded(value.get("feedback"))
    if isinstance(verdict, dict):
        return first(verdict, "rating", "thumb", "value", "score")
    return verdict if verdict is not None else value.get("rating")


def _is_parts(values: Iterable[Any]) -> bool:
    """Whether a list is the content of one message in Anthropic's parts, not a list of messages."""
    parts = list(map(fields, values))
    return bool(parts) and all(key(part.get("type")) in _PARTS and "role" not in part for part in parts)


def _is_message(value: Fields) -> bool:
    return "role" in value and not isinstance(value.get("messages"), list)


def _item(value: Fields, alone: str) -> DraftMessage | None:
    """One element of a message list: a message, or an item of the Responses API."""
    kind = key(value.get("type"))
    if kind in ("function_call", "custom_tool_call", "tool_call") and "role" not in value:
        return DraftMessage("assistant", None, id=value.get("id"), tool_calls=[value])
    if kind in ("function_call_output", "custom_tool_call_output") and "role" not in value:
        return DraftMessage("tool", value.get("output"), id=value.get("id"), name=value.get("call_id"))
    if kind in ("reasoning", "item_reference"):
        return None
    inner = fields(value.get("message"))
    if "role" in inner and "role" not in value:  # a choice, or a message wrapped by a tracer
        return message({**value, **inner})
    if "role" in value or "from" in value or "sender" in value or "speaker" in value:
        return message(value)
    return message(value, alone) if first(value, "content", "text", "parts", "tool_calls") is not None else None


def _chosen(value: Fields) -> list[DraftMessage]:
    """The first choice of a completion; the others stand beside it as alternatives."""
    found = [_choice(choice, value) for choice in objects(value["choices"])]
    if not found:
        return []
    others = [other for other in map(_alternative, found[1:]) if other]
    found[0].alternatives = tuple(others)
    return found[:1]


def _choice(choice: Fields, completion: Fields) -> DraftMessage:
    inner = first(choice, "message", "delta")
    made = message(inner, "assistant") if isinstance(inner, dict) else DraftMessage("assistant", choice.get("text"))
    made.finish_reason = first(choice, "finish_reason") or made.finish_reason
    made.model = made.model or completion.get("model")
    made.id = made.id or completion.get("id")
    made.time = made.time or completion.get("created")
    return made


def _alternative(choice: DraftMessage) -> Alternative | None:
    text = prose(choice.content)
    return Alternative(content=text, model=key(choice.model) or None) if text else None


def listed(value: Any) -> list[Any] | None:
    """The list of messages that an object or a list holds, or None where it holds none."""
    value = decoded(value)
    if isinstance(value, (list, tuple)):
        return list(value)
    inner = decoded(first(fields(value), *_LISTS))
    return items(inner) if isinstance(inner, (list, tuple)) else None
