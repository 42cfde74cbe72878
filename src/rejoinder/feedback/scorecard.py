"""How good a detector is: gold labels against its labels in three views, with intervals, calibration and every denominator.

Labels nothing, reads no file and prints nothing; it is given both sides, item by item, and counts what could not be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from rejoinder.errors import UsageError
from rejoinder.feedback.resampling import Interval, limits, of_share
from rejoinder.stats import classification as scores
from rejoinder.stats.calibration import Bin, bin_sums, brier, error_of_sums, reliability
from rejoinder.taxonomies import Taxonomy, load, project

Floats = NDArray[np.float64]

VIEWS = ("binary", "three", "six")
WHOLE = ("accuracy", "macro_f1", "kappa")
PER_CLASS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Labelled turns with what the detector said about each: columns of equal length n."""

    gold: Sequence[str]
    """Categories of the taxonomy."""
    predicted: Sequence[str]
    confidence: Sequence[float]
    """The detector's probability that its polarity is right."""
    probabilities: Sequence[Sequence[float]]
    """One probability per category, in the order of the taxonomy."""
    clusters: Sequence[str]
    """The conversation of each turn: what is resampled."""
    languages: Sequence[str]
    """ISO 639-1 codes; `und` where unknown."""
    sources: Sequence[str]
    unscored: Mapping[str, int] = field(default_factory=dict)
    """Labelled turns that the detector could not judge: reason and count; not among the n."""

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        columns = (self.predicted, self.confidence, self.probabilities, self.clusters, self.languages, self.sources)
        if any(len(column) != len(self.gold) for column in columns):
            raise ValueError("the columns of a comparison must have equal lengths")

    def where(self, keep: Sequence[bool]) -> Comparison:
        """The turns for which `keep` is true."""
        at = [i for i, kept in enumerate(keep) if kept]
        columns = (self.gold, self.predicted, self.confidence, self.probabilities, self.clusters, self.languages, self.sources)
        return Comparison(*([column[i] for i in at] for column in columns))  # type: ignore[arg-type]  # same order as the fields


class ClassScore(msgspec.Struct, frozen=True, kw_only=True):
    """One class of one view."""

    support: int
    """Turns of this class in gold: the denominator of recall."""
    predicted: int
    """Turns that the detector put here: the denominator of precision."""
    precision: float | None
    recall: float | None
    f1: float | None
    intervals: dict[str, Interval]


class ViewScore(msgspec.Struct, frozen=True, kw_only=True):
    """One view: all classes together and each by itself."""

    n: int
    accuracy: float | None
    majority_accuracy: float | None
    """Accuracy of always naming the most frequent gold class."""
    macro_f1: float | None
    """Mean F1 of the classes present in gold."""
    kappa: float | None
    intervals: dict[str, Interval]
    classes: dict[str, ClassScore]


class PartScore(msgspec.Struct, frozen=True, kw_only=True):
    """One language, source or group of languages, in short."""

    n: int
    conversations: int
    three_macro_f1: float | None
    six_macro_f1: float | None
    """None also where the detector does not speak the six categories."""
    neg_support: int
    """Turns with negative gold: the denominator of `neg_recall`."""
    neg_predicted: int
    """Turns called negative: the denominator of `neg_precision`."""
    neg_precision: float | None
    neg_recall: float | None
    intervals: dict[str, Interval]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the probability of the polarity means what it says."""

    n: int
    error: float | None
    interval: Interval
    brier: float | None
    """Of the probabilities of all categories; 0 best, 2 worst."""
    bins: list[Bin]


class ThresholdScore(msgspec.Struct, frozen=True, kw_only=True):
    """Negative feedback as pairs are mined from it: only where the detector is sure enough."""

    threshold: float
    predicted: int
    support: int
    precision: float | None
    recall: float | None
    intervals: dict[str, Interval]


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured on one labelled file; encodes to the JSON of `rejoinder classifier evaluate --json`."""

    n: int
    conversations: int
    unscored: dict[str, int]
    labeller: str
    seed: int
    draws: int
    views: dict[str, ViewScore]
    calibration_error: float | None
    calibration: Calibration
    pair_threshold: ThresholdScore | None
    by_language_group: dict[str, PartScore]
    by_language: dict[str, PartScore]
    by_source: dict[str, PartScore]


