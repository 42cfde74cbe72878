"""Fits the embedded classifier: labelled conversations in, weights and their card out; the same inputs give the same bytes.

Selection and calibration use cross-validation in which conversations with the same opening stay together. Development
data is only read to leave out whatever equals it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rejoinder.errors import InputError
from rejoinder.feedback import lexical
from rejoinder.feedback.forest import Forest
from rejoinder.feedback.gold import LABELS, LabelledConversation, read_corpus, read_gold, read_labels
from rejoinder.feedback.model import CLASSES, COLUMNS, NEGATIVE, Design, Floats, Model, Scores, calibrated, decide
from rejoinder.feedback.rubrics import RULES, fires
from rejoinder.feedback.situation import Situation, situations
from rejoinder.language import UNKNOWN, detect_language
from rejoinder.stats.classification import confusion, macro_f1

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes the fit; all of it stands in the card."""

    regularisation: float = 3.0
    """Inverse strength of the L2 penalty (C of scikit-learn)."""
    block_weights: tuple[float, ...] = (1.0, 1.0, 1.0, 0.5)
    """Weight of each lexical block, in the order of `lexical.BLOCKS`."""
    dense_weight: float = 0.1
    """Weight of the standardised dense features."""
    balance: float = 0.5
    """Power of the inverse class frequency that weighs an example: 0 as found, 1 fully balanced."""
    confidence_weights: tuple[float, float, float] = (0.5, 0.8, 1.0)
    """Weight of a label of confidence 1, 2, 3."""
    corpus_weight: float = 0.4
    """Weight of an invented example against a real one."""
    forest_share: float = 0.35
    """Share of the boosted trees in the joint score."""
    forest_rounds: int = 60
    forest_depth: int = 3
    forest_rate: float = 0.1
    forest_penalty: float = 5.0
    """L2 penalty on leaves."""
    forest_columns: float = 0.3
    """Share of the columns that each split may look at."""
    forest_leaf: int = 20
    """Fewest examples of a leaf."""
    folds: int = 5
    seed: int = 0
    iterations: int = 300
    pair_precision: float = 0.8
    good_precision: float = 0.8


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled user turn in its situation."""

    situation: Situation
    label: int
    confidence: int
    group: str
    """Examples of one group never stand on both sides of a fold: the opening request."""
    source: str
    language: str
    rubrics: tuple[str, ...] = ()

    @property
    def real(self) -> bool:
        """Said by a person in a log, not invented for the corpus."""
        return self.source != "corpus"


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted classifier with its card."""

    model: Model
    card: dict[str, Any]


def gather(data: Path, corpus: Path) -> list[Example]:
    """All training examples: gold training file, our labels of shared data, corpus; nothing that equals development data.

    Raises:
        InputError: a file is missing or a row of it does not hold.
    """
    gold = data / "gold"
    held_out = read_gold(gold / "dev.jsonl") if (gold / "dev.jsonl").exists() else []
    names = {labelled.conversation.id for labelled in held_out}
    said = {_key(example.situation) for labelled in held_out for example in examples(labelled)}
    read = read_gold(gold / "train.jsonl")
    if (corpus / "labels_shared.jsonl").exists():
        read += read_labels(corpus / "labels_shared.jsonl", data)
    read += [conversation for path in sorted(corpus.glob("*.txt")) for conversation in read_corpus(path)]
    found = [example for labelled in read if labelled.conversation.id not in names for example in examples(labelled)]
    unique = {(_key(e.situation), e.situation.requests): e for e in found if _key(e.situation) not in said}
    return list(unique.values())


def write(trained: Trained, folder: Path) -> None:
    """Write the weights and `card.json`."""
    trained.model.save(folder)
    text = msgspec.json.format(msgspec.json.encode(trained.card, order="sorted"), indent=1)
    (folder / "card.json").write_bytes(text + b"\n")


