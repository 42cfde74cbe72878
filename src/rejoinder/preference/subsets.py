"""Sub-conversations and the subsets that arXiv 2507.23158 (section 5) draws from them: negative, positive, random.

A sub-conversation is s_i = (u_i, m_i, u_(i+1), m_(i+1)). Drawing depends on the seed and on names only: the order of the log
and its division into parts change nothing. Asks no model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from rejoinder.identity import draw, fingerprint
from rejoinder.preference import phrases, unsafe_requests
from rejoinder.preference.candidate import Candidate, Case
from rejoinder.preference.gates import Attachment, Empty, ToolUse
from rejoinder.preference.reading import Reading
from rejoinder.preference.story import Story, verdict
from rejoinder.preference.unsafe_signs import default_threshold, unsafe
from rejoinder.records import AnnotatedConversation, Drawn, Failure, Feedback, Record, Response, Sample, Subset

_FIT = (Empty(), ToolUse(), Attachment())
"""Gates that no written answer could pass: asked before anything is paid for."""


@dataclass(frozen=True)
class DrawSamples:
    """Which sub-conversations could become samples: for each subset at most a few of a conversation, drawn by the seed.

    D_neg and D_pos hold sub-conversations whose next user turn is negative or positive with at least the stated probability.
    D_rand is drawn from all, whatever the user said next. It is disjoint by design: where it is asked for, a share of the
    conversations, drawn by the seed, is the control's alone, and gives nothing to the other two.
    """

    reads: ClassVar[type[Record]] = AnnotatedConversation
    writes: ClassVar[type[Record]] = Drawn

    subsets: tuple[Subset, ...]
    negative: float
    """Least probability that the next turn is a complaint, for D_neg."""
    positive: float
    """Least probability that it is praise, for D_pos."""
    seed: int = 0
    per_conversation: int = 1
    """Samples of one subset that a conversation may give."""
    control_share: float = 0.5
    """Share of conversations that only D_rand draws from, where it is among the subsets."""
    most_characters: int = 24_000
    """Longest context, response and feedback together."""
    phrases: str = field(default_factory=phrases.fingerprint)
    """Name of the phrase lists' content, which tell unsafe requests."""
    least: float | None = field(default_factory=default_threshold)
    """Probability of the classifier from which a request counts as unsafe; None goes without it."""
    weights: str = field(default_factory=unsafe_requests.fingerprint)
    """Name of the classifier's content."""

    def __call__(self, batch: Sequence[AnnotatedConversation], /) -> Sequence[Drawn | Failure]:
        """What each conversation could give, and a failure for each subset that it fits into but for a named fault."""
        return [row for annotated in batch for row in self.drawn(annotated)]

    def drawn(self, annotated: AnnotatedConversation) -> Iterator[Drawn | Failure]:
        """The rows of one conversation."""
        control = self._is_control(annotated)
        story, reading = Story(annotated), Reading(annotated.conversation.messages)
        for subset in self.subsets:
            if (subset == "random") is control:
                yield from self._of_subset(annotated, subset, story, reading)

    def _is_control(self, annotated: AnnotatedConversation) -> bool:
        return "random" in self.subsets and draw(self.seed, "control", *_name(annotated)) < self.control_share

    def _of_subset(
        self, annotated: AnnotatedConversation, subset: Subset, story: Story, reading: Reading
    ) -> Iterator[Drawn | Failure]:
        name = _name(annotated)
        whole = [one for one in annotated.feedback if _is_whole(story, one) and self._belongs(one, subset)]
        whole.sort(key=lambda one: draw(self.seed, "turn", *name, subset, str(one.about)))
        taken, faults = 0, []
        for one in whole:
            if fault := self._fault(story, reading, one, subset):
                faults.append(fault)
                continue
            number = draw(self.seed, "sample", *name, subset, str(taken))
            yield Drawn(conversation_id=annotated.conversation.id, about=one.about, subset=subset, number=number)
            taken += 1
            if taken == self.per_conversation:
                return
        if not taken and faults:
            reason, detail = faults[0]
            conversation = annotated.conversation
            item, origin = f"{conversation.id} ({subset})", conversation.origin
            yield Failure(stage="DrawSamples", reason=reason, detail=detail, item=item, origin=origin)

    def _belongs(self, feedback: Feedback, subset: Subset) -> bool:
        if subset == "random":
            return True
        said = verdict(feedback)
        if subset == "negative":
            return feedback.polarity == "negative" and said.negative >= self.negative
        return feedback.polarity == "positive" and said.positive >= self.positive

    def _fault(self, story: Story, reading: Reading, one: Feedback, subset: Subset) -> tuple[str, str] | None:
        """Why a sub-conversation cannot be a sample, as reason and sentence, or None.

        Praise of unsafe answers stays in: the gate that drops it later counts it, and it costs no model's answer.
        """
        candidate = Candidate(kind="unpaired", rule="", turn=one.about, confidence=1.0, rejected=story.answer(one.about))
        case = Case(candidate, story.conversation, story.turns, reading, story.labels)
        for gate in _FIT:
            if finding := gate(case):
                return gate.name, finding.reason
        if subset != "positive" and (why := unsafe(case, self.least)):
            return "unsafe-request", why
        if subset == "negative" and any(label.unsafe and label.about == one.turn for label in story.labels):
            return "unsafe-request", "The detector marks the next request, whose answer would be the repair, as unsafe."
        length = reading.characters(story.turns[one.about - 1].stop) + len(story.turns[one.turn - 1].request)
        if length > self.most_characters:
            return "too-long", f"Context, response and feedback have {length:,} characters, more than {self.most_characters:,}."
        return None


