"""What the detector may see of a user turn: its words, what was asked before, the answer it replies to; never what comes later.

It chooses the passages and cuts them; it computes nothing from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from rejoinder.records import Conversation

HEAD, TAIL = 1200, 600
"""Characters kept of the beginning and of the end of a long text: feedback stands at an edge of a paste, seldom inside."""
ANSWER_HEAD, ANSWER_TAIL = 800, 400
"""The same for the response."""
REQUESTS = 4
"""How many earlier requests are compared with the turn."""
UNPUBLISHED = frozenset({"[response not published]", "[not published]", "[redacted]", "[removed]", "[deleted]"})
"""Stand-ins that data sets print where the answer was withheld: the answer is unknown, not short."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One user turn in its place in the conversation."""

    turn: int
    """From 2."""
    about: int
    """The latest earlier turn that has a response."""
    follow_up: str
    """What the user says now, whole."""
    requests: tuple[str, ...]
    """Earlier user messages, latest first, cut; at most `REQUESTS`."""
    response: str | None
    """The answer that stands before the turn, cut; None where the log does not hold its text."""


def situations(conversation: Conversation) -> list[Situation]:
    """One situation for every user turn from the second on that has a response somewhere before it."""
    found: list[Situation] = []
    earlier: list[str] = []
    answered: tuple[int, str] | None = None
    for turn in conversation.turns:
        if answered is not None:
            about, response = answered
            requests = tuple(reversed(earlier[-REQUESTS:]))
            known = None if response.strip().lower() in UNPUBLISHED else cut(response, ANSWER_HEAD, ANSWER_TAIL)
            found.append(Situation(turn.number, about, turn.request, requests, known))
        earlier.append(cut(turn.request))
        response_here = turn.response
        if response_here is not None:
            answered = (turn.number, response_here)
    return found


def cut(text: str, head: int = HEAD, tail: int = TAIL) -> str:
    """Keep the head and the tail of a long text, a line break between them."""
    if len(text) <= head + tail:
        return text
    return f"{text[:head]}\n{text[-tail:]}"
