"""Whether probabilities mean what they say: expected calibration error, Brier score and the table behind them.

Corrects nothing: calibrating a classifier is the work of whoever trains it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Items of similar confidence: what was promised, and what came true."""

    low: float
    high: float
    """Smallest and largest confidence in the bin."""
    n: int
    confidence: float
    """Mean confidence."""
    accuracy: float
    """Share that was right."""


def equal_mass_bins(confidence: ArrayLike, bins: int) -> NDArray[np.int64]:
    """The bin, in 0..bins-1, of each of n items: as near to equal counts as ties allow, equal values always together."""
    values, inverse, counts = np.unique(np.asarray(confidence, dtype=np.float64), return_inverse=True, return_counts=True)
    if values.size == 0:
        return np.zeros(0, dtype=np.int64)
    middle = np.cumsum(counts) - counts / 2  # rank of the middle of each run of equal values
    return np.asarray(np.minimum((bins * middle / counts.sum()).astype(np.int64), bins - 1)[inverse])


def bin_sums(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> Floats:
    """One row of additive sums per item, (n, 3, bins): count, confidence and correctness in the item's own bin.

    Summed over items (or over clusters of them) it feeds `error_of_sums`, so that the error can be bootstrapped.
    """
    probability, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    place = equal_mass_bins(probability, bins)
    sums = np.zeros((probability.size, 3, bins))
    items = np.arange(probability.size)
    sums[items, 0, place], sums[items, 1, place], sums[items, 2, place] = 1.0, probability, right
    return sums


def error_of_sums(sums: ArrayLike) -> Floats:
    """Expected calibration error (...,) from sums of shape (..., 3, bins); nan where nothing was counted."""
    counts, promised, kept = np.moveaxis(np.asarray(sums, dtype=np.float64), -2, 0)
    total = counts.sum(axis=-1)
    gap = np.abs(promised - kept).sum(axis=-1)
    return np.asarray(np.divide(gap, total, out=np.full(total.shape, np.nan), where=total > 0))


def calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error with equal-mass bins (Nixon et al. 2019, arXiv 1904.01685), in [0, 1]; nan for no items.

    `confidence`: n probabilities that the prediction is right; `correct`: n booleans. It is biased upwards for small n:
    a perfectly calibrated classifier has about sqrt(2 bins p (1 - p) / (pi n)), not 0.
    """
    return float(error_of_sums(bin_sums(confidence, correct, bins).sum(axis=0)))


def reliability(confidence: ArrayLike, correct: ArrayLike, bins: int = 10) -> list[Bin]:
    """The table behind the error, lowest confidence first; bins that ties left empty are not listed."""
    probability, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    place = equal_mass_bins(probability, bins)
    table = []
    for number in np.unique(place):
        inside = probability[place == number]
        share = float(right[place == number].mean())
        table.append(Bin(float(inside.min()), float(inside.max()), inside.size, float(inside.mean()), share))
    return table


def brier(probabilities: ArrayLike, gold: ArrayLike) -> float:
    """Brier's score (Brier 1950): mean squared distance of n probability vectors (n, K) to the truth; 0 best, 2 worst.

    `gold`: n class numbers. nan for no items.
    """
    table, true = np.asarray(probabilities, dtype=np.float64), np.asarray(gold, dtype=np.int64)
    if true.size == 0:
        return float("nan")
    truth = np.zeros_like(table)
    truth[np.arange(true.size), true] = 1
    return float(((table - truth) ** 2).sum(axis=1).mean())
