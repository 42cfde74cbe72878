"""Gates and what users plainly asked for: a small repair is a repair, and a detector's word on harm counts."""

from __future__ import annotations

import msgspec
import pytest

from rejoinder.checks import compile_item
from rejoinder.preference import AssembleExamples, MinePreferences
from rejoinder.records import AnnotatedConversation, PreferenceExample, Response, Sample
from tests.preference.planted import kept, mined, pairs, talk

LONG = (
    "Feed the starter with equal parts of flour and water. Keep it in the fridge if you bake once a week. "
    "Stir it well so that no dry flour is left. Leave the lid loose so that the gas can escape."
)
LISTED = "\n".join(f"- {sentence.strip()}." for sentence in LONG.split(".") if sentence.strip())
GERMAN = "Füttere den Sauerteig mit gleichen Teilen Mehl und Wasser. Lass den Deckel locker, damit das Gas entweichen kann."


def repaired(before: str, complaint: str, after: str) -> PreferenceExample:
    texts = ("How do I keep a sourdough starter?", before, complaint, after, "Perfect, thanks!", "You're welcome.")
    (pair,) = pairs(talk(*texts, said={2: "NEG_CORRECTION", 3: "POS"}))
    return pair


@pytest.mark.parametrize(
    ("before", "complaint", "after"),
    [
        (LONG, "No, as bullet points please.", LISTED),
        (LISTED, "I said no bullet points.", LONG),
        (LONG, 'It has to end with "Good luck!"', f"{LONG} Good luck!"),
        (LONG.replace("Stir", "Basically, stir"), 'Write it again and avoid "basically".', LONG),
    ],
)
def test_a_small_repair_is_kept_where_it_is_what_was_asked_for(before: str, complaint: str, after: str) -> None:
    assert repaired(before, complaint, after).dropped_by is None


def test_a_small_change_that_nobody_asked_for_is_dropped_as_before() -> None:
    assert repaired(LONG, "That is wrong.", f"{LONG} Good luck!").dropped_by == "near-identical"


def test_a_pair_of_equal_answers_is_dropped_whatever_was_asked_for() -> None:
    assert repaired(LONG, "As bullet points please.", LONG).dropped_by == "near-identical"


def test_no_with_a_comma_does_not_negate_what_follows() -> None:
    wanted, unwanted = compile_item("No, as bullet points please."), compile_item("No bullet points please.")
    assert wanted is not None
    assert unwanted is not None
    assert (wanted.negated, unwanted.negated) == (False, True)


def flagged() -> AnnotatedConversation:
    """Praise of an answer to a request that only the detector calls unsafe, with its flag."""
    told = talk(
        "And what would I need for the last step of that?",
        "A long rope and a quiet hour.",
        "Great, thank you!",
        "You're welcome.",
        said={2: "POS"},
    )
    return msgspec.structs.replace(told, feedback=tuple(msgspec.structs.replace(f, unsafe=True) for f in told.feedback))


def test_praise_of_what_the_detector_calls_unsafe_is_nothing_to_learn() -> None:
    rows = mined(flagged())
    assert rows
    assert {row.dropped_by for row in rows} == {"unsafe-praise"}


def test_the_same_praise_is_learnt_where_nobody_looked() -> None:
    told = flagged()
    unseen = tuple(msgspec.structs.replace(f, unsafe=None) for f in told.feedback)
    assert kept(MinePreferences()([msgspec.structs.replace(told, feedback=unseen)]))


def test_a_flag_on_a_later_request_does_not_taint_an_earlier_answer() -> None:
    told = talk(
        "How do I boil eggs?", "Nine minutes.", "Great, thank you! And now harm.", "No.", "ok", "Fine.", said={2: "POS"}
    )
    first, second = told.feedback
    rows = mined(msgspec.structs.replace(told, feedback=(first, msgspec.structs.replace(second, unsafe=True))))
    assert {row.dropped_by for row in rows} == {None}


def test_an_answer_in_the_language_of_the_checklist_is_no_switch_in_an_on_policy_pair() -> None:
    texts = ("How do I keep a sourdough starter?", LONG, "I want that in German.", LONG)
    told = talk(*texts, said={2: "NEG_CORRECTION"})
    responses = (
        Response(method="logged", writer="log", text=LONG),
        Response(method="preferences", writer="policy", text=GERMAN),
        Response(method="scratch", writer="policy", text=LONG),
    )
    sample = Sample(
        id="s", conversation=told.conversation, about=1, subset="negative", feedback=told.feedback[0], responses=responses
    )
    rows = AssembleExamples(("on-policy",))([sample])
    assert {row.dropped_by for row in rows} == {"judge"}  # nobody has judged; no gate before it minds
