"""How the judge of a building judged: by position, by length, in favour of its own model; from its verdicts alone.

Turns `judge.diagnostics` into rows that can be stored; measures nothing itself and says nothing of whether the judge was right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import msgspec
import numpy as np

from rejoinder.judge.diagnostics import Judged, LengthEffect, diagnose
from rejoinder.records import Sample
from rejoinder.stats.means import Estimate


class Habit(msgspec.Struct, frozen=True):
    """A share, or a correlation, with its 95 % interval over users; bounds are None where the data allow none.

    Users are the `clusters`, and conversations where the log names no user.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    clusters: int


class JudgeHabits(msgspec.Struct, frozen=True):
    """What the verdicts show of their judge; each is None where there is nothing to count."""

    judge: str
    """Model and prompt."""
    verdicts: int
    unreadable: Habit | None
    ties: Habit | None
    flips: Habit | None
    """The two orders name different winners."""
    first_position: Habit | None
    """Of the single orders that name a winner, those that name the answer shown first; 0.5 is no preference."""
    longer: Habit | None
    """Of the verdicts with a winner and two lengths, those in which the longer answer won."""
    length: Habit | None
    """Correlation of verdict and relative length difference."""
    self_preference: Habit | None
    """Of the verdicts with a winner where the judge's own model wrote one side, those in which that side won."""


def judge_habits(samples: Iterable[Sample], seed: int = 0) -> JudgeHabits | None:
    """Count over all comparisons; None where nobody judged. The seed draws the interval of the correlation."""
    judged = [one for sample in samples for one in _judged(sample)]
    if not judged:
        return None
    judge = judged[0].verdict.judge
    found = diagnose(judged, judge.rsplit(" ", 2)[0], rng=np.random.default_rng(seed))
    return JudgeHabits(
        judge=judge,
        verdicts=found.verdicts,
        unreadable=_habit(found.unreadable),
        ties=_habit(found.ties),
        flips=_habit(found.flips),
        first_position=_habit(found.first_position),
        longer=_habit(found.longer),
        length=_habit(found.length),
        self_preference=_habit(found.self_preference),
    )


def cluster_of(sample: Sample) -> str:
    """What hangs together with a sample: all of its user, or of its conversation where the log names no user."""
    talk = sample.conversation
    return f"user {talk.user}" if talk.user else f"conversation {talk.id} {talk.origin.file} {talk.origin.row}"


def _judged(sample: Sample) -> Iterator[Judged]:
    for one in sample.comparisons:
        chosen, rejected = sample.responses[one.chosen], sample.responses[one.rejected]
        lengths = len(chosen.text), len(rejected.text)
        yield Judged(one.verdict, lengths, cluster_of(sample), (chosen.model, rejected.model))


def _habit(found: Estimate | LengthEffect | None) -> Habit | None:
    if found is None or math.isnan(found.value):
        return None
    low, high = (None if math.isnan(bound) else round(bound, 6) for bound in (found.low, found.high))
    return Habit(round(found.value, 6), low, high, found.n, found.clusters)
