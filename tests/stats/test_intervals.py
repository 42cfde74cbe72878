"""Intervals: worked by hand, against a slow bootstrap, unmoved by order, and right about as often as they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rejoinder.stats import classification as scores
from rejoinder.stats.intervals import bootstrap, percentiles, resample, wilson


def conversations(rng: np.random.Generator, size: int) -> np.ndarray:
    """Confusion matrices (size, 2, 2) of conversations of 1 to 4 turns, each with its own mood and its own difficulty."""
    turns = rng.integers(1, 5, size)
    owner = np.repeat(np.arange(size), turns)
    mood, ease = rng.beta(2, 2, size), rng.beta(6, 2, size)
    gold = rng.random(owner.size) < mood[owner]
    guess = np.where(rng.random(owner.size) < ease[owner], gold, ~gold)
    return scores.clustered_confusion(gold, guess, owner, 2)


def test_wilson_of_known_examples() -> None:
    assert wilson(8, 10) == pytest.approx([0.4902, 0.9433], abs=5e-5)
    assert wilson(0, 10) == pytest.approx([0.0, 0.2775], abs=5e-5)
    assert wilson(0, 0).tolist() == [0.0, 1.0]


@given(st.integers(0, 50), st.integers(0, 50))
def test_wilson_is_symmetric_and_holds_the_share(hits: int, misses: int) -> None:
    low, high = wilson(hits, hits + misses)
    other_low, other_high = wilson(misses, hits + misses)
    assert (low, high) == pytest.approx((1 - other_high, 1 - other_low), abs=1e-12)
    assert low - 1e-12 <= hits / max(hits + misses, 1) <= high + 1e-12 or hits + misses == 0


def test_wilson_refuses_more_successes_than_trials() -> None:
    with pytest.raises(ValueError, match="between 0 and n"):
        wilson(3, 2)


def test_wilson_covers_what_it_promises() -> None:
    hits = np.random.default_rng(1).binomial(60, 0.2, 20_000)
    low, high = wilson(hits, 60)
    assert 0.93 <= np.mean((low <= 0.2) & (high >= 0.2)) <= 0.97


def test_pooled_resampling_has_the_distribution_of_drawing_clusters_one_by_one() -> None:
    matrices = conversations(np.random.default_rng(2), 60)
    slow_rng = np.random.default_rng(3)
    slow = np.array([scores.macro_f1(matrices[slow_rng.integers(60, size=60)].sum(axis=0)) for _ in range(4000)])
    fast = np.concatenate([scores.macro_f1(sums) for sums in resample(matrices, rng=np.random.default_rng(4), draws=4000)])
    assert fast.mean() == pytest.approx(slow.mean(), abs=0.004)
    assert fast.std() == pytest.approx(slow.std(), rel=0.06)
    assert percentiles(fast) == pytest.approx(percentiles(slow), abs=0.012)


@settings(max_examples=25)
@given(st.permutations(range(30)))
def test_the_order_of_clusters_does_not_matter(order: list[int]) -> None:
    matrices = conversations(np.random.default_rng(7), 30)
    one = bootstrap(matrices, scores.kappa, rng=np.random.default_rng(0), draws=50)
    other = bootstrap(matrices[order], scores.kappa, rng=np.random.default_rng(0), draws=50)
    assert one.tolist() == other.tolist()


def test_the_same_seed_gives_the_same_interval_and_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    matrices = conversations(np.random.default_rng(8), 40)
    whole = bootstrap(matrices, scores.f1, rng=np.random.default_rng(9), draws=200)
    monkeypatch.setattr("rejoinder.stats.intervals.CELLS_AT_ONCE", 300)
    assert bootstrap(matrices, scores.f1, rng=np.random.default_rng(9), draws=200).tolist() == whole.tolist()
    assert whole.shape == (2, 2)


def test_clusters_that_repeat_themselves_widen_the_interval() -> None:
    single = conversations(np.random.default_rng(10), 400)
    low, high = bootstrap(single, scores.accuracy, rng=np.random.default_rng(0), draws=400)
    wide_low, wide_high = bootstrap(single[:100] * 4, scores.accuracy, rng=np.random.default_rng(0), draws=400)
    assert (wide_high - wide_low) > 1.6 * (high - low)


def test_a_handful_of_clusters_has_no_interval() -> None:
    few = conversations(np.random.default_rng(0), 9)
    assert np.isnan(bootstrap(few, scores.accuracy, rng=np.random.default_rng(0))).all()
    assert bootstrap(few[:1], scores.f1, rng=np.random.default_rng(0)).shape == (2, 2)


def test_a_value_undefined_in_most_draws_has_no_interval() -> None:
    matrices = np.zeros((30, 3, 3), dtype=int)
    matrices[:, 0, 0], matrices[:, 1, 0] = 2, 1
    low, high = bootstrap(matrices, scores.precision, rng=np.random.default_rng(0), draws=50)
    assert low[0] == pytest.approx(2 / 3)
    assert np.isnan([low[1], high[1], low[2], high[2]]).all()


def test_no_cluster_cannot_be_resampled() -> None:
    with pytest.raises(ValueError, match="at least one cluster"):
        list(resample(np.zeros((0, 2, 2)), rng=np.random.default_rng(0), draws=3))


def test_the_clustered_bootstrap_covers_what_it_promises() -> None:
    def three(matrices: np.ndarray) -> np.ndarray:
        return np.stack([scores.accuracy(matrices), scores.macro_f1(matrices), scores.kappa(matrices)], axis=-1)

    rng = np.random.default_rng(11)
    truth = three(conversations(rng, 400_000).sum(axis=0))
    limits = np.stack([bootstrap(conversations(rng, 200), three, rng=rng, draws=400) for _ in range(800)])
    covered = ((limits[:, 0] <= truth) & (limits[:, 1] >= truth)).mean(axis=0)
    assert ((covered >= 0.93) & (covered <= 0.97)).all(), covered


def test_many_items_are_resampled_quickly_because_equal_clusters_are_pooled() -> None:
    matrices = conversations(np.random.default_rng(12), 40_000)
    assert len(np.unique(matrices, axis=0)) < 100
    low, high = bootstrap(matrices, scores.macro_f1, rng=np.random.default_rng(0), draws=2000)
    assert high - low < 0.02
