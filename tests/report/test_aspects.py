"""Known kinds of complaint: invented complaints of several languages, each told by its words, and none told without."""

from __future__ import annotations

import pytest

from rejoinder.report.aspects import aspects, assign


def name_of(evidence: str, turn: str = "", category: str = "NEG_AWARE") -> str | None:
    found = assign(evidence, turn or evidence, category)
    return aspects()[found.aspect].name if found else None


@pytest.mark.parametrize(
    ("said", "aspect"),
    [
        ("This is far too long for a tweet", "too-long"),
        ("Viel zu lang!", "too-long"),
        ("太长了，请缩短", "too-long"),
        ("Please go into more detail", "too-short"),
        ("Можно поподробнее?", "too-short"),
        ("ValueError: need two values", "error"),
        ("The script doesn’t work on my laptop", "error"),
        ("NO FUNCIONA con mi impresora", "error"),
        ("コードが動かない", "error"),
        ("Your answer was cut off after step 4", "cut-off"),
        ("You refuse for no reason", "refused"),
        ("Not in English, please", "language"),
        ("Auf Deutsch bitte", "language"),
        ("Put it as a table", "format"),
        ("The tone is too stiff for my aunt", "tone"),
        ("That price list is outdated", "out-of-date"),
        ("You gave me the same answer", "repeated"),
        ("Are you sure about the ferry?", "sources"),
        ("Tem certeza?", "sources"),
        ("Je n'ai pas compris la troisième phrase", "unclear"),
        ("That's not what I asked", "missed"),
        ("Ты не ответила на вопрос", "missed"),
        ("I told you to use only three colours", "instruction"),
        ("You forgot the dessert", "left-out"),
        ("No, that's wrong", "wrong"),
        ("Das ist falsch", "wrong"),
        ("這個答案不對", "wrong"),
        ("nope", "rejected"),
        ("None of these is a comedy, suggest others", "wrong"),
        ("这些都不是喜剧片，请重新推荐", "wrong"),
        ("Ninguno de estos es una comedia, otra vez", "wrong"),
        ("Keiner davon ist eine Komödie, nochmal bitte", "wrong"),
        ("I didn't ask for a soup, I want a salad", "missed"),
        ("لم أطلب حساء، أريد سلطة", "missed"),
        ("No te pedí una sopa, quiero una ensalada", "missed"),
        ("Я не просила суп", "missed"),
        ("No me gusta, suena demasiado serio", "tone"),
        ("I don't like it, it sounds like a robot", "tone"),
        ("我不喜欢，听起来太严肃了，重写", "tone"),
        ("Nadal nie działa", "error"),
        ("Nadal nie dziala", "error"),
        ("Makine çalışmıyor", "error"),
        ("मुझे सलाद चाहिए।", "instruction"),
    ],
)
def test_a_complaint_is_told_by_its_words(said, aspect):
    assert name_of(said) == aspect


def test_what_holds_no_cue_has_no_aspect():
    assert name_of("The ferry leaves from pier four") is None
    assert name_of("") is None


def test_a_request_made_again_is_told_by_its_category():
    assert name_of("Which ferries leave after nine?", category="NEG_REPHRASE") == "again"
    assert name_of("Write a poem in English with bullet points", category="NEG_REPHRASE") == "again"
    assert name_of("Which ferries leave after nine?", category="NEG_CLARIFY") is None


def test_the_evidence_decides_before_the_rest_of_the_turn():
    assert name_of("much too long", "I get an error, and it is much too long") == "too-long"
    assert name_of("hm", "hm. I get an error") == "error"


def test_a_gap_stays_within_its_sentence():
    assert name_of("es funktioniert bei mir nicht") == "error"
    assert name_of("es funktioniert. Bei mir nicht") is None


def test_sentences_end_and_questions_ask_in_other_scripts_too():
    assert name_of("पक्का। यह काम करता है") == "sources"
    assert name_of("es funktioniert। bei mir nicht") is None
    assert name_of("sicher؟") == name_of("sicher?") == "sources"


def test_going_on_is_a_cue_only_where_nothing_else_is_said():
    assert name_of("Continue") == "cut-off"
    assert name_of("Continua dando erro") == "error"


def test_who_disliked_it_may_have_said_why_and_the_title_says_no_more_than_the_words_tell():
    (rejected,) = [one for one in aspects() if one.name == "rejected"]
    assert name_of("I don't like it, my aunt would blush") == "rejected"
    assert rejected.title == "Rejected, or asked to try again"


def test_a_word_is_whole_and_accents_do_not_matter():
    assert name_of("the bugle plays") is None
    assert name_of("mas corto por favor") == name_of("más corto por favor") == "too-long"
