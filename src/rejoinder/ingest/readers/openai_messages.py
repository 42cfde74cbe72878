"""OpenAI messages and their near relations: chat files, logs of requests and responses, stored completions, preferences.

A row may hold the whole conversation (`messages`), a request with its response, or a prompt with its completion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chat import listed, messages, messages_in_answer, messages_in_request
from rejoinder.ingest.readers.judgements import ranked
from rejoinder.ingest.readers.shape import (
    Fields,
    decoded,
    fields,
    first,
    key,
    need_object,
    objects,
    prose,
    seen,
    share,
    strongest,
)

_LISTS = ("messages", "conversation", "conversations", "dialogue", "dialog")
_REQUESTS = ("request", "request_body", "body", "input", "prompt", "question", "query", "instruction")
_ANSWERS = ("response", "response_body", "output", "completion", "answer", "assistant")
_SPREAD = ("session", "session_id", "sessionId", "conversation", "conversation_id", "thread_id", "chat_id", "dialog_id")
_BETTER, _WORSE = ("chosen", "preferred_output"), ("rejected", "non_preferred_output")


def recognise(sample: Sample) -> Evidence | None:
    """Lists of messages with roles; weaker: requests with responses, prompts with completions."""
    bare = sum(1 for row in sample.rows if isinstance(row, list) and _speaks(row))
    return strongest(
        [
            seen(sample, lambda row: any(_speaks(decoded(row.get(name))) for name in _LISTS), "messages with roles", 0.75),
            share(bare, len(sample.rows), "a list of messages with roles", 0.75),
            seen(sample, _is_exchange, "a request with its response", 0.65),
            seen(sample, _is_preference, "a prompt with a chosen and a rejected answer", 0.7),
            seen(sample, _is_completion, "a prompt with its completion", 0.45),
            _lists(sample),
        ]
    )


def _lists(sample: Sample) -> Evidence | None:
    """`messages` in every row, though nobody is seen speaking: weak, but enough to say of each row what it lacks."""
    found = seen(sample, _is_list, "`messages` with a list", 0.2)
    return found if found and all(isinstance(row, dict) and _is_list(row) for row in sample.rows) else None


def _is_list(row: Fields) -> bool:
    inner = decoded(row.get("messages"))
    return isinstance(inner, list) and len(objects(inner)) == len(inner)


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One row is one conversation."""
    if isinstance(row, (list, tuple)):
        row = {"messages": list(row)}
    row = need_object(row)
    said = _preference(row) if _is_preference(row) else _conversation(row)
    if not said:
        raise Unreadable("no-messages", f"No messages, and no request with a response, in the fields {_names(row)}.")
    if all(made.role == "assistant" for made in said):
        raise Unreadable("no-request", "The row holds an answer without its request; read the requests' file joined with it.")
    request = _body(first(row, "request", "request_body", "body", "input"))
    yield Draft(
        messages=said,
        id=first(row, "conversation_id", "conversationId", "session_id", "thread_id", "id", "custom_id", "request_id"),
        user=_user(row),
        model=first(row, "model", "model_name") or request.get("model") or _body(row.get("response")).get("model"),
        language=first(row, "language", "lang"),
        time=first(row, "timestamp", "created_at", "created", "create_time", "time", "date"),
        title=first(row, "title", "name"),
    )


def _conversation(row: Fields) -> list[DraftMessage]:
    """Request and response in order; an answer that the request's list already ends with is not repeated."""
    asked = _prompt(row)
    answer = _answer(row)
    if asked and answer and asked[-1].role == "assistant" and prose(asked[-1].content) == prose(answer[0].content):
        return asked
    return asked + answer


def _prompt(row: Fields) -> list[DraftMessage]:
    for name in _LISTS:
        inner = decoded(row.get(name))
        if isinstance(inner, (list, tuple)):
            return [*_system(row), *messages(inner, alone="user")]
    request = first(row, *_REQUESTS)
    if request is None and "assistant" in row:
        request = row.get("user")  # beside an `assistant` it is what was said; elsewhere it is who said it
    return [*_system(row), *messages_in_request(_unwrapped(request))] if request is not None else []


def _system(row: Fields) -> list[DraftMessage]:
    lead = first(row, "system", "system_prompt", "instructions")
    return [DraftMessage("system", lead)] if isinstance(lead, str) and lead.strip() else []


def _answer(row: Fields) -> list[DraftMessage]:
    if isinstance(row.get("choices"), list):
        return messages_in_answer(row)
    value = first(row, *_ANSWERS)
    return messages_in_answer(_unwrapped(value)) if value is not None else []


def _preference(row: Fields) -> list[DraftMessage]:
    """The context, then the better answer with the worse one beside it; both may repeat the whole context."""
    (better_name, better), (worse_name, worse) = _ranks(row)
    chosen, rejected = messages_in_answer(better), messages_in_answer(worse)
    context = messages_in_request(first(row, "input", "prompt", "messages"))
    if len(chosen) > 1 or not context:
        context = chosen[:-1] or context
    if not chosen or not rejected:
        return []
    last = ranked(chosen[-1].content, rejected[-1].content, origin=(better_name, worse_name))
    return [*_system(row), *context, last] if last else []


def _ranks(row: Fields) -> tuple[tuple[str, Any], tuple[str, Any]]:
    better = next((name for name in _BETTER if name in row), _BETTER[0])
    worse = next((name for name in _WORSE if name in row), _WORSE[0])
    return (better, row.get(better)), (worse, row.get(worse))


def _unwrapped(value: Any) -> Any:
    """A logged request or response without the envelope that HTTP loggers put around the body."""
    value = decoded(value)
    inner = decoded(fields(value).get("body"))
    return inner if isinstance(inner, dict) else value


def _body(value: Any) -> Fields:
    return fields(_unwrapped(value))


def _speaks(value: Any) -> bool:
    found = objects(value)
    return bool(found) and "role" in found[0] and ("content" in found[0] or "parts" in found[0] or "tool_calls" in found[0])


def _is_exchange(row: Fields) -> bool:
    request, response = (_body(first(row, *names[:2])) for names in (_REQUESTS, _ANSWERS))
    asked = listed(request) is not None or "input" in request or "prompt" in request
    return (asked and bool(response)) or ("choices" in response) or isinstance(row.get("choices"), list)


def _is_completion(row: Fields) -> bool:
    """A prompt with its completion that stands alone: where a column names a conversation, its rows must be joined."""
    return not any(key(row.get(name)) for name in _SPREAD) and bool(_prompt(row)) and bool(_answer(row))


def _is_preference(row: Fields) -> bool:
    (_, better), (_, worse) = _ranks(row)
    return better is not None and worse is not None and not objects(row.get("conversations"))


def _user(row: Fields) -> Any:
    """Who spoke; `user` is a name only beside a list of messages, elsewhere it may be what the person said."""
    named = ("user_id", "userId", "end_user", *(("user",) if listed(row) is not None else ()))
    return first(row, *named) or _body(row.get("request")).get("user")


def _names(row: Fields) -> str:
    return ", ".join(f"`{name}`" for name in sorted(map(str, row))[:12]) or "(none)"


OPENAI_MESSAGES = Format(name="openai-messages", title="OpenAI messages", recognise=recognise, read=read)
