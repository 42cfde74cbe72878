"""The scorecard as files: one HTML page that needs nothing else, Markdown of the same content, JSON, and a line per prompt.

Computes nothing. All that is printed is escaped: names of models and policies come from strangers, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from rejoinder.evaluation.card import Card
from rejoinder.evaluation.conclusions import Finding, Share
from rejoinder.evaluation.judge_check import HABITS
from rejoinder.evaluation.lens import LensShare
from rejoinder.evaluation.trials import Trial
from rejoinder.pages import templates
from rejoinder.store import replaced, write_json


def write_scorecard(folder: Path, card: Card, trials: Sequence[Trial]) -> None:
    """Write `scorecard.html`, `.md` and `.json`, and `trials.jsonl` with every answer, ruling, mark and reward.

    Raises:
        StoreError: the disk is full or the folder is not writable.
    """
    write_json(folder / "scorecard.json", card)
    for name, text in (("scorecard.html", html(card)), ("scorecard.md", markdown(card))):
        with replaced(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    with replaced(folder / "trials.jsonl") as temporary, temporary.open("wb") as file:
        file.writelines(msgspec.json.encode(trial) + b"\n" for trial in trials)


def html(card: Card) -> str:
    """One self-contained page, light or dark as the reader's system is; a policy forbids it to load anything."""
    return templates("rejoinder.evaluation", "html", _TOOLS).get_template("scorecard.html.j2").render(card=card)


def markdown(card: Card) -> str:
    """The same content; text of strangers cannot become markup."""
    return templates("rejoinder.evaluation", "markdown", _TOOLS).get_template("scorecard.md.j2").render(card=card)


def plain(card: Card) -> str:
    """The findings as lines for a terminal."""
    groups = (("", card.findings), ("control", card.controls), ("between", card.contrasts))
    lines = [
        f"{one.word.upper():<20} {kind + ' ' if kind else ''}{one.contender} against {one.against}: {one.title}: {one.sentence}"
        for kind, group in groups
        for one in group
    ]
    for row in card.lens:
        seen = "" if row.informed is None else f"with feedback {percent_of(row.informed)}, "
        lines.append(f"{row.title:<30} {seen}without {percent_of(row.plain)}; {row.unscored} of {row.pairs} pairs unscored")
    return "\n".join([*lines, *(f"note: {note}" for note in card.notes)]) + "\n"


def percent(value: float | None) -> str:
    """A share as per cent, or a dash."""
    return "–" if value is None else f"{100 * value:.1f} %"


def percent_of(one: Share | LensShare | None) -> str:
    """A share with its interval and n."""
    value = None if one is None else one.rate if isinstance(one, LensShare) else one.value
    if one is None or value is None:
        return "– (n = 0)"
    interval = "no interval" if one.low is None or one.high is None else f"{100 * one.low:.1f} to {100 * one.high:.1f}"
    counts = f"n = {one.n} in {one.clusters} clusters" if one.clusters < one.n else f"n = {one.n}"
    return f"{100 * value:.1f} % ({interval}; {counts})"


def points(one: Finding) -> str:
    """The value of a finding: a win rate as per cent, a difference of shares in points with its sign."""
    if one.value is None:
        return "–"
    return percent(one.value) if one.kind == "win" else f"{100 * one.value:+.1f} points"


def figure(one: Share) -> str:
    """A correlation, or another number from -1 to 1, with its interval and n."""
    if one.value is None:
        return "– (n = 0)"
    interval = "no interval" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}"
    return f"{one.value:.3f} ({interval}; n = {one.n})"


def range_of(one: Finding) -> str:
    """The interval of a finding, and what it could be had unreadable comparisons gone one way."""
    told = "no interval" if one.low is None or one.high is None else f"{100 * one.low:.1f} to {100 * one.high:.1f}"
    if one.unreadable and one.lowest is not None and one.highest is not None:
        told += f" (all unreadable ones lost or won: {100 * one.lowest:.1f} to {100 * one.highest:.1f})"
    return told


_TOOLS = {
    "percent": percent,
    "percent_of": percent_of,
    "points": points,
    "figure": figure,
    "habits": HABITS,
    "range_of": range_of,
}
