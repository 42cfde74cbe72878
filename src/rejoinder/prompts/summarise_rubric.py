"""One step of rubric summarisation (SPUR, arXiv 2403.12388): the rubric so far and a batch of reasons become a better rubric.

It sees reasons, never conversations, so that no text of a log can end up in a rubric by way of this prompt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated

import msgspec

from rejoinder.prompts import Prompt, as_json, load
from rejoinder.prompts.bounds import at_most
from rejoinder.prompts.extract_reasons import WORDS, Side
from rejoinder.records import Answer, Message, Question

PROMPT = load("summarise_rubric")
_SPACE = re.compile(r"\s+")
_LONGEST = {"title": 60, "definition": 400, "example": 300}


class Sign(msgspec.Struct, frozen=True):
    """One item of a rubric."""

    title: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": _LONGEST["title"]})]
    definition: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": _LONGEST["definition"]})]
    example: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": _LONGEST["example"]})]


class Reply(msgspec.Struct, frozen=True):
    """What the model must answer."""

    items: list[Sign]


def render(so_far: Sequence[Sign], reasons: Sequence[str], side: Side, items: int, prompt: Prompt = PROMPT) -> Question:
    """Ask for a rubric of at most `items` signs that covers the rubric so far and the reasons."""
    word, noun = WORDS[side]
    document = as_json({"rubric_so_far": list(so_far), "reasons": list(reasons)})
    return Question(
        prompt=prompt.id,
        messages=(
            Message(role="system", content=prompt.render(word=word, noun=noun, items=items)),
            Message(role="user", content=document),
        ),
        reply=_reply(items),
        max_tokens=150 * items + 300,
    )


@cache
def _reply(items: int) -> type[msgspec.Struct]:
    return msgspec.defstruct("RubricItems", [("items", at_most(Sign, items))], bases=(Reply,), frozen=True)


def parse(answer: Answer, items: int) -> tuple[Sign, ...] | None:
    """The signs in the model's order, none twice, at most `items`, each text on one line; None where there is none to read."""
    reply = answer.value
    if answer.state != "ok" or not isinstance(reply, Reply):
        return None
    found: dict[str, Sign] = {}
    for one in reply.items:
        sign = Sign(**{name: _line(getattr(one, name), most) for name, most in _LONGEST.items()})
        name = re.sub(r"[\W_]+", "", sign.title).casefold()
        if name and sign.definition:
            found.setdefault(name, sign)
    return tuple(found.values())[:items] or None


def _line(text: str, most: int) -> str:
    return _SPACE.sub(" ", text.encode("utf-8", "replace").decode()).strip()[:most].rstrip()
