"""How to weigh good against bad examples in KTO, given how many there are of each.

The weights bring the effective ratio of desirable to undesirable examples into [1, 4/3], as the TRL documentation asks
after the KTO paper (arXiv 2402.01306, section on hyperparameters).
"""

from __future__ import annotations

import math

import msgspec

_MOST = 4 / 3


class KtoWeights(msgspec.Struct, frozen=True):
    """`desirable_weight` and `undesirable_weight` for KTO, the counts they rest on and what they make of them."""

    desirable: int
    undesirable: int
    desirable_weight: float
    undesirable_weight: float
    ratio: float | None
    """Effective ratio (w_d * n_d) / (w_u * n_u); None where one side is empty: KTO needs both."""


def kto_weights(desirable: int, undesirable: int) -> KtoWeights:
    """The smallest change of one weight, in steps of 0.01, that brings the effective ratio into [1, 4/3]."""
    if not desirable or not undesirable:
        return KtoWeights(desirable, undesirable, 1.0, 1.0, None)
    raised_good = max(1.0, math.ceil(100 * undesirable / desirable) / 100)
    raised_bad = max(1.0, math.ceil(100 * desirable / (undesirable * _MOST)) / 100)
    ratio = raised_good * desirable / (raised_bad * undesirable)
    return KtoWeights(desirable, undesirable, raised_good, raised_bad, round(ratio, 4))
