"""Scores from confusion matrices: worked by hand, against scikit-learn, and unmoved by order and names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics

from rejoinder.stats import classification as scores

HAND = np.array([[8, 2, 0], [1, 15, 4], [1, 1, 3]])
"""10, 20 and 5 items of three classes; 26 of 35 on the diagonal; predicted 10, 18 and 7 times."""

labels = st.integers(1, 40).flatmap(
    lambda n: st.tuples(arrays(np.int64, n, elements=st.integers(0, 3)), arrays(np.int64, n, elements=st.integers(0, 3)))
)


def test_counts_land_in_the_row_of_the_truth_and_the_column_of_the_guess() -> None:
    assert scores.confusion([0, 0, 1, 2], [0, 1, 1, 0], 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_hand_worked_scores() -> None:
    assert scores.support(HAND).tolist() == [10, 20, 5]
    assert scores.precision(HAND) == pytest.approx([8 / 10, 15 / 18, 3 / 7])
    assert scores.recall(HAND) == pytest.approx([8 / 10, 15 / 20, 3 / 5])
    assert scores.f1(HAND) == pytest.approx([16 / 20, 30 / 38, 6 / 12])
    assert scores.macro_f1(HAND) == pytest.approx((16 / 20 + 30 / 38 + 6 / 12) / 3)
    assert scores.accuracy(HAND) == pytest.approx(26 / 35)
    assert scores.majority_accuracy(HAND) == pytest.approx(20 / 35)
    chance = (10 * 10 + 20 * 18 + 5 * 7) / 35**2
    assert scores.kappa(HAND) == pytest.approx((26 / 35 - chance) / (1 - chance))


def test_a_class_that_was_never_predicted_has_f1_zero_and_no_precision() -> None:
    matrix = np.array([[5, 0], [3, 0]])
    assert np.isnan(scores.precision(matrix)[1])
    assert scores.f1(matrix)[1] == 0
    assert scores.macro_f1(matrix) == pytest.approx(10 / 13 / 2)


def test_a_class_absent_from_gold_is_not_averaged_but_costs_precision() -> None:
    matrix = np.array([[6, 0, 2], [0, 4, 0], [0, 0, 0]])
    assert np.isnan(scores.recall(matrix)[2])
    assert scores.macro_f1(matrix) == pytest.approx((12 / 14 + 1) / 2)


def test_nothing_to_score_is_undefined_and_not_zero() -> None:
    empty = np.zeros((3, 3))
    for score in (scores.accuracy, scores.macro_f1, scores.kappa, scores.majority_accuracy):
        assert np.isnan(score(empty))


def test_kappa_of_two_constant_raters_is_undefined() -> None:
    assert np.isnan(scores.kappa([[7, 0], [0, 0]]))


@given(labels)
def test_scores_agree_with_scikit_learn(pair: tuple[np.ndarray, np.ndarray]) -> None:
    gold, guess = pair
    matrix = scores.confusion(gold, guess, 4)
    present = np.unique(gold)
    options = {"average": None, "labels": [0, 1, 2, 3], "zero_division": 0}
    assert scores.accuracy(matrix) == pytest.approx(metrics.accuracy_score(gold, guess))
    assert np.nan_to_num(scores.precision(matrix)) == pytest.approx(metrics.precision_score(gold, guess, **options))
    assert np.nan_to_num(scores.recall(matrix)) == pytest.approx(metrics.recall_score(gold, guess, **options))
    assert np.nan_to_num(scores.f1(matrix)) == pytest.approx(metrics.f1_score(gold, guess, **options))
    assert scores.macro_f1(matrix) == pytest.approx(
        metrics.f1_score(gold, guess, average="macro", labels=present, zero_division=0)
    )
    if len(np.union1d(gold, guess)) > 1:
        assert scores.kappa(matrix) == pytest.approx(metrics.cohen_kappa_score(gold, guess), abs=1e-9)


@given(labels, st.permutations(range(4)))
def test_renaming_the_classes_changes_no_overall_score(pair: tuple[np.ndarray, np.ndarray], names: list[int]) -> None:
    renamed = np.array(names)
    before = scores.confusion(*pair, 4)
    after = scores.confusion(renamed[pair[0]], renamed[pair[1]], 4)
    for score in (scores.accuracy, scores.macro_f1, scores.kappa, scores.majority_accuracy):
        assert score(after) == pytest.approx(score(before), nan_ok=True)
    assert scores.f1(after)[renamed] == pytest.approx(scores.f1(before), nan_ok=True)


@given(labels)
def test_kappa_does_not_mind_who_is_called_gold(pair: tuple[np.ndarray, np.ndarray]) -> None:
    matrix = scores.confusion(*pair, 4)
    assert scores.kappa(matrix.T) == pytest.approx(scores.kappa(matrix), nan_ok=True)


@given(labels)
def test_clusters_add_up_to_the_whole(pair: tuple[np.ndarray, np.ndarray]) -> None:
    clusters = np.arange(len(pair[0])) // 3
    parts = scores.clustered_confusion(*pair, clusters, 4)
    assert parts.sum(axis=0).tolist() == scores.confusion(*pair, 4).tolist()
    assert parts[0].sum() == min(3, len(pair[0]))


def test_many_matrices_are_scored_as_each_by_itself() -> None:
    stack = np.stack([HAND, HAND.T, np.zeros((3, 3), dtype=int)])
    for score in (scores.f1, scores.precision, scores.recall, scores.macro_f1, scores.kappa, scores.accuracy):
        assert score(stack) == pytest.approx(np.stack([score(one) for one in stack]), nan_ok=True)


def test_merging_classes_is_scoring_the_merged_labels() -> None:
    gold, guess = [0, 1, 2, 3, 3, 1], [1, 1, 2, 0, 3, 2]
    onto = np.array([0, 0, 1, 2])
    merged = scores.merge(scores.confusion(gold, guess, 4), onto, 3)
    assert merged.tolist() == scores.confusion(onto[gold], onto[guess], 3).tolist()


@pytest.mark.parametrize(
    ("gold", "guess", "reason"),
    [([0, 1], [0], "2 gold labels do not match 1"), ([0, 3], [0, 0], r"0\.\.2"), ([[0]], [[0]], "a vector")],
)
def test_labels_that_do_not_fit_are_refused(gold: list[int], guess: list[int], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        scores.confusion(gold, guess, 3)
