"""Counts become shares with intervals, and shares become words.

Knows no dataset; the statistics are those of `rejoinder.stats`.
"""

from __future__ import annotations

from rejoinder.report.numbers import Estimate, Share
from rejoinder.stats.intervals import wilson

SPACE = "\N{NARROW NO-BREAK SPACE}"


def share(count: int, n: int) -> Share:
    """`count` of `n` with Wilson's interval; holds for independent items."""
    low, high = wilson(count, n)
    return Share(count=count, n=n, share=_short(count / n if n else 0.0), low=_short(low), high=_short(high))


def estimate(value: float, low: float, high: float) -> Estimate:
    """A corrected share, rounded to six digits so that equal inputs give equal bytes on any machine."""
    return Estimate(share=_short(value), low=_short(low), high=_short(high))


def percent(value: float, digits: int = 1) -> str:
    """`0.2314` as `23.1 %`."""
    return f"{100 * value:.{digits}f}{SPACE}%"


def interval(value: Share | Estimate, digits: int = 1) -> str:
    """The interval as `19.2 to 27.3 %`."""
    return f"{100 * value.low:.{digits}f} to {100 * value.high:.{digits}f}{SPACE}%"


def span(value: Share | Estimate) -> str:
    """The interval as narrow as a table needs it: `19.2–27.3 %`."""
    return f"{100 * value.low:.1f}–{100 * value.high:.1f}{SPACE}%"


def number_of(n: int, one: str, many: str = "") -> str:
    """`1 turn`, `2,000 turns`; `many` where an `s` does not make the plural, as in `turn has` and `turns have`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def apart(one: Share, other: Share) -> bool:
    """Whether the intervals of two shares do not overlap: a careful sign that the shares differ."""
    return one.low > other.high or other.low > one.high


def _short(value: float) -> float:
    return round(float(value), 6)
