"""The two pages drawn from `Numbers`: one HTML file that needs nothing else, and Markdown of the same content.

Everything that is printed passes through escaping by default: HTML's in the page, Markdown's in the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from rejoinder.pages import templates
from rejoinder.report.numbers import Grouping, Numbers
from rejoinder.report.quality import POLARITY_TITLES
from rejoinder.report.shares import interval, number_of, percent, span

_STEPS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
_TICKS = 5
"""Labels below a time axis: what fits on a phone."""


def html(numbers: Numbers) -> str:
    """One self-contained page: no script, no font, no picture from elsewhere, and a policy that forbids them."""
    return templates("rejoinder.report", "html", _TOOLS).get_template("report.html.j2").render(_context(numbers))


def markdown_page(numbers: Numbers) -> str:
    """The same content as Markdown; text of the log cannot become markup."""
    return templates("rejoinder.report", "markdown", _TOOLS).get_template("report.md.j2").render(_context(numbers))


def scale(values: Iterable[float]) -> float:
    """The end of an axis from 0 that holds all values: a round share, at most 1."""
    most = max(values, default=0.0)
    return next((step for step in _STEPS if step >= most), 1.0)


def ticks(grouping: Grouping) -> list[tuple[int, str]]:
    """Some periods to label below a time axis: position in `groups` and short name."""
    last = len(grouping.groups) - 1
    count = min(_TICKS, last + 1)
    places = sorted({round(i * last / max(1, count - 1)) for i in range(count)})
    return [(place, period(grouping.by, grouping.groups[place].name)) for place in places]


def period(by: str, name: str) -> str:
    """`2025-07-07` as a person writes the day, week, month or year that begins then."""
    day = date.fromisoformat(name)
    return {"month": f"{day:%b %Y}", "year": f"{day:%Y}"}.get(by, f"{day.day} {day:%b %Y}")


def _context(numbers: Numbers) -> dict[str, Any]:
    complaints = [(i, one) for i, one in enumerate(numbers.categories) if one.polarity == "negative"]
    praise = [(i, one) for i, one in enumerate(numbers.categories) if one.polarity == "positive"]
    shades = {index: f"neg{min(shade, 4)}" for shade, (index, _) in enumerate(complaints, start=1)}
    return {
        "r": numbers,
        "titles": {one.name: one.title for one in numbers.categories},
        "ordered": [one for _, one in [*complaints, *praise]]
        + [one for one in numbers.categories if one.polarity == "neutral"],
        "parts": [(i, one, shades.get(i, "pos")) for i, one in [*complaints, *praise]],
    }


_KIND_TITLES = {"pair": "Pairs", "unpaired": "Unpaired good and bad answers", "sft": "Examples for supervised tuning"}
_TOOLS = {
    "percent": percent,
    "number_of": number_of,
    "span": span,
    "interval": interval,
    "scale": scale,
    "ticks": ticks,
    "period": period,
    "polarity_titles": POLARITY_TITLES,
    "kind_titles": _KIND_TITLES,
    "zip": zip,
}
