"""Rejoinder's own labelled rows: `conversation_id`, `messages`, and `feedback` per user turn or `labels` per message.

Labels stay on the message that was labelled: a feedback label on the user's message, a rating or copy on the response.
Ranked pairs of the same family (`response_a`, `response_b`, `human_label`) become an answer with its alternative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft, DraftMessage
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chat import messages, messages_in_request
from rejoinder.ingest.readers.gold_labels import feedback_signals, sign_conversation, turn_signals
from rejoinder.ingest.readers.judgements import ranked
from rejoinder.ingest.readers.shape import (
    Fields,
    decoded,
    fields,
    first,
    has,
    key,
    need_list,
    need_object,
    objects,
    seen,
    strongest,
)

_TURN_LISTS = ("turns", "turn_speech_acts")


def recognise(sample: Sample) -> Evidence | None:
    """Messages with a conversation_id and labels of turns beside them, or ranked pairs."""
    return strongest(
        [
            seen(sample, _is_labelled, "messages with labelled `feedback` turns", 0.98),
            seen(sample, _is_rated, "conversation_id, messages and `labels`", 0.95),
            seen(sample, _is_ranked, "response_a, response_b and human_label", 0.95),
            seen(sample, lambda row: _is_labelled(row) or _is_rated(row) or _is_ranked(row), "labelled messages", 0.94),
        ]
    )


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One row is one conversation."""
    row = need_object(row)
    labels = fields(decoded(row.get("labels")))
    said = _pair(row) if has(row, "response_a", "response_b") else messages(need_list(row, "messages"), alone="user")
    for position, marks in enumerate(_marks(labels)):
        if position < len(said):
            made = said[position]
            made.id = made.id or fields(marks).get("message_id")
            made.signals = (*made.signals, *turn_signals(marks))
    sign_conversation(said, labels)
    _sign_feedback(said, objects(decoded(row.get("feedback"))))
    yield Draft(
        messages=said,
        id=first(row, "conversation_id", "id"),
        user=first(labels, "participant", "user") or row.get("user"),
        model=row.get("model") or labels.get("model"),
        language=first(row, "lang", "language") or labels.get("lang") or fields(row.get("meta")).get("lang"),
        time=first(row, "time", "timestamp") or labels.get("timestamp"),
    )


def _marks(labels: Fields) -> list[Any]:
    found: Any = next((labels[name] for name in _TURN_LISTS if isinstance(labels.get(name), list)), [])
    return list(found)


def _sign_feedback(said: list[DraftMessage], feedback: list[Fields]) -> None:
    """Each label on the user message of its turn: the k-th user message, from 1."""
    users = [made for made in said if made.role == "user"]
    for entry in feedback:
        turn = entry.get("turn")
        if isinstance(turn, int) and 1 <= turn <= len(users):
            users[turn - 1].signals = (*users[turn - 1].signals, *feedback_signals(entry))


def _pair(row: Fields) -> list[DraftMessage]:
    """The context, then the answer that people preferred with the other beside it; a tie keeps both without votes."""
    context = messages_in_request(first(row, "messages", "prompt"))
    first_won = key(row.get("human_label")).lower() not in ("b", "2")
    sides = ("response_a", "response_b") if first_won else ("response_b", "response_a")
    answer = ranked(row.get(sides[0]), row.get(sides[1]), origin=sides)
    if answer is not None and key(row.get("human_label")).lower() not in ("a", "b", "1", "2"):
        answer.signals = ()
        answer.alternatives = tuple(type(other)(content=other.content) for other in answer.alternatives)
    return [*context, answer] if answer else context


def _is_labelled(row: Fields) -> bool:
    found = objects(decoded(row.get("feedback")))
    return isinstance(decoded(row.get("messages")), list) and bool(found) and "label" in found[0] and "turn" in found[0]


def _is_rated(row: Fields) -> bool:
    rated = has(row, "conversation_id", "messages") and ("labels" in row or isinstance(row.get("feedback"), list))
    return rated and isinstance(decoded(row.get("messages")), list)


def _is_ranked(row: Fields) -> bool:
    return has(row, "response_a", "response_b", "human_label")


GOLD = Format(name="gold", title="Rejoinder's labelled conversations", recognise=recognise, read=read)
