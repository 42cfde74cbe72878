"""The baseline that asks once for each turn: what came before it and the message itself, nothing of what comes later.

Its words stand in `per_turn.md`. It costs a request per turn and repeats the conversation each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, ClassVar

import msgspec

from rejoinder.identity import digest
from rejoinder.prompts import Prompt, as_json, load
from rejoinder.prompts.bounds import QUOTE, menu, text
from rejoinder.prompts.labels import Reading, Said, checked, single_label
from rejoinder.prompts.windows import Window
from rejoinder.records import Message, Question
from rejoinder.taxonomies import Taxonomy
from rejoinder.taxonomies import load as load_taxonomy

_TOKENS = 400


@dataclass(frozen=True)
class PerTurnPrompt:
    """One request for one turn."""

    taxonomy: Taxonomy = field(default_factory=lambda: load_taxonomy("user-feedback"))
    words: Prompt = field(default_factory=lambda: load("per_turn"))

    alone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse a label set that is not one label per turn, with `UsageError`."""
        single_label(self.taxonomy)

    @cached_property
    def id(self) -> str:
        """Name and hash of everything that is said before the conversation."""
        return f"{self.words.name} {digest(self._system.encode())[:8]}"

    @cached_property
    def _system(self) -> str:
        return self.words.render(categories=self.taxonomy.categories, precedence=self.taxonomy.precedence)

    def render(self, window: Window) -> Question:
        """The question about the one wanted turn of a window."""
        *before, now = window.shown()
        user = as_json({"before": before, "message": now["user"]})
        return Question(
            prompt=self.id,
            messages=(Message(role="system", content=self._system), Message(role="user", content=user)),
            reply=_reply(self.taxonomy),
            max_tokens=_TOKENS,
        )

    def parse(self, value: Any, window: Window) -> Reading:
        """The label in a reply."""
        said = Said(window.wanted[-1], value.category, evidence=(value.evidence,))
        return checked([said], window, self.taxonomy)


@cache
def _reply(taxonomy: Taxonomy) -> type[msgspec.Struct]:
    fields = [("evidence", text(QUOTE)), ("category", menu(taxonomy.names))]
    return msgspec.defstruct("TurnReply", fields, frozen=True)
