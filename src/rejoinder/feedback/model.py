"""The classifier's arithmetic and its files: features times weights, calibrated, saved as plain arrays without pickle.

It knows arrays, not conversations; `classifier.py` uses it and `training.py` fits it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rejoinder.feedback import context, lexical
from rejoinder.feedback.forest import Forest
from rejoinder.feedback.situation import Situation
from rejoinder.identity import digest

Floats = NDArray[np.float32]
Scores = NDArray[np.float64]
NEGATIVE = slice(1, 5)
"""Columns of the four negative categories; 0 is POS and 5 is NEU."""
COLUMNS = len(lexical.BLOCKS) << lexical.BITS
CLASSES = 6
_DENSE = ("centre", "scale", "dense_coefficients", "intercept", "calibration", "preference")


@dataclass(frozen=True, slots=True)
class Design:
    """Features of a batch: hashed counts of each lexical block, and the dense columns."""

    counts: tuple[sparse.csr_matrix, ...]
    dense: Floats

    @classmethod
    def of(cls, situations: Sequence[Situation]) -> Design:
        """Compute all features of `situations`."""
        return cls(lexical.blocks(situations), context.dense(situations))

    def rows(self, chosen: NDArray[np.int64]) -> Design:
        """The same features for some rows."""
        return Design(tuple(block[chosen] for block in self.counts), self.dense[chosen])


@dataclass(frozen=True, slots=True)
class Model:
    """A logistic regression over hashed text and situation, joined by boosted trees over the situation; calibrated."""

    frequency: Floats
    """Inverse document frequency of each hashed column, all blocks side by side; columns training has not seen are 0."""
    coefficients: Floats
    """Hashed columns x 6."""
    centre: Floats
    scale: Floats
    """Dense columns become (value - centre) * scale."""
    dense_coefficients: Floats
    """Dense columns x 6."""
    intercept: Floats
    forest: Forest
    forest_share: float
    """Share of the trees in the joint score; the regression has the rest."""
    calibration: Floats
    """Temperature, then one offset per category: probabilities are softmax(temperature * logits + offsets)."""
    preference: Floats
    """Weight of each category in the decision, see `decide`: rare ones count more than their probability."""

    def logits(self, design: Design) -> Scores:
        """Scores before calibration, rows x 6. Sums run row by row, so that a batch's borders change nothing."""
        total = np.tile(self.intercept.astype(np.float64), (design.dense.shape[0], 1))
        for number, counts in enumerate(design.counts):
            columns = slice(number << lexical.BITS, (number + 1) << lexical.BITS)
            total += lexical.weighted(counts, self.frequency[columns]) @ self.coefficients[columns]
        dense = self.standardised(design.dense)
        total += sparse.csr_matrix(dense) @ self.dense_coefficients
        return total * (1 - self.forest_share) + self.forest.scores(dense) * self.forest_share

    def standardised(self, dense: Floats) -> Floats:
        """Dense columns on one scale; what is not known stands at the mean, so that it says nothing."""
        return np.asarray(np.nan_to_num((dense - self.centre) * self.scale), dtype=np.float32)

    def probabilities(self, design: Design) -> Scores:
        """Calibrated probabilities, rows x 6, each row summing to one."""
        return calibrated(self.logits(design), self.calibration)

    def packed(self) -> dict[str, NDArray[np.generic]]:
        """The arrays as they are stored: only columns in use, hashed weights in half precision."""
        used = np.flatnonzero(self.frequency)
        dense = {name: getattr(self, name) for name in _DENSE}
        return {
            "buckets": used.astype(np.uint32),
            "frequency": self.frequency[used].astype(np.float16),
            "coefficients": self.coefficients[used].astype(np.float16),
            **dense,
            "forest_share": np.array(self.forest_share),
            **{f"forest_{field.name}": getattr(self.forest, field.name) for field in fields(Forest)},
        }

    def rounded(self) -> Model:
        """The same model with the precision that its files have."""
        return _unpacked(self.packed())

    def fingerprint(self) -> str:
        """Name of these weights: 32 hex digits over every stored array."""
        return digest(*(_bytes(array) for array in self.packed().values()))

    def save(self, folder: Path) -> None:
        """Write one `.npy` file per array."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in self.packed().items():
            (folder / f"{name}.npy").write_bytes(_bytes(array))

    @classmethod
    def load(cls, folder: Traversable) -> Model:
        """Read what `save` wrote; no pickle is accepted."""
        forest = (f"forest_{field.name}" for field in fields(Forest))
        names = ("buckets", "frequency", "coefficients", *_DENSE, "forest_share", *forest)
        return _unpacked({n: np.load(BytesIO((folder / f"{n}.npy").read_bytes()), allow_pickle=False) for n in names})


def calibrated(logits: Scores, calibration: Floats) -> Scores:
    """softmax(temperature * logits + offsets)."""
    scores = logits * float(calibration[0]) + calibration[1:].astype(np.float64)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)


def decide(probabilities: Scores, preference: Floats) -> NDArray[np.int64]:
    """Category of each row: first the polarity with the largest weighted probability, then the category within it.

    `preference` holds a weight for positive, negative, neutral, then one for each of the four negative categories.
    """
    negative = probabilities[:, NEGATIVE]
    sides = np.column_stack([probabilities[:, 0], negative.sum(axis=1), probabilities[:, 5]]) * preference[:3]
    inner = (negative * preference[3:]).argmax(axis=1) + 1
    side = sides.argmax(axis=1)
    return np.asarray(np.where(side == 0, 0, np.where(side == 2, 5, inner)), dtype=np.int64)


def _unpacked(arrays: dict[str, NDArray[np.generic]]) -> Model:
    buckets = arrays["buckets"]
    frequency = np.zeros(COLUMNS, dtype=np.float32)
    coefficients = np.zeros((COLUMNS, CLASSES), dtype=np.float32)
    frequency[buckets] = arrays["frequency"]
    coefficients[buckets] = arrays["coefficients"]
    forest = Forest(**{field.name: arrays[f"forest_{field.name}"] for field in fields(Forest)})  # type: ignore[arg-type]
    dense = {name: arrays[name].astype(np.float32) for name in _DENSE}
    return Model(
        frequency=frequency, coefficients=coefficients, forest=forest, forest_share=float(arrays["forest_share"]), **dense
    )


def _bytes(array: NDArray[np.generic]) -> bytes:
    target = BytesIO()
    np.save(target, array, allow_pickle=False)
    return target.getvalue()
