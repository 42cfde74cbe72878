"""Repairs whose beginning answers the complaint are told from those that answer the request, and one answer makes one pair."""

from __future__ import annotations

import pytest

from rejoinder.preference import phrases
from rejoinder.preference.answers_complaint import AnswersComplaint, _asks_yes_or_no
from rejoinder.records import PreferenceExample
from tests.preference.planted import ASK, BAD, GOOD, THANKS, WRONG, kept, mined, pairs, talk


def repair(request: str, bad: str, complaint: str, good: str) -> PreferenceExample:
    """The pair of a conversation in which `good` follows the complaint about `bad` and is praised, as this gate sees it."""
    said = talk(request, bad, complaint, good, THANKS, "Bye.", said={2: "NEG_CORRECTION", 3: "POS"})
    (pair,) = (e for e in mined(said, gates=(AnswersComplaint(),)) if e.kind == "pair")
    return pair


CONFIRMED = [
    ("What is the capital of Australia?", "Yes, Canberra is the capital of the country."),
    ("Name the capital of Australia.", "That's right, it is Canberra and not Sydney."),
    ("How do you feel about Canberra?", "No, I have nothing at all against the town."),
    ("Was ist die Hauptstadt von Australien?", "Richtig, Canberra ist die Hauptstadt."),
    ("Nenne mir die Hauptstadt von Australien.", "Genau, es ist Canberra."),
    ("Quelle est la capitale de l'Australie ?", "Exact, c'est Canberra."),
    ("¿Cuál es la capital de Australia?", "Exacto, es Canberra."),
    ("Qual é a capital da Austrália?", "Isso mesmo, é Canberra."),
    ("Qual è la capitale dell'Australia?", "Esatto, è Canberra."),
    ("Wat is de hoofdstad van Australië?", "Klopt, het is Canberra."),
    ("Какая столица Австралии?", "Да, это Канберра."),
    ("Яка столиця Австралії?", "Так, це Канберра."),
    ("Jaka jest stolica Australii?", "Tak, to Canberra."),
    ("Jaké je hlavní město Austrálie?", "Ano, je to Canberra."),
    ("Vad heter Australiens huvudstad?", "Precis, det är Canberra."),
    ("Hvad er Australiens hovedstad?", "Ja, det er Canberra."),
    ("Mikä on Australian pääkaupunki?", "Kyllä, se on Canberra."),
    ("Mi Ausztrália fővárosa?", "Igen, Canberra."),
    ("Care este capitala Australiei?", "Da, este Canberra."),
    ("Avustralya'nın başkenti neresi?", "Evet, Canberra."),
    ("Ποια είναι η πρωτεύουσα της Αυστραλίας;", "Σωστά, είναι η Καμπέρα."),
    ("ما هي عاصمة أستراليا؟", "نعم، كانبرا."),
    ("מהי בירת אוסטרליה?", "נכון, קנברה."),
    ("澳大利亚的首都是哪里？", "是的，堪培拉。"),
    ("オーストラリアの首都はどこですか？", "はい、キャンベラです。"),
    ("호주의 수도는 어디야?", "네, 캔버라입니다."),
]


@pytest.mark.parametrize(("request_", "good"), CONFIRMED)
def test_a_confirmation_is_no_answer_to_an_open_question_or_a_task(request_: str, good: str) -> None:
    assert repair(request_, "Sydney! Sydney! Sydney!", "?? Canberra", good).dropped_by == "answers-complaint"


@pytest.mark.parametrize(
    ("request_", "good"),
    [
        ("Is Canberra the capital of Australia?", "Yes, it is the capital."),
        ("Hello! can you sort a list without a library", "Yes, you can do it with two loops."),
        ("Canberra is the capital, right?", "Exactly, it is."),
        ("Tell me whether Canberra is the capital.", "No, Sydney is."),
        ("Ist Canberra die Hauptstadt?", "Ja, das ist sie."),
        ("Sag mir, ob Canberra die Hauptstadt ist.", "Ja, das ist sie."),
        ("Canberra est-elle la capitale ?", "Oui, depuis 1913."),
        ("¿Es Canberra la capital?", "Sí, lo es desde 1913."),
        ("Czy Canberra jest stolicą?", "Tak, od 1913 roku."),
        ("堪培拉是首都吗", "是的，堪培拉是首都。"),
        ("キャンベラは首都ですか", "はい、首都です。"),
        ("캔버라가 수도인가요", "네, 수도입니다."),
        ("What is the capital of Australia?", "No one knows it, but it is Canberra."),
        ("What is the capital of Australia?", "Canberra. Yes, really."),
    ],
)
def test_an_asked_for_yes_or_no_stays(request_: str, good: str) -> None:
    assert repair(request_, "Sydney! Sydney! Sydney!", "??", good).dropped_by is None


def test_marks_in_a_request_are_no_question() -> None:
    assert not _asks_yes_or_no("what would be the pattern that matches ., ?, and !")
    assert not _asks_yes_or_no("What is it called? I mean the town.")
    assert _asks_yes_or_no("I need help. Is it a town?")


