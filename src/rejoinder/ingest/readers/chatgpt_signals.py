"""What a ChatGPT export holds beside the conversations: `message_feedback.json` and `model_comparisons.json`, as signals.

Neither file is documented; every shape that was seen in public code is accepted, and what names no message is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rejoinder.ingest.readers.judgements import thumb, vote
from rejoinder.ingest.readers.shape import Fields, decoded, fields, first, items, key, objects
from rejoinder.records import Signal

FEEDBACK, COMPARISONS = "message_feedback.json", "model_comparisons.json"
SIDECARS = (FEEDBACK, COMPARISONS)
_DEEPEST = 4


def signals_of(sidecars: Mapping[str, Any], conversation: str) -> dict[str, tuple[Signal, ...]]:
    """Signals by message id, of one conversation; rows that name no conversation may be of any."""
    found: dict[str, tuple[Signal, ...]] = {}
    for row in _rows(sidecars.get(FEEDBACK), conversation):
        id_ = key(first(row, "message_id", "id"))
        found[id_] = (*found.get(id_, ()), *_thumb(row))
    for row in map(_comparison, _rows(sidecars.get(COMPARISONS), "")):
        if key(row.get("conversation_id")) in ("", conversation):
            for id_, signal in _votes(row):
                found[id_] = (*found.get(id_, ()), signal)
    return {id_: signals for id_, signals in found.items() if id_ and signals}


def _rows(sidecar: Any, conversation: str) -> list[Fields]:
    rows = objects(sidecar) or objects(first(fields(sidecar), "feedback", "items", "data"))
    return [row for row in rows if not conversation or row.get("conversation_id") in (None, "", conversation)]


def _thumb(row: Fields) -> tuple[Signal, ...]:
    """Rating, tags and words of one feedback row; `content` holds the latter two as JSON in some exports."""
    content = decoded(row.get("content"))
    inner = {**(content if isinstance(content, dict) else {"text": content}), **{k: v for k, v in row.items() if v}}
    return thumb(
        row.get("rating"),
        origin=FEEDBACK,
        reason=items(inner.get("tags")) or inner.get("tag"),
        comment=first(inner, "text", "comment", "notes", "note"),
    )


def _comparison(row: Fields, depth: int = 0) -> Fields:
    """The object that names both messages: the row itself, or one inside its `input`."""
    inner = fields(decoded(first(row, "input", "metadata")))
    if "original_message_id" in row or "new_message_id" in row or not inner or depth > _DEEPEST:
        return row
    return _comparison(inner, depth + 1)


def _votes(row: Fields) -> list[tuple[str, Signal]]:
    """+1 and -1 for the new and the original answer; nothing where the person saw no difference."""
    verdict = key(first(row, "completion_comparison_rating", "rating", "choice")).lower()
    value = {"new": 1.0, "better": 1.0, "original": -1.0, "old": -1.0, "worse": -1.0}.get(verdict)
    if value is None:
        return []
    sides = ((row.get("new_message_id"), value), (row.get("original_message_id"), -value))
    return [(key(id_), vote(side, origin=COMPARISONS, name=verdict)) for id_, side in sides if key(id_)]
