"""A rubric distilled into light classifiers, one for each item: a logistic regression over hashed words and the situation.

Fitted on a model's estimates or a person's labels, measured out of fold, saved as plain arrays without pickle; then it asks
no model (SPUR, arXiv 2403.12388, distils the same way over embeddings). It tells whether an item holds, not how strongly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rejoinder.errors import InputError, StoreError
from rejoinder.feedback.resampling import FOLDS, Interval, folds, limits, of_share
from rejoinder.feedback.spur.estimate import side, total
from rejoinder.feedback.spur.light_features import Features
from rejoinder.feedback.spur.rubric_file import rubric_toml
from rejoinder.identity import digest
from rejoinder.records import Conversation, RubricScore, SatisfactionEstimate
from rejoinder.stats import classification as scores
from rejoinder.store import replaced
from rejoinder.taxonomies import Taxonomy, load

Floats = NDArray[np.float64]
FEWEST = 10
"""Conversations that an item must hold in, and must not hold in, to be distilled."""
_ARRAYS = ("buckets", "frequency", "centre", "scale", "coefficients", "cuts")


class ItemCard(msgspec.Struct, frozen=True, kw_only=True):
    """How well one item is told, out of fold."""

    support: int
    """Conversations in which the item holds: the denominator of recall."""
    predicted: int
    """Conversations in which the classifier says so: the denominator of precision."""
    precision: float | None
    recall: float | None
    f1: float | None
    always_f1: float
    """F1 of saying yes always: what has to be beaten."""
    intervals: dict[str, Interval]
    impact: float
    """Mean impact where it holds: what a yes adds to the score."""
    used: bool
    """False where its F1 is not surely above that of saying yes always: then it is scored 0 rather than guessed."""


class LightCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the classifiers were fitted on, and how good each is."""

    rubric: str
    """Fingerprint of the rubric."""
    weights: str
    """Fingerprint of the arrays."""
    marked_by: str
    """Who said which items hold: a model with its prompt, or the labels of a file."""
    n: int
    """Conversations that they were fitted and measured on."""
    silent: int
    """Conversations without a user turn behind a response: nothing can be told of them."""
    items: dict[str, ItemCard]
    too_rare: dict[str, int]
    """Items that are not distilled, with the conversations in which they hold."""
    seed: int
    draws: int


