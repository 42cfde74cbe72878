"""Messages as logged become the context that a trainer takes: one system message, then roles that alternate, a user last.

Joins and leaves out; never changes a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rejoinder.records import Message

JOINT = "\n\n"
"""Stands between messages of one role that become one."""


def trainer_context(messages: Sequence[Message]) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """The context of an answer, and flags that say what had to be done to it.

    System messages become one, at the start (flag `late-system` where one stood later). Messages without text and of
    tools are left out; neighbours of one role are joined by a blank line (flag `merged-turns`). An assistant message
    before the first user message stays: exports whose format has no place for it leave it out.
    """
    spoken = [m for m in messages if m.content.strip() and m.role in ("user", "assistant")]
    system = [m for m in messages if m.role == "system" and m.content.strip()]
    merged = [_joined(list(group)) for _, group in groupby(spoken, key=lambda m: m.role)]
    flags = []
    if system and any(m.role == "system" for m in messages[_first_spoken(messages) :]):
        flags.append("late-system")
    if len(merged) < len(spoken):
        flags.append("merged-turns")
    lead = [_joined(system)] if system else []
    return (*lead, *merged), tuple(flags)


def _joined(group: list[Message]) -> Message:
    return Message(role=group[0].role, content=JOINT.join(m.content for m in group))


def _first_spoken(messages: Sequence[Message]) -> int:
    return next((i for i, m in enumerate(messages) if m.role != "system"), len(messages))
