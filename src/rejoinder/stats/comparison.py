"""Is one policy better than another on the same items? Paired tests that respect clusters; every p is two-sided.

Judges no answer and words no conclusion (`verdict` does). `difference` is the candidate's score minus the baseline's, one per
item; `outcomes` are 1 for a win of the candidate, 0.5 for a tie, 0 for a loss, nan for a comparison that could not be read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rejoinder.stats.intervals import CELLS_AT_ONCE
from rejoinder.stats.means import Estimate, cluster_names, cluster_sums, clustered_mean, clustered_share, effective_size, varies

Floats = NDArray[np.float64]

EXACT = 14
"""Clusters that differ, up to which all 2^14 sign patterns are counted instead of drawn."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An estimate, the value it would have if nothing differed, and how surprising the data are if so."""

    estimate: Estimate
    null: float
    p: float
    """Two-sided; nan where it is undefined (a single cluster, nothing that varies)."""
    method: str


@dataclass(frozen=True, slots=True)
class WinRate:
    """How often the candidate won, ties as half, with what could not be read beside it."""

    comparison: Comparison
    """The win rate over readable comparisons, 0 to 1, against 0.5."""
    wins: int
    ties: int
    losses: int
    unreadable: int
    lowest: float
    highest: float
    """The win rate if the candidate had lost, or won, every unreadable comparison."""


def paired_t(difference: ArrayLike, clusters: ArrayLike | None = None, *, null: float = 0.0, level: float = 0.95) -> Comparison:
    """t test that the mean of n differences is `null`, robust to clusters (see `means.moments`); unit of the scores.

    Without clusters it is the paired t test (Student 1908). For few clusters or heavy tails prefer `permutation`.
    """
    estimate = clustered_mean(difference, clusters, level=level)
    known = varies(estimate.value, estimate.error)
    p = _two_sided((estimate.value - null) / estimate.error, estimate.degrees) if known else float("nan")
    return Comparison(estimate, null, p, "paired t, clustered" if clusters is not None else "paired t")


def win_rate(outcomes: ArrayLike, clusters: ArrayLike | None = None, *, level: float = 0.95) -> WinRate:
    """Win rate over readable outcomes with its score interval (`means.clustered_share`) and the p that belongs to it.

    p < 1 - level exactly where the interval excludes 0.5. ValueError for an outcome that is not 1, 0.5, 0 or nan, and
    where nothing was readable.
    """
    marks = np.asarray(outcomes, dtype=np.float64)
    readable = np.isfinite(marks)
    if not np.isin(marks[readable], (0.0, 0.5, 1.0)).all():
        raise ValueError("outcomes are 1 (win), 0.5 (tie), 0 (loss) or nan (unreadable)")
    if not readable.any():
        raise ValueError(f"none of {marks.size} comparisons could be read")
    kept = None if clusters is None else cluster_names(clusters, marks.size)[readable]
    estimate = clustered_share(marks[readable], kept, level=level)
    size = effective_size(estimate.value, estimate.error, estimate.clusters)
    p = _two_sided((estimate.value - 0.5) / np.sqrt(0.25 / size), estimate.degrees) if estimate.clusters > 1 else float("nan")
    total, won = marks.size, float(marks[readable].sum())
    unreadable = int(total - readable.sum())
    wins, ties, losses = (int((marks == mark).sum()) for mark in (1.0, 0.5, 0.0))
    bounds = won / total, (won + unreadable) / total
    return WinRate(Comparison(estimate, 0.5, p, "score test"), wins, ties, losses, unreadable, *bounds)


def permutation(
    difference: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    rng: np.random.Generator,
    draws: int = 9999,
    level: float = 0.95,
) -> Comparison:
    """Sign-flip test of n paired differences: the two policies change names, whole clusters at once (Fisher 1935, section 21).

    Exact (all patterns) where at most 14 clusters differ; otherwise `draws` random patterns and the data themselves, so that
    p >= 1 / (draws + 1) (Phipson and Smyth 2010). It assumes that under the null a cluster's sum of differences is as likely
    to be x as -x. The interval beside it is that of `paired_t`.
    """
    sums = cluster_sums(difference, clusters)[:, 0]
    scaled = np.round(sums / max(np.abs(sums).max(), 1e-300), 12)  # sizes that are equal stay so in every unit
    sizes, times = np.unique(np.abs(scaled[scaled != 0]), return_counts=True)
    observed = abs(scaled.sum()) - 1e-9
    if times.sum() <= EXACT:
        p = float((np.abs(_all_sums(np.repeat(sizes, times))) >= observed).mean())
    else:
        block = max(1, CELLS_AT_ONCE // len(sizes))
        parts = (min(block, draws - start) for start in range(0, draws, block))
        extreme = sum(int((np.abs(_drawn_sums(sizes, times, part, rng)) >= observed).sum()) for part in parts)
        p = (extreme + 1) / (draws + 1)
    return Comparison(clustered_mean(difference, clusters, level=level), 0.0, p, "permutation by sign flips")


def mcnemar(
    candidate: ArrayLike,
    baseline: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    mid: bool = False,
    level: float = 0.95,
) -> Comparison:
    """Exact McNemar test of two vectors of n booleans (passed or not) on the same items (McNemar 1947).

    A binomial test of the discordant items. It is conservative by nature; `mid` gives the mid-p test (Fagerland, Lydersen
    and Laake 2013), nearer to its nominal size. The estimate is the difference of the two pass rates. ValueError where two
    discordant items share a cluster: they are not independent, and `permutation` is the exact test for them.
    """
    first, second = np.asarray(candidate, dtype=bool), np.asarray(baseline, dtype=bool)
    if first.shape != second.shape:
        raise ValueError(f"{first.size} results of the candidate do not match {second.size} of the baseline")
    discordant = first != second
    if clusters is not None and len(np.unique(cluster_names(clusters, first.size)[discordant])) < discordant.sum():
        raise ValueError("McNemar's test needs independent items; discordant items share a cluster: use permutation")
    n, fewer = int(discordant.sum()), int(min((first & ~second).sum(), (second & ~first).sum()))
    tail = float(special.bdtr(fewer, n, 0.5)) if n else 1.0
    here = tail - float(special.bdtr(fewer - 1, n, 0.5)) if fewer else tail
    p = min(2 * tail - (here if mid else 0.0), 1.0) if n else 1.0
    estimate = clustered_mean(first.astype(np.float64) - second, clusters, level=level)
    return Comparison(estimate, 0.0, p, "McNemar, mid-p" if mid else "McNemar, exact")


def _two_sided(ratio: float, degrees: float) -> float:
    return float(2 * special.stdtr(degrees, -abs(ratio)))


def _all_sums(sizes: Floats) -> Floats:
    """The sum of `sizes` under each of the 2^len patterns of signs."""
    totals = np.zeros(1)
    for size in sizes:
        totals = np.concatenate([totals - size, totals + size])
    return totals


def _drawn_sums(sizes: Floats, times: NDArray[np.intp], draws: int, rng: np.random.Generator) -> Floats:
    """Sums under random signs; equal sizes are drawn together, by one binomial."""
    if times.max() == 1:  # ten times faster than binomials of one
        signs = rng.integers(0, 2, size=(draws, len(sizes)), dtype=np.int8)
        return np.asarray((2.0 * signs - 1) @ sizes)
    positive = rng.binomial(times, 0.5, size=(draws, len(sizes)))
    return np.asarray((2.0 * positive - times) @ sizes)
