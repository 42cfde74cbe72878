"""What a model said about turns, held against the conversation: what fits is kept, what does not is dropped and noted.

A turn is unreadable rather than wrongly labelled: an answer off the menu, a missing or a double answer gives no label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rejoinder.errors import UsageError
from rejoinder.prompts.bounds import NAMED, number_of
from rejoinder.prompts.windows import Window
from rejoinder.records import LabellingNote
from rejoinder.taxonomies import Taxonomy


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said about one turn, as its reply has it or as it was checked."""

    turn: int
    category: str
    about: int | None = None
    """None where the prompt does not ask for it."""
    evidence: tuple[str, ...] = ()
    rubrics: tuple[str, ...] = ()
    refusal: bool | None = None
    unsafe: bool | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The labels that could be read from one reply, and what could not be used of it."""

    labels: tuple[Said, ...]
    """In the order of the turns, none twice, each for a turn of the window that was asked about."""
    notes: tuple[LabellingNote, ...]


def named_turns(wanted: tuple[int, ...]) -> tuple[int, ...]:
    """The wanted turns, if the schema is to name them; () if it takes any number.

    Small models number turns as they like unless the schema forbids it. Only runs near the start of a conversation are named:
    they are nearly all there are, and a server that compiles each schema sees few of them.
    """
    is_run = wanted[-1] - wanted[0] + 1 == len(wanted)
    return wanted if is_run and wanted[-1] <= NAMED else ()


def earlier_than(named: tuple[int, ...]) -> Any:
    """The number of a turn before the last one of `named`, as a type; see `named_turns`."""
    return number_of(tuple(range(1, named[-1]))) if named else int


def single_label(taxonomy: Taxonomy) -> Taxonomy:
    """The taxonomy, if one of its categories holds for each turn.

    Raises:
        UsageError: its labels are not for turns, or several may hold at once.
    """
    if taxonomy.unit != "turn" or taxonomy.multi_label:
        raise UsageError(f"taxonomy {taxonomy.name} cannot label turns with one category each; `user-feedback` can")
    return taxonomy


def checked(said: Iterable[Said], window: Window, taxonomy: Taxonomy, rubrics: Taxonomy | None = None) -> Reading:
    """Hold what was said against the window.

    Reasons of the notes that cost a turn its label: `not-answered`, `answered-twice`, `label-off-menu`; `turn-not-asked`
    stands for an answer about another turn (0 for one that the conversation does not have). Those that keep it:
    `evidence-not-in-turn`, `about-no-response`, `rubric-off-menu`.
    """
    given = list(said)
    times = Counter(one.turn for one in given)
    labels: list[Said] = []
    strays = {turn if turn in range(1, len(window.turns) + 1) else 0 for turn in set(times) - set(window.wanted)}
    notes = [LabellingNote(turn=turn, reason="turn-not-asked") for turn in sorted(strays)]
    answers = {one.turn: one for one in given}
    for turn in window.wanted:
        if times[turn] != 1:
            notes.append(LabellingNote(turn=turn, reason="answered-twice" if times[turn] else "not-answered"))
            continue
        category = taxonomy.resolve(answers[turn].category)
        if category is None:
            notes.append(LabellingNote(turn=turn, reason="label-off-menu"))
            continue
        label, troubles = _fitted(answers[turn], category, window, taxonomy, rubrics)
        labels.append(label)
        notes += [LabellingNote(turn=turn, reason=reason) for reason in troubles]
    return Reading(tuple(labels), tuple(notes))


def _fitted(said: Said, category: str, window: Window, taxonomy: Taxonomy, rubrics: Taxonomy | None) -> tuple[Said, list[str]]:
    """One label with only those parts that hold, and why the others do not."""
    troubles = []
    about = said.about
    if about is None or not window.answered(about, said.turn):
        troubles += [] if about is None else ["about-no-response"]
        about = window.about(said.turn)
    quotes = tuple(quote for quote in said.evidence if quote.strip() and quote in window.text(said.turn))
    if taxonomy.polarity(category) == "neutral":
        quotes = ()
    elif len(quotes) < len([quote for quote in said.evidence if quote.strip()]):
        troubles.append("evidence-not-in-turn")
    named = [rubrics.resolve(name) for name in said.rubrics] if rubrics else []
    known = tuple(dict.fromkeys(name for name in named if name is not None))
    troubles += ["rubric-off-menu"] if None in named else []
    return Said(said.turn, category, about, quotes, known, said.refusal, said.unsafe), troubles
