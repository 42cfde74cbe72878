"""Plain short feedback (praise, complaints, emoji, sarcasm, many languages) is understood in words that training never saw."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rejoinder import taxonomies
from rejoinder.feedback import Situation, classify, load_card
from rejoinder.feedback.classifier import Verdict
from rejoinder.feedback.gold import read_corpus
from tests.feedback.plain_set import phrases

CORPUS = Path(__file__).parents[2] / "corpus"


def judged(said: str, response: str = "Put the egg in boiling water for ten minutes, then cool it.") -> Verdict:
    (verdict,) = classify([Situation(2, 1, said, ("How do I boil an egg?",), response)])
    return verdict


def polarity(verdict: Verdict) -> str:
    return taxonomies.load("user-feedback").polarity(verdict.category)


def test_the_corpus_holds_none_of_these_phrases() -> None:
    said = {
        message.content.strip().lower()
        for path in CORPUS.glob("*.txt")
        for labelled in read_corpus(path)
        for message in labelled.conversation.messages
        if message.role == "user"
    }
    assert len(said) > 3000
    assert not [phrase for *_, phrase in phrases() if phrase.strip().lower() in said]


def test_most_plain_feedback_is_understood_in_english_and_elsewhere() -> None:
    asked = phrases()
    verdicts = classify([Situation(2, 1, said, (request,), response) for _, _, request, response, said in asked])
    right: Counter[tuple[bool, str]] = Counter()
    for (language, wanted, *_), verdict in zip(asked, verdicts, strict=True):
        right[language == "en", wanted] += polarity(verdict) == wanted
    of = Counter((language == "en", wanted) for language, wanted, *_ in asked)
    shares = {key: right[key] / count for key, count in of.items()}
    assert min(shares.values()) > 0.7, shares
    assert sum(right.values()) > 0.8 * len(asked), shares


@pytest.mark.parametrize("said", ["Not bad!", "not bad at all", "No, that is fine, thanks", "no complaints, good work", "👍"])
def test_praise_that_denies_what_is_bad_is_never_surely_a_complaint(said: str) -> None:
    verdict = judged(said)
    assert polarity(verdict) == "positive"
    assert sum(verdict.probabilities[1:5]) < load_card()["pair_threshold"]


@pytest.mark.parametrize(
    "said", ["thanks for nothing", "great, it broke everything", "No, thanks", "write a thank you note to my boss", "👎"]
)
def test_thanks_and_praise_that_are_none_are_never_surely_praise(said: str) -> None:
    verdict = judged(said)
    assert polarity(verdict) != "positive"
    assert verdict.probabilities[0] < load_card()["good_threshold"]


@pytest.mark.parametrize(
    "said",
    ["Nej, det är fel", "Ei, väärin", "Ne, to je špatně", "Nem, ez rossz", "Όχι, λάθος", "Nu, e greșit"],
)
def test_a_plain_no_is_a_complaint_in_languages_that_no_real_turn_spoke(said: str) -> None:
    assert polarity(judged(said)) == "negative"
