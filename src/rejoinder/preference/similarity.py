"""How alike two texts are, in [0, 1], by the runs of characters that they share.

Order beyond a few characters does not count; that is enough to find texts that are nearly the same.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Runs = tuple[NDArray[np.uint64], NDArray[np.int64]]
"""Hashes of the runs in ascending order, each once, and how often each stands in the text."""
_SIZE = 4
_STEP = np.uint64(0x9E3779B97F4A7C15)
_LIMIT = 40_000
"""Characters that are compared; a copy of 40,000 characters with another end is as good as the same."""


def similarity(left: str, right: str) -> float:
    """Dice coefficient of the 4-character runs of both texts, case and white space levelled; 1.0 for equal texts."""
    first, second = _level(left), _level(right)
    if first == second:
        return 1.0
    if not first or not second:
        return 0.0
    most = 2 * min(len(first), len(second)) / (len(first) + len(second))
    if most < 0.5:  # lengths this far apart cannot be nearly the same; saves the count
        return most * 0.5
    one, two = _runs(first), _runs(second)
    return 2 * _shared(one, two) / int(one[1].sum() + two[1].sum())


def containment(part: str, whole: str) -> float:
    """Share of the 4-character runs of `part` that stand in `whole`, case and white space levelled; 1.0 for an empty part."""
    if not part.strip():
        return 1.0
    runs = _runs(_level(part))
    return _shared(runs, _runs(_level(whole))) / int(runs[1].sum())


def _level(text: str) -> str:
    return " ".join(text[:_LIMIT].casefold().split())


@lru_cache(maxsize=8)  # several gates compare the same two answers; nobody changes what they are given
def _runs(text: str) -> Runs:
    codes = np.frombuffer(text.ljust(_SIZE).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    values = np.zeros(len(codes) - _SIZE + 1, dtype=np.uint64)
    for place in range(_SIZE):  # of 84 bits 64 are kept: two runs of one pair of texts never meet in practice
        values = values * _STEP + codes[place : place + len(values)]
    found, counts = np.unique(values, return_counts=True)
    return found, counts


def _shared(one: Runs, two: Runs) -> int:
    """Runs of both, as often as they stand in both."""
    _, first, second = np.intersect1d(one[0], two[0], assume_unique=True, return_indices=True)
    return int(np.minimum(one[1][first], two[1][second]).sum())
