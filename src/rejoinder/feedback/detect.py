"""The step that labels every user turn which follows a response, with the embedded classifier.

It asks no model server and opens no file of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rejoinder.errors import UsageError
from rejoinder.feedback.classifier import Verdict, classify, load_card
from rejoinder.feedback.situation import Situation, situations
from rejoinder.records import AnnotatedConversation, Conversation, Failure, Feedback, Polarity, Record

_BATCH = 1000
"""Turns per pass: enough to vectorise, small enough to stay in the cache."""


def _shipped() -> str:
    return str(load_card()["fingerprint"])


@dataclass(frozen=True)
class DetectFeedback:
    """Conversations in, the same conversations with one `Feedback` per user turn that has an earlier response out."""

    weights: str = field(default_factory=_shipped)
    """Fingerprint of the weights: what was labelled with other weights is labelled again."""

    reads: ClassVar[type[Record]] = Conversation
    writes: ClassVar[type[Record]] = AnnotatedConversation

    def __call__(self, batch: Sequence[Conversation], /) -> Sequence[AnnotatedConversation | Failure]:
        """Label a batch.

        Raises:
            UsageError: `weights` names others than the ones installed.
        """
        if self.weights != _shipped():
            raise UsageError(f"this run was labelled with the weights {self.weights}; the ones installed are {_shipped()}")
        found = [situations(conversation) for conversation in batch]
        flat = [situation for listed in found for situation in listed]
        verdicts: list[Verdict] = []
        for start in range(0, len(flat), _BATCH):
            verdicts += classify(flat[start : start + _BATCH])
        told = iter(zip(flat, verdicts, strict=True))
        labeller = f"embedded-classifier {self.weights}"
        return [
            AnnotatedConversation(conversation=conversation, feedback=tuple(_feedback(*next(told), labeller) for _ in listed))
            for conversation, listed in zip(batch, found, strict=True)
        ]


def _feedback(situation: Situation, verdict: Verdict, labeller: str) -> Feedback:
    return Feedback(
        turn=situation.turn,
        about=situation.about,
        category=verdict.category,
        polarity=_polarity(verdict.category),
        probability=verdict.probability,
        probabilities=verdict.probabilities,
        evidence=verdict.evidence,
        rubrics=verdict.rubrics,
        labeller=labeller,
    )


def _polarity(category: str) -> Polarity:
    if category == "NEU":
        return "neutral"
    return "positive" if category == "POS" else "negative"
