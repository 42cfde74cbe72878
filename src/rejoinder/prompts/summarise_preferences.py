"""What the user of one conversation wanted of one answer, as yes/no questions with the words that they rest on.

Renders the question and reads the reply; which of the items may stand on a checklist is decided in `preference/checklists.py`.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated

import msgspec

from rejoinder.prompts import Prompt, as_json, load
from rejoinder.prompts.bounds import NAMED, at_most, number_of
from rejoinder.records import Answer, Conversation, Message, Question

PROMPT = load("summarise_preferences")


class ItemReply(msgspec.Struct, frozen=True):
    """One wish, with its quote before it, so that the question follows from the words."""

    turn: int
    quote: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 200})]
    question: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 300})]


class Reply(msgspec.Struct, frozen=True):
    """What the model must answer."""

    items: list[ItemReply]


def render(conversation: Conversation, about: int, feedback: tuple[int, ...], most: int, prompt: Prompt = PROMPT) -> Question:
    """Ask what the user wanted of the response of turn `about`.

    The model sees all that was said up to that response, and of what follows only the user's words in the turns `feedback`:
    what it has not read it cannot give away.
    """
    turns = conversation.turns
    starts = {turn.start: turn.number for turn in turns}
    messages = [
        {"turn": starts[place], "role": m.role, "content": m.content}
        if place in starts
        else {"role": m.role, "content": m.content}
        for place, m in enumerate(conversation.messages[: turns[about - 1].stop])
        if m.content.strip()
    ]
    after = [{"turn": number, "content": turns[number - 1].request} for number in feedback]
    system, document = prompt.render(most=most), as_json({"conversation": messages, "feedback": after})
    return Question(
        prompt=prompt.id,
        messages=(Message(role="system", content=system), Message(role="user", content=document)),
        reply=_reply(most, tuple(sorted({*range(1, about + 1), *feedback}))),
        max_tokens=1_500,
    )


@cache
def _reply(most: int, readable: tuple[int, ...]) -> type[msgspec.Struct]:
    turn = number_of(readable if readable[-1] <= NAMED else ())
    item = msgspec.defstruct("Preference", [("turn", turn)], bases=(ItemReply,), frozen=True)
    return msgspec.defstruct("PreferencesReply", [("items", at_most(item, most))], bases=(Reply,), frozen=True)


def parse(answer: Answer) -> tuple[ItemReply, ...] | None:
    """The proposed items in the model's order; None where the reply could not be read."""
    reply = answer.value
    return tuple(reply.items) if answer.state == "ok" and isinstance(reply, Reply) else None