def examples(labelled: LabelledConversation) -> list[Example]:
    """One example for each labelled turn that has a response before it and says something."""
    by_turn = {s.turn: s for s in situations(labelled.conversation)}
    opening = labelled.conversation.turns[0].request.strip().lower()[:300]
    language = labelled.language if labelled.language != UNKNOWN else detect_language(_requests(labelled))
    return [
        Example(by_turn[m.turn], LABELS.index(m.label), m.confidence, opening, labelled.source, language, m.rubrics)
        for m in labelled.labels
        if m.turn in by_turn and by_turn[m.turn].follow_up.strip()
    ]


def train(found: Sequence[Example], recipe: Recipe | None = None) -> Trained:
    """Fit on all examples; calibrate and choose thresholds on out-of-fold scores of the real ones.

    Raises:
        InputError: a category has fewer real examples than there are folds.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415 - only training needs it

    recipe = recipe or Recipe()
    labels = np.array([e.label for e in found])
    real = np.array([e.real for e in found])
    if np.bincount(labels[real], minlength=CLASSES).min() < recipe.folds:
        raise InputError(f"each of the six categories needs at least {recipe.folds} real examples")
    with threadpool_limits(1):
        design = Design.of([e.situation for e in found])
        weights = example_weights(found, recipe)
        scores = _out_of_fold(found, design, labels, weights, recipe)
        model = fit(design, labels, weights, ~real, recipe)
    gold = np.flatnonzero(real)
    calibration = calibrate(scores[gold], labels[gold])
    probabilities = calibrated(scores[gold], calibration)
    preference = prefer(probabilities, labels[gold])
    model = replace(model, calibration=calibration, preference=preference).rounded()
    return Trained(model, _card([found[int(i)] for i in gold], found, probabilities, design.dense[gold], model, recipe))


def example_weights(found: Sequence[Example], recipe: Recipe) -> NDArray[np.float64]:
    """Weight of each example by its category's rarity, the annotator's confidence, and whether it is real."""
    labels = np.array([e.label for e in found])
    counts = np.bincount(labels, minlength=CLASSES)
    rarity = (len(labels) / (CLASSES * np.maximum(counts, 1))) ** recipe.balance
    sure = np.array([recipe.confidence_weights[e.confidence - 1] for e in found])
    kind = np.array([1.0 if e.real else recipe.corpus_weight for e in found])
    return np.asarray(rarity[labels] * sure * kind, dtype=np.float64)


def fit(design: Design, labels: Rows, weights: NDArray[np.float64], invented: NDArray[np.bool_], recipe: Recipe) -> Model:
    """Multinomial logistic regression over lexical blocks and dense columns, and trees over the latter; not yet calibrated.

    Invented examples have a column of their own, which is thrown away: people complain more often in a corpus than in life.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - takes a second to import, only training needs it

    frequency = np.concatenate([lexical.frequencies(counts) for counts in design.counts])
    used = np.flatnonzero(frequency)
    centre = np.nanmean(design.dense, axis=0)
    scale = recipe.dense_weight / (np.nanstd(design.dense, axis=0) + 0.05)
    dense = np.nan_to_num((design.dense - centre) * scale).astype(np.float32)
    columns = sparse.hstack([_text(design, frequency, recipe)[:, used], dense, invented[:, None] * 1.0])
    regression = LogisticRegression(C=recipe.regularisation, max_iter=recipe.iterations, tol=1e-3)
    regression.fit(columns.tocsr().astype(np.float64), labels, sample_weight=weights)
    coefficients = np.zeros((COLUMNS, CLASSES), dtype=np.float32)
    blocks = np.repeat(recipe.block_weights, 1 << lexical.BITS)[used]
    coefficients[used] = regression.coef_[:, : len(used)].T * blocks[:, None]
    return Model(
        frequency=frequency,
        coefficients=coefficients,
        centre=centre.astype(np.float32),
        scale=scale.astype(np.float32),
        dense_coefficients=regression.coef_[:, len(used) : -1].T.astype(np.float32),
        intercept=regression.intercept_.astype(np.float32),
        forest=grow(dense, labels, weights, invented, recipe),
        forest_share=recipe.forest_share,
        calibration=np.array([1.0, *[0.0] * CLASSES], dtype=np.float32),
        preference=np.ones(7, dtype=np.float32),
    )