class SubsetSize(msgspec.Struct, frozen=True):
    """How many samples a subset could have and has, and the largest number that was taken."""

    subset: Subset
    available: int
    taken: int
    most: float
    """-1 where nothing is taken."""


def subset_sizes(
    drawn: Iterable[Drawn], subsets: Sequence[Subset], size: int | None = None, *, equal: bool = False
) -> tuple[SubsetSize, ...]:
    """Where to cut each subset: at the `size` smallest numbers, nowhere where it is None. Memory: one number per row.

    With `equal`, D_neg and D_rand are cut to the smaller of the two, since they are compared; D_pos, which is far smaller,
    is not: good and bad examples are balanced by weights.
    """
    numbers: dict[Subset, list[float]] = {subset: [] for subset in subsets}
    for one in drawn:
        numbers[one.subset].append(one.number)
    compared = [len(found) for subset, found in numbers.items() if subset != "positive"]
    bounds: dict[Subset, int] = {subset: min(compared) for subset in numbers if equal and subset != "positive"}
    return tuple(_cut(subset, sorted(found), size, bounds.get(subset)) for subset, found in numbers.items())


def _cut(subset: Subset, numbers: list[float], size: int | None, bound: int | None) -> SubsetSize:
    taken = min(limit for limit in (len(numbers), size, bound) if limit is not None)
    return SubsetSize(subset, len(numbers), taken, numbers[taken - 1] if taken else -1.0)


@dataclass(frozen=True)
class TakeSamples:
    """The drawn sub-conversations whose numbers lie within the sizes, as samples with their logged responses."""

    reads: ClassVar[type[Record]] = AnnotatedConversation
    writes: ClassVar[type[Record]] = Sample

    draws: DrawSamples
    sizes: tuple[SubsetSize, ...]

    def __call__(self, batch: Sequence[AnnotatedConversation], /) -> Sequence[Sample]:
        """The samples of the batch, in the order of conversations, subsets and numbers."""
        most = {one.subset: one.most for one in self.sizes}
        return [
            _sample(annotated, one)
            for annotated in batch
            for one in self.draws.drawn(annotated)
            if isinstance(one, Drawn) and one.number <= most[one.subset]
        ]


def _sample(annotated: AnnotatedConversation, drawn: Drawn) -> Sample:
    conversation = annotated.conversation
    feedback = next(one for one in annotated.feedback if one.about == drawn.about and one.turn == one.about + 1)
    story = Story(annotated)
    responses = [_logged(story, drawn.about, repair=False)]
    if drawn.subset == "negative":
        responses.append(_logged(story, feedback.turn, repair=True))
    return Sample(
        id=fingerprint("sample", [conversation.source, conversation.id, drawn.about, drawn.subset]),
        conversation=conversation,
        about=drawn.about,
        subset=drawn.subset,
        feedback=feedback,
        following=_following(annotated, feedback) if drawn.subset == "negative" else (),
        responses=tuple(responses),
    )


def _following(annotated: AnnotatedConversation, first: Feedback) -> tuple[Feedback, ...]:
    """The complaints after `first` of which each is about the answer to the one before it."""
    about = {one.about: one for one in annotated.feedback if one.polarity == "negative" and one.turn > one.about}
    found, last = [], first
    while (following := about.get(last.turn)) is not None:
        found.append(following)
        last = following
    return tuple(found)


def _logged(story: Story, turn: int, *, repair: bool) -> Response:
    answer = story.answer(turn)
    assert answer is not None  # a sub-conversation is whole
    return Response(method="repair" if repair else "logged", writer="log", text=answer.text, model=answer.model)


def _is_whole(story: Story, feedback: Feedback) -> bool:
    """Whether (u_i, m_i, u_(i+1), m_(i+1)) all stand in the log."""
    i = feedback.about
    if feedback.turn != i + 1 or not 1 <= i < len(story.turns):
        return False
    return story.answer(i) is not None and story.answer(i + 1) is not None


def _name(annotated: AnnotatedConversation) -> tuple[str, str]:
    return annotated.conversation.source, annotated.conversation.id
