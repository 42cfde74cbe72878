"""What asking a model buys: error and macro-F1 of the final labels against the share of turns asked; and where to ask.

Asks nothing and reads no file: it is given labelled turns with the classifier's verdicts and, where there are some, a model's
answers. Without answers the asked turns count as right, or as wrong as often as the caller says; never as measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from rejoinder.errors import UsageError
from rejoinder.feedback.resampling import FOLDS, Interval, folds, limits, of_share
from rejoinder.feedback.scorecard import Comparison
from rejoinder.stats import classification as scores
from rejoinder.stats.bounds import design_effect, passed, upper_share
from rejoinder.taxonomies import load, project

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ASK_ALL = 1.01
"""A threshold above every probability: the model is asked about every turn."""
THRESHOLDS: tuple[float, ...] = (0.0, *(round(0.30 + 0.02 * step, 2) for step in range(36)), ASK_ALL)
"""Fixed before any data is seen, as the guarantee demands; 0 asks nothing."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What the cascade must keep to, and how surely."""

    kind: Literal["risk", "asked", "requests"]
    """risk: share of turns whose final label is wrong; asked: share of turns asked; requests: conversations asked per turn."""
    limit: float
    level: float = 0.95
    """Confidence of the one-sided bound."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The threshold that a target leads to, with what is promised and what is measured beside it."""

    target: Target
    threshold: float | None
    """The model is asked below this probability; None where no threshold can be promised with so few labels."""
    bound: float | None
    """Upper confidence bound, at `threshold`, of what the target limits."""
    held_out_error: float
    """Error of the final labels where each fold of conversations is labelled at the threshold chosen on the others."""
    held_out_error_interval: Interval
    held_out_asked: float
    """Share of turns asked, in the same way. A fold for which nothing could be promised asks about every turn."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """The cascade at one threshold, on all labelled turns."""

    threshold: float
    asked: int
    """Turns asked."""
    requests: int
    """Conversations with at least one turn asked: a model is asked once for a whole conversation."""
    answered: int
    """Turns that the classifier labels by itself: the denominator of `answered_error`."""
    error: float
    """Share of all n turns whose final label is wrong."""
    answered_error: float | None
    """Selective risk: share of the turns not asked whose label is wrong."""
    macro_f1: float | None
    """None where the asked turns have an assumed error and no labels."""
    cost: float | None
    """US dollars per 1,000 turns, where the price of a request is known."""
    intervals: dict[str, Interval]


class Frontier(msgspec.Struct, frozen=True, kw_only=True):
    """The whole curve; encodes to the JSON of `rejoinder detect --frontier GOLD.jsonl --json`."""

    n: int
    conversations: int
    unscored: dict[str, int]
    view: str
    labeller: str
    asked_of: str
    """Who labels the asked turns: a model, or what is assumed of one."""
    no_answer: int
    """Turns that the model was asked about without a readable answer: they keep the classifier's label."""
    design_effect: float
    """Of the classifier's errors over conversations: n turns tell as much as n / design_effect independent ones."""
    seed: int
    draws: int
    points: list[Point]
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Judged:
    """Labelled turns in one view: class numbers of gold, of the classifier and, where it was asked, of a model; each (n,)."""

    gold: NDArray[np.int64]
    told: NDArray[np.int64]
    asked: NDArray[np.int64]
    """The label that a turn gets when it is asked."""
    confidence: Floats
    """The classifier's probability that its class is right."""
    clusters: NDArray[np.int64]
    names: tuple[str, ...]
    """Conversation of each cluster number."""
    classes: int
    view: str
    unscored: Mapping[str, int]
    """Labelled turns that the classifier could not judge: reason and count; not among the n."""
    asked_error: float | None
    """Assumed error of asked turns; None where `asked` holds a model's labels."""
    no_answer: int

    @classmethod
    def of(
        cls,
        comparison: Comparison,
        view: str = "three",
        *,
        answers: Sequence[str | None] | None = None,
        asked_error: float = 0.0,
    ) -> Judged:
        """Project categories onto a view of `user-feedback`; `answers` are a model's categories, None where it gave none.

        UsageError where there is nothing to judge, or `asked_error` is no share.
        """
        if not comparison.gold:
            raise UsageError("no labelled turn can be judged: none stands behind a response")
        if not 0 <= asked_error <= 1:
            raise UsageError(f"--asked-error is {asked_error}; it is a share from 0 to 1")
        labels = load("user-feedback")
        classes = labels.view(view).names
        number = {name: classes.index(project(name, labels, view)) for name in labels.names}
        gold, told = (np.array([number[name] for name in column]) for column in (comparison.gold, comparison.predicted))
        group = np.array([number[name] for name in labels.names])
        table = np.asarray(comparison.probabilities, dtype=np.float64)
        names, clusters = np.unique(np.asarray(comparison.clusters, dtype=np.str_), return_inverse=True)
        asked = gold
        if answers is not None:
            asked = np.array([told[i] if one is None else number[one] for i, one in enumerate(answers)])
        return cls(
            gold=gold,
            told=told,
            asked=asked,
            confidence=np.where(group[None, :] == told[:, None], table, 0.0).sum(axis=1).round(9),
            clusters=clusters,
            names=tuple(names.tolist()),
            classes=len(classes),
            view=view,
            unscored=comparison.unscored,
            asked_error=None if answers is not None else asked_error,
            no_answer=0 if answers is None else sum(one is None for one in answers),
        )

    def where(self, keep: Mask) -> Judged:
        """The turns for which `keep` is true; cluster numbers stay."""
        columns = {name: getattr(self, name)[keep] for name in ("gold", "told", "asked", "confidence", "clusters")}
        return replace(self, **columns)


