"""Calibration: worked by hand, against a slow version, and unmoved by the order of the items."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rejoinder.stats import calibration
from rejoinder.stats.intervals import bootstrap

items = st.lists(st.tuples(st.sampled_from([0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.99]), st.booleans()), min_size=1, max_size=60)


def test_hand_worked_error_of_two_bins() -> None:
    confidence, correct = [0.5, 0.5, 0.9, 0.9], [True, False, True, False]
    assert calibration.calibration_error(confidence, correct, bins=2) == pytest.approx(0.5 * 0.0 + 0.5 * 0.4)


def test_the_reliability_table_shows_promise_and_truth_side_by_side() -> None:
    table = calibration.reliability([0.5, 0.6, 0.9, 0.8], [True, False, True, True], bins=2)
    assert [(row.n, row.low, row.high) for row in table] == [(2, 0.5, 0.6), (2, 0.8, 0.9)]
    assert [row.confidence for row in table] == pytest.approx([0.55, 0.85])
    assert [row.accuracy for row in table] == [0.5, 1.0]


def test_bins_hold_equal_counts_where_nothing_ties() -> None:
    bins = calibration.equal_mass_bins(np.linspace(0, 1, 100), 10)
    assert np.bincount(bins).tolist() == [10] * 10


def test_equal_confidences_stay_together() -> None:
    assert len(set(calibration.equal_mass_bins([0.7] * 9 + [0.9], 5)[:9].tolist())) == 1


@given(items, st.integers(1, 6))
def test_the_error_is_the_weighted_gap_of_its_table(pairs: list[tuple[float, bool]], bins: int) -> None:
    confidence, correct = zip(*pairs, strict=True)
    table = calibration.reliability(confidence, correct, bins)
    slow = sum(row.n / len(pairs) * abs(row.confidence - row.accuracy) for row in table)
    assert calibration.calibration_error(confidence, correct, bins) == pytest.approx(slow)


@given(items, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(pairs: list[tuple[float, bool]], random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    before = calibration.calibration_error(*zip(*pairs, strict=True), bins=4)
    assert calibration.calibration_error(*zip(*shuffled, strict=True), bins=4) == pytest.approx(before)


def test_honest_probabilities_have_a_small_error_and_boasting_ones_a_large_one() -> None:
    rng = np.random.default_rng(5)
    confidence = rng.uniform(0.4, 1.0, 20_000)
    correct = rng.random(20_000) < confidence
    assert calibration.calibration_error(confidence, correct) < 0.02
    assert calibration.calibration_error(np.minimum(confidence + 0.2, 1.0), correct) == pytest.approx(0.17, abs=0.02)


def test_the_error_has_an_interval_from_its_sums() -> None:
    rng = np.random.default_rng(6)
    confidence = rng.uniform(0.4, 1.0, 500)
    sums = calibration.bin_sums(confidence, rng.random(500) < confidence - 0.15)
    low, high = bootstrap(sums, calibration.error_of_sums, rng=rng, draws=300)
    assert low < calibration.error_of_sums(sums.sum(axis=0)) < high
    assert low > 0.05


def test_hand_worked_brier_score() -> None:
    assert calibration.brier([[0.8, 0.2], [0.4, 0.6]], [0, 0]) == pytest.approx((0.04 + 0.04 + 0.36 + 0.36) / 2)
    assert calibration.brier([[1.0, 0.0]], [0]) == 0


def test_no_items_give_no_number() -> None:
    assert np.isnan(calibration.calibration_error([], []))
    assert np.isnan(calibration.brier(np.zeros((0, 3)), []))
    assert calibration.reliability([], []) == []
