"""LMSYS-Chat-1M rows: a `conversation` of role and content, moderation beside it, neither times nor users.

A message is toxic where OpenAI's moderation flagged it, the conversation where any of its messages is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rejoinder.ingest.draft import Draft
from rejoinder.ingest.format import Evidence, Format, Sample
from rejoinder.ingest.readers.chat import message
from rejoinder.ingest.readers.shape import Fields, decoded, need_list, need_object, objects, seen
from rejoinder.ingest.readers.wildchat import verdicts_of

_WILDCHAT = ("conversation_hash", "detoxify_moderation", "toxic", "timestamp")


def recognise(sample: Sample) -> Evidence | None:
    """A conversation list of role and content with moderation or a turn count beside it, and no mark of WildChat."""
    return seen(sample, _fits, "conversation of role and content beside openai_moderation, turn or redacted", 0.9)


def read(row: Any, sidecars: Mapping[str, Any]) -> Iterator[Draft]:
    """One row is one conversation."""
    row = need_object(row)
    conversation = objects(need_list(row, "conversation"))
    verdicts = verdicts_of(row, len(conversation))
    said = [message(entry) for entry in conversation]
    for made, verdict in zip(said, verdicts, strict=True):
        made.toxic = verdict
    known = [verdict for verdict in verdicts if verdict is not None]
    yield Draft(
        messages=said,
        id=row.get("conversation_id"),
        model=row.get("model"),
        language=row.get("language"),
        toxic=any(known) if known else None,
    )


def _fits(row: Fields) -> bool:
    turns = objects(decoded(row.get("conversation")))
    if not turns or "role" not in turns[0] or "toxic" in turns[0] or any(mark in row for mark in _WILDCHAT):
        return False
    return any(name in row for name in ("openai_moderation", "turn", "redacted"))


LMSYS = Format(name="lmsys", title="LMSYS-Chat-1M", recognise=recognise, read=read)
