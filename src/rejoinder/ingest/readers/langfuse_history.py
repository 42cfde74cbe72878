"""Exchanges of one session, joined: each request may repeat the whole history, a window of it, or bring the last turn only.

Knows no fields of Langfuse. What is repeated is said once; an answer to the very same history is an alternative.
"""

from __future__ import annotations

from dataclasses import dataclass

from rejoinder.ingest.content import text_of
from rejoinder.ingest.draft import DraftMessage
from rejoinder.ingest.readers.shape import key, prose
from rejoinder.records import Alternative, Signal


@dataclass(slots=True)
class Exchange:
    """One call: what was sent, what came back, and what was said about it."""

    asked: list[DraftMessage]
    answered: list[DraftMessage]
    signals: tuple[Signal, ...] = ()


def join(exchanges: list[Exchange]) -> list[DraftMessage]:
    """The messages of a session, each once, signals on the last message of the answer that they judge."""
    said: list[DraftMessage] = []
    before: list[DraftMessage] = []
    for exchange in exchanges:
        _sign(exchange)
        answer = _answer(exchange)
        if said and len(_users(exchange.asked)) > 1 and _words(exchange.asked) == _words(before):
            _regenerate(said, answer)
        else:
            said += _new(said, exchange.asked)
            said += answer
        before = exchange.asked or before
    return said


def _new(said: list[DraftMessage], asked: list[DraftMessage]) -> list[DraftMessage]:
    """The messages of a request that the session has not heard yet."""
    known = {_word(made) for made in said if made.role == "system"}
    system = [made for made in asked if made.role == "system" and _word(made) not in known]
    spoken, fresh = [[made for made in part if made.role != "system"] for part in (said, asked)]
    return [*system, *fresh[_heard(spoken, fresh) :]]


def _heard(said: list[DraftMessage], asked: list[DraftMessage]) -> int:
    """How many messages at the start of a request were said before.

    First the longest overlap of the end of what was said with the start of the request (whole histories and windows);
    else, where the user's messages agree from the start but the answers were logged differently, up to the new one.
    """
    old, new = _words(said), _words(asked)
    for length in range(min(len(old), len(new)), 0, -1):
        if length < len(new) and old[-length:] == new[:length]:
            return length
    users = _users(said)
    if users and len(_users(asked)) > len(users) and _users(asked)[: len(users)] == users:
        places = [place for place, made in enumerate(asked) if made.role == "user"]
        return places[len(users)]
    return 0


def _regenerate(said: list[DraftMessage], answer: list[DraftMessage]) -> None:
    """Put a second answer to the same history in place of the first, which stays as its alternative."""
    if not answer or not said or said[-1].role != "assistant":
        said += answer
        return
    old = said.pop()
    text = prose(old.content)
    earlier = Alternative(content=text or "", model=key(old.model) or None, id=key(old.id) or None, signals=old.signals)
    answer[-1].alternatives = (*old.alternatives, *([earlier] if text else []), *answer[-1].alternatives)
    said += answer


def _sign(exchange: Exchange) -> None:
    answers = [made for made in exchange.answered if made.role == "assistant"]
    if answers:
        answers[-1].signals = (*answers[-1].signals, *exchange.signals)


def _answer(exchange: Exchange) -> list[DraftMessage]:
    """What came back, without the request that some applications repeat before it."""
    asked = _words(exchange.asked)
    repeated = len(exchange.answered) > len(asked) and _words(exchange.answered)[: len(asked)] == asked
    return exchange.answered[len(asked) :] if repeated else exchange.answered


def _users(values: list[DraftMessage]) -> list[str]:
    return [text_of(made.content).strip() for made in values if made.role == "user"]


def _words(values: list[DraftMessage]) -> list[tuple[str, str]]:
    return [_word(made) for made in values]


def _word(made: DraftMessage) -> tuple[str, str]:
    return key(made.role), text_of(made.content).strip()
