"""MT-Bench's numbers from judgments, whoever made them: by model, turn and category, with intervals clustered by question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np

from rejoinder.errors import UsageError
from rejoinder.evaluation.benchmarks.fastchat import Id, MtQuestion, PairJudgment, SingleJudgment
from rejoinder.evaluation.benchmarks.scores import (
    Compared,
    Difference,
    Score,
    concluded,
    mean_of,
    paired,
    won,
)
from rejoinder.judge import combined
from rejoinder.judge.comparing import Outcome
from rejoinder.judge.diagnostics import SCORES


class ModelScores(msgspec.Struct, frozen=True, kw_only=True):
    """One model's ratings (1 to 10), or its win rate against the baseline (0 to 1)."""

    model: str
    overall: Score
    turns: Mapping[str, Score]
    categories: Mapping[str, Score]
    missing: int
    """Turns of questions that nobody judged, because there is no answer."""


class MtBenchCard(msgspec.Struct, frozen=True, kw_only=True):
    """What one judge says of some models."""

    mode: str
    """`single` or `pair`."""
    judge: str
    questions: int
    models: tuple[ModelScores, ...]
    baseline: str | None
    differences: tuple[Difference, ...]
    """Every other model against the baseline; p adjusted after Holm where they are several."""
    flips: Score | None = None
    """Pairs: share of readable ones in which the two orders name different winners."""
    strangers: int = 0
    """Judgments of questions that are not in the question file; not used."""
    seed: int = 0


def score_single(
    judgments: Sequence[SingleJudgment], questions: Sequence[MtQuestion], baseline: str | None = None, *, seed: int = 0
) -> MtBenchCard:
    """Mean ratings; against the baseline, where one is named, by a sign-flip test of whole questions.

    Several judgments of one answer count once, the last. UsageError for a baseline that nobody judged.
    """
    known, by_model = {one.question_id: one for one in questions}, dict[str, dict[tuple[Id, int], float | None]]()
    for one in judgments:
        if one.question_id in known:
            by_model.setdefault(one.model, {})[one.question_id, one.turn] = one.score if 1 <= one.score <= 10 else None
    differences: tuple[Difference, ...] = ()
    if baseline is not None:
        rng, reference = np.random.default_rng(seed), _of(by_model, baseline)
        found = [paired(model, by_model[model], reference, rng) for model in sorted(by_model) if model != baseline]
        differences = concluded(found, baseline, percent=False)
    return MtBenchCard(
        mode="single",
        judge=_judge(judgments),
        questions=len(questions),
        models=tuple(_scores(model, by_model[model], known) for model in sorted(by_model)),
        baseline=baseline,
        differences=differences,
        strangers=sum(one.question_id not in known for one in judgments),
        seed=seed,
    )


def score_pairs(judgments: Sequence[PairJudgment], questions: Sequence[MtQuestion], baseline: str) -> MtBenchCard:
    """Win rates against the baseline, a win needs both orders; ties are half a win.

    UsageError for a baseline that stands in no judgment. Pairs without the baseline are not used.
    """
    known, by_model = {one.question_id: one for one in questions}, dict[str, dict[tuple[Id, int], float | None]]()
    flips: dict[tuple[str, Id, int], float | None] = {}
    for one in judgments:
        if one.question_id in known and baseline in (one.model_1, one.model_2):
            model = one.model_2 if one.model_1 == baseline else one.model_1
            orders = _order(one.g1_winner, one, model), _order(one.g2_winner, one, model)
            outcome = combined(*orders)
            readable = outcome != "unreadable"
            by_model.setdefault(model, {})[one.question_id, one.turn] = SCORES[outcome] if readable else None
            flips[model, one.question_id, one.turn] = float(set(orders) == {"win", "loss"}) if readable else None
    if not by_model:
        raise UsageError(f"no judgment compares a model with {baseline}")
    return MtBenchCard(
        mode="pair",
        judge=_judge(judgments),
        questions=len(questions),
        models=tuple(_scores(model, by_model[model], known, share=True) for model in sorted(by_model)),
        baseline=baseline,
        differences=concluded([_won(model, by_model[model]) for model in sorted(by_model)], baseline, percent=True),
        flips=mean_of(((value, question) for (_, question, _), value in flips.items()), share=True),
        strangers=sum(one.question_id not in known for one in judgments),
    )


def _of(by_model: Mapping[str, dict[tuple[Id, int], float | None]], baseline: str) -> dict[tuple[Id, int], float | None]:
    if baseline not in by_model:
        raise UsageError(f"no judgment is about the baseline {baseline}; there are: {', '.join(sorted(by_model)) or 'none'}")
    return by_model[baseline]


def _won(model: str, marks: Mapping[tuple[Id, int], float | None]) -> Compared:
    values = [SCORES["unreadable"] if mark is None else mark for mark in marks.values()]
    return won(model, values, [question for question, _ in marks])


def _order(winner: str, one: PairJudgment, model: str) -> Outcome:
    if winner in ("tie", "error"):
        return "tie" if winner == "tie" else "unreadable"
    return "win" if {"model_1": one.model_1, "model_2": one.model_2}[winner] == model else "loss"


def _scores(
    model: str, given: Mapping[tuple[Id, int], float | None], questions: Mapping[Id, MtQuestion], *, share: bool = False
) -> ModelScores:
    def part(keep: Callable[[Id, int], bool]) -> Score:
        kept = ((value, question) for (question, turn), value in given.items() if keep(question, turn))
        return mean_of(kept, share=share)

    turns = sorted({turn for _, turn in given})
    categories = _unique(questions[question].category for question, _ in given)
    return ModelScores(
        model=model,
        overall=part(lambda _, __: True),
        turns={str(number): part(lambda _, turn, number=number: turn == number) for number in turns},  # type: ignore[misc]
        categories={name: part(lambda question, _, name=name: questions[question].category == name) for name in categories},  # type: ignore[misc]
        missing=sum(min(len(question.turns), 2) for question in questions.values()) - len(given),
    )


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _judge(judgments: Sequence[SingleJudgment] | Sequence[PairJudgment]) -> str:
    return ", ".join(_unique(one.judge[0] for one in judgments))
