"""Who takes part in an evaluation and on which prompts: names on a command line become policies, models and ready answers.

Asks nobody: what is said here is known before the first question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from rejoinder.addresses import OPENAI, OPENAI_KEY
from rejoinder.errors import UsageError
from rejoinder.evaluation.lens import cluster_of
from rejoinder.evaluation.selection import GROUPS, PER_GROUP, Way, select
from rejoinder.evaluation.trial_files import read_answers, read_trials
from rejoinder.evaluation.trials import Policy, PolicyAnswer, Role, Trial
from rejoinder.identity import digest
from rejoinder.local_models import ADDRESS, LocalModels, LocalOptions
from rejoinder.models import Models
from rejoinder.pipeline import settings_of
from rejoinder.preference import BuildPlan, asking_stages, first_stage, split_of
from rejoinder.preference.regenerate import context_of
from rejoinder.records import Sample
from rejoinder.settings import ROLES, ModelSettings, Settings
from rejoinder.store import Dataset, read_dataset

RUN_ANSWERS: dict[str, tuple[str, str]] = {
    "logged": ("log", "logged"),
    "repair": ("log", "repair"),
    "scratch": ("expert", "scratch"),
    "semantics": ("expert", "semantics"),
    "preferences": ("expert", "preferences"),
    "policy-scratch": ("policy", "scratch"),
    "policy-preferences": ("policy", "preferences"),
}
"""Answers that a built run has to its own prompts, by the word behind `run:`, as writer and method."""


@dataclass(frozen=True)
class Contender:
    """A policy as the caller names it."""

    spec: str
    """`MODEL@URL`, a model on `EvaluationPlan.base_url`, a GGUF file, a folder of weights or of an adapter, a file of answers
    (.jsonl), or `run:WORD` for answers that the run has (`RUN_ANSWERS`)."""
    role: Role
    name: str = ""
    """The spec when left out."""
    seed: int = 0


@dataclass(frozen=True)
class EvaluationPlan:
    """What is compared, on what, and by whom."""

    checklists: Path
    """A run folder with built samples, or a file of prompts (docs/evaluation.md)."""
    contenders: tuple[Contender, ...] = ()
    judge: str | None = None
    """`MODEL@URL`, a model on `base_url`, or a GGUF file."""
    reward: str | None = None
    """Likewise, or the folder of a reward model."""
    base_url: str = OPENAI
    key_variable: str = OPENAI_KEY
    in_flight: int = 64
    local: LocalOptions = field(default_factory=LocalOptions)
    way: Way = "clusters"
    groups: int = GROUPS
    per_group: int = PER_GROUP
    temperature: float = 0.0
    max_tokens: int = 1_024
    pointwise: bool = True
    lens: bool = False
    """Add the rows of table 3 of arXiv 2507.23158 over all samples of the run."""
    seed: int = 0


@dataclass(frozen=True)
class Resolved:
    """One contender: the model that is asked, with its role in the gateway, or the answers that are there already."""

    policy: Policy
    role: str = ""
    model: ModelSettings | None = None
    answers: Mapping[str, PolicyAnswer] | None = None


@dataclass(frozen=True)
class Ready:
    """Everything that is known before the first question."""

    trials: tuple[Trial, ...]
    held_out: int
    samples: Dataset | None
    resolved: tuple[Resolved, ...]
    roles: Mapping[str, ModelSettings]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, plan: EvaluationPlan, here: LocalModels) -> Ready:
        """Read the prompts, choose some, and find out what each contender is.

        Raises:
            UsageError: nothing to compare, or a spec that names nothing. InputError, StoreError: a file cannot be read.
        """
        samples = None if plan.checklists.is_file() else built_samples(plan.checklists)
        if plan.contenders:
            _check(plan.contenders)
        rows = _held_out(plan.checklists, samples) if plan.contenders else []
        trials = tuple(
            select([trial for trial, _ in rows], plan.way, groups=plan.groups, per_group=plan.per_group, seed=plan.seed)
        )
        origin = {trial.id: sample for trial, sample in rows}
        resolved = tuple(_resolve(one, f"policy-{place}", plan, here, origin) for place, one in enumerate(plan.contenders))
        roles = {one.role: one.model for one in resolved if one.model is not None}
        if plan.judge is not None:
            roles["judge"] = _model_of(plan.judge, plan, here)
        if plan.reward is not None:
            roles["reward"] = _model_of(plan.reward, plan, here, reward=True)
        return cls(trials, len(rows), samples, resolved, roles, _notes(trials, origin, plan))

    def policies(self, models: Models) -> tuple[Policy, ...]:
        """All contenders under the names by which the gateway knows their models."""
        return tuple(
            msgspec.structs.replace(one.policy, model=models.needed(one.role)) if one.role else one.policy
            for one in self.resolved
        )


def built_samples(folder: Path) -> Dataset:
    """The samples of a run after its last building stage.

    Raises:
        UsageError: the run has built nothing. StoreError: its building is not complete.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such run folder, and no such file of prompts")
    settings = settings_of(folder)
    chosen = settings.build
    if not chosen.arms:
        raise UsageError(f"{folder}: this run has built no samples. Run it with a recipe that does, or give a file of prompts")
    roles = {role: role for role in ROLES if _has_role(settings, role)}
    plan = BuildPlan(chosen.arms, chosen.checklists, chosen.judge, roles, chosen.temperature, chosen.max_tokens)
    names = ["samples", *(["evidence"] if first_stage(plan) else []), *(name for name, _ in asking_stages(plan))]
    return read_dataset(folder / "data" / names[-1], Sample)


