"""How this room's figures are resampled: bootstrap intervals over conversations, and folds that keep a conversation whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rejoinder.identity import draw
from rejoinder.stats.intervals import bootstrap, wilson

Floats = NDArray[np.float64]
Interval = tuple[float, float] | None
"""Low and high end; None where too little was seen. A share without spread over conversations has Wilson's interval."""
FOLDS = 5


def limits(counts: NDArray[np.generic], statistic: Callable[[Floats], Floats], *, seed: int, draws: int) -> list[Interval]:
    """The 95 % interval of each number of a vector-valued statistic; None where resampling shows no spread.

    `counts`: one row, or matrix, for each conversation; `statistic` takes sums of them.
    """
    found = bootstrap(counts, statistic, rng=np.random.default_rng(seed), draws=draws)
    return [(float(low), float(high)) if high - low > 1e-9 else None for low, high in found.T]


def of_share(interval: Interval, hits: float, n: float) -> Interval:
    """The bootstrap interval of a share, or Wilson's where the conversations show no spread."""
    if interval is not None or n == 0:
        return interval
    low, high = wilson(hits, n)
    return float(low), float(high)


def folds(names: Sequence[str], seed: int) -> NDArray[np.int64]:
    """The fold of each name, 0 to `FOLDS` - 1: equal names share one, and other names do not change it."""
    return np.array([int(draw(seed, "fold", name) * FOLDS) for name in names], dtype=np.int64)
