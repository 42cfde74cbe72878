"""How alike two texts are, in [0, 1], by the runs of characters that they share.

Order beyond a few characters does not count; that is enough to find texts that are nearly the same.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

_SIZE = 4
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
    shared = sum((one & two).values())
    return 2 * shared / (sum(one.values()) + sum(two.values()))


def containment(part: str, whole: str) -> float:
    """Share of the 4-character runs of `part` that stand in `whole`, case and white space levelled; 1.0 for an empty part."""
    runs = _runs(_level(part)) if part.strip() else Counter[str]()
    return sum((runs & _runs(_level(whole))).values()) / sum(runs.values()) if runs else 1.0


def _level(text: str) -> str:
    return " ".join(text[:_LIMIT].casefold().split())


@lru_cache(maxsize=8)  # several gates compare the same two answers; nobody changes what they are given
def _runs(text: str) -> Counter[str]:
    return Counter(text[i : i + _SIZE] for i in range(max(1, len(text) - _SIZE + 1)))
