"""Themes of complaints: known kinds first, then the same words come together, again and again in the same way."""

from __future__ import annotations

import pytest

from rejoinder.report.tally import tally
from rejoinder.report.themes import cluster
from tests.report.logs import sources, talk

BROKEN = ["the code does not compile", "it does not compile at all", "still does not compile", "does not compile with gcc"]
FRENCH = ["write it in French please", "I asked for French", "again, in French", "French, not English"]
SHORTER = ["much too long, shorten it", "this is too long", "make it shorter, too long", "far too long for a tweet"]

BOAT = ["the boat sails at noon", "our boat sails at dusk", "that boat sails with cargo", "one boat sails from the pier"]


def test_complaints_with_the_same_words_form_one_theme():
    texts = [f"{text} {i}" for i, text in enumerate((BROKEN + FRENCH + SHORTER) * 4)]
    found = cluster(texts, seed=0)
    groups = [{i % 12 // 4 for i in one.members} for one in found]
    assert sorted(map(tuple, groups)) == [(0,), (1,), (2,)]
    assert {"french", "compile"} <= {word.split()[-1] for one in found for word in one.words}


def test_the_same_complaints_give_the_same_themes():
    texts = (BROKEN + FRENCH + SHORTER) * 5
    assert cluster(texts, seed=3) == cluster(texts, seed=3)


def test_complaints_that_share_no_word_have_no_theme():
    assert cluster([f"{chr(97 + i)}word{chr(97 + i)}" for i in range(20)], seed=0) == []


def test_few_complaints_are_quoted_one_by_one(tmp_path):
    talks = [talk(f"c{i}", [("Ask", "Answer"), (f"Wrong number {i}", "Sorry")], ["NEG_AWARE"]) for i in range(14)]
    found = tally(sources(tmp_path, talks), tmp_path / "report").themes
    assert (found.problem, found.negatives, len(found.themes), len(found.quotes)) == ("too-few-complaints", 14, 0, 6)
    assert found.quotes[0].evidence.startswith("Wrong number")
    assert (found.quotes[0].request, found.quotes[0].response) == ("Ask", "Answer")


def themes_of(tmp_path, words, label="NEG_AWARE"):
    talks = [talk(f"c{i}", [("Ask", "Answer"), (text, "Sorry")], [label]) for i, text in enumerate(words)]
    return tally(sources(tmp_path, talks), tmp_path / "report").themes


def test_themes_and_other_complaints_make_up_the_sample(tmp_path):
    words = (BROKEN + FRENCH + SHORTER + BOAT) * 3
    found = themes_of(tmp_path, words)
    assert found.problem is None
    assert sum(one.share.count for one in found.themes) + found.scattered == found.sampled == found.negatives == len(words)
    assert found.by_cue + found.by_category + found.by_words + found.scattered == found.sampled
    assert all(1 <= len(one.quotes) <= 3 for one in found.themes)


def test_known_kinds_come_before_groups_by_words(tmp_path):
    found = themes_of(tmp_path, (BROKEN + FRENCH + SHORTER) * 3 + BOAT * 5)
    assert [(one.name, one.share.count) for one in found.themes[:3]] == [("error", 12), ("too-long", 12), ("language", 12)]
    by_words = found.themes[3:]
    assert by_words
    assert all(not one.name and "boat" in " ".join(one.quotes[0].evidence.split()) for one in by_words)
    assert found.by_cue == 36
    assert found.by_words == sum(one.share.count for one in by_words) > 10


def test_the_share_of_a_theme_is_of_all_complaints_looked_at_with_its_interval(tmp_path):
    found = themes_of(tmp_path, SHORTER * 3 + ["The pier has four cranes"] * 8)
    shown = found.themes[0]
    assert (shown.title, shown.share.count, shown.share.n, shown.share.share) == ("Too long or too much", 12, 20, 0.6)
    assert (shown.share.low, shown.share.high) == pytest.approx((0.3866, 0.7812), abs=1e-4)


def test_what_was_told_by_its_category_alone_is_counted_apart(tmp_path):
    found = themes_of(tmp_path, ["Which ferries leave after nine?"] * 10 + SHORTER * 2, "NEG_REPHRASE")
    again = next(one for one in found.themes if one.name == "again")
    assert (again.by_category, found.by_category, found.by_cue) == (again.share.count, again.share.count, 0)


def test_unspaced_scripts_have_themes_too():
    texts = [
        "代码运行错误",
        "运行错误还是错误",
        "又是运行错误",
        "运行错误没有解决",
        "答案太长了",
        "太长了请缩短",
        "还是太长了",
        "太长了不要",
    ] * 4
    assert len(cluster(texts, seed=0)) >= 2
