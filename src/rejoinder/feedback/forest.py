"""Boosted trees as plain arrays: they see what a weighted sum cannot, such as a short "no" after a question.

Grown by scikit-learn in `training.py`, evaluated here with numpy; no pickle, no scikit-learn at inference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS = 256
"""Rows at a time, so that the nodes of all trees stay in the cache."""


@dataclass(frozen=True, slots=True)
class Forest:
    """All nodes of all trees side by side; a leaf points at itself."""

    feature: NDArray[np.int16]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    """Where a value at most the threshold goes."""
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    """What a leaf adds to the score of its tree's category."""
    roots: NDArray[np.int32]
    """First node of each tree, rounds x 6 categories."""
    baseline: NDArray[np.float32]
    """Score of each category before any tree."""

    @classmethod
    def of(cls, rounds: Sequence[Sequence[Any]], baseline: NDArray[np.float64]) -> Forest:
        """Take the nodes out of scikit-learn's predictors, rounds x categories."""
        tables = [predictor.nodes for trees in rounds for predictor in trees]
        sizes = np.array([len(nodes) for nodes in tables])
        first = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        nodes = np.concatenate(tables)
        base, here = np.repeat(first, sizes), np.arange(sizes.sum())
        leaf = nodes["is_leaf"].astype(np.bool_)
        return cls(
            feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int16),
            threshold=np.where(leaf, 0.0, nodes["num_threshold"]).astype(np.float64),
            left=np.where(leaf, here, base + nodes["left"]).astype(np.int32),
            right=np.where(leaf, here, base + nodes["right"]).astype(np.int32),
            value=np.where(leaf, nodes["value"], 0.0).astype(np.float32),
            roots=first.reshape(len(rounds), -1).astype(np.int32),
            baseline=baseline.astype(np.float32),
        )

    def scores(self, dense: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum of the trees, rows x categories. The column behind the last stood for "invented" in training; here it is 0."""
        dense = np.column_stack([dense, np.zeros(len(dense), dtype=np.float32)])
        parts = [self._scores(dense[start : start + _ROWS]) for start in range(0, len(dense), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros((0, self.roots.shape[1]))

    def _scores(self, dense: NDArray[np.float32]) -> NDArray[np.float64]:
        node = np.tile(self.roots.ravel(), (len(dense), 1))
        rows = np.arange(len(dense))[:, None]
        while True:
            goes_left = dense[rows, self.feature[node]] <= self.threshold[node]
            following = np.where(goes_left, self.left[node], self.right[node])
            if np.array_equal(following, node):
                break
            node = following
        gains = self.value[node].astype(np.float64).reshape(len(dense), *self.roots.shape)
        return np.asarray(gains.sum(axis=1) + self.baseline, dtype=np.float64)
