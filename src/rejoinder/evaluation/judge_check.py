"""How the judge of an evaluation judged: by its own verdicts, and against what a program could decide of the same answers.

Needs no people's labels (`judging.py` does): the decidable checklist items are the ground truth here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from rejoinder.checks import holds
from rejoinder.evaluation.conclusions import Share, number, share
from rejoinder.evaluation.measures import decidable
from rejoinder.evaluation.trials import Policy, PolicyAnswer, Trial, baseline_of
from rejoinder.judge.diagnostics import Diagnostics, Judged, LengthEffect, diagnose
from rejoinder.stats.means import Estimate


class JudgeCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the judge from this evaluation alone."""

    judge: str
    equal: int
    """Rulings on equal answers: ties that nobody was asked about, in none of the numbers below."""
    habits: Mapping[str, Share]
    """By name: unreadable, ties, flips, shown first, longer, length (a correlation, -1 to 1), own model."""
    marks_agree: Share
    """Of the decidable items that the judge marked readably: it marks as the program finds."""
    sees: Share
    """Of the pairs of which a program finds that one answer meets more items: the judge under the checklist names that one."""
    sees_plain: Share
    """The same without the checklist."""


HABITS = {
    "unreadable": "of all rulings: could not be read",
    "ties": "of the readable ones: a tie of both orders together",
    "flips": "of the readable ones: the two orders name different winners",
    "first": "of the single orders that name a winner: the answer shown first (0.5 is no preference)",
    "longer": "of the rulings with a winner: the longer answer won",
    "length": "correlation of ruling and relative length, -1 to 1",
    "own": "of the rulings with a winner: the answer of the judge's own model won",
}


def check_judge(trials: Sequence[Trial], policies: Sequence[Policy], judge: str, *, seed: int = 0) -> JudgeCheck:
    """Look at all rulings and marks of the evaluation; intervals take what hangs together by `Trial.cluster`."""
    rulings = [(trial, one) for trial in trials for one in trial.rulings]
    judged = list(_judged(trials, policies))
    found = diagnose(judged, judge, rng=np.random.default_rng(seed)) if judged else None
    agreed = [mark for trial in trials for mark in _agreed(trial)]
    return JudgeCheck(
        judge=judge,
        equal=sum(not one.asked for _, one in rulings),
        habits=_habits(found) if found else {},
        marks_agree=_share(agreed),
        sees=_share([mark for trial in trials for mark in _sees(trial, policies, True)]),
        sees_plain=_share([mark for trial in trials for mark in _sees(trial, policies, False)]),
    )


def _judged(trials: Sequence[Trial], policies: Sequence[Policy]) -> Iterator[Judged]:
    base = baseline_of(policies)
    for trial in trials:
        answers = _answers(trial)
        for one in (ruling for ruling in trial.rulings if ruling.asked):
            own, other = answers[one.policy, one.seed], answers[base.key]
            yield Judged(one.verdict, (len(own.text), len(other.text)), trial.cluster, (own.model, other.model))


def _agreed(trial: Trial) -> Iterator[tuple[float, str]]:
    answers, checks = _answers(trial), dict(decidable(trial))
    for one in trial.marked:
        for mark in one.marks:
            if mark.item in checks and mark.met != "unreadable":
                truth = holds(checks[mark.item], answers[one.policy, one.seed].text)
                yield float(truth == (mark.met == "yes")), trial.cluster


def _sees(trial: Trial, policies: Sequence[Policy], checklist: bool) -> Iterator[tuple[float, str]]:
    """A mark for each readable ruling on a pair that the program tells apart; a tie is a miss."""
    answers, checks, base = _answers(trial), decidable(trial), baseline_of(policies)
    for one in trial.rulings:
        if one.checklist is not checklist or one.verdict.outcome == "unreadable":
            continue
        own, other = (sum(holds(check, answers[key].text) for _, check in checks) for key in ((one.policy, one.seed), base.key))
        if own != other:
            yield float(one.verdict.outcome == ("win" if own > other else "loss")), trial.cluster


def _answers(trial: Trial) -> dict[tuple[str, int], PolicyAnswer]:
    """By `Policy.key`."""
    return {(one.policy, one.seed): one for one in trial.answers}


def _share(marks: Sequence[tuple[float, str]]) -> Share:
    return share([mark for mark, _ in marks], [cluster for _, cluster in marks])


def _habits(found: Diagnostics) -> dict[str, Share]:
    figures: dict[str, Estimate | LengthEffect | None] = {
        "unreadable": found.unreadable,
        "ties": found.ties,
        "flips": found.flips,
        "first": found.first_position,
        "longer": found.longer,
        "length": found.length,
        "own": found.self_preference,
    }
    return {name: _figure(one) for name, one in figures.items()}


def _figure(one: Estimate | LengthEffect | None) -> Share:
    if one is None or math.isnan(one.value):
        return Share()
    return Share(value=one.value, low=number(one.low), high=number(one.high), n=one.n, clusters=one.clusters)
