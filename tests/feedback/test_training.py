"""Training: the same bytes twice, and the targets on the development data where it is at hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rejoinder.errors import InputError
from rejoinder.feedback import LABELS, classify, load_card, read_gold
from rejoinder.feedback.forest import Forest
from rejoinder.feedback.gold import read_corpus
from rejoinder.feedback.training import Example, Recipe, calibrate, examples, gather, threshold, train, write

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
needs_shared_data = pytest.mark.skipif(not (SHARED / "gold/dev.jsonl").exists(), reason="../shared/data is not on this machine")


@pytest.fixture(scope="module")
def some() -> list[Example]:
    """A part of the corpus, taken for real turns."""
    read = read_corpus(ROOT / "corpus" / "en_code.txt")[:60] + read_corpus(ROOT / "corpus" / "zh.txt")[:30]
    return [replace(example, source="test") for labelled in read for example in examples(labelled)]


def test_training_twice_gives_the_same_bytes(some: list[Example], tmp_path: Path) -> None:
    for name in ("first", "second"):
        write(train(some, Recipe(folds=2)), tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert len(files) == 18
    assert all((tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes() for name in files)


def test_what_was_learnt_can_be_used(some: list[Example]) -> None:
    trained = train(some, Recipe(folds=2))
    told = classify([example.situation for example in some], trained.model)
    assert np.mean([LABELS[e.label] == v.category for e, v in zip(some, told, strict=True)]) > 0.8


def test_the_trees_say_the_same_as_the_library_that_grew_them() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - only this test needs it

    rng = np.random.default_rng(0)
    dense, labels = rng.normal(size=(600, 5)).astype(np.float32), rng.integers(0, 6, 600)
    dense[np.arange(600), labels % 5] += 1
    boosting = HistGradientBoostingClassifier(max_iter=10, max_depth=3, early_stopping=False, random_state=0)
    boosting.fit(np.column_stack([dense, np.zeros(600)]), labels)
    forest = Forest.of(boosting._predictors, boosting._baseline_prediction)
    expected = boosting.decision_function(np.column_stack([dense, np.zeros(600)]))
    assert np.abs(forest.scores(dense) - expected).max() < 1e-5


def test_too_few_examples_of_a_category_are_an_error(some: list[Example]) -> None:
    with pytest.raises(InputError, match="six categories"):
        train([example for example in some if example.label != 0])


def test_the_threshold_is_the_smallest_that_keeps_the_precision() -> None:
    probability = np.linspace(0, 1, 1001)
    right = probability > 0.5
    found, recall, count = threshold(probability, right, 0.8)
    kept = probability >= found
    assert (right[kept].mean() >= 0.8, kept.sum()) == (True, count)
    assert recall == 1.0
    assert right[probability >= found - 0.01].mean() < 0.8


def test_calibration_repairs_scores_that_promise_too_much() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 6, 3000)
    scores = rng.normal(size=(3000, 6))
    scores[np.arange(3000), labels] += 1.0
    assert calibrate(scores * 4, labels)[0] == pytest.approx(calibrate(scores, labels)[0] / 4, rel=0.05)


@needs_shared_data
def test_nothing_that_equals_development_data_is_trained_on() -> None:
    held_out = {
        (e.situation.response, e.situation.follow_up) for one in read_gold(SHARED / "gold/dev.jsonl") for e in examples(one)
    }
    found = gather(SHARED, ROOT / "corpus")
    assert len(found) > 5000
    assert not held_out & {(e.situation.response, e.situation.follow_up) for e in found}


@needs_shared_data
def test_the_targets_hold_on_development_data() -> None:
    told = [e for labelled in read_gold(SHARED / "gold/dev.jsonl") for e in examples(labelled)]
    verdicts = classify([e.situation for e in told])
    truth = [LABELS[e.label] for e in told]
    said = [verdict.category for verdict in verdicts]
    assert macro_f1(truth, said) >= 0.48
    assert macro_f1([side(label) for label in truth], [side(label) for label in said]) >= 0.70
    sure = [
        side(label) == "NEG"
        for label, v in zip(truth, verdicts, strict=True)
        if sum(v.probabilities[1:5]) >= load_card()["pair_threshold"]
    ]
    assert len(sure) >= 20
    assert np.mean(sure) >= 0.75


def side(label: str) -> str:
    return label[:3]


def macro_f1(truth: list[str], said: list[str]) -> float:
    scores = []
    for name in sorted(set(truth)):
        hits = sum(t == s == name for t, s in zip(truth, said, strict=True))
        scores.append(2 * hits / (truth.count(name) + said.count(name)))
    return float(np.mean(scores))
