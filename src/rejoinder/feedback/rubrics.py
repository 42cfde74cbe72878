"""The few WildFeedback rubrics that can be told from cues with precision; the others are left out rather than guessed.

A rule fires only on turns that the classifier has already put on its side. Measured out of fold in `training.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rejoinder.feedback.context import names


@dataclass(frozen=True, slots=True)
class Rule:
    """A rubric, the categories (as numbers) it may stand beside, and the dense column that must be set."""

    rubric: str
    categories: tuple[int, ...]
    column: str


RULES = (
    Rule("Gratitude", (0,), "cue.thanks.any"),
    Rule("Praise", (0,), "cue.praise.any"),
    Rule("FactualError", (1, 2, 3, 4), "cue.wrong.head"),
)


def rubrics(categories: NDArray[np.int64], dense: NDArray[np.float32]) -> list[tuple[str, ...]]:
    """Rubrics of each turn, from its category and its dense features."""
    fired = [(rule.rubric, fires(rule, categories, dense)) for rule in RULES]
    return [tuple(name for name, where in fired if where[row]) for row in range(len(categories))]


def fires(rule: Rule, categories: NDArray[np.int64], dense: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Turns for which a rule holds."""
    return np.isin(categories, rule.categories) & (dense[:, _column(rule.column)] > 0)


@cache
def _column(name: str) -> int:
    return names().index(name)
