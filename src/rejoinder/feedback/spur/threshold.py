"""From which score R on a user counts as satisfied: chosen on rated conversations, measured on folds that it was not chosen on.

The paper states no rule; ours is the best mean F1 of both sides. It belongs to one rubric and one labeller, and says which.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rejoinder.errors import InputError
from rejoinder.feedback.resampling import FOLDS, Interval, folds, limits, of_share
from rejoinder.records import SatisfactionEstimate
from rejoinder.stats import classification as scores

Floats = NDArray[np.float64]


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen threshold and how well it tells both sides apart; stored beside the rubric."""

    threshold: float
    rubric: str
    """Fingerprint of the rubric that the scores came from; an edited rubric needs a threshold of its own."""
    labeller: str
    satisfied: int
    """Conversations rated positive: the denominator of their recall."""
    dissatisfied: int
    not_used: dict[str, int]
    """Rated conversations that took no part, by reason."""
    accuracy: float
    """Of five folds, each told apart by the threshold that the other four chose."""
    accuracy_interval: Interval
    majority_accuracy: float
    macro_f1: float
    macro_f1_interval: Interval
    seed: int
    draws: int


def choose_threshold(
    estimates: Sequence[SatisfactionEstimate],
    satisfied: Sequence[bool],
    *,
    clusters: Sequence[str] | None = None,
    not_used: dict[str, int] | None = None,
    seed: int = 0,
    draws: int = 2000,
) -> Threshold:
    """Choose on all, measure out of fold. `satisfied`: the rating of each estimate; `clusters`: its user, where known.

    Raises:
        InputError: one of the sides is missing, or the estimates come from several rubrics or labellers.
    """
    made = {(one.rubric, one.labeller) for one in estimates}
    truth = np.array(satisfied, dtype=np.int64)
    if len(made) != 1 or not 0 < truth.sum() < len(truth):
        raise InputError(
            f"a threshold needs rated conversations of both sides, scored by one rubric and one labeller; there are "
            f"{int(truth.sum())} satisfied, {int((1 - truth).sum())} dissatisfied, {len(made)} labellers"
        )
    values = np.array([one.score for one in estimates])
    names = clusters or [one.conversation_id for one in estimates]
    fold_of = folds(names, seed)
    told = np.zeros(len(truth), dtype=np.int64)
    for fold in range(FOLDS):
        left, kept = fold_of == fold, fold_of != fold
        level = best_threshold(values[kept], truth[kept]) if 0 < truth[kept].sum() < kept.sum() else 0.0
        told[left] = values[left] >= level
    _, owner = np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)
    counts = scores.clustered_confusion(truth, told, owner, 2)
    figures = _figures(counts.sum(axis=0).astype(np.float64))
    accuracy, macro_f1 = limits(counts, _figures, seed=seed, draws=draws)
    rubric, labeller = next(iter(made))
    return Threshold(
        threshold=best_threshold(values, truth),
        rubric=rubric,
        labeller=labeller,
        satisfied=int(truth.sum()),
        dissatisfied=int((1 - truth).sum()),
        not_used=dict(sorted((not_used or {}).items())),
        accuracy=float(figures[0]),
        accuracy_interval=of_share(accuracy, float(figures[0]) * len(truth), len(truth)),
        majority_accuracy=float(max(truth.mean(), 1 - truth.mean())),
        macro_f1=float(figures[1]),
        macro_f1_interval=macro_f1,
        seed=seed,
        draws=draws,
    )


def best_threshold(values: Floats, truth: NDArray[np.int64]) -> float:
    """The midpoint between two scores with the best mean F1 of both sides; of equally good ones the one nearest to 0."""
    levels = np.unique(values)
    candidates = np.concatenate([[levels[0]], (levels[1:] + levels[:-1]) / 2, [levels[-1] + 1]])
    matrices = np.stack([scores.confusion(truth, (values >= level).astype(np.int64), 2) for level in candidates])
    quality = scores.macro_f1(matrices)
    best = np.flatnonzero(quality >= quality.max() - 1e-12)
    return float(candidates[min(best, key=lambda i: (abs(candidates[i]), candidates[i]))])


def _figures(matrix: Floats) -> Floats:
    return np.stack([scores.accuracy(matrix), scores.macro_f1(matrix)], axis=-1)
