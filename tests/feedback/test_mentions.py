"""Words of error and blame that are meant for something else are no complaint, and praise needs no thank-you to be praise."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rejoinder import taxonomies
from rejoinder.feedback import Situation, classify, load_card
from rejoinder.feedback.gold import read_corpus
from tests.feedback.mention_set import MENTIONS, PRAISE, phrases

CORPUS = Path(__file__).parents[2] / "corpus"


def measured(block: str) -> tuple[dict[str, float], int, int]:
    """Share understood of each polarity, and how many surely pass for a complaint or for praise and are none."""
    asked = phrases(block)
    verdicts = classify([Situation(2, 1, said, (request,), response) for _, _, request, response, said in asked])
    taxonomy, card = taxonomies.load("user-feedback"), load_card()
    right: Counter[str] = Counter()
    bad = good = 0
    for (_, wanted, *_), verdict in zip(asked, verdicts, strict=True):
        right[wanted] += taxonomy.polarity(verdict.category) == wanted
        bad += wanted != "negative" and sum(verdict.probabilities[1:5]) >= card["pair_threshold"]
        good += wanted != "positive" and verdict.probabilities[0] >= card["good_threshold"]
    of = Counter(wanted for _, wanted, *_ in asked)
    return {wanted: right[wanted] / count for wanted, count in of.items()}, bad, good


def test_the_corpus_holds_none_of_these_phrases() -> None:
    said = {
        message.content.strip().lower()
        for name in ("mentions.txt", "praise.txt", "short_en.txt", "short_languages.txt")
        for labelled in read_corpus(CORPUS / name)
        for message in labelled.conversation.messages
        if message.role == "user"
    }
    assert len(said) > 2000
    held_out = [phrase.strip().lower() for block in (MENTIONS, PRAISE) for *_, phrase in phrases(block)]
    assert len(held_out) > 150
    assert not [phrase for phrase in held_out if phrase in said]


def test_mentioned_errors_and_quoted_complaints_are_no_complaints_and_the_same_words_meant_are() -> None:
    shares, bad, good = measured(MENTIONS)
    assert shares["neutral"] > 0.85, shares
    assert shares["negative"] > 0.7, shares
    assert bad <= 2
    assert good == 0


def test_praise_without_thanks_is_praise_in_eighteen_languages_and_a_short_complaint_is_none() -> None:
    shares, bad, good = measured(PRAISE)
    assert shares["positive"] > 0.6, shares
    assert shares["negative"] > 0.8, shares
    assert shares["neutral"] > 0.9, shares
    assert bad + good <= 3
