"""The baseline without examples: spans of feedback are picked out of the whole conversation, and silence means no feedback.

In the style of arXiv 2407.10944 (Don-Yehiya, Choshen, Abend), section 4; the words are ours, in `zero_shot.md`. A span
belongs to the first asked turn that holds it exactly; one that none holds is noted, as in the paper's own filter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, ClassVar

import msgspec

from rejoinder.errors import UsageError
from rejoinder.identity import digest
from rejoinder.prompts import Prompt, as_json, load
from rejoinder.prompts.bounds import QUOTE, at_most, menu, text
from rejoinder.prompts.labels import Reading, Said, checked, single_label
from rejoinder.prompts.windows import Window
from rejoinder.records import LabellingNote, Message, Question
from rejoinder.taxonomies import Category, Taxonomy
from rejoinder.taxonomies import load as load_taxonomy

_TOKENS_PER_REPLY, _TOKENS_PER_FIND, _FINDS_PER_TURN = 200, 360, 2


@dataclass(frozen=True)
class ZeroShotPrompt:
    """One request for all wanted turns of a window, without examples and without a word for "no feedback"."""

    taxonomy: Taxonomy = field(default_factory=lambda: load_taxonomy("user-feedback"))
    words: Prompt = field(default_factory=lambda: load("zero_shot"))

    alone: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse a label set that has no category for turns which are not named.

        Raises:
            UsageError: the taxonomy has no neutral category, or is not one label per turn.
        """
        if not any(one.polarity == "neutral" for one in single_label(self.taxonomy).categories):
            raise UsageError(f"taxonomy {self.taxonomy.name} has no neutral category for the turns that are not named")

    @cached_property
    def id(self) -> str:
        """Name and hash of everything that is said before the conversation."""
        return f"{self.words.name} {digest(self._system.encode())[:8]}"

    @cached_property
    def _system(self) -> str:
        return self.words.render(categories=_looked_for(self.taxonomy))

    def render(self, window: Window) -> Question:
        """The question about a window."""
        system, user = self._system, as_json({"conversation": window.shown()})
        most = _FINDS_PER_TURN * len(window.wanted)
        return Question(
            prompt=self.id,
            messages=(Message(role="system", content=system), Message(role="user", content=user)),
            reply=_reply(self.taxonomy, most),
            max_tokens=_TOKENS_PER_REPLY + _TOKENS_PER_FIND * most,
        )

    def parse(self, value: Any, window: Window) -> Reading:
        """The labels in a reply: a named turn has the category that the taxonomy puts first, any other is neutral.

        A turn all of whose patterns are off the menu is unreadable.
        """
        named: dict[int, list[Said]] = {}
        notes = []
        for one in value.found:
            holds = [turn for turn in window.wanted if one.text.strip() and one.text in window.text(turn)]
            if holds:
                named.setdefault(holds[0], []).append(Said(holds[0], one.pattern, evidence=(one.text,)))
            elif not any(one.text in window.text(turn) for turn in range(window.first, window.wanted[-1])):
                notes.append(LabellingNote(turn=window.wanted[0], reason="quote-in-no-turn"))
        neutral = next(one.name for one in self.taxonomy.categories if one.polarity == "neutral")
        said = [_first(named[turn], self.taxonomy) if turn in named else Said(turn, neutral) for turn in window.wanted]
        reading = checked(said, window, self.taxonomy)
        return Reading(reading.labels, (*notes, *reading.notes))


def _first(said: list[Said], taxonomy: Taxonomy) -> Said:
    """The label that stands where several were named; those off the menu stand last."""
    order = [*taxonomy.precedence, *(name for name in taxonomy.names if name not in taxonomy.precedence)]
    return min(said, key=lambda one: order.index(name) if (name := taxonomy.resolve(one.category)) else len(order))


def _looked_for(taxonomy: Taxonomy) -> tuple[Category, ...]:
    return tuple(one for one in taxonomy.categories if one.polarity != "neutral")


@cache
def _reply(taxonomy: Taxonomy, most: int) -> type[msgspec.Struct]:
    names = [one.name for one in _looked_for(taxonomy)]
    entry = msgspec.defstruct("FoundFeedback", [("text", text(QUOTE)), ("pattern", menu(names))], frozen=True)
    return msgspec.defstruct("ZeroShotReply", [("found", at_most(entry, most))], frozen=True)
