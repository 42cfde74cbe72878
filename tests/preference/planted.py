"""Invented conversations with known truth, built in one line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rejoinder import taxonomies
from rejoinder.preference import MinePreferences
from rejoinder.records import (
    Alternative,
    AnnotatedConversation,
    Conversation,
    Feedback,
    Message,
    Origin,
    PreferenceExample,
    Signal,
)

TAXONOMY = taxonomies.load("user-feedback")


def talk(*texts: str | Message, said: dict[int, str] | None = None, sure: float = 0.95, **about: Any) -> AnnotatedConversation:
    """User and assistant in turn (or messages as they are); `said` names the category of what turn n says."""
    roles = ("user", "assistant")
    messages = tuple(
        text if isinstance(text, Message) else Message(role=roles[i % 2], content=text)  # type: ignore[arg-type]
        for i, text in enumerate(texts)
    )
    fields = {"id": "talk", "source": "planted", "origin": Origin(file="planted.jsonl", row=1)} | about
    conversation = Conversation(messages=messages, **fields)
    return AnnotatedConversation(conversation=conversation, feedback=tuple(_feedback(conversation, said or {}, sure)))


def _feedback(conversation: Conversation, said: dict[int, str], sure: float) -> Sequence[Feedback]:
    rows, about = [], None
    for turn in conversation.turns:
        if about is not None:
            rows.append(_one(turn.number, about, said.get(turn.number, "NEU"), sure, turn.request))
        about = turn.number if turn.answers else about
    return rows


def _one(turn: int, about: int, category: str, sure: float, words: str) -> Feedback:
    rest = (1 - sure) / (len(TAXONOMY.names) - 1)
    probabilities = tuple(sure if name == category else rest for name in TAXONOMY.names)
    return Feedback(
        turn=turn,
        about=about,
        category=category,
        polarity=TAXONOMY.polarity(category),
        probability=sure,
        probabilities=probabilities,
        evidence=() if category == "NEU" else (words[:40],),
        labeller="planted",
    )


def mined(*conversations: AnnotatedConversation, **fields: Any) -> list[PreferenceExample]:
    """All examples, kept and dropped."""
    return list(MinePreferences(**fields)(conversations))


def kept(examples: Sequence[PreferenceExample], kind: str | None = None) -> list[PreferenceExample]:
    return [e for e in examples if e.dropped_by is None and kind in (None, e.kind)]


def pairs(*conversations: AnnotatedConversation) -> list[PreferenceExample]:
    return [e for e in mined(*conversations) if e.kind == "pair"]


def answer(content: str, *signals: Signal, others: Sequence[Alternative] = (), **fields: Any) -> Message:
    return Message(role="assistant", content=content, signals=signals, alternatives=tuple(others), **fields)


def thumb(value: float) -> Signal:
    return Signal(kind="thumb", value=value, origin="planted")


def vote(value: float, origin: str = "vote") -> Signal:
    return Signal(kind="vote", value=value, origin=origin)


GOOD = "The capital of Australia is Canberra, a planned city founded in 1913 between Sydney and Melbourne."
BAD = "The capital of Australia is Sydney, which everybody knows because of its famous opera house."
ASK = "What is the capital of Australia?"
WRONG = "No, that is wrong. Sydney is not the capital."
THANKS = "Perfect, thank you!"
NEXT = "Now tell me how many people live in Perth."
PERTH = "About two million people live in Perth."
REPAIRED = (ASK, BAD, WRONG, GOOD, THANKS, "You are welcome.")
