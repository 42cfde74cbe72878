"""What to do next, in sentences that come out of the numbers; a sentence without numbers behind it is not written.

Compares groups only where their intervals do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rejoinder.report.numbers import Advice, Category, Group, Grouping, Headline, Quality, Read, Themes, Yields
from rejoinder.report.shares import apart, interval, number_of, percent

FEW_PAIRS = 500
"""Below this many training pairs preference tuning mostly learns noise; a rule of thumb, not a measurement."""
WIDE = 0.10
"""An interval wider than this many points hides changes that matter."""


def advice(
    found: Headline,
    read: Read,
    categories: Sequence[Category],
    groupings: Sequence[Grouping | None],
    themes: Themes,
    yields: Yields,
    quality: Quality,
) -> tuple[Advice, ...]:
    """The next moves, the most useful first."""
    return (
        *_look_first(found, categories, themes),
        *(one for grouping in groupings if grouping for one in _compare(grouping)),
        *_use_examples(yields),
        *_distrust_praise(quality),
        *_measure(found),
        *_repair_reading(read),
    )


def _look_first(found: Headline, categories: Sequence[Category], themes: Themes) -> Iterator[Advice]:
    complaints = [one for one in categories if one.polarity == "negative" and one.observed.count]
    if found.turns and not complaints:
        yield Advice(
            what="Check that the log holds what you think it holds.",
            why=f"Not one of {number_of(found.turns, 'turn')} after a response was detected as a complaint, which is unusual.",
        )
    if complaints:
        most = max(complaints, key=lambda one: ((one.corrected or one.observed).share, one.observed.count))
        total = sum(one.observed.count for one in complaints)
        corrected = f", {percent(most.corrected.share)} of turns when corrected" if most.corrected else ""
        yield Advice(
            what=f"Start with “{most.title}”.",
            why=f"It is the commonest kind of complaint: {most.observed.count:,} of {total:,} detected "
            f"({percent(most.observed.count / total, 0)}){corrected}. {most.definition}",
        )
    if themes.themes:
        theme = max(themes.themes, key=lambda one: one.share.count)
        yield Advice(
            what=f"Read the complaints under “{theme.title}”.",
            why=f"They are the largest theme: {theme.share.count:,} of {themes.sampled:,} complaints looked at "
            f"({percent(theme.share.share)}; 95 % interval {interval(theme.share)}).",
        )


def _compare(grouping: Grouping) -> Iterator[Advice]:
    """The most unhappy group against the least unhappy one, or the last period against the one before it."""
    alone = grouping.groups[:-1] if grouping.pooled else grouping.groups
    groups = [one for one in alone if one.n >= 20]
    if len(groups) < 2:
        return
    if grouping.by in ("day", "week", "month", "year"):
        before, last = groups[-2:]
        if apart(before.negative, last.negative):
            more = "rose" if last.negative.share > before.negative.share else "fell"
            yield Advice(
                what=f"Find out what changed in the {grouping.by} of {last.name}.",
                why=f"Detected unhappiness {more} from {_told(before)} to {_told(last)}.",
            )
        return
    worst, best = max(groups, key=lambda one: one.negative.share), min(groups, key=lambda one: one.negative.share)
    if apart(worst.negative, best.negative):
        yield Advice(
            what=_where_to_look(grouping.by, worst.name), why=f"{_said(grouping.by, worst)} against {_said(grouping.by, best)}."
        )


def _where_to_look(by: str, name: str) -> str:
    return {
        "turn": f"Look at what happens before turn {name}.",
        "model": f"Look at {name} first.",
        "language": f"Look at conversations in “{name}” first.",
    }[by]


def _said(by: str, group: Group) -> str:
    return f"{'Turn ' if by == 'turn' else ''}{group.name}: unhappy in {_told(group)}"


def _told(group: Group) -> str:
    return f"{percent(group.negative.share)} of {number_of(group.n, 'turn')} ({interval(group.negative)})"


def _use_examples(yields: Yields) -> Iterator[Advice]:
    kept = {one.kind: one.train + one.held_out for one in yields.kinds}
    pairs, unpaired = kept.get("pair", 0), kept.get("unpaired", 0)
    if pairs >= FEW_PAIRS:
        yield Advice(
            what="Train on the pairs, and keep a control.",
            why=f"{pairs:,} pairs are kept. Compare with a model trained on as many random pairs: feedback from logs is noisy.",
        )
    elif unpaired > pairs:
        yield Advice(
            what="Use the unpaired examples, or add more logs, before you train on pairs.",
            why=f"Only {number_of(pairs, 'pair is', 'pairs are')} kept (fewer than {FEW_PAIRS}), "
            f"but {number_of(unpaired, 'unpaired good or bad answer')}.",
        )
    elif yields.mined:
        yield Advice(
            what="Add more logs before you train.",
            why=f"Kept are only {number_of(pairs, 'pair')} and {number_of(unpaired, 'unpaired answer')}.",
        )
    if yields.gates and yields.gates[0].share >= 0.2:
        gate = yields.gates[0]
        yield Advice(
            what=f"Read some of what the gate “{gate.gate}” dropped.",
            why=f"It dropped {gate.n:,} of {number_of(yields.mined, 'mined example')} "
            f"({percent(gate.share, 0)}), more than any other.",
        )


def _distrust_praise(quality: Quality) -> Iterator[Advice]:
    if quality.unsafe_praise:
        yield Advice(
            what="Keep praise for unsafe answers out of training.",
            why=f"In {quality.unsafe_praise:,} of {number_of(quality.moderated_praise, 'pleased turn')} with a "
            "moderation verdict, the log flags the request or the answer.",
        )


def _measure(found: Headline) -> Iterator[Advice]:
    if not found.turns:
        return
    negative = found.polarities[0]
    best = negative.corrected or negative.observed
    if found.problem is not None:
        yield Advice(
            what="Label about 200 random turns of this log.",
            why="Without a measured error the shares are the detector's opinion; labelled turns turn them into an estimate.",
        )
    elif best.high - best.low > WIDE:
        yield Advice(
            what="Narrow the headline: label turns of this log, or add logs.",
            why=f"Its interval is {100 * (best.high - best.low):.0f} points wide ({interval(best)}).",
        )


def _repair_reading(read: Read) -> Iterator[Advice]:
    if read.rows and read.quarantined / read.rows > 0.01:
        worst = max((one for one in read.reasons if one.stage != "deduplicate"), key=lambda one: one.n)
        yield Advice(
            what="Look at the quarantined rows.",
            why=f"{read.quarantined:,} of {number_of(read.rows, 'row')} ({percent(read.quarantined / read.rows)}) could not "
            f"be read; the commonest reason is {worst.reason}.",
        )
