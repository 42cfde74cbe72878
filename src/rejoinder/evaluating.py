"""An evaluation from beginning to end: held-out prompts, answers of policies, judge, rewards, scorecard, in its own folder.

The stages stand in `evaluation/`; here they meet the engine, the models and what a run has built. The same call on the same
folder goes on where it was, and asks nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from rejoinder.contenders import EvaluationPlan, Ready, Resolved
from rejoinder.engine import Run
from rejoinder.errors import UsageError, WaitingError
from rejoinder.evaluation.asking import TakeTrials, evaluation_stages
from rejoinder.evaluation.card import Card, Setup, score
from rejoinder.evaluation.lens import LensRow, lens_rows
from rejoinder.evaluation.render import write_scorecard
from rejoinder.evaluation.trials import PolicyAnswer, Trial, TrialSet
from rejoinder.gateway.dry_run import Forecast
from rejoinder.identity import fingerprint
from rejoinder.local_models import LocalModels
from rejoinder.models import Asking, Models, with_models
from rejoinder.pipeline import Tell, opened
from rejoinder.preference import ScoreResponses

_UNIT = 50
"""Prompts that are finished together: a killed evaluation reads the answers of the last unit again from the journal."""


def evaluate_policies(
    plan: EvaluationPlan, output: str | Path, *, progress: Tell = lambda _: None, asking: Asking | None = None
) -> Card:
    """Ask, judge, score and write the scorecard into `output`, where the journal and all answers stay.

    Raises:
        UsageError: nothing to compare, or a spec that names nothing. InputError: a file cannot be read.
        ModelError, BudgetError, WaitingError: a model cannot be asked, costs too much, or will answer later.
    """
    with opened(Path(output), 1, progress) as work, LocalModels(plan.local) as here:
        ready = Ready.of(plan, here)
        how = replace(asking or Asking(), around=here.wrapping)

        def chapter(models: Models) -> Card:
            trials, failed = _trials(work, ready, models, plan)
            lens = _lens(work, ready, models) if plan.lens else ()
            setup = _setup(ready, models, plan, failed)
            card = score(trials, ready.policies(models), setup, lens) if ready.resolved else _lens_only(setup, lens)
            write_scorecard(work.folder, card, trials)
            return card

        return with_models(work.folder, ready.roles, how, chapter)


def forecast_evaluation(plan: EvaluationPlan, output: str | Path, *, asking: Asking | None = None) -> tuple[Forecast, ...]:
    """What the next stage of `evaluate_policies` would ask and cost; asks nothing."""
    with opened(Path(output), 1) as work, LocalModels(plan.local) as here:
        ready = Ready.of(plan, here)
        with Models(work.folder, ready.roles, replace(asking or Asking(), dry_run=True)) as models:
            with suppress(WaitingError):
                _trials(work, ready, models, plan)
            if plan.lens:
                with suppress(WaitingError):
                    _lens(work, ready, models)
            return models.forecasts()


def _trials(work: Run, ready: Ready, models: Models, plan: EvaluationPlan) -> tuple[list[Trial], int]:
    """The finished trials, and how many a stage has lost."""
    if not ready.resolved:
        return [], 0
    filled = [_with_answers(trial, ready.resolved) for trial in ready.trials]
    sets = [TrialSet(trials=tuple(filled[start : start + _UNIT])) for start in range(0, len(filled), _UNIT)]
    dataset = work.each("trials", TakeTrials(), [(fingerprint("trials", one), one) for one in sets])
    reward = (models.needed("reward"), ready.roles["reward"].base_url) if "reward" in ready.roles else None
    judge = models.needed("judge") if "judge" in ready.roles else None
    stages = evaluation_stages(
        ready.policies(models),
        judge,
        reward,
        temperature=plan.temperature,
        max_tokens=plan.max_tokens,
        pointwise=plan.pointwise,
    )
    for name, stage in stages:
        dataset = work.ask(name, stage, dataset, models.gateway, in_flight=models.in_flight)
    return list(dataset.rows()), len(filled) - dataset.written


def _with_answers(trial: Trial, resolved: Sequence[Resolved]) -> Trial:
    answers = [
        one.answers.get(trial.id)
        or PolicyAnswer(
            policy=one.policy.name, seed=one.policy.seed, state="transport", detail="there is no answer for this id"
        )
        for one in resolved
        if one.answers is not None
    ]
    return msgspec.structs.replace(trial, answers=tuple(answers))


def _lens(work: Run, ready: Ready, models: Models) -> tuple[LensRow, ...]:
    """Table 3 over the samples of the run, scored here where the run has not scored them and a reward model is named."""
    if ready.samples is None:
        raise UsageError("the rows of table 3 come from a run folder with built samples, not from a file of prompts")
    samples = ready.samples
    scored = any(response.rewards for sample in samples.rows() for response in sample.responses)
    if not scored and "reward" not in ready.roles:
        raise UsageError("the run has no rewards: name a reward model with --reward, or models.reward in the run's recipe")
    if not scored:  # a run's own rewards stay: never some of one model beside some of another
        stage = ScoreResponses(models.needed("reward"))
        samples = work.ask("rewards", stage, samples, models.gateway, in_flight=models.in_flight)
    return lens_rows(samples.rows())


def _setup(ready: Ready, models: Models, plan: EvaluationPlan, failed: int) -> Setup:
    roles = ("candidate", "baseline")
    names = [", ".join(dict.fromkeys(one.policy.name for one in ready.resolved if one.policy.role == role)) for role in roles]
    reward = ready.roles.get("reward")
    return Setup(
        title=" against ".join(names) if names[0] else "Grid of arXiv 2507.23158",
        held_out=ready.held_out,
        way=plan.way if len(ready.trials) < ready.held_out else "all",
        judge=models.named("judge") if "judge" in ready.roles else None,
        pointwise=plan.pointwise,
        reward=reward.model if reward else None,
        failed=failed,
        notes=ready.notes,
        seed=plan.seed,
    )


def _lens_only(setup: Setup, lens: Sequence[LensRow]) -> Card:
    return Card(
        title=setup.title, held_out=0, prompts=0, clusters=0, way="all", checklists=0, items=0, decidable=0,
        with_feedback=0, failed=0, baseline="none", answered=(), reward=setup.reward, lens=tuple(lens), seed=setup.seed,
    )  # fmt: skip