@dataclass(frozen=True, slots=True)
class LightRubric:
    """The distilled items of a rubric, ready to score conversations without a model."""

    rubric: Taxonomy
    card: LightCard
    buckets: NDArray[np.uint32]
    """Hashed columns in use."""
    frequency: NDArray[np.float32]
    centre: NDArray[np.float32]
    scale: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    """(items, hashed columns + dense columns + 1); the last is the intercept."""
    cuts: Floats
    """Score from which on each item holds."""

    def estimates(
        self, conversations: Sequence[Conversation], threshold: float | None = None
    ) -> list[SatisfactionEstimate | None]:
        """One estimate for each conversation; None where no user turn follows a response, so that nothing can be told.

        An item that was too rare to distil, or is not told better than by saying yes always, is scored 0. `threshold`:
        chosen on scores of these very classifiers.
        """
        found = Features.of(conversations)
        columns = found.columns(self.buckets, self.frequency, self.centre, self.scale)
        holds = columns @ self.coefficients.T.astype(np.float64) >= self.cuts
        return [
            self._estimate(conversation.id, holds[row], threshold) if found.spoken[row] else None
            for row, conversation in enumerate(conversations)
        ]

    def _estimate(self, id: str, holds: NDArray[np.bool_], threshold: float | None) -> SatisfactionEstimate:
        told = {name: yes and one.used for (name, one), yes in zip(self.card.items.items(), holds.tolist(), strict=True)}
        items = tuple(
            RubricScore(item=one.name, impact=self.card.items[one.name].impact if told.get(one.name) else 0.0)
            for one in self.rubric.categories
            if one.polarity != "neutral"
        )
        score = round(total(items, self.rubric), 6)
        return SatisfactionEstimate(
            conversation_id=id,
            score=score,
            items=items,
            polarity=side(score, threshold),
            threshold=threshold,
            rubric=self.card.rubric,
            labeller=f"light-rubric {self.card.weights}",
        )

    def save(self, folder: Path) -> None:
        """Write `rubric.toml`, `card.json` and one `.npy` file for each array.

        Raises:
            StoreError: the disk is full or the folder is not writable.
        """
        card = msgspec.json.format(msgspec.json.encode(self.card), indent=1) + b"\n"
        arrays = {f"{name}.npy": _bytes(getattr(self, name)) for name in _ARRAYS}
        for name, content in {"rubric.toml": rubric_toml(self.rubric).encode(), "card.json": card, **arrays}.items():
            with replaced(folder / name) as temporary:
                temporary.write_bytes(content)

    @classmethod
    def load(cls, folder: Path) -> LightRubric:
        """Read what `save` wrote; no pickle is accepted.

        Raises:
            StoreError: a file is missing or damaged, or the rubric was edited after the distillation.
        """
        try:
            arrays = {name: np.load(BytesIO((folder / f"{name}.npy").read_bytes()), allow_pickle=False) for name in _ARRAYS}
            card = msgspec.json.decode((folder / "card.json").read_bytes(), type=LightCard)
        except (OSError, ValueError) as trouble:
            raise StoreError(f"{folder}: no distilled rubric ({trouble}); `rejoinder rubrics distil` makes one") from trouble
        rubric = load(str(folder / "rubric.toml"))
        if card.rubric != rubric.fingerprint or card.weights != _named(arrays):
            raise StoreError(f"{folder}: rubric, weights and card do not belong together; distil the rubric again")
        return cls(rubric, card, **arrays)


def distil(
    conversations: Sequence[Conversation],
    marks: Sequence[Mapping[str, float]],
    rubric: Taxonomy,
    marked_by: str,
    *,
    seed: int = 0,
    draws: int = 2000,
) -> LightRubric:
    """Fit a classifier for every item that is common enough, and measure each out of fold (five, users apart where known).

    `marks`: for each conversation the impact of each item that holds in it. The cut of each item is the one with the best
    F1; out of fold it is the one that the other folds choose.

    Raises:
        InputError: no item is common enough.
    """
    found = Features.of(conversations)
    rows = np.flatnonzero(found.spoken)
    names = [one.name for one in rubric.categories if one.polarity != "neutral"]
    impacts = np.array([[marks[int(row)].get(name, 0.0) for name in names] for row in rows]).reshape(len(rows), len(names))
    holds = impacts > 0
    support = holds.sum(axis=0)
    common = np.flatnonzero((support >= FEWEST) & (len(rows) - support >= FEWEST))
    if not len(common):
        raise InputError(f"no item holds in at least {FEWEST} of {len(rows)} conversations and fails in as many; label more")
    whose = [conversations[int(row)].user or conversations[int(row)].id for row in rows]
    fold_of = folds(whose, seed)
    arrays, logits = _fitted(found.rows(rows), holds[:, common], fold_of)
    _, owner = np.unique(np.asarray(whose, dtype=np.str_), return_inverse=True)
    cards, cuts = {}, []
    for column, item in enumerate(common):
        truth, values = holds[:, item].astype(np.int64), logits[:, column]
        cuts.append(best_cut(values, truth))
        told = np.zeros_like(truth)
        for fold in range(FOLDS):
            told[fold_of == fold] = values[fold_of == fold] >= best_cut(values[fold_of != fold], truth[fold_of != fold])
        impact = float(impacts[holds[:, item], item].mean().round(3))
        cards[names[item]] = _item_card(truth, told, owner, impact, seed, draws)
    arrays["cuts"] = np.array(cuts)
    card = LightCard(
        rubric=rubric.fingerprint,
        weights=_named(arrays),
        marked_by=marked_by,
        n=len(rows),
        silent=len(conversations) - len(rows),
        items=cards,
        too_rare={name: int(support[i]) for i, name in enumerate(names) if i not in common},
        seed=seed,
        draws=draws,
    )
    return LightRubric(rubric, card, **arrays)  # type: ignore[arg-type]  # the arrays carry the fields' names