def _has_role(settings: Settings, role: str) -> bool:
    return role in settings.models or (role != "reward" and "default" in settings.models)


def held_out_trials(place: Path) -> list[Trial]:
    """The prompts of a run or of a file that an evaluation may ask, before any is picked.

    Raises:
        UsageError: the run has built nothing, or nothing is held out. InputError, StoreError: it cannot be read.
    """
    return [trial for trial, _ in _held_out(place, None if place.is_file() else built_samples(place))]


def _held_out(place: Path, samples: Dataset | None) -> list[tuple[Trial, Sample | None]]:
    """Prompts that no training of this run has seen: complaints with a checklist, or all complaints where none has one."""
    if samples is None:
        return [(trial, None) for trial in read_trials(place)]
    settings = settings_of(place)
    side = (settings.seed, settings.preference.held_out)
    found: list[tuple[Trial, Sample | None]] = [
        (trial_of(sample), sample)
        for sample in samples.rows()
        if sample.subset == "negative" and split_of(sample.conversation, *side) == "held_out"
    ]
    if not found:
        raise UsageError(f"{place}: no complaint is on the held-out side. Raise preference.held_out, or take a larger log")
    listed = [row for row in found if row[0].checklist is not None and row[0].checklist.items]
    return listed or found


def trial_of(sample: Sample) -> Trial:
    """The prompt of a negative sample; the feedback is kept for the reward model alone."""
    return Trial(
        id=sample.id,
        cluster=cluster_of(sample),
        context=context_of(sample),
        checklist=sample.checklist,
        feedback=sample.conversation.turns[sample.feedback.turn - 1].request,
        language=sample.conversation.language or "",
    )


def _resolve(
    one: Contender, role: str, plan: EvaluationPlan, here: LocalModels, origin: Mapping[str, Sample | None]
) -> Resolved:
    policy, path = Policy(name=one.name or one.spec, role=one.role, seed=one.seed), Path(one.spec)
    if one.spec.startswith("run:"):
        answers = _run_answers(one.spec.removeprefix("run:"), policy, origin)
        return Resolved(msgspec.structs.replace(policy, source=one.spec), answers=answers)
    if path.suffix == ".jsonl":
        answers = read_answers(path, policy.name, policy.seed)
        return Resolved(msgspec.structs.replace(policy, source=f"{path.name} {digest(path.read_bytes())[:8]}"), answers=answers)
    model = _model_of(one.spec, plan, here)
    place = "on this machine" if model.base_url.startswith(ADDRESS) else f"at {model.base_url}"
    return Resolved(msgspec.structs.replace(policy, source=f"{model.model} {place}"), role, model)


def _run_answers(word: str, policy: Policy, origin: Mapping[str, Sample | None]) -> dict[str, PolicyAnswer]:
    if word not in RUN_ANSWERS:
        raise UsageError(f"run:{word}: a run has answers called {', '.join(RUN_ANSWERS)}")
    found = {}
    for name, sample in origin.items():
        for one in sample.responses if sample is not None else ():
            if (one.writer, one.method) == RUN_ANSWERS[word]:
                found[name] = PolicyAnswer(
                    policy=policy.name, seed=policy.seed, text=one.text, model=one.model, state=one.state, detail=one.detail
                )
    if not found:
        raise UsageError(f"run:{word}: the run has no such answers to these prompts")
    return found


def _model_of(spec: str, plan: EvaluationPlan, here: LocalModels, *, reward: bool = False) -> ModelSettings:
    """Where a spec finds its model.

    Raises:
        UsageError: it looks like a path and nothing is there.
    """
    path = Path(spec)
    model, at, address = spec.rpartition("@")
    if at and address.startswith(("http://", "https://")):
        return ModelSettings(model=model, base_url=address, key_variable=plan.key_variable, in_flight=plan.in_flight)
    if path.suffix == ".gguf" or path.is_dir():
        return here.settings(path, reward=reward)
    if spec.startswith((".", "/", "~")) or path.suffix in (".json", ".csv", ".safetensors"):
        raise UsageError(f"{spec}: nothing is there. Give MODEL@URL, a GGUF file, a model's folder or answers in .jsonl")
    return ModelSettings(model=spec, base_url=plan.base_url, key_variable=plan.key_variable, in_flight=plan.in_flight)


def _notes(trials: Sequence[Trial], origin: Mapping[str, Sample | None], plan: EvaluationPlan) -> tuple[str, ...]:
    """What a reader should know: controls that the run holds and nobody asked for, prompts without checklists."""
    notes = []
    if trials and not any(trial.checklist and trial.checklist.items for trial in trials):
        notes.append("No prompt has a checklist: the judge compares without one.")
    named = {one.spec for one in plan.contenders}
    for word, maker in RUN_ANSWERS.items():
        count = sum(
            any((one.writer, one.method) == maker and one.state == "ok" for one in sample.responses)
            for trial in trials
            if (sample := origin.get(trial.id)) is not None
        )
        if count and f"run:{word}" not in named:
            notes.append(
                f"The run has answers to {count} of {len(trials)} prompts: --control {word}=run:{word} puts them beside."
            )
    return tuple(notes)


def _check(contenders: Sequence[Contender]) -> None:
    if sum(one.role == "baseline" for one in contenders) != 1 or len(contenders) < 2:
        raise UsageError("an evaluation needs one baseline, and at least one policy to compare with it")
    names = [(one.name or one.spec, one.seed) for one in contenders]
    if len(set(names)) < len(names):
        raise UsageError("two policies have one name; write NAME=SPEC")
