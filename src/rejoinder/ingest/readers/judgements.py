"""Explicit judgements in the words of many tools, as signals: thumbs, comments, votes, and pairs someone has ranked.

Says what was judged, never what it means; which response it belongs to is the reader's affair.
"""

from __future__ import annotations

import math
import re
from typing import Any

from rejoinder.ingest.draft import DraftMessage
from rejoinder.ingest.readers.shape import items, key, number, prose
from rejoinder.records import Alternative, Signal

_UP = frozenset({"thumbsup", "up", "upvote", "like", "liked", "positive", "good", "helpful", "true"})
_DOWN = frozenset({"thumbsdown", "down", "downvote", "dislike", "disliked", "negative", "bad", "nothelpful", "false"})
_NOT_A_LETTER = re.compile(r"[^a-z]")


def thumb_value(rating: Any) -> float | None:
    """+1.0 for a rating that says good, -1.0 for one that says bad, else None: words, signs and numbers alike."""
    if isinstance(rating, bool):
        return 1.0 if rating else -1.0
    value = number(rating)
    if value is not None:
        return math.copysign(1.0, value) if value else None
    name = _NOT_A_LETTER.sub("", rating.lower()) if isinstance(rating, str) else ""
    return 1.0 if name in _UP else -1.0 if name in _DOWN else None


def thumb(rating: Any, *, origin: str, reason: Any = None, comment: Any = None) -> tuple[Signal, ...]:
    """A thumb with the tool's reason for it, and the person's own words as a comment; empty where there is neither.

    Args:
        rating: the tool's word or number for good or bad.
        origin: path of the object that holds them, such as `message.feedback`.
        reason: a reason tag or a list of them.
        comment: free text.
    """
    value, tags, text = thumb_value(rating), reason_tags(reason), prose(comment)
    found = [Signal(kind="thumb", value=value, name=tags, origin=f"{origin}.rating")] if value is not None else []
    if text:
        found.append(Signal(kind="comment", text=text, name=tags, origin=f"{origin}.comment"))
    return tuple(found)


def reason_tags(reason: Any) -> str | None:
    """Reason tags as one name: `not_helpful, too_long`."""
    tags = [tag for tag in map(_tag, items(reason) or [reason]) if tag]
    return ", ".join(tags) or None


def _tag(value: Any) -> str:
    return key(value.get("key") or value.get("label")) if isinstance(value, dict) else key(value)


def vote(value: float, *, origin: str, name: str | None = None) -> Signal:
    """A comparison that a response won (+1.0) or lost (-1.0)."""
    return Signal(kind="vote", value=value, name=name, origin=origin)


def ranked(chosen: Any, rejected: Any, *, origin: tuple[str, str]) -> DraftMessage | None:
    """An answer that won a comparison, with the one that lost kept as its alternative; None where the winner is empty.

    Args:
        chosen: the better answer, a string or a content of any shape.
        rejected: the worse one.
        origin: the fields that they come from.
    """
    better, worse = prose(chosen), prose(rejected)
    if better is None:
        return None
    lost = () if worse is None else (Alternative(content=worse, signals=(vote(-1.0, origin=origin[1]),)),)
    return DraftMessage("assistant", better, signals=(vote(1.0, origin=origin[0]),), alternatives=lost)