def best_cut(values: Floats, truth: NDArray[np.int64]) -> float:
    """The midpoint between two scores from which on saying yes has the best F1; above all scores where nothing is true."""
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    hits = np.cumsum(truth[order])
    quality = 2 * hits / (np.arange(1, len(ranked) + 1) + max(int(truth.sum()), 1))
    quality[:-1][ranked[:-1] == ranked[1:]] = -1.0  # a cut cannot part equal scores
    best = int(np.argmax(quality))
    if quality[best] <= 0:
        return float(ranked[0]) + 1
    return float(ranked[best] if best + 1 == len(ranked) else (ranked[best] + ranked[best + 1]) / 2)


def _fitted(
    found: Features, holds: NDArray[np.bool_], fold_of: NDArray[np.int64]
) -> tuple[dict[str, NDArray[np.generic]], Floats]:
    """The arrays of the fit on everything, and out-of-fold scores (n, items)."""
    logits = np.zeros(holds.shape)
    for fold in range(FOLDS):
        left, kept = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
        if len(left) and len(kept):
            arrays = _fit(found.rows(kept), holds[kept])
            columns = found.rows(left).columns(*(arrays[name] for name in ("buckets", "frequency", "centre", "scale")))  # type: ignore[arg-type]
            logits[left] = columns @ arrays["coefficients"].T.astype(np.float64)
    return _fit(found, holds), logits


def _fit(found: Features, holds: NDArray[np.bool_]) -> dict[str, NDArray[np.generic]]:
    """One regression for each item over the same columns; an item without both answers has zero weights."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - takes a second to import, only this needs it

    arrays = found.learnt()
    columns = found.columns(*arrays.values())  # type: ignore[arg-type]
    weights = np.zeros((holds.shape[1], columns.shape[1]), dtype=np.float32)
    for item in range(holds.shape[1]):
        if 0 < holds[:, item].sum() < len(holds):
            regression = LogisticRegression(C=2.0, solver="liblinear", fit_intercept=False, random_state=0, max_iter=200)
            weights[item] = regression.fit(columns, holds[:, item]).coef_[0]
    return {**arrays, "coefficients": weights}


def _item_card(
    truth: NDArray[np.int64], told: NDArray[np.int64], owner: NDArray[np.int64], impact: float, seed: int, draws: int
) -> ItemCard:
    counts = scores.clustered_confusion(truth, told, owner, 2)
    keys = ("precision", "recall", "f1")

    def figures(matrix: Floats) -> Floats:
        return np.stack([getattr(scores, key)(matrix)[..., 1] for key in keys], axis=-1)

    values = [float(v) if np.isfinite(v) else None for v in figures(counts.sum(axis=0).astype(np.float64))]
    support, predicted, hits = int(truth.sum()), int(told.sum()), int((truth & told).sum())
    intervals = dict(zip(keys, limits(counts, figures, seed=seed, draws=draws), strict=True))
    for key, n in (("precision", predicted), ("recall", support)):
        intervals[key] = of_share(intervals[key], hits, n)
    always = 2 * support / (len(truth) + support)
    return ItemCard(
        support=support,
        predicted=predicted,
        precision=values[0],
        recall=values[1],
        f1=values[2],
        always_f1=always,
        intervals=intervals,
        impact=impact,
        used=(intervals["f1"][0] if intervals["f1"] else values[2] or 0.0) > always,
    )


def _named(arrays: Mapping[str, NDArray[np.generic]]) -> str:
    return digest(*(_bytes(arrays[name]) for name in _ARRAYS))


def _bytes(array: NDArray[np.generic]) -> bytes:
    target = BytesIO()
    np.save(target, array, allow_pickle=False)
    return target.getvalue()
