"""The step that mines preference data from annotated conversations: rules admit, gates judge, the split is drawn.

Every candidate comes out, kept or dropped with the gate and the reason. Nothing here writes a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rejoinder.identity import fingerprint
from rejoinder.preference import phrases, rules, signals
from rejoinder.preference.candidate import Candidate, Case, Key
from rejoinder.preference.context import trainer_context
from rejoinder.preference.gates import GATES, AnyGate, judge
from rejoinder.preference.reading import Reading
from rejoinder.preference.rules import Thresholds
from rejoinder.preference.split import split_of
from rejoinder.preference.story import Story
from rejoinder.records import AnnotatedConversation, Feedback, Message, PreferenceExample, Provenance, Record

Rule = Callable[[Story, Thresholds], Iterator[Candidate]]

EXPLICIT: tuple[Rule, ...] = (
    signals.corrected,
    signals.voted,
    signals.thumbs,
    signals.regenerated,
    signals.thumbed,
)
IMPLICIT: tuple[Rule, ...] = (
    rules.repaired_and_praised,
    rules.rephrased,
    rules.repaired_and_moved_on,
    rules.praised,
    rules.complained,
)
DUPLICATE = "duplicate"
"""Stands in `dropped_by` where an earlier, surer rule admitted the same row."""

TOO_MANY = "too-many"
"""Stands in `dropped_by` where the conversation had given its share already."""


@dataclass(frozen=True)
class MinePreferences:
    """Pairs, good and bad examples and SFT examples from what users said and clicked, without a language model."""

    reads: ClassVar[type[Record]] = AnnotatedConversation
    writes: ClassVar[type[Record]] = PreferenceExample

    pair_threshold: float = 0.6
    """Least calibrated probability that a turn is a complaint, for pairs and bad examples."""
    good_threshold: float = 0.6
    """Least calibrated probability that a turn is praise, for pairs, good and SFT examples."""
    moved_on_threshold: float = 0.7
    """Least calibrated probability that a turn is no complaint, for `repaired-and-moved-on`."""
    bad_categories: tuple[str, ...] = ("NEG_CORRECTION", "NEG_AWARE")
    """Negative categories that make a bad example; rephrasing and questions say too little about the response."""
    no_pair_categories: tuple[str, ...] = ("NEG_CLARIFY",)
    """Negative categories that make no pair: the response to a question about the answer answers another request."""
    most_examples: int = 20
    """Examples of one conversation that the gates keep, surest rules first and then in order; the rest is dropped.

    Each example holds all that was said before it, so that without a bound a long conversation costs the square of its
    length; and one talkative person would outweigh all others.
    """
    most_fallen: int = 100
    """Candidates of one conversation that gates may drop before the rest is dropped unread."""
    most_characters: int = 500_000
    """Characters of context that the examples of one conversation may hold together, kept and dropped ones apart; the first
    kept one may hold any number, and dropped ones beyond it stand without their context."""
    seed: int = 0
    held_out: float = 0.1
    """Share of users (of conversations, where the log knows no user) whose examples are held out."""
    gates: tuple[AnyGate, ...] = GATES
    phrases: str = field(default_factory=phrases.fingerprint)
    """Name of the phrase lists' content: other lists drop other rows."""

    def __call__(self, batch: Sequence[AnnotatedConversation], /) -> Sequence[PreferenceExample]:
        """All examples of the batch, kept and dropped, in the order of conversations and rules."""
        return [example for annotated in batch if self._promises(annotated) for example in self._examples(annotated)]

    def _promises(self, annotated: AnnotatedConversation) -> bool:
        """Whether any rule could admit anything; most conversations of a log say nothing and are done here."""
        if any(feedback.polarity != "neutral" for feedback in annotated.feedback):
            return True
        return signals.has_signals(annotated.conversation.messages)

    def _examples(self, annotated: AnnotatedConversation) -> Iterator[PreferenceExample]:
        story = Story(annotated)
        reading = Reading(story.conversation.messages)
        kept, fallen = _Taken(), _Taken()
        seen: dict[Key, str] = {}
        copies: dict[tuple[Key, str], int] = {}
        for candidate in self._candidates(story):
            case = Case(candidate, story.conversation, story.turns, reading, story.labels)
            copy = copies[candidate.key, candidate.rule] = copies.get((candidate.key, candidate.rule), 0) + 1
            if earlier := seen.get(candidate.key):
                yield self._bare(case, copy, DUPLICATE, f"The rule {earlier} admitted the same row.")
                continue
            size = reading.characters(case.asked)
            if reason := self._enough(kept, fallen, size):
                yield self._bare(case, copy, TOO_MANY, reason)
                continue
            seen[candidate.key] = candidate.rule
            dropped_by, reason, found = judge(case, self.gates)
            taken = fallen if dropped_by else kept
            taken.add(size)
            if dropped_by and fallen.characters > self.most_characters:
                yield self._example(case, copy, (), dropped_by, reason, found)
                continue
            context, repairs = trainer_context(case.context)
            yield self._example(case, copy, context, dropped_by, reason, (*found, *repairs))

    def _enough(self, kept: _Taken, fallen: _Taken, size: int) -> str | None:
        """Why a conversation gives nothing more, in one sentence, or None."""
        if kept.rows >= self.most_examples or (kept.rows and kept.characters + size > self.most_characters):
            return (
                f"The conversation has given {self.most_examples} examples, or {self.most_characters:,} characters of context, "
                "of surer rules or earlier turns already."
            )
        if fallen.rows >= self.most_fallen:
            return f"Gates have dropped {self.most_fallen} candidates of the conversation, of surer rules or earlier turns."
        return None

    def _bare(self, case: Case, copy: int, dropped_by: str, reason: str) -> PreferenceExample:
        """A row dropped before the gates, without its context: storing that for each would cost the square of the length."""
        return self._example(case, copy, (), dropped_by, reason, ())

    def _candidates(self, story: Story) -> Iterator[Candidate]:
        limits = Thresholds(
            pair=self.pair_threshold,
            good=self.good_threshold,
            moved_on=self.moved_on_threshold,
            bad_categories=self.bad_categories,
            no_pair_categories=self.no_pair_categories,
        )
        explicit = EXPLICIT if signals.has_signals(story.conversation.messages) else ()
        for rule in (*explicit, *IMPLICIT):
            yield from rule(story, limits)

    def _example(
        self,
        case: Case,
        copy: int,
        context: tuple[Message, ...],
        dropped_by: str | None,
        reason: str | None,
        found: tuple[str, ...],
    ) -> PreferenceExample:
        candidate, conversation = case.candidate, case.conversation
        return PreferenceExample(
            id=fingerprint("example", [conversation.id, conversation.source, candidate.rule, copy, *candidate.key]),
            kind=candidate.kind,
            context=context,
            chosen=candidate.chosen.text if candidate.chosen else None,
            rejected=candidate.rejected.text if candidate.rejected else None,
            confidence=round(candidate.confidence, 6),
            split=split_of(conversation, self.seed, self.held_out),
            provenance=_provenance(case),
            dropped_by=dropped_by,
            reason=reason,
            flags=tuple(dict.fromkeys((*candidate.flags, *found))),
        )


@dataclass(slots=True)
class _Taken:
    """What a conversation has given so far."""

    rows: int = 0
    characters: int = 0

    def add(self, size: int) -> None:
        self.rows += 1
        self.characters += size


def _provenance(case: Case) -> Provenance:
    candidate, conversation = case.candidate, case.conversation
    chosen, rejected, feedback = candidate.chosen, candidate.rejected, candidate.feedback
    return Provenance(
        conversation_id=conversation.id,
        source=conversation.source,
        origin=conversation.origin,
        rule=candidate.rule,
        context_turn=candidate.turn,
        chosen_turn=chosen.turn if chosen else None,
        rejected_turn=rejected.turn if rejected else None,
        feedback_turn=feedback.turn if feedback else None,
        evidence=feedback.evidence if feedback else (),
        labeller=_labeller(feedback),
        chosen_model=chosen.model if chosen else None,
        rejected_model=rejected.model if rejected else None,
        user=conversation.user,
        language=conversation.language,
    )


def _labeller(feedback: Feedback | None) -> str:
    return feedback.labeller if feedback else "log"
