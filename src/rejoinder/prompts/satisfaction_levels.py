"""The baseline that grades satisfaction on an ordered scale instead of naming a category.

After the five levels of arXiv 2602.08829 (WildReward); the words are ours, in `satisfaction_levels.md`, and the levels are
rendered from the taxonomy. No way leads from a level to one of the six categories; both have a polarity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar

import msgspec

from rejoinder.errors import UsageError
from rejoinder.identity import digest
from rejoinder.prompts import Prompt, as_json, load
from rejoinder.prompts.bounds import number_of, one_each
from rejoinder.prompts.labels import Reading, Said, checked, named_turns, single_label
from rejoinder.prompts.windows import Window
from rejoinder.records import Message, Question
from rejoinder.taxonomies import Taxonomy
from rejoinder.taxonomies import load as load_taxonomy

_TOKENS_PER_REPLY, _TOKENS_PER_TURN = 100, 30


@dataclass(frozen=True)
class LevelsPrompt:
    """One request that grades all wanted turns of a window."""

    taxonomy: Taxonomy = field(default_factory=lambda: load_taxonomy("wildreward"))
    words: Prompt = field(default_factory=lambda: load("satisfaction_levels"))

    alone: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse a label set that is no scale.

        Raises:
            UsageError: a category of the taxonomy has no place on a scale, or it is not one label per turn.
        """
        if any(one.ordinal is None for one in single_label(self.taxonomy).categories):
            raise UsageError(f"taxonomy {self.taxonomy.name} is no scale: a category has no `ordinal`; `wildreward` is one")

    @cached_property
    def id(self) -> str:
        """Name and hash of everything that is said before the conversation."""
        return f"{self.words.name} {digest(self._system.encode())[:8]}"

    @cached_property
    def _system(self) -> str:
        return self.words.render(levels=sorted(self.taxonomy.categories, key=lambda one: one.ordinal or 0))

    def render(self, window: Window) -> Question:
        """The question about the wanted turns of a window."""
        system, user = self._system, as_json({"conversation": window.shown(), "grade": window.wanted})
        return Question(
            prompt=self.id,
            messages=(Message(role="system", content=system), Message(role="user", content=user)),
            reply=_reply(self.taxonomy, len(window.wanted), named_turns(window.wanted)),
            max_tokens=_TOKENS_PER_REPLY + _TOKENS_PER_TURN * len(window.wanted),
        )

    def parse(self, value: Any, window: Window) -> Reading:
        """The levels in a reply as categories; a level that is not on the scale is no label."""
        names = {one.ordinal: one.name for one in self.taxonomy.categories}
        said = [Said(one.turn, names.get(one.level, "")) for one in value.turns]
        return checked(said, window, self.taxonomy)


@cache
def _reply(taxonomy: Taxonomy, count: int, named: tuple[int, ...]) -> type[msgspec.Struct]:
    levels = sorted(one.ordinal for one in taxonomy.categories if one.ordinal is not None)
    level = Annotated[int, msgspec.Meta(extra_json_schema={"enum": levels})]

    def entry(named: tuple[int, ...]) -> type[msgspec.Struct]:
        return msgspec.defstruct("TurnLevel", [("turn", number_of(named)), ("level", level)], frozen=True)

    return msgspec.defstruct("LevelsReply", [("turns", one_each(entry, named, count))], frozen=True)
