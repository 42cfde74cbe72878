"""Languages told from words and from texts."""

from __future__ import annotations

import pytest

from rejoinder.language import detect_language, language_code


@pytest.mark.parametrize(
    ("word", "code"),
    [("English", "en"), ("CHINESE", "zh"), ("pt-BR", "pt"), ("zh_Hans", "zh"), ("deu", "de"), ("fil", "tl"), ("Elvish", None)],
)
def test_words_for_languages_become_codes(word: str, code: str | None) -> None:
    assert language_code(word) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("What is the capital of France?", "en"),
        ("thanks, try again", "en"),
        ("Schreibe bitte einen Brief an meinen Vermieter wegen der Heizung", "de"),
        ("¿Cómo puedo aprender a cocinar sin gastar mucho dinero?", "es"),
        ("Escreva uma redação sobre a importância da leitura", "pt"),
        ("Напиши стихотворение о весне", "ru"),
        ("不对，再试一次", "zh"),
        ("春の詩を書いてください", "ja"),
        ("봄에 대한 시를 써 주세요", "ko"),
        ("اكتب قصيدة عن الربيع من فضلك", "ar"),
        ("כתוב שיר על האביב", "he"),
        ("เขียนบทกวีเกี่ยวกับฤดูใบไม้ผลิ", "th"),
        ("```python\nprint('hola que tal')\n```\nWhy does this not work on my machine?", "en"),
        ("https://example.com/de/der/die/das", "und"),
        ("x = 1 + 2", "und"),
        ("", "und"),
    ],
)
def test_texts_are_told_apart(text: str, code: str) -> None:
    assert detect_language([text]) == code


def test_later_messages_help_where_the_first_is_short() -> None:
    assert detect_language(["1+1", "Pourquoi est-ce que tu ne réponds pas à ma question ?"]) == "fr"