def _text(design: Design, frequency: Floats, recipe: Recipe) -> sparse.csc_matrix:
    """All lexical blocks side by side, weighted."""
    parts = []
    for number, counts in enumerate(design.counts):
        columns = slice(number << lexical.BITS, (number + 1) << lexical.BITS)
        parts.append(lexical.weighted(counts, frequency[columns]) * recipe.block_weights[number])
    return sparse.hstack(parts).tocsc()


def grow(dense: Floats, labels: Rows, weights: NDArray[np.float64], invented: NDArray[np.bool_], recipe: Recipe) -> Forest:
    """Boosted trees over the standardised dense columns; being invented is a column here too, and 0 at inference."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - as above

    boosting = HistGradientBoostingClassifier(
        learning_rate=recipe.forest_rate,
        max_iter=recipe.forest_rounds,
        max_depth=recipe.forest_depth,
        l2_regularization=recipe.forest_penalty,
        max_features=recipe.forest_columns,
        min_samples_leaf=recipe.forest_leaf,
        early_stopping=False,
        random_state=recipe.seed,
    )
    boosting.fit(np.column_stack([dense, invented]), labels, sample_weight=weights)
    return Forest.of(boosting._predictors, boosting._baseline_prediction)


def calibrate(scores: Scores, labels: Rows) -> NDArray[np.float32]:
    """Temperature and offsets (the first stays 0) that make out-of-fold probabilities likeliest; temperature is positive."""
    from scipy import optimize  # noqa: PLC0415 - as above

    rows = np.arange(len(labels))

    def loss(values: NDArray[np.float64]) -> float:
        setting = np.array([np.exp(values[0]), 0.0, *values[1:]])
        chosen = calibrated(scores, setting)[rows, labels]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean() + 1e-3 * (values**2).sum())

    found = optimize.minimize(loss, np.zeros(CLASSES), method="L-BFGS-B").x
    return np.array([np.exp(found[0]), 0.0, *found[1:]], dtype=np.float32).round(4)


def prefer(probabilities: Scores, labels: Rows) -> NDArray[np.float32]:
    """Decision weights prevalence**-power, of polarities and of negative categories; powers by macro-F1 out of fold."""
    share = np.bincount(labels, minlength=CLASSES) / len(labels)
    sides = np.array([share[0], share[NEGATIVE].sum(), share[5]])
    grid = [(outer, inner) for outer in np.arange(0, 0.65, 0.05) for inner in np.arange(0, 0.65, 0.1)]
    weights = [np.concatenate([sides**-outer, share[NEGATIVE] ** -inner]).astype(np.float32) for outer, inner in grid]
    values = [
        _macro_f1(labels, decide(probabilities, w)) + _macro_f1(_side(labels), _side(decide(probabilities, w))) for w in weights
    ]
    return weights[int(np.argmax(values))].round(4)


def threshold(probability: NDArray[np.float64], right: NDArray[np.bool_], precision: float) -> tuple[float, float, int]:
    """Smallest probability from which on the precision is reached, the recall there, and how many lie above it."""
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(right[order])
    enough = np.flatnonzero((hits / np.arange(1, len(order) + 1) >= precision) & (np.arange(1, len(order) + 1) >= 20))
    if not len(enough):
        return 1.0, 0.0, 0
    last = int(enough[-1])
    return float(np.ceil(probability[order[last]] * 1000) / 1000), float(hits[last] / max(right.sum(), 1)), last + 1


def _out_of_fold(
    found: Sequence[Example], design: Design, labels: Rows, weights: NDArray[np.float64], recipe: Recipe
) -> Scores:
    """Scores of the real examples, each by a model that has not seen its group; 0 for invented ones, which are always seen.

    So a change of the corpus leaves the folds as they are, and two corpora can be compared.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415 - as above

    scores = np.zeros((len(found), CLASSES))
    invented = np.array([not e.real for e in found])
    real, corpus = np.flatnonzero(~invented), np.flatnonzero(invented)
    folds = StratifiedGroupKFold(recipe.folds, shuffle=True, random_state=recipe.seed)
    for kept, left in folds.split(real, labels[real], [found[int(i)].group for i in real]):
        seen, unseen = np.concatenate([real[kept], corpus]), real[left]
        model = fit(design.rows(seen), labels[seen], weights[seen], invented[seen], recipe)
        scores[unseen] = model.logits(design.rows(unseen))
    return scores