def scorecard(
    comparison: Comparison,
    *,
    taxonomy: str | Taxonomy = "user-feedback",
    written: Mapping[str, str] | None = None,
    threshold: float | None = None,
    labeller: str = "",
    seed: int = 0,
    draws: int = 2000,
) -> Scorecard:
    """Score a detector on labelled turns, intervals at 95 % by a bootstrap over conversations.

    `written`: the file's own spelling for each category, used to name the classes of the six-way view. `threshold`: the
    probability from which on pairs trust negative feedback. A view that the taxonomy lacks is left out. UsageError where there
    is nothing to score.
    """
    if not comparison.gold:
        raise UsageError(f"nothing to score: {sum(comparison.unscored.values())} labelled turns, none of which could be judged")
    labels = load(taxonomy) if isinstance(taxonomy, str) else taxonomy
    views = [view for view in VIEWS if any(one.name == view for one in labels.views)]
    again = _Resampling(labels, seed, draws)
    names = dict(written or {})
    calibration = _calibration(comparison, again)
    groups = [language_group(code) for code in comparison.languages]
    return Scorecard(
        n=len(comparison.gold),
        conversations=len(set(comparison.clusters)),
        unscored=dict(sorted(comparison.unscored.items())),
        labeller=labeller,
        seed=seed,
        draws=draws,
        views={view: _view(comparison, again, view, names if view == "six" else {}) for view in views},
        calibration_error=calibration.error,
        calibration=calibration,
        pair_threshold=None if threshold is None else _at_threshold(comparison, again, threshold),
        by_language_group=_parts(comparison, again, groups),
        by_language=_parts(comparison, again, comparison.languages),
        by_source=_parts(comparison, again, comparison.sources),
    )


def language_group(code: str) -> str:
    """`english`, `other`, or `unknown` for a language code; a row without a known language is never counted as English."""
    plain = code.lower().replace("_", "-").split("-")[0]
    return "english" if plain in ("en", "eng") else "unknown" if plain in ("", "und", "none") else "other"


