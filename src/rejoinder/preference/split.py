"""Which side of the split an example falls on: all examples of one person, or of one conversation, on the same one.

Depends on the seed and the name alone, so that it needs no pass over the data and never changes when data are added.
"""

from __future__ import annotations

from rejoinder.identity import draw
from rejoinder.records import Conversation, Split


def split_of(conversation: Conversation, seed: int, held_out: float) -> Split:
    """`held_out` with probability `held_out`, drawn once per user; per conversation where the log knows no user."""
    group = ("user", conversation.user) if conversation.user else ("conversation", conversation.id)
    return "held_out" if draw(seed, "split", *group) < held_out else "train"
