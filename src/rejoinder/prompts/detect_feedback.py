"""The prompt that labels every turn of a window in one request: category, target turn, evidence, rubrics and two flags.

Its words stand in `detect_feedback.md`, its examples in `detect_feedback.toml`; menus are rendered from the taxonomies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, ClassVar

import msgspec

from rejoinder.errors import UsageError
from rejoinder.identity import digest
from rejoinder.prompts import Prompt, as_json, load
from rejoinder.prompts.bounds import QUOTE, at_most, menu, number_of, one_each, text
from rejoinder.prompts.labels import Reading, Said, checked, earlier_than, named_turns, single_label
from rejoinder.prompts.windows import Window
from rejoinder.records import Message, Question
from rejoinder.taxonomies import Taxonomy
from rejoinder.taxonomies import load as load_taxonomy

TOKENS_PER_REPLY, TOKENS_PER_TURN = 200, 460
"""Room for the reply: a quote of 160 characters takes up to 320 tokens (an escape such as `\\n` is two), the rest up to 140."""
RUBRICS = 6
"""Most rubrics of one turn."""


class ExampleTurn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One turn of an invented conversation; the last one has no response."""

    user: str
    response: str | None = None


class ExampleLabel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What should be said of one turn: an entry of the reply with all its fields."""

    turn: int
    about: int
    evidence: str
    category: str
    rubrics: tuple[str, ...]
    refusal: bool
    unsafe: bool


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invented conversation and what should be said of it."""

    conversation: tuple[ExampleTurn, ...]
    turns: tuple[ExampleLabel, ...]


def shipped_examples() -> tuple[Example, ...]:
    """The examples that ship beside this file."""
    raw = (files("rejoinder.prompts") / "detect_feedback.toml").read_bytes()
    return msgspec.toml.decode(raw, type=dict[str, tuple[Example, ...]])["examples"]


@dataclass(frozen=True)
class DetectPrompt:
    """One request for all wanted turns of a window, with "no feedback" said aloud, after arXiv 2507.23158, section 3."""

    taxonomy: Taxonomy = field(default_factory=lambda: load_taxonomy("user-feedback"))
    rubrics: Taxonomy | None = field(default_factory=lambda: load_taxonomy("wildfeedback"))
    """Rubrics that are asked for beside the category; None asks for none."""
    flags: bool = True
    """Whether refusals and unsafe requests are asked for, each as a field of its own."""
    words: Prompt = field(default_factory=lambda: load("detect_feedback"))
    examples: tuple[Example, ...] = field(default_factory=shipped_examples)

    alone: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse label sets that are not of the kind that is asked for.

        Raises:
            UsageError: the taxonomy is not one label per turn, or the rubrics are not several per turn.
        """
        single_label(self.taxonomy)
        if self.rubrics is not None and not self.rubrics.multi_label:
            raise UsageError(f"taxonomy {self.rubrics.name} is no set of rubrics: only one of its categories may hold at once")

    @cached_property
    def id(self) -> str:
        """Name and hash of everything that is said before the conversation."""
        return f"{self.words.name} {digest(self._system.encode())[:8]}"

    @cached_property
    def _system(self) -> str:
        taxonomy, rubrics = self.taxonomy, self.rubrics
        return self.words.render(
            categories=taxonomy.categories,
            precedence=taxonomy.precedence,
            rubrics=rubrics.categories if rubrics else (),
            flags=self.flags,
            quote=QUOTE,
            most_rubrics=RUBRICS,
            examples=[_rendered(one, self) for one in self.examples if _fits(one, taxonomy, rubrics)],
        )

    def render(self, window: Window) -> Question:
        """The question about the wanted turns of a window; what is the same for all comes first."""
        given = {"conversation": window.shown(), "label": window.wanted}
        return Question(
            prompt=self.id,
            messages=(Message(role="system", content=self._system), Message(role="user", content=as_json(given))),
            reply=_reply(self, len(window.wanted), named_turns(window.wanted)),
            max_tokens=TOKENS_PER_REPLY + TOKENS_PER_TURN * len(window.wanted),
        )

    def parse(self, value: Any, window: Window) -> Reading:
        """The labels in a reply, held against the window."""
        said = (
            Said(
                turn=one.turn,
                category=one.category,
                about=one.about,
                evidence=(one.evidence,),
                rubrics=tuple(getattr(one, "rubrics", ())),
                refusal=getattr(one, "refusal", None),
                unsafe=getattr(one, "unsafe", None),
            )
            for one in value.turns
        )
        return checked(said, window, self.taxonomy, self.rubrics)


def _fits(example: Example, taxonomy: Taxonomy, rubrics: Taxonomy | None) -> bool:
    """Whether all labels of an example are on the menu."""
    categories = {entry.category for entry in example.turns}
    named = {name for entry in example.turns for name in entry.rubrics}
    return categories <= set(taxonomy.names) and (rubrics is None or named <= set(rubrics.names))


def _rendered(example: Example, prompt: DetectPrompt) -> dict[str, str]:
    turns = [
        {"turn": number, "user": turn.user, "response": turn.response}
        for number, turn in enumerate(example.conversation, start=1)
    ]
    left_out = {*(() if prompt.rubrics else ("rubrics",)), *(() if prompt.flags else ("refusal", "unsafe"))}
    answers = [{k: v for k, v in msgspec.structs.asdict(entry).items() if k not in left_out} for entry in example.turns]
    given = {"conversation": turns, "label": [entry.turn for entry in example.turns]}
    return {"given": as_json(given), "answer": as_json({"turns": answers})}


@cache
def _reply(prompt: DetectPrompt, count: int, named: tuple[int, ...]) -> type[msgspec.Struct]:
    turns = one_each(lambda named: _entry(prompt, named), named, count)
    return msgspec.defstruct("FeedbackReply", [("turns", turns)], frozen=True)


def _entry(prompt: DetectPrompt, named: tuple[int, ...]) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any]] = [("turn", number_of(named)), ("about", earlier_than(named)), ("evidence", text(QUOTE))]
    fields.append(("category", menu(prompt.taxonomy.names)))
    if prompt.rubrics is not None:
        fields.append(("rubrics", at_most(menu(prompt.rubrics.names), RUBRICS)))
    if prompt.flags:
        fields += [("refusal", bool), ("unsafe", bool)]
    return msgspec.defstruct("TurnFeedback", fields, frozen=True)
