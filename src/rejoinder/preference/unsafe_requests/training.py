"""Fits the classifier of unsafe requests: examples in, weights and their card out; the same inputs give the same bytes.

Calibration and threshold come from cross-validation in which conversations that begin alike stay together; held-out turns only
measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rejoinder.errors import InputError
from rejoinder.preference.unsafe_requests.classifier import Classifier
from rejoinder.preference.unsafe_requests.examples import HARMLESS, Example
from rejoinder.preference.unsafe_requests.features import COLUMNS, features
from rejoinder.stats.intervals import wilson

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes the fit; all of it stands in the card."""

    regularisation: float = 2.0
    """Inverse strength of the L2 penalty (C of scikit-learn)."""
    unlabelled_weight: float = 0.5
    """Weight of a turn that counts as safe without a label."""
    folds: int = 5
    iterations: int = 300
    false_positives: float = 0.01
    """Share of harmless real conversations in which the threshold may find an unsafe request."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted classifier with its card."""

    classifier: Classifier
    card: dict[str, Any]


def train(found: Sequence[Example], recipe: Recipe | None = None) -> Trained:
    """Fit on all examples that are not held out; calibrate and choose the threshold on out-of-fold scores.

    Raises:
        InputError: there are no unsafe or no harmless examples to learn from.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415 - only training needs it

    recipe = recipe or Recipe()
    unsafe = np.array([one.unsafe for one in found])
    learnt = np.array([not one.held_out for one in found])
    if not unsafe[learnt].any() or unsafe[learnt].all():
        raise InputError("there are no unsafe or no harmless requests to learn from")
    with threadpool_limits(1):
        design, weights = _design(found), _weights(found, recipe)
        scores = _out_of_fold(found, design, unsafe, weights, recipe)
        coefficients, intercept = _fit(design[learnt], unsafe[learnt], weights[learnt], recipe)
        slope, offset = _calibrate(scores, unsafe, found)
    classifier = Classifier(coefficients.astype(np.float16), np.array([intercept, slope, offset]).round(6))
    probabilities = 1 / (1 + np.exp(-slope * scores - offset))
    for row in np.flatnonzero(~learnt):
        probabilities[row] = classifier.probability(found[int(row)].text)
    return Trained(classifier, _card(found, unsafe, probabilities, classifier, recipe))


def write(trained: Trained, folder: Path) -> None:
    """Write the weights and `card.json`."""
    trained.classifier.save(folder)
    text = msgspec.json.format(msgspec.json.encode(trained.card, order="sorted"), indent=1)
    (folder / "card.json").write_bytes(text + b"\n")


def _design(found: Sequence[Example]) -> sparse.csr_matrix:
    made = [features(one.text) for one in found]
    starts = np.concatenate(([0], np.cumsum([len(columns) for columns, _ in made])))
    columns, values = (np.concatenate(parts) for parts in zip(*made, strict=True))
    matrix = sparse.csr_matrix((values.astype(np.float64), columns, starts), shape=(len(found), COLUMNS))
    matrix.sum_duplicates()
    return matrix


def _weights(found: Sequence[Example], recipe: Recipe) -> Floats:
    return np.array([recipe.unlabelled_weight if one.kind in ("unlabelled", "feedback-corpus") else 1.0 for one in found])


def _fit(design: sparse.csr_matrix, unsafe: Flags, weights: Floats, recipe: Recipe) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - takes a second to import, only training needs it

    regression = LogisticRegression(C=recipe.regularisation, max_iter=recipe.iterations, tol=1e-3)
    regression.fit(design, unsafe, sample_weight=weights)
    return regression.coef_[0], float(regression.intercept_[0])


def _out_of_fold(found: Sequence[Example], design: sparse.csr_matrix, unsafe: Flags, weights: Floats, recipe: Recipe) -> Floats:
    """The score of each example by a fit that saw neither its fold nor held-out turns; 0 for held-out turns."""
    fold = np.array([-1 if one.held_out else crc32(one.group.encode()) % recipe.folds for one in found])
    scores = np.zeros(len(found))
    for number in range(recipe.folds):
        seen, asked = (fold >= 0) & (fold != number), fold == number
        coefficients, intercept = _fit(design[seen], unsafe[seen], weights[seen], recipe)
        scores[asked] = design[asked] @ coefficients + intercept
    return scores


def _calibrate(scores: Floats, unsafe: Flags, found: Sequence[Example]) -> tuple[float, float]:
    """Slope and offset of Platt's scaling on the out-of-fold scores of what people really wrote."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above

    real = np.array([one.kind in ("labelled", "unlabelled") and not one.held_out for one in found])
    regression = LogisticRegression(C=1e6).fit(scores[real, None], unsafe[real])
    return round(float(regression.coef_[0, 0]), 6), round(float(regression.intercept_[0]), 6)