def frontier(
    judged: Judged,
    targets: Sequence[Target] = (),
    *,
    labeller: str = "",
    asked_of: str = "",
    cost_per_request: float | None = None,
    seed: int = 0,
    draws: int = 2000,
) -> Frontier:
    """Every point of the curve with 95 % bootstrap intervals over conversations, and a choice for every target."""
    wrong = (judged.told != judged.gold)[:, None]
    return Frontier(
        n=len(judged.gold),
        conversations=len(judged.names),
        unscored=dict(sorted(judged.unscored.items())),
        view=judged.view,
        labeller=labeller,
        asked_of=asked_of or _assumption(judged.asked_error),
        no_answer=judged.no_answer,
        design_effect=float(design_effect(*_by_cluster(judged, wrong))[0]),
        seed=seed,
        draws=draws,
        points=[_point(judged, threshold, cost_per_request, seed, draws) for threshold in THRESHOLDS],
        choices=[choose(judged, target, seed=seed, draws=draws) for target in targets],
    )


def choose(judged: Judged, target: Target, *, seed: int = 0, draws: int = 2000) -> Choice:
    """The threshold that keeps to the target with its level of confidence, and the cross-fitted error of choosing so.

    Thresholds are tested in a fixed order, from the one that is safe without data, each against a Korn-Graubard upper bound
    that is widened for conversations; the last that passes is chosen. The chance that the chosen one breaks the target
    is then at most 1 - level, for logs like the labelled file; see docs/detection-cascade.md.
    """
    threshold, bound = _promised(judged, target)
    fold_of = folds(judged.names, seed)[judged.clusters]
    final = np.zeros((len(judged.gold), 2))
    for fold in range(FOLDS):
        left, kept = fold_of == fold, fold_of != fold
        if not left.any():
            continue
        chosen = _promised(judged.where(kept), target)[0] if kept.any() else None
        level = ASK_ALL if chosen is None else chosen
        asked = judged.confidence[left] < level
        final[left] = np.column_stack([_wrong(judged.where(left), asked), asked])
    counts = _by_cluster(judged, np.column_stack([final, np.ones(len(final))]))[0]
    error, asked_share = (float(value) for value in final.mean(axis=0))
    interval = limits(counts, lambda sums: (sums[..., 0] / sums[..., 2])[..., None], seed=seed, draws=draws)[0]
    return Choice(
        target=target,
        threshold=threshold,
        bound=bound,
        held_out_error=error,
        held_out_error_interval=of_share(interval, error * len(final), len(final)),
        held_out_asked=asked_share,
    )


