"""The numbers of a building: samples by subset, checklists, written answers, verdicts and margins by arm, each with its n.

Counts what the stages left; decides nothing. Rates carry 95 % score intervals over users (`means.clustered_share`), as those of
the judge do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from rejoinder.judge.diagnostics import SCORES
from rejoinder.preference.arms import ARMS, Maker, pairs_of
from rejoinder.preference.export import TARGETS, ArmRow, export_arms
from rejoinder.preference.export.wildfeedback import write_preferences
from rejoinder.preference.judge_habits import JudgeHabits, cluster_of, judge_habits
from rejoinder.preference.subsets import SubsetSize
from rejoinder.records import Failure, Sample
from rejoinder.stats.means import clustered_share
from rejoinder.store import Dataset, write_json

Marks = list[tuple[float, str]]
"""1 or 0, or 0.5 for a tie, each with the cluster it belongs to."""
Rewards = tuple[Marks, Marks]
"""Whether the better answer had the higher reward, without and with the feedback in the prompt."""


class Share(msgspec.Struct, frozen=True):
    """A share of n with its 95 % interval; None where n is 0. n items belong to `clusters` users (or conversations)."""

    share: float | None
    low: float | None
    high: float | None
    n: int
    clusters: int


class ArmCount(msgspec.Struct, frozen=True):
    """How the pairs of one arm fared before gates and recipe."""

    arm: str
    samples: int
    """Samples of its subsets."""
    pairs: int
    """Of these, with both answers there."""
    judged: int
    outcomes: dict[str, int]
    """Of the chosen answer against the rejected one: win, tie, loss, unreadable."""
    win_rate: Share
    """Wins among readable verdicts, ties as half, as `stats.comparison.win_rate` has it; `outcomes` has the counts."""
    flips: Share
    """Readable verdicts in which the two orders named different winners."""
    better_reward: tuple[Share, Share]
    """Pairs whose chosen answer has the higher reward, without and with the feedback in the prompt, among the scored ones."""


class Contrast(msgspec.Struct, frozen=True):
    """Two answers to the same negative samples that no arm sets against each other, by reward (arXiv 2507.23158, table 3)."""

    better: str
    """Writer and method of the answer that is hoped to be better."""
    worse: str
    better_reward: tuple[Share, Share]
    """Samples in which it has the higher reward, without and with the feedback in the prompt, among the scored ones."""


CONTRASTS: tuple[tuple[Maker, Maker], ...] = (
    (("expert", "semantics"), ("expert", "scratch")),
    (("expert", "semantics"), ("log", "repair")),
)


class BuildingSummary(msgspec.Struct, frozen=True):
    """What was built, in counts; `arms/building.json` in the run folder."""

    sizes: tuple[SubsetSize, ...]
    unfit: dict[str, int]
    """Conversations that gave a subset nothing because of a named fault, by that fault."""
    checklists: int
    """Samples with at least one item."""
    without_checklist: int
    """Negative samples without one."""
    items: int
    dropped_items: dict[str, int]
    """Proposed items that fell, by reason."""
    answers: dict[str, dict[str, int]]
    """Written answers by writer and method, and by state."""
    responses: int
    """Responses with text, logged and written."""
    scored: int
    """Of these, those that a reward model scored."""
    arms: tuple[ArmCount, ...]
    contrasts: tuple[Contrast, ...]
    judge: JudgeHabits | None = None
    """None where nobody judged."""


def write_building(
    folder: Path,
    sizes: Sequence[SubsetSize],
    drawn: Dataset,
    samples: Dataset,
    examples: Dataset,
    arms: Sequence[str],
    targets: Sequence[str] = TARGETS,
    *,
    allow_restricted: bool = False,
) -> BuildingSummary:
    """Write a folder per arm, `arms.json`, `building.json` and, for the target `wildfeedback`, `user_preference.json`.

    Raises:
        UsageError: see `export_arms`. StoreError: the disk is full or the folder is not writable.
    """
    export_arms(examples, folder, arms, targets, allow_restricted=allow_restricted)
    summary = summarise_building(sizes, drawn.failures(), samples.rows(), arms)
    summary = msgspec.structs.replace(summary, judge=judge_habits(samples.rows()))
    write_json(folder / "building.json", summary)
    if "wildfeedback" in targets:
        write_preferences(samples.rows(), folder / "user_preference.json")
    return summary


def built_counts(folder: Path) -> dict[str, Any] | None:
    """What `write_building` counted in `folder`, as plain values for the report; None where nothing was built.

    `sizes` and `unfit` as in `BuildingSummary`, and `arms`: each an `ArmRow` with the `samples` of its subsets.
    """
    if not (folder / "building.json").exists():
        return None
    summary = msgspec.json.decode((folder / "building.json").read_bytes(), type=BuildingSummary)
    samples = {one.arm: one.samples for one in summary.arms}
    rows = msgspec.json.decode((folder / "arms.json").read_bytes(), type=tuple[ArmRow, ...])
    arms = [{**msgspec.to_builtins(row), "samples": samples[row.arm]} for row in rows]
    return {"sizes": msgspec.to_builtins(summary.sizes), "unfit": summary.unfit, "arms": arms}


@dataclass
class _Arm:
    samples: int = 0
    pairs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    scores: Marks = field(default_factory=list)
    """Of readable verdicts."""
    flips: Marks = field(default_factory=list)
    better: Rewards = field(default_factory=lambda: ([], []))


def summarise_building(
    sizes: Sequence[SubsetSize], unfit: Iterable[Failure], samples: Iterable[Sample], arms: Sequence[str]
) -> BuildingSummary:
    """Count over the finished samples, in one pass; `unfit` are the failures of `DrawSamples`."""
    counts: Counter[str] = Counter()
    fallen: Counter[str] = Counter()
    answers: dict[str, Counter[str]] = {}
    by_arm = {arm.name: _Arm() for arm in ARMS if arm.name in arms}
    contrasts: dict[tuple[Maker, Maker], Rewards] = {pair: ([], []) for pair in CONTRASTS}
    for sample in samples:
        items = sample.checklist.items if sample.checklist else ()
        counts["checklists" if items else "without"] += sample.subset == "negative"
        counts["items"] += len(items)
        fallen.update(one.reason for one in (sample.checklist.dropped if sample.checklist else ()))
        for response in sample.responses:
            counts["texts"] += response.state == "ok"
            counts["scored"] += bool(response.rewards)
            if response.writer != "log":
                answers.setdefault(f"{response.writer} {response.method}", Counter())[response.state] += 1
        _add(by_arm, sample, tuple(arms))
        rewards = {(one.writer, one.method): one.rewards for one in sample.responses}
        for (better, worse), compared in contrasts.items():
            if sample.subset == "negative":
                _compare_rewards(compared, rewards.get(better, ()), rewards.get(worse, ()), cluster_of(sample))
    return BuildingSummary(
        sizes=tuple(sizes),
        unfit=dict(sorted(Counter(one.reason for one in unfit).items())),
        checklists=counts["checklists"],
        without_checklist=counts["without"],
        items=counts["items"],
        dropped_items=dict(sorted(fallen.items())),
        answers={name: dict(sorted(states.items())) for name, states in sorted(answers.items())},
        responses=counts["texts"],
        scored=counts["scored"],
        arms=tuple(_arm_count(name, one) for name, one in by_arm.items()),
        contrasts=tuple(
            Contrast(" ".join(better), " ".join(worse), _shares(compared)) for (better, worse), compared in contrasts.items()
        ),
    )


def _add(by_arm: dict[str, _Arm], sample: Sample, names: tuple[str, ...]) -> None:
    verdicts = {(one.chosen, one.rejected): one.verdict for one in sample.comparisons}
    cluster = cluster_of(sample)
    for arm in ARMS:
        if arm.name in by_arm and sample.subset in arm.subsets:
            by_arm[arm.name].samples += 1
    for arm, chosen, rejected in pairs_of(names, sample.subset, sample.responses):
        one = by_arm[arm.name]
        one.pairs += 1
        if (verdict := verdicts.get((chosen, rejected))) is not None:
            one.outcomes[verdict.outcome] += 1
            if verdict.outcome != "unreadable":
                one.scores.append((SCORES[verdict.outcome], cluster))
                one.flips.append((verdict.flipped, cluster))
        _compare_rewards(one.better, sample.responses[chosen].rewards, sample.responses[rejected].rewards, cluster)


def _compare_rewards(compared: Rewards, better: Sequence[float], worse: Sequence[float], cluster: str) -> None:
    """Count one pair where both were scored; of random samples there is only the view without feedback."""
    for marks, (one, other) in zip(compared, zip(better, worse, strict=False), strict=False):
        marks.append((one > other, cluster))


def _shares(compared: Rewards) -> tuple[Share, Share]:
    without, with_feedback = (share(marks) for marks in compared)
    return without, with_feedback


def _arm_count(name: str, one: _Arm) -> ArmCount:
    return ArmCount(
        arm=name,
        samples=one.samples,
        pairs=one.pairs,
        judged=one.outcomes.total(),
        outcomes={outcome: one.outcomes[outcome] for outcome in ("win", "tie", "loss", "unreadable")},
        win_rate=share(one.scores),
        flips=share(one.flips),
        better_reward=_shares(one.better),
    )


def share(marks: Marks) -> Share:
    """The mean of marks with its interval over clusters; (0, 1) where there is one cluster."""
    if not marks:
        return Share(None, None, None, 0, 0)
    found = clustered_share([mark for mark, _ in marks], [cluster for _, cluster in marks])
    return Share(round(found.value, 6), round(found.low, 6), round(found.high, 6), found.n, found.clusters)
