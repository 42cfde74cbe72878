"""A scorecard as plain aligned tables for a terminal; every figure with its n and its interval.

Computes nothing: what is not on the card is not printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rejoinder.feedback.resampling import Interval
from rejoinder.feedback.scorecard import (
    PER_CLASS,
    WHOLE,
    Calibration,
    PartScore,
    Scorecard,
    ThresholdScore,
    ViewScore,
)

Rows = list[tuple[str, ...]]


def render(card: Scorecard) -> str:
    """The whole card, tables parted by empty lines."""
    parts = [_head(card), _views(card.views), *(_classes(name, view) for name, view in card.views.items())]
    parts.append(_calibration(card.calibration))
    if card.pair_threshold is not None:
        parts.append(_threshold(card.pair_threshold))
    tables = {"language group": card.by_language_group, "language": card.by_language, "source": card.by_source}
    parts += [_parts(title, table) for title, table in tables.items()]
    return "\n\n".join(parts) + "\n"


def _head(card: Scorecard) -> str:
    missed = sum(card.unscored.values())
    return "\n".join([
        f"{card.n + missed} labelled turns: {card.n} scored, in {card.conversations} conversations; {missed} not scored",
        *(f"  {count} not scored: {reason}" for reason, count in card.unscored.items()),
        f"Labels by {card.labeller or 'an unnamed detector'}",
        f"[low, high]: 95 % interval, {card.draws:,} bootstrap draws over conversations, seed {card.seed};",
        "  Wilson's for a share that shows no spread over conversations; - is undefined",
    ])  # fmt: skip


def _views(views: Mapping[str, ViewScore]) -> str:
    rows: Rows = [("view", "n", "accuracy", "always most frequent", "macro-F1", "Cohen's kappa")]
    for name, view in views.items():
        accuracy, macro, kappa = (figure(getattr(view, key), view.intervals[key]) for key in WHOLE)
        rows.append((name, str(view.n), accuracy, number(view.majority_accuracy), macro, kappa))
    return table(rows)


def _classes(name: str, view: ViewScore) -> str:
    rows: Rows = [(f"{name} view", "support", "predicted", "precision", "recall", "F1")]
    for label, one in view.classes.items():
        figures = (figure(getattr(one, key), one.intervals[key]) for key in PER_CLASS)
        rows.append((label, str(one.support), str(one.predicted), *figures))
    return table(rows)


def _calibration(one: Calibration) -> str:
    rows: Rows = [("probability of the polarity", "n", "promised", "came true")]
    rows += [(f"{b.low:.2f} to {b.high:.2f}", str(b.n), number(b.confidence), number(b.accuracy)) for b in one.bins]
    error = figure(one.error, one.interval)
    return f"Calibration, n = {one.n}: expected error {error}, Brier score of all categories {number(one.brier)}\n{table(rows)}"


def _threshold(sure: ThresholdScore) -> str:
    precision, recall = figure(sure.precision, sure.intervals["precision"]), figure(sure.recall, sure.intervals["recall"])
    return (
        f"NEG where its probability is at least {sure.threshold:.3f}, as used for pairs:\n"
        f"precision {precision} of {sure.predicted}, recall {recall} of {sure.support}"
    )


def _parts(title: str, parts: Mapping[str, PartScore]) -> str:
    measured = ("three-way macro-F1", "six-way macro-F1", "NEG", "NEG found", "NEG precision", "NEG recall")
    rows: Rows = [(f"by {title}", "n", "conversations", *measured)]
    for name, one in parts.items():
        keys = ("three_macro_f1", "six_macro_f1", "neg_precision", "neg_recall")
        three, six, precision, recall = (figure(getattr(one, key), one.intervals[key]) for key in keys)
        counts = (str(one.neg_support), str(one.neg_predicted))
        rows.append((name, str(one.n), str(one.conversations), three, six, *counts, precision, recall))
    return table(rows)


def number(value: float | None) -> str:
    """A share with three decimals, `-` where it is undefined."""
    return "-" if value is None else f"{value:.3f}"


def figure(value: float | None, interval: Interval) -> str:
    """A figure with its interval."""
    if value is None:
        return "-"
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else f"{value:.3f} [no interval]"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
