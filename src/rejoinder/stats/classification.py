"""How well predicted classes agree with gold: every score is a function of one confusion matrix, or of many at once.

Makes no intervals; `intervals.bootstrap` gives them by calling these functions on resampled matrices.
A confusion matrix has shape (..., K, K), rows true, columns predicted, counts as numbers >= 0; leading axes are kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def confusion(gold: ArrayLike, predicted: ArrayLike, classes: int) -> Counts:
    """Counts of shape (K, K) from two vectors of n class numbers in 0..K-1; ValueError where they do not fit together."""
    true, guess = _codes(gold, classes), _codes(predicted, classes)
    if true.shape != guess.shape:
        raise ValueError(f"{true.size} gold labels do not match {guess.size} predictions")
    return np.bincount(true * classes + guess, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def clustered_confusion(gold: ArrayLike, predicted: ArrayLike, clusters: ArrayLike, classes: int) -> Counts:
    """One confusion matrix per cluster, shape (G, K, K), from three vectors of n; clusters are numbered 0..G-1."""
    true, guess = _codes(gold, classes), _codes(predicted, classes)
    groups = np.asarray(clusters, dtype=np.int64)
    if not true.shape == guess.shape == groups.shape:
        raise ValueError(f"{true.size} gold labels, {guess.size} predictions and {groups.size} clusters do not match")
    size = int(groups.max(initial=-1)) + 1
    cells = (groups * classes + true) * classes + guess
    return np.bincount(cells, minlength=size * classes * classes).reshape(size, classes, classes).astype(np.int64)


def support(matrix: ArrayLike) -> Floats:
    """How many items truly belong to each class: shape (..., K)."""
    return np.asarray(np.asarray(matrix, dtype=np.float64).sum(axis=-1))


def precision(matrix: ArrayLike) -> Floats:
    """Share of the items predicted as a class that truly are: (..., K); nan for a class that was never predicted."""
    counts = np.asarray(matrix, dtype=np.float64)
    return _ratio(_hits(counts), counts.sum(axis=-2))


def recall(matrix: ArrayLike) -> Floats:
    """Share of the items of a class that were found: (..., K); nan for a class without support."""
    counts = np.asarray(matrix, dtype=np.float64)
    return _ratio(_hits(counts), counts.sum(axis=-1))


def f1(matrix: ArrayLike) -> Floats:
    """2 TP / (2 TP + FP + FN) per class: (..., K); 0 where no item was hit, nan for a class neither true nor predicted."""
    counts = np.asarray(matrix, dtype=np.float64)
    return _ratio(2 * _hits(counts), counts.sum(axis=-1) + counts.sum(axis=-2))


def macro_f1(matrix: ArrayLike) -> Floats:
    """Mean F1 over the classes that are present in gold: (...,); nan for an empty matrix.

    A class that is only ever predicted costs precision elsewhere and is not averaged in.
    """
    present = support(matrix) > 0
    return _ratio(np.where(present, f1(matrix), 0.0).sum(axis=-1), present.sum(axis=-1))


def accuracy(matrix: ArrayLike) -> Floats:
    """Share of items on the diagonal: (...,); nan for an empty matrix."""
    counts = np.asarray(matrix, dtype=np.float64)
    return _ratio(_hits(counts).sum(axis=-1), counts.sum(axis=(-2, -1)))


def majority_accuracy(matrix: ArrayLike) -> Floats:
    """Accuracy of always naming the most frequent gold class: (...,); nan for an empty matrix."""
    per_class = support(matrix)
    return _ratio(per_class.max(axis=-1), per_class.sum(axis=-1))


def kappa(matrix: ArrayLike) -> Floats:
    """Cohen's kappa (Cohen 1960): (...,); nan where chance agreement is already complete, or nothing was rated."""
    counts = np.asarray(matrix, dtype=np.float64)
    total = counts.sum(axis=(-2, -1))
    chance = _ratio((counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1), total**2)
    return _ratio(accuracy(counts) - chance, 1 - chance)


def merge(matrix: ArrayLike, groups: ArrayLike, classes: int) -> Floats:
    """The confusion matrix of a coarser view, (..., C, C): `groups` holds for each of K classes its number in 0..C-1."""
    target = _codes(groups, classes)
    onto = np.zeros((target.size, classes))
    onto[np.arange(target.size), target] = 1
    merged: Floats = onto.T @ np.asarray(matrix, dtype=np.float64) @ onto
    return merged


def _codes(values: ArrayLike, classes: int) -> Counts:
    codes = np.asarray(values, dtype=np.int64)
    if codes.ndim != 1:
        raise ValueError(f"class numbers must be a vector, not an array of {codes.ndim} dimensions")
    if codes.size and (codes.min() < 0 or codes.max() >= classes):
        raise ValueError(f"class numbers must lie in 0..{classes - 1}")
    return codes


def _hits(counts: Floats) -> Floats:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    top, bottom = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    out = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    return np.asarray(np.divide(top, bottom, out=out, where=bottom > 0))
