"""Exchanges of one session, joined: each request may repeat the whole history, a window of it, or bring the last turn only.

Knows no fields of Langfuse. What is repeated is said once; an answer to the very same history is an alternative.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rejoinder.ingest.content import text_of, without_thought
from rejoinder.ingest.draft import DraftMessage
from rejoinder.ingest.readers.shape import key, prose
from rejoinder.records import Alternative, Signal


@dataclass(slots=True)
class Exchange:
    """One call: what was sent, what came back, and what was said about it."""

    asked: list[DraftMessage]
    answered: list[DraftMessage]
    signals: tuple[Signal, ...] = ()


@dataclass(slots=True)
class _Said:
    """What a session has said so far, with its words apart so that a long session is compared in linear time."""

    messages: list[DraftMessage] = field(default_factory=list)
    words: list[tuple[str, str]] = field(default_factory=list)
    """Of the messages but the system's."""
    users: list[str] = field(default_factory=list)
    systems: set[tuple[str, str]] = field(default_factory=set)

    def hear(self, messages: Iterable[DraftMessage]) -> None:
        """Add messages that are new."""
        for made in messages:
            word = _word(made)
            self.messages.append(made)
            if made.role == "system":
                self.systems.add(word)
                continue
            self.words.append(word)
            if made.role == "user":
                self.users.append(word[1])


def join(exchanges: list[Exchange]) -> list[DraftMessage]:
    """The messages of a session, each once, signals on the last message of the answer that they judge."""
    said = _Said()
    before: list[tuple[str, str]] = []
    for exchange in exchanges:
        _sign(exchange)
        answer, words = _answer(exchange), _words(exchange.asked)
        if said.messages and len(_users(exchange.asked)) > 1 and words == before:
            _regenerate(said, answer)
        else:
            said.hear([*_new(said, exchange.asked), *answer])
        before = words or before
    return said.messages


def sign(said: list[DraftMessage], signals: Iterable[Signal]) -> None:
    """Put signals on the last answer; where there is none, the last message logs them in its `repairs`."""
    last = next((made for made in reversed(said) if made.role == "assistant"), None)
    if last is not None:
        last.signals = (*last.signals, *signals)
    elif said:
        lines = (f"{signal.kind} {_shown(signal)} -> none: there is no answer" for signal in signals)
        said[-1].repairs = (*said[-1].repairs, *lines)


def _shown(signal: Signal) -> str:
    return " ".join(repr(word) for word in (signal.name, signal.value, signal.text) if word is not None)


def _new(said: _Said, asked: list[DraftMessage]) -> list[DraftMessage]:
    """The messages of a request that the session has not heard yet."""
    system = [made for made in asked if made.role == "system" and _word(made) not in said.systems]
    fresh = [made for made in asked if made.role != "system"]
    return [*system, *fresh[_heard(said, fresh) :]]


def _heard(said: _Said, asked: list[DraftMessage]) -> int:
    """How many messages at the start of a request were said before.

    First the longest overlap of the end of what was said with the start of the request (whole histories and windows);
    else, where the user's messages agree from the start but the answers were logged differently, up to the new one.
    """
    new, users = _words(asked), _users(asked)
    for length in range(min(len(said.words), len(new) - 1), 0, -1):
        if said.words[-length] == new[0] and said.words[-length:] == new[:length]:
            return length
    if said.users and len(users) > len(said.users) and users[: len(said.users)] == said.users:
        places = [place for place, made in enumerate(asked) if made.role == "user"]
        return places[len(said.users)]
    return 0


def _regenerate(said: _Said, answer: list[DraftMessage]) -> None:
    """Put a second answer to the same history in place of the first, which stays as its alternative."""
    if answer and said.messages[-1].role == "assistant":
        old = said.messages.pop()
        said.words.pop()
        text = prose(old.content)
        earlier = Alternative(content=text or "", model=key(old.model) or None, id=key(old.id) or None, signals=old.signals)
        answer[-1].alternatives = (*old.alternatives, *([earlier] if text else []), *answer[-1].alternatives)
    said.hear(answer)


def _sign(exchange: Exchange) -> None:
    answered = any(made.role == "assistant" for made in exchange.answered)
    sign(exchange.answered if answered else exchange.asked[-1:], exchange.signals)


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
    return key(made.role), without_thought(text_of(made.content))[1].strip()
