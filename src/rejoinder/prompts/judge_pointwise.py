"""Which questions of a checklist one answer meets: the question, and how the reply is read item by item.

Asks nobody. An item that the reply leaves out, or says twice with two decisions, is unreadable; the others stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated

import msgspec

from rejoinder.prompts import Prompt, as_json, load
from rejoinder.prompts.bounds import number_of, one_each
from rejoinder.prompts.judge_pair import said_twice
from rejoinder.records import Answer, Checklist, ItemMark, Message, Question

PROMPT = load("judge_pointwise")


class ItemReply(msgspec.Struct, frozen=True):
    """One question of the checklist; the grounds stand before the decision."""

    item: int
    quote: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 200})]
    why: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 300})]
    met: bool


class Reply(msgspec.Struct, frozen=True):
    """What the model must answer."""

    items: list[ItemReply]


def render(context: Sequence[Message], response: str, checklist: Checklist, prompt: Prompt = PROMPT) -> Question:
    """Ask which items of `checklist` are met by `response`, given to a `context` that ends in a user message."""
    document = {
        "conversation": [{"role": m.role, "content": m.content} for m in context],
        "checklist": [{"item": number, "question": item.text} for number, item in enumerate(checklist.items, start=1)],
        "answer": response,
    }
    system = Message(role="system", content=prompt.render())
    user = Message(role="user", content=as_json(document))
    return Question(prompt=prompt.id, messages=(system, user), reply=_reply(len(checklist.items)), max_tokens=2_000)


@cache
def _reply(items: int) -> type[msgspec.Struct]:
    """A place for each item of the checklist."""

    def item(named: tuple[int, ...]) -> type[msgspec.Struct]:
        return msgspec.defstruct("ItemOfAnswer", [("item", number_of(named))], bases=(ItemReply,), frozen=True)

    marks = one_each(item, tuple(range(1, items + 1)), items)
    return msgspec.defstruct("PointwiseReply", [("items", marks)], bases=(Reply,), frozen=True)


def parse(answer: Answer, checklist: Checklist, response: str) -> tuple[ItemMark, ...]:
    """One mark per item of `checklist`, in its order; a quote that is no exact substring of `response` is left out."""
    reply = answer.value
    numbers = range(1, len(checklist.items) + 1)
    if answer.state != "ok" or not isinstance(reply, Reply):
        reason = f"{answer.state}: {answer.detail}" if answer.detail else answer.state
        return tuple(ItemMark(item=number, met="unreadable", reason=reason) for number in numbers)
    if said_twice(answer.text, "items"):
        return tuple(ItemMark(item=number, met="unreadable", reason="the reply holds more than one list") for number in numbers)
    said: dict[int, list[ItemReply]] = {}
    for mark in reply.items:
        said.setdefault(mark.item, []).append(mark)
    return tuple(_mark(number, said.get(number, []), response) for number in numbers)


def _mark(number: int, said: list[ItemReply], response: str) -> ItemMark:
    if len({one.met for one in said}) != 1:
        reason = "the reply says both yes and no" if said else "the reply leaves this item out"
        return ItemMark(item=number, met="unreadable", reason=reason)
    first = said[0]
    quote = first.quote if first.quote in response else ""
    return ItemMark(item=number, met="yes" if first.met else "no", quote=quote, reason=first.why)
