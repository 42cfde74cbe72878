"""Drafts as odd as logs are, and what is kept of them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from rejoinder.ingest.content import text_of
from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.normalise import normalise
from rejoinder.ingest.times import seconds
from rejoinder.records import Alternative, Conversation, Origin, Signal

ORIGIN = Origin(file="log.jsonl", row=1)


def made(*messages: DraftMessage, **fields: Any) -> Conversation:
    return normalise(Draft(messages=list(messages), **fields), "test", ORIGIN, detect=False)


def test_messages_stay_in_order_and_one_to_one() -> None:
    said = [
        ("assistant", "Hi"),
        ("user", "a"),
        ("user", "b"),
        ("system", "x"),
        ("assistant", ""),
        ("assistant", "c"),
        ("user", "d"),
    ]
    conversation = made(*(DraftMessage(role, content) for role, content in said))
    assert [(m.role, m.content) for m in conversation.messages] == said
    assert conversation.repairs == ()


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("human", "user"),
        ("Human", "user"),
        ("prompter", "user"),
        ("gpt", "assistant"),
        ("<|assistant|>", "assistant"),
        ("MODEL", "assistant"),
        ("developer", "system"),
        ("function", "tool"),
        ("narrator", "tool"),
    ],
)
def test_a_word_for_a_speaker_becomes_a_role_and_is_logged(word: str, role: str) -> None:
    conversation = made(DraftMessage("user", "Hi"), DraftMessage(word, "text"))
    assert conversation.messages[1].role == role
    assert conversation.repairs == (f"roles: {word} -> {role}",)


def test_a_null_content_is_empty_and_logged() -> None:
    conversation = made(DraftMessage("user", "Hi"), DraftMessage("assistant", None))
    assert conversation.messages[1].content == ""
    assert conversation.repairs == ("message 2: content null -> empty",)


def test_parts_become_text_and_stand_unchanged_beside_it() -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:x"}},
        "And that?",
        {"type": "tool_use", "name": "look"},
    ]
    message = made(DraftMessage("user", parts)).messages[0]
    assert message.content == "What is this?\n[image]\nAnd that?"
    assert json.loads(message.parts or "") == parts
    assert json.loads(message.tool_calls or "") == [parts[3]]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"content_type": "text", "parts": ["a", "", "b"]}, "a\nb"),
        ([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yes"}], "yes"),
        ([{"text": "gemini"}, {"inline_data": {"data": "..."}}], "gemini\n[image]"),
        ([{"type": "tool_result", "content": [{"type": "text", "text": "42"}]}], "42"),
        ([{"type": "refusal", "refusal": "I cannot"}], "I cannot"),
        ([{"type": "mystery", "blob_id": 7}], "[mystery]"),
        ({"answer": 3}, '{"answer":3}'),
        (3.5, "3.5"),
        ([], ""),
    ],
)
def test_content_of_every_shape_has_a_text(content: Any, text: str) -> None:
    assert text_of(content) == text


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>two plus two</think>Four.", "<think>two plus two</think>", "Four."),
        ("\n<think>\na\n\nb\ud800\x00\n</think>\n\n Four. ", "\n<think>\na\n\nb\ud800\x00\n</think>\n\n ", "Four. "),
        ("<thinking>hm</thinking>\nFour </think>", "<thinking>hm</thinking>\n", "Four </think>"),
        ("<think></think>\n\nFour, <think>not five</think>.", "<think></think>\n\n", "Four, <think>not five</think>."),
    ],
)
def test_what_a_model_thought_before_its_answer_is_a_part_and_nothing_is_lost(text: str, thought: str, answer: str) -> None:
    conversation = made(DraftMessage("user", "2+2?"), DraftMessage("gpt", text))
    said = conversation.messages[1]
    parts = json.loads(said.parts or "")
    assert said.content == answer
    assert parts == [{"type": "thinking", "text": thought}, {"type": "text", "text": answer}]
    assert "".join(part["text"] for part in parts) == text
    tag = thought.strip().split(">")[0] + ">"
    assert conversation.repairs == (f"message 2: leading {tag} block -> parts", "roles: gpt -> assistant")


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("user", "<think>as a user</think>2+2?"),
        ("system", "<think>first</think>Be brief."),
        ("assistant", "Write <think>so</think> in front."),
        ("assistant", "<think>never closed. Four."),
        ("assistant", "<think>never answered</think>\n"),
        ("assistant", "<thinker>x</thinker>Four."),
        ("assistant", "<think>one</thinking>Four."),
    ],
)
def test_a_tag_that_is_no_thought_before_an_answer_is_left_alone(role: str, text: str) -> None:
    conversation = made(DraftMessage("user", "2+2?"), DraftMessage(role, text))
    assert (conversation.messages[1].content, conversation.messages[1].parts, conversation.repairs) == (text, None, ())


def test_thoughts_in_the_text_of_parts_leave_the_text_and_the_parts_stay_as_they_were() -> None:
    parts = [{"type": "text", "text": "<think>hm</think>\nFour."}, {"type": "image_url", "image_url": {"url": "data:x"}}]
    conversation = made(DraftMessage("user", "2+2?"), DraftMessage("assistant", parts))
    assert conversation.messages[1].content == "Four.\n[image]"
    assert json.loads(conversation.messages[1].parts or "") == parts
    assert conversation.repairs == ("message 2: content parts -> text", "message 2: leading <think> block -> parts")


def test_the_thoughts_of_an_answer_that_was_not_chosen_stand_in_the_log() -> None:
    siblings = (Alternative(content="Five."), Alternative(content='<think>"six"?\n</think>\nSix.'))
    conversation = made(DraftMessage("user", "2+2?"), DraftMessage("assistant", "Four.", alternatives=siblings))
    assert [sibling.content for sibling in conversation.messages[1].alternatives] == ["Five.", "Six."]
    (line,) = conversation.repairs
    place, kept = line.removesuffix(" -> none").split(": ", 2)[1:]
    assert (place, json.loads(kept)) == ("alternative 2", '<think>"six"?\n</think>\n')


def test_the_call_of_a_tool_is_not_an_answer() -> None:
    call = made(DraftMessage("human", "2+2?"), DraftMessage("function_call", '{"name": "add"}')).messages[1]
    assert (call.role, call.content, call.tool_calls) == ("assistant", "", '{"name": "add"}')


def test_characters_that_cannot_be_stored_are_logged_with_their_places() -> None:
    sibling = Alternative(content="a\ud800", signals=(Signal(kind="comment", text="\x00no"),))
    conversation = made(DraftMessage("user", "é\x00b\ud83dc\x00", alternatives=(sibling,)), user="\udfff")
    assert conversation.messages[0].content == "é\ufffdb\ufffdc\ufffd"
    assert conversation.repairs == ("message 1: U+0000 at 1,5 -> U+FFFD", "message 1: U+D83D at 3 -> U+FFFD")
    assert conversation.messages[0].alternatives[0].content == "a\ufffd"
    assert conversation.messages[0].alternatives[0].signals[0].text == "\ufffdno"
    assert conversation.user == "\ufffd"


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1_700_000_000, 1_700_000_000.0),
        (1_700_000_000.25, 1_700_000_000.25),
        (1_700_000_000_250, 1_700_000_000.25),
        (1_700_000_000_250_000, 1_700_000_000.25),
        ("1700000000", 1_700_000_000.0),
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14T22:13:20", 1_700_000_000.0),
        ("2023-11-14 22:13:20 UTC", 1_700_000_000.0),
        ("2023-11-14T23:13:20.123456789+01:00", 1_700_000_000.123456),
        (datetime.datetime(2023, 11, 14, 22, 13, 20), 1_700_000_000.0),
        (datetime.date(2023, 11, 14), 1_699_920_000.0),
        ("20240105", 1_704_412_800.0),
        (20240105, 1_704_412_800.0),
        (20240105.0, 1_704_412_800.0),
        ("20240105T100000Z", 1_704_448_800.0),
        (20241305, None),
        (19000101, None),
        (18991231, 18_991_231.0),
        ("2024/01/05", 1_704_412_800.0),
        ("2024/01/05 10:00", 1_704_448_800.0),
        ("2024/1/5 9:30:15.5", 1_704_447_015.5),
        ("2024/01/05 10:00 UTC", 1_704_448_800.0),
        ("2024/13/05 10:00", None),
        ("05/01/2024 10:00", None),
        ("yesterday", None),
        (float("nan"), None),
        (-5, None),
        (True, None),
        (10**30, None),
        ({}, None),
    ],
)
def test_times_become_seconds(value: Any, moment: float | None) -> None:
    assert seconds(value) == moment


def test_a_time_that_is_none_is_logged() -> None:
    conversation = made(DraftMessage("user", "Hi", time="yesterday"), DraftMessage("assistant", "Hi", time=1_700_000_000))
    assert (conversation.time, conversation.messages[0].time) == (1_700_000_000.0, None)
    assert conversation.repairs == ("message 1: time 'yesterday' -> none",)


def test_a_conversation_without_an_id_is_named_by_its_content() -> None:
    first, again, other = (made(DraftMessage("user", text)) for text in ("Hi", "Hi", "Ho"))
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "no-messages"),
        ([DraftMessage(None, "Hi")], "no-role"),
        ([DraftMessage("assistant", "Hi")], "no-user-message"),
        ([DraftMessage("user", "  "), DraftMessage("assistant", "")], "no-text"),
    ],
)
def test_what_cannot_be_a_conversation_says_why(messages: list[DraftMessage], reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        normalise(Draft(messages=messages), "test", ORIGIN)
    assert caught.value.reason == reason


def test_a_question_without_an_answer_is_a_conversation() -> None:
    assert made(DraftMessage("user", "Anyone there?")).turns[0].response is None


@pytest.mark.parametrize(("word", "code"), [("English", "en"), ("zh-CN", "zh"), ("Klingon", None), (None, None)])
def test_the_language_of_the_log_is_kept_as_a_code(word: str | None, code: str | None) -> None:
    assert made(DraftMessage("user", "Hallo"), language=word).language == code
