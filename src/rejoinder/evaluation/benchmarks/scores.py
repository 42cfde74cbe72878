"""What every benchmark's card is made of: means with intervals, paired differences, win rates, and the words they allow.

Reads no file and knows no benchmark. Items of one question hang together; what could not be read is left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import numpy as np

from rejoinder.stats.comparison import Comparison, permutation, win_rate
from rejoinder.stats.families import holm
from rejoinder.stats.means import Estimate, clustered_mean, clustered_share
from rejoinder.stats.verdict import Conclusion, verdict

Key = TypeVar("Key", bound=tuple[Hashable, int])


class Score(msgspec.Struct, frozen=True):
    """A mean over what could be read, and how much could not."""

    estimate: Estimate | None
    """None where nothing could be read."""
    unreadable: int


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One model against the baseline."""

    model: str
    baseline: str
    conclusion: Conclusion | None
    """The word, its sentence and its numbers; None where nothing could be compared."""
    unreadable: int
    wins: int | None = None
    ties: int | None = None
    losses: int | None = None
    """Counts of readable comparisons, where responses were compared directly."""
    unpaired: int = 0
    """Items that were judged for one of the two only; not compared."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One model against the baseline, before the family of all models is known."""

    model: str
    comparison: Comparison | None
    unreadable: int
    counts: tuple[int, int, int] | None = None
    unpaired: int = 0


def mean_of(items: Iterable[tuple[float | None, Hashable]], *, share: bool = False) -> Score:
    """The mean of (value, question) with its interval, clustered by question; None is unreadable.

    `share`: the values lie in [0, 1], and so does the interval then.
    """
    rows = list(items)
    known = [(value, str(question)) for value, question in rows if value is not None]
    if not known:
        return Score(None, len(rows))
    values, questions = zip(*known, strict=True)
    estimate = clustered_share(values, questions) if share else clustered_mean(values, questions)
    return Score(estimate, len(rows) - len(known))


def paired(
    model: str,
    candidate: Mapping[Key, float | None],
    baseline: Mapping[Key, float | None],
    rng: np.random.Generator,
) -> Compared:
    """The mean difference of two models on the same items, (question, turn), by a sign-flip test of whole questions."""
    both = [key for key in candidate if key in baseline]
    pairs = [(candidate[key], baseline[key], str(key[0])) for key in both]
    known = [(a - b, question) for a, b, question in pairs if a is not None and b is not None]
    unpaired, unreadable = len(candidate.keys() ^ baseline.keys()), len(both) - len(known)
    if not known:
        return Compared(model, None, unreadable, unpaired=unpaired)
    differences, questions = zip(*known, strict=True)
    return Compared(model, permutation(differences, questions, rng=rng), unreadable, unpaired=unpaired)


def won(model: str, marks: Sequence[float], questions: Sequence[Hashable]) -> Compared:
    """A win rate from marks 1, 0.5, 0 or nan, clustered by question."""
    if not any(math.isfinite(mark) for mark in marks):
        return Compared(model, None, len(marks))
    rate = win_rate(marks, [str(question) for question in questions])
    return Compared(model, rate.comparison, rate.unreadable, (rate.wins, rate.ties, rate.losses))


def concluded(found: Sequence[Compared], baseline: str, *, percent: bool) -> tuple[Difference, ...]:
    """The words for one family: the models of one card against one baseline, p adjusted after Holm where they are several."""
    tested = [one for one in found if one.comparison is not None and not math.isnan(one.comparison.p)]
    raised = holm([one.comparison.p for one in tested if one.comparison is not None])
    adjusted = {one.model: float(p) for one, p in zip(tested, raised, strict=True)} if len(tested) > 1 else {}
    return tuple(_difference(one, baseline, adjusted.get(one.model), percent) for one in found)


def _difference(one: Compared, baseline: str, adjusted: float | None, percent: bool) -> Difference:
    said = None
    if one.comparison is not None:
        said = verdict(one.comparison, adjusted=adjusted, unreadable=one.unreadable, percent=percent)
    wins, ties, losses = one.counts or (None, None, None)
    return Difference(
        model=one.model,
        baseline=baseline,
        conclusion=said,
        unreadable=one.unreadable,
        wins=wins,
        ties=ties,
        losses=losses,
        unpaired=one.unpaired,
    )