def _card(found: Sequence[Example], unsafe: Flags, p: Floats, classifier: Classifier, recipe: Recipe) -> dict[str, Any]:
    harmless = _highest_of_conversations(found, p)
    limit = _threshold(np.array(list(harmless.values())), recipe.false_positives)
    hits = p >= limit
    held = np.array([one.held_out for one in found])
    red = np.array([one.source == "hh_rlhf_harmless" for one in found])
    invented = np.array([one.kind == "invented" for one in found])
    english = np.array([one.source == "en" for one in found])
    return {
        "threshold": limit,
        "fingerprint": classifier.fingerprint(),
        "recipe": asdict(recipe),
        "examples": _counts(found),
        "harmless_conversations": _share(sum(value >= limit for value in harmless.values()), len(harmless)),
        "harmless_by_source": {
            source: _share(sum(value >= limit for value in values), len(values))
            for source in sorted({name.split("/")[0] for name in harmless})
            for values in [[value for name, value in harmless.items() if name.split("/")[0] == source]]
        },
        "out_of_fold": {
            "red_team": _measured(hits, unsafe, ~held & red),
            "invented_english": _measured(hits, unsafe, invented & english),
            "invented_other_languages": _measured(hits, unsafe, invented & ~english),
        },
        "held_out": {
            "red_team": _measured(hits, unsafe, held & red),
            "other_sources": _measured(hits, unsafe, held & ~red),
        },
        "mean_probability": {
            "red_team": round(float(p[~held & red].mean()), 4),
            "red_team_unsafe": round(float(unsafe[~held & red].mean()), 4),
        },
    }


def _highest_of_conversations(found: Sequence[Example], p: Floats) -> dict[str, float]:
    """The highest out-of-fold probability of each real conversation that nobody meant to be harmful."""
    highest: dict[str, float] = {}
    for one, probability in zip(found, p.tolist(), strict=True):
        if one.kind == "unlabelled" and one.conversation.startswith(HARMLESS):
            highest[one.conversation] = max(probability, highest.get(one.conversation, 0.0))
    return highest


def _threshold(highest: Floats, share: float) -> float:
    """The lowest probability, to three digits, that at most `share` of the conversations reach."""
    for limit in np.arange(1, 1000) / 1000:
        if (highest >= limit).mean() <= share:
            return float(limit)
    return 1.0


def _measured(hits: Flags, unsafe: Flags, rows: Flags) -> dict[str, Any]:
    return {
        "found_of_unsafe": _share(int((hits & unsafe & rows).sum()), int((unsafe & rows).sum())),
        "found_of_safe": _share(int((hits & ~unsafe & rows).sum()), int((~unsafe & rows).sum())),
    }


def _share(hits: int, n: int) -> dict[str, Any]:
    low, high = (round(float(value), 4) for value in wilson(hits, n))
    return {"hits": int(hits), "n": n, "share": round(hits / n, 4) if n else None, "low": low, "high": high}


def _counts(found: Sequence[Example]) -> dict[str, dict[str, int]]:
    names = [f"{one.kind}, held out" if one.held_out else str(one.kind) for one in found]
    return {
        name: {
            "unsafe": sum(one.unsafe for one, told in zip(found, names, strict=True) if told == name),
            "safe": sum(not one.unsafe for one, told in zip(found, names, strict=True) if told == name),
        }
        for name in sorted(set(names))
    }
