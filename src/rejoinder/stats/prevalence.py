"""How common each category truly is, when all one has is a detector of known fallibility: misclassification corrected.

Labels nothing. Assumes that the detector errs in the log as it erred on the validation set (same P(predicted | true));
where the log is of another kind than the validation set, no correction can know that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rejoinder.stats.intervals import FEW_CLUSTERS, percentiles, resample

Floats = NDArray[np.float64]

ROUNDS = 5_000
"""EM rounds at most; what has not settled by then moves by less than the interval can show."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of K categories that add up to 1, each with its interval, in the order of the input."""

    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Prevalence:
    """How common the categories are, as the detector counted them and as corrected for its errors."""

    n: int
    clusters: int
    """Clusters with at least one item."""
    observed: Shares | None
    """Shares of the predicted categories; None where nothing was observed."""
    corrected: Shares | None
    """Shares of the true categories; None where `problem` says why there are none."""
    problem: str | None = None
    """`no-observations`, `unmeasured-category` (one has no validation items) or `not-identifiable`."""


def corrected(
    observed: ArrayLike,
    validation: ArrayLike,
    *,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Prevalence:
    """Prevalence of K categories in a log, corrected for the detector's measured error, with an interval that carries both.

    `observed`: (G, K) counts of predicted categories per cluster (conversation or user). `validation`: (K, K) counts,
    true x predicted. The estimate maximises the multinomial likelihood over the simplex (for K = 2 and an answer inside
    [0, 1] that is Rogan and Gladen 1978). The interval is a percentile interval over draws in which clusters are
    resampled and each row P(predicted | true) is drawn from its Dirichlet posterior. Where the estimate is 0 the percentiles
    collapse (a bootstrap on the edge of the simplex); there the upper end is no lower than what the recall allows.
    ValueError where the shapes do not fit; what cannot be estimated is named in `problem`.
    """
    log, matrix = np.atleast_2d(np.asarray(observed, dtype=np.float64)), np.asarray(validation, dtype=np.float64)
    classes = log.shape[1]
    if matrix.shape != (classes, classes):
        raise ValueError(f"validation must be {classes} x {classes}, true x predicted, and is {matrix.shape}")
    log = log[log.sum(axis=1) > 0]
    n, clusters = int(log.sum()), len(log)
    if n == 0:
        return Prevalence(0, 0, None, None, "no-observations")
    drawn, counted = _draw_shares(log, rng, draws), log.sum(axis=0) / n
    apparent = _shares(counted, drawn, level)
    problem = _problem(matrix)
    if problem is not None:
        return Prevalence(n, clusters, apparent, None, problem)
    rates = matrix / matrix.sum(axis=1, keepdims=True)
    estimate = unmix(counted[None], rates[None])[0]
    spread = unmix(drawn, _draw_rates(matrix, rng, draws))
    return Prevalence(n, clusters, apparent, _beside_zero(_shares(estimate, spread, level), apparent, np.diagonal(rates)))


def unmix(shares: Floats, rates: Floats) -> Floats:
    """True shares (d, K) from predicted shares (d, K) and rates P(predicted | true) (d, K, K), each on the simplex.

    Where the inverse lies inside the simplex it is the answer; elsewhere the likelihood is maximised by EM.
    """
    found = np.full(shares.shape, -1.0)
    solvable = np.abs(np.linalg.det(rates)) > 1e-9
    if solvable.any():
        transposed = np.swapaxes(rates[solvable], -1, -2)
        found[solvable] = np.linalg.solve(transposed, shares[solvable][..., None])[..., 0]
    outside = (found < 0).any(axis=-1)
    if outside.any():
        found[outside] = _maximise(shares[outside], rates[outside])
    return np.asarray(found / found.sum(axis=-1, keepdims=True))


def _maximise(shares: Floats, rates: Floats) -> Floats:
    """EM for mixture weights with known components (Dempster, Laird, Rubin 1977); draws leave as they settle."""
    weights = np.full(shares.shape, 1 / shares.shape[1])
    moving = np.arange(len(shares))
    for _ in range(ROUNDS):
        now, rate = weights[moving], rates[moving]
        mixed = (now[:, None, :] @ rate)[:, 0, :]
        better = now * (rate @ (shares[moving] / np.maximum(mixed, 1e-300))[..., None])[..., 0]
        weights[moving] = better
        moving = moving[np.abs(better - now).max(axis=-1) > 1e-7]
        if moving.size == 0:
            break
    return weights


def _beside_zero(found: Shares, apparent: Shares, recall: Floats) -> Shares:
    """Widen intervals of categories estimated at 0: of a share s at least s x recall is predicted, so s <= high / recall."""
    ceiling = np.minimum(np.array(apparent.high) / np.maximum(recall, 1e-9), 1.0)
    high = np.where(np.array(found.share) < 1e-6, np.maximum(found.high, ceiling), found.high)
    return Shares(found.share, found.low, tuple(high.tolist()))


def _draw_shares(log: Floats, rng: np.random.Generator, draws: int) -> Floats:
    """Predicted shares (draws, K) as the log might have been; a category never seen keeps a chance to exist.

    One pseudo-observation, spread over the categories, is added: without it a category with no count would have the
    interval (0, 0) however short the log. A handful of clusters is not resampled: each counts as one single observation.
    """
    classes = log.shape[1]
    if len(log) < FEW_CLUSTERS:
        return rng.dirichlet(len(log) * log.sum(axis=0) / log.sum() + 1 / classes, size=draws)
    sums = np.concatenate(list(resample(log, rng=rng, draws=draws)))
    sums = sums + rng.gamma(1 / classes, size=sums.shape)
    shares: Floats = sums / sums.sum(axis=1, keepdims=True)
    return shares


def _draw_rates(matrix: Floats, rng: np.random.Generator, draws: int) -> Floats:
    """P(predicted | true) as the validation set might have shown it: each row from its Dirichlet posterior."""
    classes = matrix.shape[0]
    return np.stack([rng.dirichlet(row + 1 / classes, size=draws) for row in matrix], axis=1)


def _problem(matrix: Floats) -> str | None:
    if (matrix.sum(axis=1) == 0).any():
        return "unmeasured-category"
    rates = matrix / matrix.sum(axis=1, keepdims=True)
    return "not-identifiable" if np.linalg.svd(rates, compute_uv=False)[-1] < 1e-6 else None


def _shares(estimate: Floats, spread: Floats, level: float) -> Shares:
    """The estimate with its percentile interval, widened where an estimate on the edge of the simplex lies outside it."""
    low, high = percentiles(spread, level)
    return Shares(
        tuple(estimate.tolist()), tuple(np.minimum(low, estimate).tolist()), tuple(np.maximum(high, estimate).tolist())
    )
