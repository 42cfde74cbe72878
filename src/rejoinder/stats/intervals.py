"""Intervals: Wilson's for a share of independent items, and a percentile bootstrap that resamples whole clusters.

Judges nothing: which statistic, how many draws and which generator are the caller's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

FEW_CLUSTERS = 10
"""Fewer have too little spread to resample: their bootstrap interval would be a false certainty."""
CELLS_AT_ONCE = 4_000_000
"""Numbers held in memory while drawing: 32 MB."""


def wilson(successes: ArrayLike, n: ArrayLike, level: float = 0.95) -> Floats:
    """Wilson's score interval for a share (Wilson 1927), shape (2, ...): low and high; (0, 1) where n is 0.

    Holds for independent items; items of one conversation are not, so prefer `bootstrap` where clusters are known.
    """
    hits, total = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if np.any(hits < 0) or np.any(hits > total):
        raise ValueError("successes must lie between 0 and n")
    z = NormalDist().inv_cdf((1 + level) / 2)
    safe = np.maximum(total, 1)
    share = hits / safe
    middle = (share + z**2 / (2 * safe)) / (1 + z**2 / safe)
    half = z / (1 + z**2 / safe) * np.sqrt(share * (1 - share) / safe + z**2 / (4 * safe**2))
    low, high = np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
    return np.stack([np.where(total > 0, low, 0.0), np.where(total > 0, high, 1.0)])


def resample(counts: ArrayLike, *, rng: np.random.Generator, draws: int) -> Iterator[Floats]:
    """Sums of `counts` over clusters drawn with replacement: blocks of shape (d, ...) that hold `draws` in all.

    `counts` has shape (G, ...), one row of additive counts per cluster (its confusion matrix, its sums per bin).
    Equal rows are pooled and drawn by one multinomial, which is the same distribution as drawing G clusters one by one
    and makes the result independent of the order of the clusters.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim < 1 or table.shape[0] == 0:
        raise ValueError("resampling needs at least one cluster")
    size = table.shape[0]
    rows, times = np.unique(table.reshape(size, -1), axis=0, return_counts=True)
    block = max(1, CELLS_AT_ONCE // max(len(rows), rows.shape[1]))
    for start in range(0, draws, block):
        weights = rng.multinomial(size, times / size, size=min(block, draws - start)).astype(np.float64)
        yield (weights @ rows).reshape(-1, *table.shape[1:])


def bootstrap(
    counts: ArrayLike,
    statistic: Callable[[Floats], Floats],
    *,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Floats:
    """Percentile interval of a statistic of summed counts, clusters resampled (Efron and Tibshirani 1993, chapter 13).

    `counts`: (G, ...), see `resample`. `statistic`: from (d, ...) to (d, *shape), vectorised over draws.
    Gives shape (2, *shape). A draw in which a value is undefined (nan) does not count for that value; a value that is
    undefined in more than half of the draws, or that comes from fewer than `FEW_CLUSTERS`, has the interval (nan, nan).
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.shape[0] < FEW_CLUSTERS:
        return np.full((2, *np.shape(statistic(table.sum(axis=0, keepdims=True)))[1:]), np.nan)
    values = np.concatenate([statistic(sums) for sums in resample(table, rng=rng, draws=draws)])
    return percentiles(values, level)


def percentiles(values: Floats, level: float = 0.95) -> Floats:
    """The middle `level` of the draws, (2, ...) from (d, ...); (nan, nan) where more than half of the draws are nan."""
    known = np.isfinite(values).mean(axis=0) >= 0.5
    filled = np.where(known, values, 0.0)  # a column of nan alone would warn; its result is thrown away below
    limits = np.nanquantile(filled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.where(known, limits, np.nan)
