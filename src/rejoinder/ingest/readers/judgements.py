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

# fmt: off
_UP = frozenset(
    {
        "thumbsup", "thumbup", "up", "upvote", "upvoted", "like", "liked", "love", "loved", "positive", "good",
        "great", "excellent", "helpful", "correct", "right", "accept", "accepted", "satisfied", "happy", "pass",
        "passed", "yes", "y", "true", "t"
    }
)
_DOWN = frozenset(
    {
        "thumbsdown", "thumbdown", "down", "downvote", "downvoted", "dislike", "disliked", "hate", "hated",
        "negative", "bad", "poor", "terrible", "nothelpful", "unhelpful", "incorrect", "wrong", "reject", "rejected",
        "dissatisfied", "unsatisfied", "unhappy", "fail", "failed", "flag", "flagged", "no", "n", "false", "f"
    }
)
_NEITHER = frozenset(
    {
        "none", "null", "nil", "na", "nan", "neutral", "neither", "unrated", "notrated", "norating", "unknown",
        "skipped"
    }
)
# fmt: on
_UP_SIGNS, _DOWN_SIGNS = frozenset("👍✅✔✓❤😀😃😄😊🙂😍"), frozenset("👎❌✖✗✘😞😠😡🙁☹")
_NOT_A_LETTER = re.compile(r"[\W\d_]")
_DRESS = re.compile("[\\s\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""White space, the selectors of a sign's look, and skin tones."""


def thumb_value(rating: Any) -> float | None:
    """+1.0 for a rating that says good, -1.0 for one that says bad, else None: words, signs, and the numbers 1 and -1."""
    if isinstance(rating, bool):
        return 1.0 if rating else -1.0
    value = number(rating)
    if value is not None:
        return value if value in (1.0, -1.0) else None
    if not isinstance(rating, str):
        return None
    name, signs = _NOT_A_LETTER.sub("", rating.lower()), set(_DRESS.sub("", rating))
    if name in _UP or (signs and signs <= _UP_SIGNS):
        return 1.0
    return -1.0 if name in _DOWN or (signs and signs <= _DOWN_SIGNS) else None


def is_riddle(rating: Any) -> bool:
    """Whether a rating is there that says neither good nor bad, and does not say that there is none; 0 may mean bad."""
    missing = rating is None or (isinstance(rating, float) and math.isnan(rating))
    if missing or thumb_value(rating) is not None:
        return False
    if not isinstance(rating, str):
        return True
    return _NOT_A_LETTER.sub("", rating.lower()) not in _NEITHER and rating.strip() not in ("", "-")


def unread(name: str, rating: Any) -> tuple[str, ...]:
    """The line for `repairs` on a rating that `thumb` makes nothing of; empty where it does, or where there is none."""
    return (f"{name} {rating!r:.60} -> none",) if is_riddle(rating) and not number(rating) else ()


def thumb(rating: Any, *, origin: str, reason: Any = None, comment: Any = None) -> tuple[Signal, ...]:
    """A thumb with the tool's reason for it, and the person's own words as a comment; empty where there is neither.

    A number that is none of 1, 0 and -1 is a rating in a scale that the log does not name.

    Args:
        rating: the tool's word or number for good or bad.
        origin: path of the object that holds them, such as `message.feedback`.
        reason: a reason tag or a list of them.
        comment: free text.
    """
    value, grade, tags, text = thumb_value(rating), number(rating), reason_tags(reason), prose(comment)
    found = []
    if value is not None:
        found.append(Signal(kind="thumb", value=value, name=tags, origin=f"{origin}.rating"))
    elif grade:
        found.append(Signal(kind="rating", value=grade, name=tags, origin=f"{origin}.rating"))
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
