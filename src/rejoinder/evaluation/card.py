"""The scorecard of an evaluation: what was asked of whom, what came of it, and how far it can be trusted. Draws nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean

import msgspec

from rejoinder.evaluation.conclusions import Finding, Tested, conclude, contrast, number, tested
from rejoinder.evaluation.judge_check import JudgeCheck, check_judge
from rejoinder.evaluation.lens import LensRow
from rejoinder.evaluation.measures import MEASURES, Measure, decidable, values
from rejoinder.evaluation.trials import Policy, Role, Trial, baseline_of
from rejoinder.stats.means import Estimate, clustered_mean

_NOTHING = "Nothing could be compared: name a judge or a reward model, or give checklists with items that a program decides."


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How one policy answered."""

    policy: str
    role: Role
    seed: int
    source: str
    prompts: int
    states: Mapping[str, int]
    """Answers by state; `missing` where there is none at all."""
    characters: float | None
    """Mean length of the answers that can be compared."""
    longer: float | None = None
    """Mean difference in characters to the baseline's answer to the same prompt."""
    longer_low: float | None = None
    longer_high: float | None = None
    longer_n: int = 0


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """All that an evaluation found; `scorecard.json` in its folder."""

    title: str
    held_out: int
    """Prompts that could have been asked."""
    prompts: int
    """Prompts that were asked."""
    clusters: int
    way: str
    checklists: int
    """Prompts with at least one item."""
    items: int
    decidable: int
    """Items that a program decides."""
    with_feedback: int
    failed: int
    """Trials that a stage lost, by a defect; in none of the numbers."""
    baseline: str
    answered: tuple[Answered, ...]
    findings: tuple[Finding, ...] = ()
    """Of candidates and arms, one family."""
    controls: tuple[Finding, ...] = ()
    """Of controls, a family of its own."""
    contrasts: tuple[Finding, ...] = ()
    """Arms against each other, or the candidate against controls; a family of its own."""
    judge: JudgeCheck | None = None
    reward: str | None = None
    lens: tuple[LensRow, ...] = ()
    """Answers of the run itself by reward (arXiv 2507.23158, table 3)."""
    notes: tuple[str, ...] = ()
    seed: int = 0


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What the card says of the evaluation that the trials do not hold."""

    title: str
    held_out: int
    way: str
    judge: str | None = None
    pointwise: bool = True
    reward: str | None = None
    failed: int = 0
    notes: tuple[str, ...] = ()
    seed: int = 0


def score(trials: Sequence[Trial], policies: Sequence[Policy], setup: Setup, lens: Sequence[LensRow] = ()) -> Card:
    """Compare every policy with the baseline, and with each other where there are arms or controls."""
    compared = {role: _tested(trials, policies, setup, role) for role in ("candidate", "arm", "control")}
    own = [*compared["candidate"], *compared["arm"]]
    return Card(
        title=setup.title,
        held_out=setup.held_out,
        prompts=len(trials),
        clusters=len({trial.cluster for trial in trials}),
        way=setup.way,
        checklists=sum(bool(trial.checklist and trial.checklist.items) for trial in trials),
        items=sum(len(trial.checklist.items) for trial in trials if trial.checklist),
        decidable=sum(len(decidable(trial)) for trial in trials),
        with_feedback=sum(bool(trial.feedback) for trial in trials),
        failed=setup.failed,
        baseline=baseline_of(policies).name,
        answered=tuple(_answered(trials, policy, baseline_of(policies)) for policy in policies),
        findings=tuple(conclude(own)),
        controls=tuple(conclude(compared["control"])),
        contrasts=tuple(conclude(_contrasts([*own, *compared["control"]], setup.seed))),
        judge=check_judge(trials, policies, setup.judge, seed=setup.seed) if setup.judge else None,
        reward=setup.reward,
        lens=tuple(lens),
        notes=setup.notes if own or compared["control"] else (*setup.notes, _NOTHING),
        seed=setup.seed,
    )


def _tested(trials: Sequence[Trial], policies: Sequence[Policy], setup: Setup, role: str) -> list[Tested]:
    base = baseline_of(policies)
    names = list(dict.fromkeys(policy.name for policy in policies if policy.role == role))
    return [
        tested(measure, name, base.name, found, seed=setup.seed)
        for name in names
        for measure in MEASURES
        if _asked(measure, setup)
        and (found := values(measure, trials, [policy for policy in policies if policy.name == name], base))
    ]


def _asked(measure: Measure, setup: Setup) -> bool:
    needs = {"nobody": True, "judge": setup.judge, "items": setup.judge and setup.pointwise, "reward": setup.reward}
    return bool(needs[measure.asks])


def _contrasts(tests: Sequence[Tested], seed: int) -> list[Tested]:
    """Every two contenders by every measure that both have, in the order of the contenders."""
    by_name: dict[str, dict[str, Tested]] = {}
    for one in tests:
        by_name.setdefault(one.contender, {})[one.measure.name] = one
    return [
        contrast(first[name], second[name], seed=seed)
        for first, second in combinations(by_name.values(), 2)
        for name in first
        if name in second
    ]


def _answered(trials: Sequence[Trial], policy: Policy, base: Policy) -> Answered:
    pairs = [(trial, trial.answer(policy), trial.answer(base)) for trial in trials]
    states = Counter(own.state if own else "missing" for _, own, _ in pairs)
    lengths = [len(own.text) for _, own, _ in pairs if own and own.said]
    both = [(trial, own, other) for trial, own, other in pairs if own and other and own.said and other.said]
    gaps = [(len(own.text) - len(other.text), trial.cluster) for trial, own, other in both]
    found: Estimate | None = None
    if gaps and policy != base:
        found = clustered_mean([float(gap) for gap, _ in gaps], [cluster for _, cluster in gaps])
    return Answered(
        policy=policy.name,
        role=policy.role,
        seed=policy.seed,
        source=policy.source,
        prompts=len(trials),
        states=dict(sorted(states.items())),
        characters=fmean(lengths) if lengths else None,
        longer=found.value if found else None,
        longer_low=number(found.low) if found else None,
        longer_high=number(found.high) if found else None,
        longer_n=found.n if found else 0,
    )
