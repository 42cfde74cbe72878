"""A complaint that tells the answer to be in another language, against one that only mentions a language."""

from __future__ import annotations

import pytest

from rejoinder.preference.language_demand import languages_demanded
from tests.preference.planted import pairs, talk

ENGLISH = "Bread rises because yeast eats the sugar in the flour and gives off gas, which the dough holds in small bubbles."
FULLER = "The yeast in the dough feeds on sugar and makes gas. The gas stays in the dough, and so the loaf grows in warmth."


@pytest.mark.parametrize(
    ("complaint", "code"),
    [
        ("in Chinese", "zh"),
        ("No, in German please.", "de"),
        ("You did not answer in French", "fr"),
        ("That is not what I asked for, write it in Dutch.", "nl"),
        ("can you translate it into Turkish", "tr"),
        ("translate this text to Arabic: good morning", "ar"),
        ("can you speak Chinese", "zh"),
        ("use simple English", "en"),
        ("Nein, auf Deutsch bitte.", "de"),
        ("Kannst du das auf Deutsch schreiben?", "de"),
        ("No, en español, por favor", "es"),
        ("Écris-le en français s'il te plaît", "fr"),
        ("Em português, por favor", "pt"),
        ("rispondi in italiano", "it"),
        ("На русском, пожалуйста", "ru"),
        ("请你使用繁体中文", "zh"),
        ("请用英文写", "en"),
        ("日本語で答えてください", "ja"),
        ("한국어로 대답해 주세요", "ko"),
        ("بالعربية", "ar"),
        ("Türkçe yaz", "tr"),
        ("Napisz to po polsku", "pl"),
    ],
)
def test_an_instruction_names_the_language_of_the_answer(complaint: str, code: str) -> None:
    assert languages_demanded(complaint) == {code}


@pytest.mark.parametrize(
    "complaint",
    [
        "Wrong, I am learning Italian and this is too hard.",
        "I need more books in Italian",
        "No, I meant films in French cinema.",
        "Wrong: in Russian history that came first",
        "No, in Chinese, the word means horse",
        "No, in English literature",
        "How do I say that in Spanish?",
        "What is that in Chinese?",
        "I do not speak Italian",
        "do you speak Arabic?",
        "Write a script that plays Russian text aloud",
        "How can I write a chat bot in Portuguese?",
        "Conoces algunos cursos que estén en español?",
        "Mein Lieblingslied ist auf Deutsch.",
        "Wie sagt man das auf Deutsch?",
        "用英语怎么说",
        "write it in Python",
    ],
)
def test_a_language_that_is_only_mentioned_is_no_demand(complaint: str) -> None:
    assert languages_demanded(complaint) == frozenset()


@pytest.mark.parametrize(
    ("complaint", "dropped_by"),
    [("That is wrong, I asked in Italian class.", None), ("No, answer in Italian.", "ignores-feedback")],
)
def test_a_repair_in_the_old_language_falls_only_where_another_was_demanded(complaint: str, dropped_by: str | None) -> None:
    texts = ("Why does bread rise?", ENGLISH, complaint, FULLER, "Perfect, thanks!", "You're welcome.")
    (pair,) = pairs(talk(*texts, said={2: "NEG_CORRECTION", 3: "POS"}))
    assert pair.dropped_by == dropped_by
