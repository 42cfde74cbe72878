"""Which of two answers serves the user better, with or without a checklist: the question, and how the reply is read.

Asks nobody and knows one order only: `judge.compare` asks in both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

import msgspec

from rejoinder.prompts import Prompt, as_json, load
from rejoinder.prompts.bounds import number_of, one_each
from rejoinder.records import Answer, Checklist, Message, Question

PROMPT = load("judge_pair")
_Reasoning = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 800})]  # the three sentences that the prompt asks for


class Reply(msgspec.Struct, frozen=True):
    """What the model must answer where there is no checklist; the reasoning stands first, so that the verdict follows it."""

    reasoning: _Reasoning
    verdict: Literal["A", "B", "tie"]


class ItemReply(msgspec.Struct, frozen=True):
    """One question of the checklist, said of both answers."""

    item: int
    a: bool
    b: bool


class ChecklistReply(msgspec.Struct, frozen=True):
    """What the model must answer under a checklist."""

    reasoning: _Reasoning
    items: list[ItemReply]
    verdict: Literal["A", "B", "tie"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the judge said in one order."""

    verdict: Literal["A", "B", "tie"] | None
    """None where it could not be read."""
    reason: str
    """The judge's reasoning, or why it could not be read."""
    met: tuple[tuple[bool, bool], ...] | None = None
    """For each item whether A and whether B meets it; None without a checklist, or where an item is missing or said twice."""


def render(
    context: Sequence[Message], first: str, second: str, checklist: Checklist | None = None, prompt: Prompt = PROMPT
) -> Question:
    """Ask about `first`, shown as A, and `second`, shown as B.

    `context` ends in the user message that both answer. What both orders share stands before what they do not, so that a
    server's prompt cache serves the second one.
    """
    document: dict[str, object] = {"conversation": [{"role": m.role, "content": m.content} for m in context]}
    items = checklist.items if checklist else ()
    if items:
        document["checklist"] = [{"item": number, "question": item.text} for number, item in enumerate(items, start=1)]
    document |= {"A": first, "B": second}
    system = Message(role="system", content=prompt.render(checklist=bool(items)))
    user = Message(role="user", content=as_json(document))
    return Question(prompt=prompt.id, messages=(system, user), reply=_under(len(items)) if items else Reply, max_tokens=1_500)


@cache
def _under(items: int) -> type[msgspec.Struct]:
    """The reply under a checklist, with a place for each of its items."""

    def item(named: tuple[int, ...]) -> type[msgspec.Struct]:
        return msgspec.defstruct("ItemOfPair", [("item", number_of(named))], bases=(ItemReply,), frozen=True)

    marks = one_each(item, tuple(range(1, items + 1)), items)
    return msgspec.defstruct("ReplyUnderChecklist", [("items", marks)], bases=(ChecklistReply,), frozen=True)


def parse(answer: Answer, items: int) -> Reading:
    """Read the reply to a question that had `items` on its checklist.

    A verdict off the menu is unreadable, and so is a reply with two verdicts: one of them may be a response's own, repeated.
    A verdict that stands beside an incomplete list of items is kept and the list is not: they are two statements.
    """
    reply = answer.value
    if answer.state != "ok" or not isinstance(reply, Reply | ChecklistReply):
        return Reading(None, f"{answer.state}: {answer.detail}" if answer.detail else answer.state)
    if said_twice(answer.text, "verdict"):
        return Reading(None, "the reply holds more than one verdict")
    return Reading(reply.verdict, reply.reasoning, _met(reply, items) if isinstance(reply, ChecklistReply) else None)


def said_twice(text: str, key: str) -> bool:
    """Whether a reply holds this key of JSON more than once; a key inside a string is escaped and does not count."""
    return len(re.findall(rf"""(?<!\\)["']{key}["']\s*:""", text)) > 1


def _met(reply: ChecklistReply, items: int) -> tuple[tuple[bool, bool], ...] | None:
    said = {mark.item: (mark.a, mark.b) for mark in reply.items}
    if len(reply.items) != items or set(said) != set(range(1, items + 1)):
        return None
    return tuple(said[number] for number in range(1, items + 1))