def _side(labels: Rows) -> Rows:
    """0 positive, 1 negative, 2 neutral."""
    return np.asarray(np.where(labels == 0, 0, np.where(labels == 5, 2, 1)), dtype=np.int64)


def _macro_f1(truth: Rows, told: Rows) -> float:
    return float(macro_f1(confusion(truth, told, CLASSES)))


def _key(situation: Situation) -> tuple[str, str]:
    return situation.response or "", situation.follow_up


def _requests(labelled: LabelledConversation) -> Iterator[str]:
    return (turn.request for turn in labelled.conversation.turns)


def _card(
    gold: Sequence[Example], found: Sequence[Example], probabilities: Scores, dense: Floats, model: Model, recipe: Recipe
) -> dict[str, Any]:
    labels = np.array([e.label for e in gold])
    told = decide(probabilities, model.preference)
    english = np.array([e.language == "en" for e in gold])
    masks = {"all": np.ones(len(gold), dtype=np.bool_), "en": english, "non_en": ~english}
    bad, good = probabilities[:, NEGATIVE].sum(axis=1), probabilities[:, 0]
    pair = threshold(bad, (labels > 0) & (labels < 5), recipe.pair_precision)
    well = threshold(good, labels == 0, recipe.good_precision)
    return {
        "name": "rejoinder embedded feedback classifier",
        "taxonomy": "user-feedback",
        "labels": list(LABELS),
        "fingerprint": model.fingerprint(),
        "trained_on": _counts(found),
        "out_of_fold_on": {
            "n": len(gold),
            "what": "real turns only; each scored by a model that has not seen its conversation",
        },
        "confusion": {name: _confusion(labels[mask], told[mask]) for name, mask in masks.items()},
        "pair_threshold": pair[0],
        "pair_threshold_out_of_fold": {"precision_at_least": recipe.pair_precision, "recall": round(pair[1], 4), "n": pair[2]},
        "good_threshold": well[0],
        "good_threshold_out_of_fold": {"precision_at_least": recipe.good_precision, "recall": round(well[1], 4), "n": well[2]},
        "calibration": [round(float(v), 4) for v in model.calibration],
        "preference": [round(float(v), 4) for v in model.preference],
        "recipe": asdict(recipe),
        "rubrics": _rubric_precision(gold, told, dense),
    }


def _confusion(truth: Rows, told: Rows) -> list[list[int]]:
    """Counts, rows true and columns predicted, in the order of `LABELS`."""
    table = np.zeros((CLASSES, CLASSES), dtype=np.int64)
    np.add.at(table, (truth, told), 1)
    return [[int(n) for n in row] for row in table]


def _rubric_precision(gold: Sequence[Example], told: Rows, dense: Floats) -> dict[str, dict[str, float]]:
    """For each rule: how often it fired out of fold, and how often the annotator had named the rubric."""
    found = {}
    for rule in RULES:
        named = np.array([rule.rubric in e.rubrics for e in gold])
        where = fires(rule, told, dense)
        hits, n = int((named & where).sum()), int(where.sum())
        found[rule.rubric] = {"n": n, "precision": round(hits / max(n, 1), 4), "support": int(named.sum())}
    return found


def _counts(found: Sequence[Example]) -> dict[str, Any]:
    return {
        "n": len(found),
        "real": sum(e.real for e in found),
        "by_source": dict(sorted(Counter(e.source for e in found).items())),
        "by_language": dict(sorted(Counter(e.language for e in found).items())),
        "by_label": {label: sum(e.label == i for e in found) for i, label in enumerate(LABELS)},
    }
