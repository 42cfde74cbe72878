"""Corrected prevalence: Rogan and Gladen by hand, degenerate inputs named, and intervals that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rejoinder.stats.prevalence import corrected, unmix

RATES = np.array([[0.6, 0.35, 0.05], [0.1, 0.87, 0.03], [0.05, 0.2, 0.75]])
TRUTH = np.array([0.25, 0.65, 0.10])


def log(rng: np.random.Generator, conversations: int) -> np.ndarray:
    """Predicted counts (G, 3) of conversations of 1 to 5 turns with moods of their own, labelled with errors at `RATES`."""
    moods, turns = rng.dirichlet(TRUTH * 6, conversations), rng.integers(1, 6, conversations)
    true = rng.multinomial(turns, moods)
    return sum(rng.multinomial(true[:, i], RATES[i]) for i in range(3))  # type: ignore[return-value]


def validation(rng: np.random.Generator, items: int) -> np.ndarray:
    return rng.multinomial(rng.multinomial(items, TRUTH), RATES)


def test_two_categories_are_the_formula_of_rogan_and_gladen() -> None:
    sensitivity, specificity, apparent = 0.8, 0.9, 0.31
    log_counts = np.repeat([[31, 69]], 20, axis=0)
    found = corrected(log_counts, [[80, 20], [10, 90]], rng=np.random.default_rng(0), draws=50)
    assert found.corrected is not None
    assert found.corrected.share[0] == pytest.approx((apparent + specificity - 1) / (sensitivity + specificity - 1))
    assert found.observed is not None
    assert found.observed.share[0] == pytest.approx(apparent)


def test_a_perfect_detector_leaves_the_shares_alone() -> None:
    counts = np.array([[3, 1, 0], [2, 2, 1]] * 10)
    found = corrected(counts, np.eye(3) * 500, rng=np.random.default_rng(0), draws=100)
    assert found.corrected is not None
    assert found.corrected.share == pytest.approx(counts.sum(axis=0) / counts.sum())


def test_a_share_that_would_turn_negative_stands_at_zero_and_the_rest_adds_up() -> None:
    found = corrected(np.repeat([[8, 92]], 30, axis=0), [[80, 20], [10, 90]], rng=np.random.default_rng(0), draws=200)
    assert found.corrected is not None
    assert found.corrected.share == pytest.approx((0.0, 1.0), abs=1e-4)
    assert 0.01 < found.corrected.high[0] < 0.11


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.02, 1), min_size=3, max_size=3))
def test_unmixing_undoes_mixing(weights: list[float]) -> None:
    true = np.array(weights) / sum(weights)
    assert unmix((true @ RATES)[None], RATES[None])[0] == pytest.approx(true, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=3, max_size=3).filter(any))
def test_no_distribution_on_the_simplex_is_more_likely_than_the_estimate(counts: list[int]) -> None:
    shares = np.array(counts) / sum(counts)
    best = unmix(shares[None], RATES[None])[0]
    assert best.sum() == pytest.approx(1)
    assert (best >= 0).all()
    others = np.random.default_rng(0).dirichlet(np.ones(3), 200)
    likelihood = (shares * np.log(np.vstack([best, others]) @ RATES)).sum(axis=1)
    assert likelihood[0] >= likelihood[1:].max() - 1e-6


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(3)))
def test_renaming_categories_renames_the_estimate(order: list[int]) -> None:
    rng = np.random.default_rng(1)
    counts, table = log(rng, 80), validation(rng, 300)
    plain = corrected(counts, table, rng=np.random.default_rng(0), draws=20)
    renamed = corrected(counts[:, order], table[np.ix_(order, order)], rng=np.random.default_rng(0), draws=20)
    assert plain.corrected is not None
    assert renamed.corrected is not None
    assert renamed.corrected.share == pytest.approx(np.array(plain.corrected.share)[order], abs=1e-6)


def test_no_observations_are_named_and_not_divided_by() -> None:
    for empty in (np.zeros((0, 3)), np.zeros((4, 3))):
        found = corrected(empty, validation(np.random.default_rng(0), 300), rng=np.random.default_rng(0))
        assert (found.n, found.observed, found.corrected, found.problem) == (0, None, None, "no-observations")


def test_a_category_without_validation_items_is_named_and_the_counted_shares_remain() -> None:
    found = corrected([[3, 1], [1, 1]], [[9, 1], [0, 0]], rng=np.random.default_rng(0), draws=50)
    assert (found.corrected, found.problem) == (None, "unmeasured-category")
    assert found.observed is not None
    assert found.observed.share == pytest.approx((4 / 6, 2 / 6))


def test_a_detector_that_never_predicts_a_category_cannot_be_corrected() -> None:
    found = corrected([[3, 0], [1, 0]], [[9, 0], [5, 0]], rng=np.random.default_rng(0), draws=50)
    assert (found.corrected, found.problem) == (None, "not-identifiable")


def test_a_category_that_was_never_seen_keeps_a_chance_to_exist() -> None:
    found = corrected(np.repeat([[1, 0]], 30, axis=0), [[90, 10], [10, 90]], rng=np.random.default_rng(0), draws=400)
    assert found.observed is not None
    assert 0.01 < found.observed.high[1] < 0.2


def test_a_handful_of_conversations_counts_each_as_one_observation() -> None:
    few = corrected([[20, 0], [18, 2]], [[90, 10], [10, 90]], rng=np.random.default_rng(0), draws=400)
    assert few.observed is not None
    assert few.observed.low[0] < 0.6


def test_validation_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="3 x 3"):
        corrected([[1, 2, 3]], [[1, 0], [0, 1]], rng=np.random.default_rng(0))


@pytest.mark.parametrize(("conversations", "items"), [(400, 240), (2000, 240), (150, 1000)])
def test_the_interval_holds_the_truth_as_often_as_it_promises(conversations: int, items: int) -> None:
    rng = np.random.default_rng(13)
    held, naive = np.zeros(3), np.zeros(3)
    for _ in range(300):
        found = corrected(log(rng, conversations), validation(rng, items), rng=rng, draws=300)
        assert found.corrected is not None
        assert found.observed is not None
        held += (np.array(found.corrected.low) <= TRUTH) & (np.array(found.corrected.high) >= TRUTH)
        naive += (np.array(found.observed.low) <= TRUTH) & (np.array(found.observed.high) >= TRUTH)
    assert 0.93 <= held.mean() / 300 <= 0.97
    assert naive[0] / 300 < 0.9  # uncorrected, the same intervals miss: the test can tell the difference


def test_a_category_estimated_at_zero_keeps_an_upper_end_that_its_recall_allows() -> None:
    """Twice predicted, but no more often than false alarms explain: nobody may read 0 % to 0 % as certainty."""
    validation = np.array([[80, 20], [10, 190]])
    observed = np.array([[0, 1]] * 398 + [[1, 0]] * 2)
    found = corrected(observed, validation, rng=np.random.default_rng(1)).corrected
    assert found is not None
    assert found.share[0] == pytest.approx(0, abs=1e-6)
    assert found.high[0] >= 2 / 400 / 0.8
