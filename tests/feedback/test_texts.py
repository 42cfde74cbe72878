"""Texts as arrays: normalising, words, n-grams."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rejoinder.feedback.texts import Texts, counted, without_digits

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


def hashes(*strings: str) -> list[list[int]]:
    words = Texts.of(strings).words()
    return [words.hashes[words.owner == number].tolist() for number in range(len(strings))]


def test_case_accents_width_and_apostrophes_are_levelled() -> None:
    first, second, third = hashes("DON’T Café ＡＢＣ", "dont cafe abc", "do not cafe abc")
    assert first == second
    assert first != third


def test_scripts_without_spaces_count_each_character_as_a_word() -> None:
    assert [len(words) for words in hashes("不对", "ขอบคุณ", "мир да")] == [2, 5, 2]


def test_digits_can_be_made_alike_and_are_told_apart_otherwise() -> None:
    texts = Texts.of(["12 + 7", "34 + 9"])
    apart, alike = texts.words().hashes, without_digits(texts).words().hashes
    assert apart[0] != apart[3]
    assert alike[:3].tolist() == alike[3:].tolist()


@given(st.lists(ANY_TEXT, min_size=1, max_size=6))
def test_a_text_has_the_same_features_alone_and_in_company(strings: list[str]) -> None:
    together = Texts.of(strings)
    for number, string in enumerate(strings):
        alone = Texts.of([string])
        assert alone.codes.tolist() == together.codes[together.owner == number].tolist()
        words = together.words()
        assert alone.words().hashes.tolist() == words.hashes[words.owner == number].tolist()
        for (single, _), (grams, owner) in zip(alone.grams(2, 5), together.grams(2, 5), strict=True):
            assert single.tolist() == grams[owner == number].tolist()


@given(ANY_TEXT)
def test_every_code_point_knows_its_place_in_the_string(string: str) -> None:
    texts = Texts.of([string])
    inside = texts.place[texts.place >= 0]
    assert inside.tolist() == sorted(set(inside.tolist()))
    assert inside.max(initial=0) < max(len(string), 1)


def test_counting_ignores_the_order_of_rows() -> None:
    values, owner = np.array([5, 9, 5], dtype=np.uint64) << np.uint64(50), np.array([1, 0, 1])
    assert counted(values, owner, 2, 18).toarray().sum(axis=1).tolist() == [1, 2]
