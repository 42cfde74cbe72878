"""How often users are unhappy: the detector's counts and the shares corrected for its measured error.

The correction itself is `rejoinder.stats.prevalence`; here are the counts it needs, per user or conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rejoinder.report.flat import Flat, category_counts
from rejoinder.report.numbers import Category, Estimate, Headline, Polarities, Share
from rejoinder.report.shares import SPACE, estimate, interval, percent
from rejoinder.stats.prevalence import Prevalence, corrected
from rejoinder.taxonomies import Taxonomy

POLARITIES = ("negative", "neutral", "positive")
Confusion = Sequence[Sequence[int]] | None
_WHY_RAW = {
    "not-measured": "the detector's error was not measured",
    "no-observations": "no user spoke after a response",
    "unmeasured-category": "the labelled turns that measure the detector's error lack a category",
    "not-identifiable": "the detector does not tell the categories apart well enough",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Turns per category (rows are clusters, columns categories) and the number of conversations behind them."""

    table: NDArray[np.int64]
    conversations: int


def count_categories(flat: Flat | None, taxonomy: Taxonomy) -> Counts:
    """Answered turns per cluster and category."""
    if flat is None:
        return Counts(np.zeros((0, len(taxonomy.names)), dtype=np.int64), 0)
    columns = ", ".join(f"{count} AS c{i}" for i, count in enumerate(category_counts(taxonomy)))
    rows = flat.ask(
        f"SELECT * EXCLUDE cluster, count(*) AS times FROM (SELECT cluster, {columns} FROM turns GROUP BY cluster) "
        "GROUP BY ALL ORDER BY ALL"
    )
    table = np.array([list(row.values()) for row in rows], dtype=np.int64).reshape(-1, len(taxonomy.names) + 1)
    answered = flat.ask("SELECT count(DISTINCT place) AS n FROM turns")[0]["n"]
    return Counts(np.repeat(table[:, :-1], table[:, -1], axis=0), answered)


def headline(counts: Counts, confusion: Confusion, taxonomy: Taxonomy, conversations: int, seed: int) -> Headline:
    """The shares of unhappy, silent and pleased turns, in numbers and in plain words."""
    sides = [[i for i, one in enumerate(taxonomy.categories) if one.polarity == side] for side in POLARITIES]
    table = np.stack([counts.table[:, side].sum(axis=1) for side in sides], axis=1)
    matrix = None if confusion is None else _collapse(np.asarray(confusion), sides)
    found = _prevalence(table, matrix, seed)
    shares, fixed = _observed(table, found), _corrected(found, table.shape[1])
    polarities = tuple(Polarities(polarity=name, observed=shares[i], corrected=fixed[i]) for i, name in enumerate(POLARITIES))
    problem = "not-measured" if confusion is None and found.n else found.problem
    validation = 0 if confusion is None else int(np.sum(confusion))
    return Headline(
        sentence=_sentence(polarities[0]),
        notes=_notes(polarities, problem, validation),
        conversations=conversations,
        answered=counts.conversations,
        turns=found.n,
        polarities=polarities,
        clusters=found.clusters,
        problem=problem,
        validation=validation,
    )


def categories(counts: Counts, confusion: Confusion, taxonomy: Taxonomy, top: Headline, seed: int) -> tuple[Category, ...]:
    """Every category with its counted and its corrected share, in the order of the taxonomy.

    The categories of a polarity are scaled to add up to that polarity's share in the headline `top`: it is corrected with
    a coarser and so surer matrix, and two answers to one question would only confuse.
    """
    found = _prevalence(counts.table, None if confusion is None else np.asarray(confusion), seed)
    shares, fixed = _observed(counts.table, found), _corrected(found, counts.table.shape[1])
    for polarity in top.polarities:
        members = [i for i, one in enumerate(taxonomy.categories) if one.polarity == polarity.polarity]
        for i, scaled in zip(members, _scaled([fixed[i] for i in members], polarity.corrected), strict=True):
            fixed[i] = scaled
    return tuple(
        Category(
            name=one.name, title=one.title, definition=one.definition, polarity=one.polarity,
            observed=shares[i], corrected=fixed[i],
        )
        for i, one in enumerate(taxonomy.categories)
    )  # fmt: skip


