"""The step that grades responses from 1 to 4 by what users said of them, for ordinal reward models (arXiv 2602.08829).

A neutral turn may take its grade from a later one on the same topic, in both directions; the original is kept beside it. A
refusal is flagged and never turned into satisfaction. Asks no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from rejoinder.identity import fingerprint
from rejoinder.preference import phrases
from rejoinder.preference.candidate import Candidate, Case
from rejoinder.preference.context import trainer_context
from rejoinder.preference.gates import AnyGate, gates_with, judge
from rejoinder.preference.reading import Reading
from rejoinder.preference.split import split_of
from rejoinder.preference.story import Story, verdict
from rejoinder.preference.topic import topic_similarity
from rejoinder.records import AnnotatedConversation, Feedback, Graded, Provenance, Record

GRADES = {
    **{"Rejection": 1, "NEG_AWARE": 1, "NegativeFeedback": 1, "Ignored": 1, "LowerQuality": 1, "UnrealisticExpectation": 1},
    **{"Correction": 2, "NEG_CORRECTION": 2, "NEG_CLARIFY": 2, "NEG_REPHRASE": 2},
    **{"Revision": 2, "FactualError": 2, "InsufficientDetail": 2, "Style": 2, "NoEngagement": 2},
    **{"Engagement": 3, "GettingThere": 3, "Learning": 3, "Compliance": 3, "PersonalDetails": 3, "Humor": 3},
    **{"Acknowledgment": 3, "Satisfaction": 4, "POS": 4, "Gratitude": 4, "Praise": 4, "PositiveClosure": 4},
}
"""Grade of each category of the taxonomies: WildReward's five levels without the neutral third; the others placed by us.

A category that is not listed takes 2 where it is negative and 4 where it is positive.
"""
_MET = ("empty", "tool-use", "attachment", "unsafe-praise", "refusal", "unsafe-complaint")


def grading_gates(unsafe: float | Literal["off"] | None = None) -> tuple[AnyGate, ...]:
    """The gates that a graded response meets; `unsafe` as in `gates_with`."""
    return tuple(gate for gate in gates_with((), unsafe) if gate.name in _MET)


@dataclass(frozen=True, slots=True)
class _Grade:
    grade: int
    said: Feedback
    """The turn that the grade came from."""
    hindsight: bool


@dataclass(frozen=True)
class GradeResponses:
    """One row per response that users spoke about, or came back to within a few turns on the same topic.

    A neutral turn takes the grade of the nearest later feedback, at most `look_ahead` responses on, whose request has a
    `topic_similarity` of at least `topic` with its own. It takes one grade or none, so that no row is written twice.
    """

    reads: ClassVar[type[Record]] = AnnotatedConversation
    writes: ClassVar[type[Record]] = Graded

    negative: float
    """Least probability that a turn is a complaint."""
    positive: float
    """Least probability that it is praise."""
    grades: dict[str, int] = field(default_factory=lambda: dict(GRADES))
    look_ahead: int = 2
    topic: float = 0.25
    """Measured on 1,688 labelled follow-ups: 71 % of rephrased requests reach it, and 1.4 % of random pairs of one language."""
    seed: int = 0
    held_out: float = 0.1
    gates: tuple[AnyGate, ...] = field(default_factory=grading_gates)
    phrases: str = field(default_factory=phrases.fingerprint)

    def __call__(self, batch: Sequence[AnnotatedConversation], /) -> Sequence[Graded]:
        """All graded responses of the batch, kept and dropped."""
        return [row for annotated in batch if _speaks(annotated) for row in self._rows(annotated)]

    def _rows(self, annotated: AnnotatedConversation) -> Iterator[Graded]:
        story, reading = Story(annotated), Reading(annotated.conversation.messages)
        by_response = {one.about: one for one in annotated.feedback if story.answer(one.about)}
        for about, said in by_response.items():
            found = self._said(said) or self._hindsight(story, by_response, about)
            if found is not None:
                yield self._row(story, reading, about, found)

    def _said(self, said: Feedback) -> _Grade | None:
        """The grade that a turn gives, where it is sure enough of its polarity."""
        probabilities = verdict(said)
        sure = {"negative": probabilities.negative >= self.negative, "positive": probabilities.positive >= self.positive}
        if not sure.get(said.polarity, False):
            return None
        return _Grade(self.grades.get(said.category, 2 if said.polarity == "negative" else 4), said, hindsight=False)

    def _hindsight(self, story: Story, by_response: dict[int, Feedback], about: int) -> _Grade | None:
        if by_response[about].polarity != "neutral":
            return None
        request = story.turns[about - 1].request
        for later in sorted(turn for turn in by_response if turn > about)[: self.look_ahead]:
            found = self._said(by_response[later])
            if found and topic_similarity(request, story.turns[later - 1].request) >= self.topic:
                return _Grade(found.grade, found.said, hindsight=True)
        return None

    def _row(self, story: Story, reading: Reading, about: int, found: _Grade) -> Graded:
        conversation, answer, good = story.conversation, story.answer(about), found.grade >= 3
        assert answer is not None  # only answered turns are graded
        candidate = Candidate(
            kind="unpaired",
            rule="graded",
            turn=about,
            confidence=found.said.probability,
            chosen=answer if good else None,
            rejected=None if good else answer,
            feedback=found.said,
        )
        case = Case(candidate, conversation, story.turns, reading, story.labels)
        context, repairs = trainer_context(case.context)
        dropped_by, reason, flags = judge(case, self.gates)
        marks = ("hindsight-praise" if good else "hindsight-complaint",) if found.hindsight else ()
        return Graded(
            id=fingerprint("graded", [conversation.source, conversation.id, about]),
            context=context,
            response=answer.text,
            grade=found.grade,
            original=None if found.hindsight else found.grade,
            hindsight_turn=found.said.turn if found.hindsight else None,
            probability=found.said.probability,
            split=split_of(conversation, self.seed, self.held_out),
            provenance=_provenance(case, found),
            dropped_by=dropped_by,
            reason=reason,
            flags=tuple(dict.fromkeys((*marks, *flags, *repairs))),
        )


def _provenance(case: Case, found: _Grade) -> Provenance:
    conversation, answer = case.conversation, case.chosen or case.rejected
    return Provenance(
        conversation_id=conversation.id,
        source=conversation.source,
        origin=conversation.origin,
        rule="graded-in-hindsight" if found.hindsight else "graded",
        context_turn=case.candidate.turn,
        chosen_turn=case.candidate.turn if case.chosen else None,
        rejected_turn=case.candidate.turn if case.rejected else None,
        feedback_turn=found.said.turn,
        evidence=found.said.evidence,
        labeller=found.said.labeller,
        chosen_model=answer.model if answer and case.chosen else None,
        rejected_model=answer.model if answer and case.rejected else None,
        user=conversation.user,
        language=conversation.language,
    )


def _speaks(annotated: AnnotatedConversation) -> bool:
    return any(one.polarity != "neutral" for one in annotated.feedback)
