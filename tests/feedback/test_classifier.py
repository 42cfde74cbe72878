"""The classifier as it ships: probabilities, quotes, hostile texts, and a hard set of invented turns."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rejoinder import taxonomies
from rejoinder.feedback import LABELS, Situation, classify, load_card
from rejoinder.feedback.classifier import load_model
from rejoinder.feedback.model import calibrated
from tests.feedback.hard_set import CASES

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=120)


def situation(
    follow_up: str, request: str = "write a poem about the sea", response: str | None = "The sea is wide."
) -> Situation:
    return Situation(2, 1, follow_up, (request,), response)


def polarity(category: str) -> str:
    return taxonomies.load("user-feedback").polarity(category)


def test_categories_stand_in_the_order_of_the_taxonomy() -> None:
    assert taxonomies.load("user-feedback").names == LABELS


def test_the_weights_are_the_ones_that_the_card_names() -> None:
    assert load_model().fingerprint() == load_card()["fingerprint"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT, st.none() | ANY_TEXT), min_size=1, max_size=5))
def test_any_text_gets_probabilities_that_sum_to_one_and_quotes_from_itself(texts: list[tuple[str, str, str | None]]) -> None:
    asked = [situation(*text) for text in texts]
    for given_, verdict in zip(asked, classify(asked), strict=True):
        assert sum(verdict.probabilities) == pytest.approx(1, abs=1e-5)
        assert all(0 <= p <= 1 for p in verdict.probabilities)
        assert 0 <= verdict.probability <= 1
        assert all(quote and quote in given_.follow_up for quote in verdict.evidence)
        assert (verdict.category == "NEU") == (not verdict.evidence)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "x" * 100_000,
        "no " * 30_000,
        "\ud800\udfff",
        "\u202eشكرا",
        "👎🏽",
        "?" * 500,
        "\x00",
        "a\u0301" * 999,
        "{{}}",
        "```",
    ],
    ids=range(12),
)
def test_hostile_texts_are_labelled_like_any_other(text: str) -> None:
    for response in (None, "", text):
        (verdict,) = classify([Situation(2, 1, text, (text,), response)])
        assert sum(verdict.probabilities) == pytest.approx(1, abs=1e-5)
        assert all(quote in text for quote in verdict.evidence)


def test_a_blank_turn_says_nothing_for_certain() -> None:
    (verdict,) = classify([situation(" \n")])
    assert (verdict.category, verdict.probability, verdict.evidence) == ("NEU", 1.0, ())


def test_a_turn_is_judged_alike_alone_and_in_a_batch() -> None:
    asked = [situation(follow_up, request, response) for request, response, follow_up, _ in CASES]
    assert classify(asked) == [verdict for one in asked for verdict in classify([one])]
    assert classify(asked) == classify(asked)


def test_the_stated_probability_is_that_of_the_polarity() -> None:
    for verdict in classify([situation(follow_up) for _, _, follow_up, _ in CASES]):
        sides = {
            "positive": verdict.probabilities[0],
            "negative": sum(verdict.probabilities[1:5]),
            "neutral": verdict.probabilities[5],
        }
        assert verdict.probability == pytest.approx(sides[polarity(verdict.category)], abs=1e-5)


def test_repeating_the_request_raises_the_probability_of_a_repetition() -> None:
    again, other = classify([situation("Write a poem about the sea!"), situation("What do whales eat?")])
    place = LABELS.index("NEG_REPHRASE")
    assert again.probabilities[place] > 5 * other.probabilities[place]


def test_calibration_keeps_the_order_of_scores() -> None:
    setting = load_model().calibration
    assert setting[0] > 0
    scores = np.zeros((50, 6))
    scores[:, 1] = np.linspace(-6, 6, 50)
    assert (np.diff(calibrated(scores, setting)[:, 1]) > 0).all()


def test_the_hard_set_is_mostly_understood() -> None:
    verdicts = classify([situation(follow_up, request, response) for request, response, follow_up, _ in CASES])
    wrong = [(case[2], case[3], v.category) for case, v in zip(CASES, verdicts, strict=True) if polarity(v.category) != case[3]]
    assert len(wrong) <= len(CASES) * 0.2, wrong


def test_the_card_says_what_the_report_needs() -> None:
    card = load_card()
    assert 0 < card["pair_threshold"] < 1
    assert 0 < card["good_threshold"] < 1
    tables = {name: np.array(card["confusion"][name]) for name in ("all", "en", "non_en")}
    assert all(table.shape == (6, 6) for table in tables.values())
    assert (tables["en"] + tables["non_en"] == tables["all"]).all()
    assert tables["all"].sum() == card["out_of_fold_on"]["n"]
    assert sum(card["trained_on"]["by_source"].values()) == card["trained_on"]["n"]


def test_nothing_that_ships_is_a_pickle() -> None:
    from importlib.resources import files  # noqa: PLC0415 - only this test looks into the folder

    stored = [entry for entry in (files("rejoinder.feedback") / "weights").iterdir() if entry.is_file()]
    assert sum(len(entry.read_bytes()) for entry in stored) < 15_000_000
    for entry in stored:
        assert entry.name.endswith((".npy", ".json"))
        with pytest.raises((pickle.UnpicklingError, ValueError, KeyError, IndexError, EOFError)):
            pickle.loads(entry.read_bytes())