def own_names(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """How a file spells each category, from pairs of category and spelling; a category spelt in two ways keeps our name."""
    spellings: dict[str, set[str]] = {}
    for category, spelling in pairs:
        spellings.setdefault(category, set()).add(spelling)
    return {category: next(iter(found)) for category, found in sorted(spellings.items()) if len(found) == 1}


@dataclass(frozen=True, slots=True)
class _Resampling:
    """What every score of one card shares: the label set, and the same draws of conversations."""

    labels: Taxonomy
    seed: int
    draws: int

    def counts(self, part: Comparison) -> NDArray[np.int64]:
        """One confusion matrix per conversation, all categories apart."""
        number = {name: i for i, name in enumerate(self.labels.names)}
        gold, predicted = ([number[name] for name in column] for column in (part.gold, part.predicted))
        _, clusters = np.unique(np.asarray(part.clusters, dtype=np.str_), return_inverse=True)
        return scores.clustered_confusion(gold, predicted, clusters, len(number))

    def merged(self, matrix: Floats | NDArray[np.int64], view: str) -> Floats:
        """The matrix of a coarser view."""
        names = self.labels.view(view).names
        groups = [names.index(project(one, self.labels, view)) for one in self.labels.names]
        return scores.merge(matrix, groups, len(names))

    def limits(self, counts: NDArray[np.generic], statistic: Callable[[Floats], Floats]) -> list[Interval]:
        """See `resampling.limits`."""
        return limits(counts, statistic, seed=self.seed, draws=self.draws)


def _view(part: Comparison, again: _Resampling, view: str, names: Mapping[str, str]) -> ViewScore:
    counts = again.counts(part)
    matrix = again.merged(counts.sum(axis=0), view)
    classes = again.labels.view(view).names
    values = [_defined(value) for value in _figures(matrix)]
    found = again.limits(counts, lambda sums: _figures(again.merged(sums, view)))
    intervals = dict(zip(WHOLE, found[: len(WHOLE)], strict=True))
    intervals["accuracy"] = of_share(intervals["accuracy"], np.trace(matrix), matrix.sum())
    rows = {}
    for i, name in enumerate(classes):
        at = [len(WHOLE) + kind * len(classes) + i for kind in range(len(PER_CLASS))]
        hits, support, predicted = matrix[i, i], matrix[i].sum(), matrix[:, i].sum()
        rows[names.get(name, name)] = ClassScore(
            support=int(support),
            predicted=int(predicted),
            precision=values[at[0]],
            recall=values[at[1]],
            f1=values[at[2]],
            intervals={
                "precision": of_share(found[at[0]], hits, predicted),
                "recall": of_share(found[at[1]], hits, support),
                "f1": found[at[2]],
            },
        )
    return ViewScore(
        n=int(matrix.sum()),
        accuracy=values[0],
        majority_accuracy=_defined(scores.majority_accuracy(matrix)),
        macro_f1=values[1],
        kappa=values[2],
        intervals=intervals,
        classes=rows,
    )


def _figures(matrix: Floats) -> Floats:
    """All figures of a view in one vector, (..., 3 + 3 K): the whole, then precision, recall and F1 by class."""
    whole = np.stack([scores.accuracy(matrix), scores.macro_f1(matrix), scores.kappa(matrix)], axis=-1)
    return np.concatenate([whole, scores.precision(matrix), scores.recall(matrix), scores.f1(matrix)], axis=-1)


def _parts(comparison: Comparison, again: _Resampling, names: Sequence[str]) -> dict[str, PartScore]:
    """A short score for each name, the largest part first."""
    order = sorted(set(names), key=lambda name: (-names.count(name), name))
    return {name: _part(comparison.where([other == name for other in names]), again) for name in order}


def _part(part: Comparison, again: _Resampling) -> PartScore:
    counts = again.counts(part)
    negative = again.labels.view("three").names.index("NEG")
    six = any(view.name == "six" for view in again.labels.views)

    def figures(sums: Floats) -> Floats:
        three = again.merged(sums, "three")
        neg = [scores.precision(three)[..., negative], scores.recall(three)[..., negative]]
        return np.stack([scores.macro_f1(three), scores.macro_f1(sums), *neg], axis=-1)

    values = [_defined(value) for value in figures(counts.sum(axis=0).astype(np.float64))]
    ends = again.limits(counts, figures)
    neg = again.merged(counts.sum(axis=0), "three")
    hits, support, predicted = neg[negative, negative], neg[negative].sum(), neg[:, negative].sum()
    return PartScore(
        n=len(part.gold),
        conversations=len(set(part.clusters)),
        three_macro_f1=values[0],
        six_macro_f1=values[1] if six else None,
        neg_support=int(support),
        neg_predicted=int(predicted),
        neg_precision=values[2],
        neg_recall=values[3],
        intervals={
            "three_macro_f1": ends[0],
            "six_macro_f1": ends[1] if six else None,
            "neg_precision": of_share(ends[2], hits, predicted),
            "neg_recall": of_share(ends[3], hits, support),
        },
    )


def _calibration(part: Comparison, again: _Resampling) -> Calibration:
    polarity = again.labels.polarity
    correct = [polarity(gold) == polarity(guess) for gold, guess in zip(part.gold, part.predicted, strict=True)]
    sums = _by_cluster(bin_sums(part.confidence, correct), part.clusters)
    gold = [again.labels.names.index(name) for name in part.gold]
    return Calibration(
        n=len(gold),
        error=_defined(error_of_sums(sums.sum(axis=0))),
        interval=again.limits(sums, lambda totals: error_of_sums(totals)[..., None])[0],
        brier=_defined(brier(part.probabilities, gold)),
        bins=reliability(part.confidence, correct),
    )


def _at_threshold(part: Comparison, again: _Resampling, threshold: float) -> ThresholdScore:
    """NEG against the rest, where a turn counts as NEG once the negative categories together are probable enough."""
    negative = np.array([one.polarity == "negative" for one in again.labels.categories])
    gold = [again.labels.polarity(name) == "negative" for name in part.gold]
    sure = np.asarray(part.probabilities, dtype=np.float64)[:, negative].sum(axis=1) >= threshold
    _, clusters = np.unique(np.asarray(part.clusters, dtype=np.str_), return_inverse=True)
    counts = scores.clustered_confusion(np.array(gold, int), sure.astype(int), clusters, 2)

    def figures(sums: Floats) -> Floats:
        return np.stack([scores.precision(sums)[..., 1], scores.recall(sums)[..., 1]], axis=-1)

    precision, recall = (_defined(value) for value in figures(counts.sum(axis=0).astype(np.float64)))
    ends, (hits, found, true) = again.limits(counts, figures), (counts[:, 1, 1].sum(), sure.sum(), sum(gold))
    return ThresholdScore(
        threshold=threshold,
        predicted=int(found),
        support=true,
        precision=precision,
        recall=recall,
        intervals={"precision": of_share(ends[0], hits, found), "recall": of_share(ends[1], hits, true)},
    )


def _by_cluster(rows: Floats, clusters: Sequence[str]) -> Floats:
    """Rows of items added up by cluster."""
    _, owner = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    sums = np.zeros((int(owner.max()) + 1, *rows.shape[1:]))
    np.add.at(sums, owner, rows)
    return sums


def _defined(value: Floats | float) -> float | None:
    return None if np.isnan(value) else float(value)
