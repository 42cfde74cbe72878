"""The embedded classifier as it ships: situations in, calibrated categories with quotes out; and its card.

It reads its weights once per process and never a network. How they were made: `training.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np

from rejoinder.errors import StoreError
from rejoinder.feedback.evidence import quotes
from rejoinder.feedback.gold import LABELS
from rejoinder.feedback.model import NEGATIVE, Design, Model, decide
from rejoinder.feedback.rubrics import rubrics
from rejoinder.feedback.situation import Situation

NEUTRAL = LABELS.index("NEU")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the classifier says about one turn."""

    category: str
    probability: float
    """Calibrated probability of the polarity of `category`."""
    probabilities: tuple[float, ...]
    """Of each category, in the order of `gold.LABELS`."""
    evidence: tuple[str, ...]
    """Exact substrings of the turn; empty where it is neutral."""
    rubrics: tuple[str, ...] = ()
    """The few that can be told with precision, see `rubrics.py`."""


@cache
def load_model() -> Model:
    """The weights that ship with the package.

    Raises:
        StoreError: the files are missing or are not the ones that the card names.
    """
    folder = files("rejoinder.feedback") / "weights"
    try:
        model = Model.load(folder)
    except (OSError, ValueError) as trouble:
        raise StoreError(f"the classifier's weights cannot be read ({trouble}); install rejoinder again") from trouble
    if model.fingerprint() != load_card()["fingerprint"]:
        raise StoreError("the classifier's weights and its card do not belong together; install rejoinder again")
    return model


@cache
def load_card() -> dict[str, Any]:
    """The model card as data: training sources, hyper-parameters, out-of-fold confusion, thresholds, fingerprint.

    `confusion` holds counts for `all`, `en` and `non_en`: rows true, columns predicted categories, in the order of `labels`.
    """
    try:
        raw = (files("rejoinder.feedback") / "weights" / "card.json").read_bytes()
    except OSError as trouble:
        raise StoreError(f"the classifier's card cannot be read ({trouble}); install rejoinder again") from trouble
    card: dict[str, Any] = msgspec.json.decode(raw)
    return card


def classify(situations: Sequence[Situation], model: Model | None = None) -> list[Verdict]:
    """One verdict for each situation, in order. A blank turn says nothing: neutral with certainty."""
    chosen = model or load_model()
    spoken = [number for number, s in enumerate(situations) if s.follow_up.strip()]
    verdicts = [_SILENT] * len(situations)
    if not spoken:
        return verdicts
    design = Design.of([situations[n] for n in spoken])
    probabilities = chosen.probabilities(design).round(6)
    categories = decide(probabilities, chosen.preference)
    loud = np.flatnonzero(categories != NEUTRAL)
    found = quotes([situations[spoken[n]].follow_up for n in loud], categories[loud], chosen)
    evidence = dict(zip(loud.tolist(), found, strict=True))
    sides, named = _sides(probabilities), rubrics(categories, design.dense)
    for row, number in enumerate(spoken):
        category = int(categories[row])
        quoted = (evidence[row],) if evidence.get(row) else ()
        sure = min(round(float(sides[row, category]), 6), 1.0)
        verdicts[number] = Verdict(LABELS[category], sure, tuple(probabilities[row].tolist()), quoted, named[row])
    return verdicts


_SILENT = Verdict(LABELS[NEUTRAL], 1.0, tuple(float(n == NEUTRAL) for n in range(len(LABELS))), ())


def _sides(probabilities: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
    """Probability of the polarity of each category."""
    sides = probabilities.copy()
    sides[:, NEGATIVE] = probabilities[:, NEGATIVE].sum(axis=1, keepdims=True)
    return sides
