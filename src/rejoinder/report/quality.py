"""What the numbers can carry: the detector's measured error, praise that should not be trusted, and what stays unsaid.

Measures nothing anew; the error table comes with the detector.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rejoinder.report.flat import Flat
from rejoinder.report.numbers import DetectorClass, Headline, Quality, Read
from rejoinder.report.prevalence import POLARITIES, Confusion
from rejoinder.report.shares import number_of, percent, share
from rejoinder.taxonomies import Taxonomy

POLARITY_TITLES = {"negative": "Unhappy", "neutral": "No feedback", "positive": "Pleased"}
_PRAISE = """
SELECT count(*) AS praise, count(toxic) AS moderated, count(*) FILTER (toxic) AS unsafe FROM turns WHERE polarity = 'positive'
"""


def quality(flat: Flat | None, confusion: Confusion, taxonomy: Taxonomy, labeller: str, found: Headline, read: Read) -> Quality:
    """The detector's error by class, unsafe praise, and the limits in sentences."""
    praise = flat.ask(_PRAISE)[0] if flat else {"praise": 0, "moderated": 0, "unsafe": 0}
    return Quality(
        labeller=labeller,
        detector=() if confusion is None else _detector(confusion, taxonomy),
        unsafe_praise=praise["unsafe"],
        moderated_praise=praise["moderated"],
        praise=praise["praise"],
        limits=tuple(_limits(found, read)),
    )


def _detector(confusion: Sequence[Sequence[int]], taxonomy: Taxonomy) -> tuple[DetectorClass, ...]:
    """Recall and precision of the three polarities, then of the categories of a polarity that has several."""
    table = np.asarray(confusion)
    sides = {side: [i for i, one in enumerate(taxonomy.categories) if one.polarity == side] for side in POLARITIES}
    classes = [(side, POLARITY_TITLES[side], members) for side, members in sides.items()]
    classes += [
        (taxonomy.names[i], taxonomy.categories[i].title, [i])
        for members in sides.values()
        if len(members) > 1
        for i in members
    ]
    return tuple(
        DetectorClass(
            name=name,
            title=title,
            support=int(table[members].sum()),
            recall=share(int(table[np.ix_(members, members)].sum()), int(table[members].sum())),
            precision=share(int(table[np.ix_(members, members)].sum()), int(table[:, members].sum())),
        )
        for name, title, members in classes
        if members
    )


def _limits(found: Headline, read: Read) -> list[str]:
    turns, talks = found.turns, found.conversations
    limits = [
        "Silence is not satisfaction. Most users say nothing about a response; they may be content, or may have given up.",
        f"In {found.answered:,} of {number_of(talks, 'conversation')} a user speaks after a response. "
        "Users who leave after the first response are not heard here.",
        "Positive words are rare and can praise what should not be praised, such as a jailbreak that worked.",
    ]
    if found.problem is None:
        limits.append(
            f"The correction assumes that the detector errs in this log as it did on the {found.validation:,} labelled turns. "
            "For a log of another kind, label a sample of your own."
        )
        limits.append(
            "Corrected shares of single categories are estimated from a finer error table than the headline, "
            "so they need not add up to it exactly."
        )
    elif turns:
        limits.append("The shares are the detector's counts; how often it errs on this log is not known.")
    if turns:
        limits.append(
            "Groups (turn, time, model, language) are compared on the detector's counts. Their users and tasks differ, "
            "so a difference is a place to look, not a cause."
        )
    if read.repeated_ids:
        limits.append(
            f"Conversations that bear an id that another one has: {read.repeated_ids:,} of {read.kept:,}. They are "
            "counted apart, but whoever looks them up by id finds several."
        )
    if read.kept and read.with_time < read.kept:
        limits.append(
            f"Conversations without a time: {read.kept - read.with_time:,} of {read.kept:,}"
            f" ({percent((read.kept - read.with_time) / read.kept)}). They are missing from every figure over time."
        )
    return limits
