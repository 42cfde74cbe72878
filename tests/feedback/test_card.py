"""The model card on paper says what the card that ships says."""

from __future__ import annotations

from pathlib import Path

from rejoinder.feedback import LABELS, load_card

PAGE = (Path(__file__).parents[2] / "docs" / "classifier.md").read_text("utf-8")


def test_the_page_names_the_weights_and_the_thresholds() -> None:
    card = load_card()
    assert card["fingerprint"] in PAGE
    assert f"P(negative) >= {card['pair_threshold']}" in PAGE
    assert f"P(positive) >= {card['good_threshold']}" in PAGE


def test_the_page_counts_what_was_trained_on() -> None:
    trained = load_card()["trained_on"]
    assert f"{trained['n']:,} labelled turns, {trained['real']:,} of them real" in PAGE
    for label, count in trained["by_label"].items():
        assert f"{label} {count:,}" in PAGE


def test_the_page_shows_the_confusion() -> None:
    for label, row in zip(LABELS, load_card()["confusion"]["all"], strict=True):
        assert f"| {label} | " + " | ".join(str(count) for count in row) + " |" in PAGE


def test_the_page_names_every_rubric_that_is_given() -> None:
    assert all(f"`{rubric}`" in PAGE for rubric in load_card()["rubrics"])
