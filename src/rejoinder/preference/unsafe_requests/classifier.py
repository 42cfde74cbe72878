"""The embedded classifier of unsafe requests as it ships: a message in, the probability that it asks for harm out; its card.

It reads its weights once per process and never a network, and it reads requests, not answers. How it was made: `training.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from math import exp
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rejoinder.errors import StoreError
from rejoinder.identity import digest
from rejoinder.preference.unsafe_requests import features, ideas

_FILES = ("weights", "calibration")
_REMEMBERED = 1 << 15
"""Words whose weight is kept: most words of a log are a few thousand."""
_MESSAGES = 256
"""Messages whose probability is kept: a complaint is asked about as a message and as a complaint."""


@dataclass(frozen=True, slots=True)
class _Word:
    """What a word gives by itself."""

    hashed: int
    weight: float
    ideas: tuple[int, ...]
    opens: tuple[tuple[str, int], ...]
    """Phrases that begin with it, with the ideas that they mean."""


class Classifier:
    """A calibrated logistic regression over `features.py`. Weighs each word once; texts do not influence each other."""

    def __init__(self, weights: NDArray[np.float16], calibration: NDArray[np.float64]) -> None:
        self.weights = weights
        """One for each column, in half precision."""
        self.calibration = calibration
        """Intercept, then slope and offset that make a probability of the score."""
        self._weights = weights.astype(np.float32)
        self._word = lru_cache(maxsize=_REMEMBERED)(self._weigh)
        self.probability = lru_cache(maxsize=_MESSAGES)(self._probability)

    def _probability(self, text: str) -> float:
        """Calibrated probability that `text` asks for harm; 0 for a text without words."""
        score = self.score(text)
        return 0.0 if score is None else 1 / (1 + exp(-float(self.calibration[1]) * score - float(self.calibration[2])))

    def score(self, text: str) -> float | None:
        """The sum of all weights before calibration; None for a text without words."""
        levelled = features.level(text)
        said = features.words(levelled)
        if len(said) <= 2:  # nothing but the borders
            return None
        known = [self._word(word) for word in said]
        units = dict(zip(said, known, strict=True)).values()
        runs = features.of_runs(np.array([one.hashed for one in known], dtype=np.uint32))
        found = {number for one in units for number in one.ideas} | ideas.unspaced(levelled)
        found.update(number for one in units for phrase, number in one.opens if phrase in levelled)
        pairs = features.of_ideas(np.array(sorted(found), dtype=np.int64))
        total = sum(one.weight for one in units) * features.scale(len(units))
        total += float(self._weights[runs].sum()) * features.scale(len(runs))
        total += float(self._weights[pairs].sum()) * features.scale_of_ideas(len(pairs))
        return total + float(self.calibration[0])

    def _weigh(self, word: str) -> _Word:
        columns, values = features.of_word(word)
        return _Word(
            features.of_whole(word), float(self._weights[columns] @ values), ideas.of_word(word), ideas.opened_by(word)
        )

    def fingerprint(self) -> str:
        """Name of these weights and of the list of ideas: 32 hex digits."""
        return digest(*(_bytes(getattr(self, name)) for name in _FILES), ideas.LISTED)

    def save(self, folder: Path) -> None:
        """Write one `.npy` file per array."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            (folder / f"{name}.npy").write_bytes(_bytes(getattr(self, name)))

    @classmethod
    def load(cls, folder: Traversable) -> Classifier:
        """Read what `save` wrote; no pickle is accepted."""
        return cls(*(np.load(BytesIO((folder / f"{name}.npy").read_bytes()), allow_pickle=False) for name in _FILES))


@cache
def load_classifier() -> Classifier:
    """The classifier that ships with the package.

    Raises:
        StoreError: the files are missing or are not the ones that the card names.
    """
    try:
        classifier = Classifier.load(_folder())
    except (OSError, ValueError) as trouble:
        raise StoreError(f"the weights for unsafe requests cannot be read ({trouble}); install rejoinder again") from trouble
    if classifier.fingerprint() != load_card()["fingerprint"]:
        raise StoreError("the weights for unsafe requests and their card do not belong together; install rejoinder again")
    return classifier


@cache
def load_card() -> dict[str, Any]:
    """The model card as data: threshold, sources, recipe, figures with n and intervals, fingerprint."""
    try:
        raw = (_folder() / "card.json").read_bytes()
    except OSError as trouble:
        raise StoreError(f"the card for unsafe requests cannot be read ({trouble}); install rejoinder again") from trouble
    card: dict[str, Any] = msgspec.json.decode(raw)
    return card


def fingerprint() -> str:
    """Name of the shipped classifier's content, as its card states it: part of what names a step that asks it."""
    return f"unsafe-{load_card()['fingerprint']}"


def threshold() -> float:
    """The probability from which a request counts as unsafe, as the card states it."""
    return float(load_card()["threshold"])


def _folder() -> Traversable:
    return files("rejoinder.preference").joinpath("unsafe_requests", "weights")


def _bytes(array: NDArray[np.generic]) -> bytes:
    target = BytesIO()
    np.save(target, array, allow_pickle=False)
    return target.getvalue()
