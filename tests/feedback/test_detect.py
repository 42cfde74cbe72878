"""The step that labels conversations: which turns are labelled, and about which response."""

from __future__ import annotations

import pickle

import pytest

from rejoinder.errors import UsageError
from rejoinder.feedback import DetectFeedback, situations
from rejoinder.identity import canonical_json
from rejoinder.records import AnnotatedConversation, Conversation, Message, Origin


def conversation(*texts: str) -> Conversation:
    """`u:` opens a user message, `a:` an answer."""
    roles = {"u": "user", "a": "assistant"}
    messages = tuple(Message(role=roles[text[0]], content=text[2:]) for text in texts)  # type: ignore[arg-type]
    return Conversation(id="c", source="test", origin=Origin(file="f", row=1), messages=messages)


def test_every_later_turn_with_a_response_before_it_is_labelled() -> None:
    (found,) = DetectFeedback()([conversation("u:hi", "a:hello", "u:no, shorter", "a:hey", "u:thanks")])
    assert [(f.turn, f.about) for f in found.feedback] == [(2, 1), (3, 2)]
    assert [f.polarity for f in found.feedback] == ["negative", "positive"]


def test_a_turn_without_any_response_before_it_is_not_labelled() -> None:
    (found,) = DetectFeedback()([conversation("u:hi", "u:hello?", "a:yes", "u:finally")])
    assert [(f.turn, f.about) for f in found.feedback] == [(3, 2)]


def test_feedback_after_an_unanswered_turn_is_about_the_last_response() -> None:
    (found,) = DetectFeedback()([conversation("u:sum 2 and 2", "a:5", "u:wrong", "u:it is 4")])
    assert [(f.turn, f.about) for f in found.feedback] == [(2, 1), (3, 1)]


def test_blank_answers_are_no_responses_and_blank_turns_are_neutral() -> None:
    (found,) = DetectFeedback()([conversation("u:hi", "a: ", "u:hello", "a:hello", "u: ")])
    assert [(f.turn, f.category) for f in found.feedback] == [(3, "NEU")]


def test_conversations_come_out_whole_and_in_order() -> None:
    batch = [conversation(f"u:question {n}", "a:answer", "u:thanks") for n in range(5)] + [
        conversation("u:alone"),
        conversation(),
    ]
    assert [found.conversation for found in DetectFeedback()(batch)] == batch  # type: ignore[union-attr]
    assert DetectFeedback()([]) == []


def test_later_turns_are_not_seen() -> None:
    short = conversation("u:tell a joke", "a:Why did the hen cross?", "u:hm")
    long = conversation("u:tell a joke", "a:Why did the hen cross?", "u:hm", "a:Sorry!", "u:that was wrong and bad")
    assert situations(long)[:1] == situations(short)


def test_the_step_names_its_weights_and_survives_pickling() -> None:
    step = DetectFeedback()
    assert pickle.loads(pickle.dumps(step)) == step
    assert step.weights in canonical_json(step).decode()
    (found,) = step([conversation("u:hi", "a:hello", "u:thanks")])
    assert step.weights in found.feedback[0].labeller


def test_other_weights_than_the_installed_ones_are_refused() -> None:
    with pytest.raises(UsageError, match="installed"):
        DetectFeedback(weights="0" * 32)([])


def test_a_withheld_answer_is_unknown_not_short() -> None:
    (hidden,) = situations(conversation("u:hi", "a:[response not published]", "u:again"))
    assert hidden.response is None


def test_a_quote_is_not_cut_at_a_dot_inside_a_name() -> None:
    said = "No, that is wrong, main.py still fails in line 3.5 of the listing."
    messages = (
        Message(role="user", content="Repair my script."),
        Message(role="assistant", content="I have repaired the script for you, it runs now."),
        Message(role="user", content=said),
    )
    chat = Conversation(id="c", source="t", origin=Origin(file="f", row=1), messages=messages)
    (annotated,) = DetectFeedback()([chat])
    assert isinstance(annotated, AnnotatedConversation)
    assert annotated.feedback[0].evidence == (said.strip("."),)