PASTED = "I get this now: NameError: name 'total_rows' is not defined"
DIAGNOSES = [
    "The error message says that a name is not known. Define it first.",
    "This warning can be ignored for now, and it will go away later.",
    "It looks like you are using an old interpreter. Update it.",
    "The issue is that the loop starts at one and not at zero.",
    "Die Fehlermeldung besagt, dass ein Name fehlt.",
    "L'erreur vient de la boucle.",
    "El mensaje de error dice que falta un nombre.",
    "Ошибка возникает из-за цикла.",
    "这个错误是因为循环从一开始。",
    "このエラーは、ループが原因です。",
    "이 오류는 반복문 때문입니다.",
]


@pytest.mark.parametrize("good", DIAGNOSES)
def test_a_diagnosis_needs_a_prompt_that_shows_a_fault(good: str) -> None:
    assert repair("Write a loop over the rows.", "for row in rows: print(row)", "??", good).dropped_by == "answers-complaint"
    assert repair(f"Repair it: {PASTED}, Fehler, エラー", "for row in rows: print(row)", "??", good).dropped_by is None


@pytest.mark.parametrize(
    "good",
    [
        "Oh, I see. You need a town that is smaller than that one.",
        "In that case it would be Canberra, I suppose.",
        "Instead of using Sydney, you can say Canberra.",
        "Glad you like it! Shall I write another one?",
    ],
)
def test_what_reacts_to_news_is_no_first_answer(good: str) -> None:
    assert repair("Name a town in Australia.", BAD, "??", good).dropped_by == "answers-complaint"


def test_words_for_a_new_version_need_something_that_stood_before() -> None:
    good = "You can modify the code slightly so that it prints each factor once."
    (pair,) = pairs(talk("Factorise 12.", BAD, "??", good, THANKS, "Bye.", said={2: "NEG_AWARE", 3: "POS"}))
    assert (pair.dropped_by, pair.reason) == (
        "answers-complaint",
        "The chosen answer speaks to a later message: it begins with “modify the code”, and nothing stands before the prompt.",
    )
    later = ("Hello.", "Hello!", "Factorise 12.", BAD, "??", good, THANKS, "Bye.")
    (kept_,) = pairs(talk(*later, said={3: "NEG_AWARE", 4: "POS"}))
    assert kept_.dropped_by is None


def test_code_that_only_the_complaint_names_is_seen_in_any_language() -> None:
    pair = repair("行を数えてください。", "行を数えます：len(rows)", PASTED, "`total_rows` を先に定義してください。")
    assert pair.dropped_by == "answers-complaint"
    assert "“total_rows”" in str(pair.reason)
    known = repair("Count with total_rows.", "len(rows)", PASTED, "Define `total_rows` first: it is the number of all rows.")
    assert known.dropped_by is None, "the prompt names it too"
    late = "Count them one after the other. " * 8 + "`total_rows` is then the number."
    assert repair("Count the rows.", late.replace("_", ""), PASTED, late).dropped_by is None, "not in the beginning"


def test_a_beginning_made_of_the_complaints_words_answers_the_complaint() -> None:
    complaint = "And how many people paint wooden boats in winter there?"
    good = "Hardly any people paint wooden boats in winter."
    assert repair(ASK, BAD, complaint, good).dropped_by == "answers-complaint"
    assert repair(ASK, BAD, complaint, GOOD).dropped_by is None


def test_the_right_figure_or_word_after_a_correction_is_no_answer_to_the_complaint() -> None:
    right = "It was founded in 1913, and it lies between two larger towns."
    assert repair("When was Canberra founded?", right.replace("1913", "1927"), "No! In 1913.", right).dropped_by is None
    assert repair(ASK, BAD, "No, it is Canberra.", "The capital is Canberra.").dropped_by is None


def test_in_a_run_of_complaints_only_the_nearest_failed_answer_makes_a_pair() -> None:
    worse = "It is Melbourne, I would say, since it was the seat of the government once."
    run = talk(
        ASK, BAD, WRONG, worse, "No, not Melbourne.", GOOD, THANKS, "Bye.", said={2: "NEG_AWARE", 3: "NEG_AWARE", 4: "POS"}
    )
    (pair,) = pairs(run)
    assert (pair.rejected, pair.chosen, pair.provenance.rejected_turn) == (worse, GOOD, 2)
    assert [m.content for m in pair.context] == [ASK, BAD, WRONG]
    bad = [e.rejected for e in kept(mined(run), "unpaired") if e.rejected]
    assert bad == [BAD, worse], "both stay bad examples"


def test_a_doubt_after_the_failed_answer_leaves_no_pair_for_what_answers_the_doubt() -> None:
    run = talk(
        ASK,
        BAD,
        WRONG,
        GOOD,
        "Are you sure?",
        GOOD + " I am.",
        THANKS,
        "Bye.",
        said={2: "NEG_AWARE", 3: "NEG_CLARIFY", 4: "POS"},
    )
    assert pairs(run) == []


@pytest.mark.parametrize("group", ["confirmation", "reaction", "diagnosis", "revision", "fault", "yes-or-no", "open-question"])
def test_every_pattern_can_be_read_and_matches_no_empty_text(group: str) -> None:
    assert phrases.find(group, "") is None
    assert phrases.find(group, " \n ") is None
