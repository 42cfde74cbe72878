"""What learning, threshold and distillation came to, in plain lines for a terminal; every figure with its denominator.

Computes no figure of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from rejoinder.feedback.resampling import Interval
from rejoinder.feedback.spur.learn import Learnt
from rejoinder.feedback.spur.light import LightCard
from rejoinder.feedback.spur.threshold import Threshold

_SIDES = {"positive": "satisfaction", "negative": "dissatisfaction"}


def told_learnt(learnt: Learnt) -> str:
    """Where the conversations and reasons of each side went, and how many items came of them."""
    lines = [f"{learnt.rubric.title}; {learnt.rubric.source}"]
    for name, one in learnt.counts.items():
        items = sum(category.polarity == name for category in learnt.rubric.categories)
        lines += [
            f"{_SIDES[name]}: {items} items from {one.reasons} reasons of {one.sampled} of {one.rated} conversations rated so",
            f"  {one.silent} show no reason, {sum(one.failed.values())} not answered{_listed(one.failed)}, "
            f"{sum(one.dropped.values())} reasons dropped{_listed(one.dropped)},",
            f"  {one.unread} of {one.batches} summaries unreadable",
        ]
    return "\n".join(lines)


def told_threshold(chosen: Threshold) -> str:
    """The threshold with its out-of-fold quality."""
    n = chosen.satisfied + chosen.dissatisfied
    return "\n".join([
        f"satisfied from a score of {chosen.threshold:g} on, by {chosen.labeller}",
        f"chosen on {n} rated conversations ({chosen.satisfied} satisfied, {chosen.dissatisfied} dissatisfied);"
        f" {sum(chosen.not_used.values())} rated ones not used{_listed(chosen.not_used)}",
        f"out of fold: accuracy {_with(chosen.accuracy, chosen.accuracy_interval)} (always the larger side:"
        f" {chosen.majority_accuracy:.3f}), macro-F1 {_with(chosen.macro_f1, chosen.macro_f1_interval)}, n = {n}",
    ])  # fmt: skip


def told_light(card: LightCard) -> str:
    """Each distilled item with its out-of-fold quality; then those that were too rare."""
    rows: list[tuple[str, ...]] = [("item", "holds in", "said of", "precision", "recall", "F1", "F1 of always yes", "")]
    for name, one in card.items.items():
        figures = (_with(getattr(one, key), one.intervals[key]) for key in ("precision", "recall", "f1"))
        rows.append(
            (name, str(one.support), str(one.predicted), *figures, f"{one.always_f1:.3f}", "" if one.used else "not used")
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([
        f"{card.n} conversations, marked by {card.marked_by}; {card.silent} without a user turn behind a response left out",
        f"out of fold; [low, high]: 95 % interval, {card.draws:,} bootstrap draws, seed {card.seed}",
        *table,
        "not used: its F1 is not surely above that of always yes; it is scored 0",
        f"too rare to distil, with conversations that hold them{_listed(card.too_rare) or ': none'}",
    ])  # fmt: skip


def _listed(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f" ({told})" if told else ""


def _with(value: float | None, interval: Interval) -> str:
    if value is None:
        return "-"
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else f"{value:.3f} [no interval]"
