"""Why the user of a rated conversation was satisfied or not, each reason with the user's words (SPUR, arXiv 2403.12388).

The rating itself is never shown; a reason that speaks of it, or whose quote the user never said, is not taken.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Literal

import msgspec

from rejoinder.prompts import Prompt, as_json, load
from rejoinder.prompts.bounds import at_most
from rejoinder.prompts.whole import shown_whole
from rejoinder.prompts.windows import WindowSize
from rejoinder.records import Answer, Conversation, Message, Question

PROMPT = load("extract_reasons")
Side = Literal["positive", "negative"]
WORDS = {"positive": ("satisfied", "satisfaction"), "negative": ("dissatisfied", "dissatisfaction")}
LONGEST = 300
"""Characters of a reason; a longer one is no short sentence."""
_RATING = re.compile(
    r"\b(thumbs?|rat(e[ds]?|ings?)|(up|down)-?vot\w*|(dis)?like button|clicked|stars?|labell?ed)\b", re.IGNORECASE
)
_SPACE = re.compile(r"\s+")


class ReasonReply(msgspec.Struct, frozen=True):
    """One reason, with its quote before it, so that the reason follows from the words."""

    quote: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 200})]
    reason: Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": LONGEST})]


class Reply(msgspec.Struct, frozen=True):
    """What the model must answer."""

    reasons: list[ReasonReply]


def render(conversation: Conversation, side: Side, most: int, size: WindowSize, prompt: Prompt = PROMPT) -> Question:
    """Ask for at most `most` reasons; the model reads texts and roles, never the signals of the log."""
    word, noun = WORDS[side]
    document = as_json(shown_whole(conversation.turns, size))
    return Question(
        prompt=prompt.id,
        messages=(
            Message(role="system", content=prompt.render(word=word, noun=noun, most=most)),
            Message(role="user", content=document),
        ),
        reply=_reply(most),
        max_tokens=200 * most + 200,
    )


@cache
def _reply(most: int) -> type[msgspec.Struct]:
    return msgspec.defstruct("ReasonsReply", [("reasons", at_most(ReasonReply, most))], bases=(Reply,), frozen=True)


def parse(answer: Answer, conversation: Conversation, most: int) -> tuple[tuple[ReasonReply, ...], tuple[str, ...]] | None:
    """The reasons that hold, at most `most`, and a code for each that does not; None where the reply could not be read.

    Codes: `quote-not-said-by-user`, `speaks-of-the-rating`, `empty`, `too-long`, `one-too-many`.
    """
    reply = answer.value
    if answer.state != "ok" or not isinstance(reply, Reply):
        return None
    said = [turn.request for turn in conversation.turns]
    held: list[ReasonReply] = []
    dropped = []
    for one in reply.reasons:
        plain = _SPACE.sub(" ", one.reason).strip()
        trouble = _trouble(one.quote, plain, said) if len(held) < most else "one-too-many"
        if trouble:
            dropped.append(trouble)
        else:
            held.append(ReasonReply(one.quote, plain))
    return tuple(held), tuple(dropped)


def _trouble(quote: str, reason: str, said: list[str]) -> str | None:
    if not reason or len(reason) > LONGEST:
        return "too-long" if reason else "empty"
    if _RATING.search(reason):
        return "speaks-of-the-rating"
    return None if quote.strip() and any(quote in text for text in said) else "quote-not-said-by-user"