def _prevalence(table: NDArray[np.int64], matrix: NDArray[np.int64] | None, seed: int) -> Prevalence:
    """An error that was not measured is a matrix of zeros: then there are counted shares and no corrected ones."""
    classes = table.shape[1]
    known = np.zeros((classes, classes)) if matrix is None else matrix
    return corrected(table, known, rng=np.random.default_rng(seed))


def _collapse(matrix: NDArray[np.int64], sides: list[list[int]]) -> NDArray[np.int64]:
    return np.array([[matrix[np.ix_(true, predicted)].sum() for predicted in sides] for true in sides])


def _observed(table: NDArray[np.int64], found: Prevalence) -> list[Share]:
    if found.observed is None:
        return [Share(count=0, n=0, share=0.0, low=0.0, high=1.0)] * table.shape[1]
    spread = [estimate(*one) for one in zip(found.observed.share, found.observed.low, found.observed.high, strict=True)]
    return [
        Share(count=int(count), n=found.n, share=one.share, low=one.low, high=one.high)
        for count, one in zip(table.sum(axis=0), spread, strict=True)
    ]


def _corrected(found: Prevalence, classes: int) -> list[Estimate | None]:
    if found.corrected is None:
        return [None] * classes
    return [estimate(*one) for one in zip(found.corrected.share, found.corrected.low, found.corrected.high, strict=True)]


def _scaled(parts: list[Estimate | None], whole: Estimate | None) -> list[Estimate | None]:
    """Parts that add up to the whole, their intervals stretched alike; a single part is the whole."""
    known = [part for part in parts if part is not None]
    if whole is None or len(known) < len(parts):
        return parts
    if len(parts) == 1:
        return [whole]
    total = sum(part.share for part in known)
    factor = whole.share / total if total else 1.0
    return [estimate(part.share * factor, part.low * factor, min(1.0, part.high * factor)) for part in known]


def _sentence(negative: Polarities) -> str:
    n = negative.observed.n
    if n == 0:
        return "No user said anything after a response, so there is no feedback to report."
    turns = "the one turn" if n == 1 else f"{n:,} turns"
    best = negative.corrected or negative.observed
    about = "an estimated " if negative.corrected else ""
    return (
        f"In {about}{_whole(best.share)} of {turns} that followed a response, the user was unhappy with it "
        f"(95{SPACE}% interval {_whole_interval(best)})."
    )


def _notes(polarities: tuple[Polarities, ...], problem: str | None, validation: int) -> tuple[str, ...]:
    negative, neutral, positive = polarities
    n = negative.observed.n
    if n == 0:
        return ()
    if negative.corrected is None or positive.corrected is None or neutral.corrected is None:
        first = f"This is the detector's own count, not corrected for its errors: {_WHY_RAW[problem or 'not-measured']}."
        rest: tuple[Share | Estimate, Share | Estimate] = (positive.observed, neutral.observed)
    else:
        first = (
            f"The detector itself flagged {percent(negative.observed.share)} ({negative.observed.count:,} of {n:,}); the "
            f"estimate corrects this for the errors it made on {validation:,} labelled turns."
        )
        rest = (positive.corrected, neutral.corrected)
    second = (
        f"Users were pleased in {percent(rest[0].share)} ({interval(rest[0])}) and said nothing about the response in "
        f"{percent(rest[1].share)} ({interval(rest[1])})."
    )
    return first, second


def _whole(value: float) -> str:
    return percent(value, 0 if value >= 0.0995 else 1)


def _whole_interval(value: Share | Estimate) -> str:
    return interval(value, 0 if value.share >= 0.0995 else 1)