def _promised(judged: Judged, target: Target) -> tuple[float | None, float | None]:
    """The chosen threshold and its bound; (None, None) where not even the safest one passes."""
    order = np.array(THRESHOLDS if target.kind != "risk" else THRESHOLDS[::-1])
    asked = judged.confidence[:, None] < order
    if target.kind == "risk":
        own = _by_cluster(judged, _wrong(judged, np.zeros_like(judged.confidence, dtype=np.bool_)))
        bounds = upper_share(
            *_by_cluster(judged, _wrong(judged, asked)), level=target.level, least_effect=float(design_effect(*own)[0])
        )
    else:
        hits, sizes = _by_cluster(judged, asked)
        bounds = upper_share(np.minimum(hits, 1.0) if target.kind == "requests" else hits, sizes, level=target.level)
    if target.kind != "risk":
        bounds[0] = 0.0  # nothing is asked, in any log
    elif judged.asked_error is not None:
        bounds[0] = judged.asked_error  # everything is asked: as wrong as assumed
    count = passed(bounds, target.limit)
    return (float(order[count - 1]), float(bounds[count - 1])) if count else (None, None)


def _point(judged: Judged, threshold: float, cost_per_request: float | None, seed: int, draws: int) -> Point:
    asked = judged.confidence < threshold
    wrong = _wrong(judged, asked)
    final = np.where(asked, judged.asked, judged.told)
    cells = np.zeros((len(final), judged.classes, judged.classes))
    cells[np.arange(len(final)), judged.gold, final] = 1
    columns = np.column_stack([wrong, np.where(asked, 0.0, wrong), ~asked, cells.reshape(len(final), -1)])
    counts = _by_cluster(judged, columns)[0]
    n, answered, requests = len(final), int((~asked).sum()), int((_by_cluster(judged, asked)[0] > 0).sum())

    def figures(sums: Floats) -> Floats:
        matrix = sums[..., 3:].reshape(*sums.shape[:-1], judged.classes, judged.classes)
        total = matrix.sum(axis=(-2, -1))
        alone = np.divide(sums[..., 1], sums[..., 2], out=np.full(total.shape, np.nan), where=sums[..., 2] > 0)
        return np.stack([sums[..., 0] / total, alone, scores.macro_f1(matrix)], axis=-1)

    error, alone, macro = (float(value) if np.isfinite(value) else None for value in figures(counts.sum(axis=0)))
    ends = limits(counts, figures, seed=seed, draws=draws)
    labelled = judged.asked_error in (None, 0)
    assumed = judged.asked_error is not None and answered == 0  # nothing is measured any more
    return Point(
        threshold=threshold,
        asked=int(asked.sum()),
        requests=requests,
        answered=answered,
        error=error if error is not None else 0.0,
        answered_error=alone,
        macro_f1=macro if labelled else None,
        cost=None if cost_per_request is None else requests * cost_per_request / n * 1000,
        intervals={
            "error": None if assumed or error is None else of_share(ends[0], error * n, n),
            "answered_error": None if alone is None else of_share(ends[1], alone * answered, answered),
            "macro_f1": ends[2] if labelled and not assumed else None,
        },
    )


def _wrong(judged: Judged, asked: Mask) -> Floats:
    """1 where the final label is wrong, 0 where it is right, the assumed error where that is all one has; shape of `asked`."""
    column = (slice(None), *[None] * (asked.ndim - 1))
    if judged.asked_error is None:
        theirs = (judged.asked != judged.gold).astype(np.float64)
    else:
        theirs = np.full(len(judged.gold), judged.asked_error)
    told = (judged.told != judged.gold).astype(np.float64)
    return np.asarray(np.where(asked, theirs[column], told[column]), dtype=np.float64)


def _by_cluster(judged: Judged, rows: NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Rows (n, k) of turns, or (n,), added up by conversation: (G, k) and the turns of each, (G,); none without turns."""
    table = np.asarray(rows, dtype=np.float64).reshape(len(rows), -1)
    present, owner, sizes = np.unique(judged.clusters, return_inverse=True, return_counts=True)
    sums = np.zeros((len(present), table.shape[1]))
    np.add.at(sums, owner, table)
    return sums, sizes.astype(np.float64)


def _assumption(asked_error: float | None) -> str:
    if asked_error is None:
        return "a model"
    if asked_error == 0:
        return "nobody: the turns asked count as right, the best that any model could do"
    return f"nobody: {asked_error:.1%} of the turns asked are assumed to be wrong"
