"""Formats of one conversation per row, or spread over rows: what is said, by whom, when, and how it was judged."""

from __future__ import annotations

import json

import pytest

from rejoinder.errors import UsageError
from rejoinder.ingest.content import text_of
from rejoinder.ingest.draft import Unreadable
from rejoinder.ingest.readers import table_format
from tests.ingest.readers.format_samples import BY_NAME, EXAMPLES, SHARED, drafts_of, example, handed, rows_in, signals, words


def test_wildchat_keeps_toxicity_per_message_and_of_the_whole_with_one_pseudonym_per_user() -> None:
    first, second = example("wildchat.jsonl")
    assert [m.toxic for m in first.messages] == [False, False, True, False]
    assert (first.toxic, second.toxic) == (True, False)
    assert first.user == second.user
    assert str(first.user).startswith("user-")
    assert "5f1e0a" not in str(first.user)
    assert (first.id, first.model, first.language, first.time) == (
        "c0ffee01",
        "gpt-4-0314",
        "English",
        "2023-04-12T09:14:10+00:00",
    )


def test_another_browser_behind_the_same_address_is_another_user() -> None:
    row = rows_in(EXAMPLES / "wildchat.jsonl")[0]
    (draft,) = BY_NAME["wildchat"].read(row | {"header": {"user-agent": "Other/1.0"}}, {})
    assert draft.user != example("wildchat.jsonl")[0].user


def test_wildchat_before_addresses_were_published_has_no_users() -> None:
    (draft,) = example("wildchat_older.jsonl")
    assert (draft.id, draft.user, draft.toxic) == ("0ld5e7", None, False)


def test_lmsys_takes_toxicity_from_moderation() -> None:
    first, second = example("lmsys.jsonl")
    assert [m.toxic for m in first.messages] == [False, False, True, False]
    assert (first.toxic, second.toxic, second.language, second.time, second.user) == (True, False, "Spanish", None, None)


def test_a_moderation_list_of_another_length_judges_no_message() -> None:
    row = rows_in(EXAMPLES / "lmsys.jsonl")[0]
    (draft,) = BY_NAME["lmsys"].read(row | {"openai_moderation": row["openai_moderation"][:1]}, {})
    assert [m.toxic for m in draft.messages] == [None] * 4
    assert draft.toxic is None


def test_sharegpt_reads_every_speakers_tag_and_the_system_prompt() -> None:
    first, second, third = example("sharegpt.json")
    assert words(first)[0] == ("system", "Answer in one sentence.")
    assert [m.role for m in second.messages] == ["human", "function_call", "observation", "gpt"]
    assert [m.role for m in third.messages] == ["user", "bing"]


def test_openai_messages_keep_parts_calls_and_refusals() -> None:
    first, second = example("openai_messages.jsonl")
    assert [m.role for m in first.messages] == ["developer", "user", "assistant", "tool", "assistant"]
    assert first.messages[1].content[1]["type"] == "image_url"
    assert first.messages[2].tool_calls[0]["function"]["name"] == "look_up"
    assert (first.messages[3].name, first.user, first.model) == ("call_1", "u-7", "gpt-4o-mini")
    assert (second.messages[1].content, second.messages[1].finish_reason) == ("I can't help with that.", "refusal")


def test_logged_requests_are_joined_with_their_responses() -> None:
    chat, responses = example("openai_requests.jsonl")
    assert words(chat) == [("user", "Pick a name for a cat."), ("assistant", "Miso.")]
    assert (chat.messages[1].finish_reason, chat.messages[1].time, chat.user) == ("stop", 1735729200, "u-9")
    assert [a.content for a in chat.messages[1].alternatives] == ["Pickle the"]
    assert [m.role for m in responses.messages] == ["system", "user", "assistant"]
    assert responses.messages[2].content[0]["text"] == "Lima."


def test_a_stored_answer_without_its_request_is_unreadable() -> None:
    row = {"custom_id": "a", "response": {"body": {"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}}}
    with pytest.raises(Unreadable, match="no-request"):
        list(BY_NAME["openai-messages"].read(row, {}))


@pytest.mark.parametrize("number", [0, 1])
def test_preferences_become_a_vote_for_the_answer_and_against_its_alternative(number: int) -> None:
    draft = example("openai_preferences.jsonl")[number]
    assert signals(draft.messages[-1]) == [("vote", 1.0, None)]
    (rejected,) = draft.messages[-1].alternatives
    assert signals(rejected) == [("vote", -1.0, None)]
    assert [draft.messages[-1].content, rejected.content] in (["Hej!", "Hola!"], ["4", "5"])


def test_chatbotui_gives_one_conversation_per_entry_of_the_history() -> None:
    first, second = example("chatbotui.json")
    assert words(first)[0] == ("system", "You are a chess coach.")
    assert (first.id, first.model, len(first.messages)) == ("cb-1", "gpt-4", 5)
    assert [m.role for m in second.messages] == ["user", "assistant"]


class TestOpenTelemetry:
    def test_spans_of_one_conversation_are_joined_in_time_with_their_evaluations(self) -> None:
        (draft,) = example("otel_genai.jsonl")
        assert [(m.role, text_of(m.content)) for m in draft.messages] == [
            ("user", "Boil an egg?"),
            ("assistant", "20 minutes."),
            ("user", "That is far too long!"),
            ("assistant", "Sorry: 8 minutes."),
        ]
        assert (draft.id, draft.model, draft.messages[3].finish_reason) == ("cv-1", "gpt-4o", "stop")
        assert signals(draft.messages[1]) == [("score", 0.1, "correctness")]
        assert draft.messages[1].signals[0].text == "wrong"

    def test_one_otlp_message_may_hold_several_conversations(self) -> None:
        spans = rows_in(EXAMPLES / "otel_genai.jsonl")
        other = {"traceId": "tr9", "attributes": {"gen_ai": {"prompt": "Hi", "completion": "Ho"}, "input": {"value": "Hi"}}}
        message = {"resourceSpans": [{"scopeSpans": [{"spans": [*spans, other]}]}]}
        assert sorted(len(draft.messages) for draft in BY_NAME["otel"].read(message, {})) == [1, 4]

    def test_openinference_is_read_from_columns_and_from_keys_with_numbers(self) -> None:
        (draft,) = example("otel_openinference.jsonl")
        assert words(draft) == [
            ("user", "A rhyme for orange?"),
            ("assistant", "Door hinge."),
            ("user", "Ha, nice one!"),
            ("assistant", "Thank you."),
        ]
        assert (draft.id, draft.user, draft.model) == ("se-1", "us-1", "claude-3")


class TestWildFeedback:
    def test_a_pair_keeps_both_answers_with_their_votes(self) -> None:
        (draft,) = example("wildfeedback.json")
        assert [m.role for m in draft.messages] == ["human", "gpt", "human", "assistant"]
        assert draft.messages[3].content == "Try a party game such as charades."
        assert signals(draft.messages[3]) == [("vote", 1.0, None)]
        (rejected,) = draft.messages[3].alternatives
        assert (rejected.content, signals(rejected)) == ("Chess with five boards.", [("vote", -1.0, None)])

    def test_a_pair_about_the_last_answer_stands_beside_it(self) -> None:
        row = rows_in(EXAMPLES / "wildfeedback.json")[0]
        (draft,) = BY_NAME["wildfeedback"].read(row | {"conversations": row["conversations"][:2]}, {})
        assert [a.signals[0].value for a in draft.messages[1].alternatives] == [1.0, -1.0]

    def test_utterances_start_anew_where_the_id_is_zero(self) -> None:
        first, second = example("wildfeedback_utterances.json")
        assert [len(first.messages), len(second.messages)] == [4, 2]
        assert [m.role for m in first.messages] == ["User", "Agent", "User", "Agent"]
        assert signals(first.messages[2]) == [
            ("label", None, "Disatisfaction"),
            ("label", None, "State"),
            ("label", None, "Dissatisfaction-Justificiation"),
        ]
        assert [s.text for s in second.messages[0].signals] == ["Yes", "POSITIVE_CLOSURE", "thanks"]


class TestGold:
    def test_labels_lie_on_the_user_message_of_their_turn(self) -> None:
        first, second = example("gold.jsonl")
        assert signals(first.messages[2]) == [
            ("label", -1.0, "NEG_CORRECTION"),
            ("label", None, "FactualError"),
            ("label", 3.0, "confidence"),
        ]
        assert first.messages[2].signals[0].text == "4 is not a prime"
        assert signals(first.messages[4])[0] == ("label", 1.0, "POS")
        assert signals(second.messages[2])[0] == ("label", 0.0, "NEU")
        assert not any(m.signals for m in first.messages if m.role == "assistant")
        assert (first.language, second.language) == ("en", "fr")

    def test_copies_emojis_and_reviewers_scores_lie_on_the_message_that_they_judge(self) -> None:
        first, second = example("rated.jsonl")
        assert signals(first.messages[1]) == [("copy", 2.0, "selection")]
        assert signals(first.messages[3]) == [
            ("thumb", 1.0, "+1"),
            ("thumb", 1.0, "+1"),
            ("thumb", -1.0, "-1"),
            ("score", 0.75, "quality"),
            ("score", 0.0, "spam"),
            ("rating", 4.0, "overall_quality_user_1to5"),
        ]
        assert (first.messages[3].id, first.user, first.model, first.language) == ("mm4", "p9", "codellama", "en")
        assert words(second)[-1] == ("assistant", "A cat.")
        assert signals(second.messages[1].alternatives[0]) == [("vote", -1.0, None)]


def test_llm_logs_are_ordered_by_time_within_a_conversation() -> None:
    (draft,) = example("llm_logs.json")
    assert words(draft) == [
        ("system", "You name shops."),
        ("user", "A name for a bakery"),
        ("assistant", "The Bakery."),
        ("user", "too dull, more puns"),
        ("assistant", "Loaf Actually."),
    ]
    assert (draft.id, draft.title, draft.time) == ("lc", "Bakery names", "2025-01-01T10:00:00")


class TestTable:
    def test_exchanges_of_one_conversation_are_joined_in_time(self) -> None:
        columns = {"user": "prompt", "assistant": "answer", "conversation": "session", "time": "ts", "rating": "stars"}
        form = table_format(columns)
        first, second = [
            draft for row in handed(form, rows_in(EXAMPLES / "table_exchanges.csv")) for draft in form.read(row, {})
        ]
        assert [m.role for m in first.messages] == ["user", "assistant"] * 2
        assert [signals(m) for m in first.messages if m.role == "assistant"] == [
            [("rating", 1.0, "stars")],
            [("rating", 5.0, "stars")],
        ]
        assert (first.id, first.time, words(second)) == ("s1", "2025-01-01T10:00:00", [("user", "Hi"), ("assistant", "Hello")])

    def test_messages_of_one_conversation_are_joined(self) -> None:
        columns = {"role": "who", "content": "text", "conversation": "chat", "time": "when", "model": "m"}
        form = table_format(columns)
        (draft,) = [d for row in handed(form, rows_in(EXAMPLES / "table_messages.csv")) for d in form.read(row, {})]
        assert [m.role for m in draft.messages] == ["customer", "bot", "customer"]
        assert (draft.model, draft.messages[1].model) == ("gpt-4o", "gpt-4o")

    def test_a_column_of_messages_is_a_conversation_per_row(self) -> None:
        form = table_format({"messages": "chat", "conversation": "id"})
        assert form.group is None
        row = {"id": "x", "chat": json.dumps([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}])}
        (draft,) = form.read(row, {})
        assert (draft.id, words(draft)) == ("x", [("user", "hi"), ("assistant", "ho")])

    def test_a_missing_column_is_named_with_the_columns_that_there_are(self) -> None:
        form = table_format({"user": "prompt", "assistant": "reply"})
        with pytest.raises(Unreadable) as caught:
            list(form.read({"prompt": "a", "answer": "b"}, {}))
        assert caught.value.reason == "missing-column"
        assert caught.value.detail == "No column `reply` (for assistant); the columns there are: `answer`, `prompt`."

    @pytest.mark.parametrize(
        ("columns", "complaint"),
        [
            ({"question": "q"}, "'question' is none of"),
            ({"assistant": "a"}, "needs user=COLUMN"),
            ({"role": "r", "content": "c"}, "needs conversation=COLUMN"),
        ],
    )
    def test_a_map_that_says_too_little_is_refused(self, columns: dict[str, str], complaint: str) -> None:
        with pytest.raises(UsageError, match=complaint):
            table_format(columns)

    @pytest.mark.parametrize(
        ("said", "value"),
        [
            *(
                (word, 1.0)
                for word in ("👍", "👍🏽", "❤️", "✅", "yes", "Y", "Like", "thumbs_up", "good", "correct", "1", "+1", 1, True)
            ),
            *(
                (word, -1.0)
                for word in ("👎", "👎🏿👎🏿", "❌", "no", "N", "dislike", "Thumbs Down", "bad", "not helpful", "-1", -1.0)
            ),
        ],
    )
    def test_a_thumb_is_read_in_the_usual_words_and_signs(self, said: object, value: float) -> None:
        form = table_format({"user": "q", "assistant": "a", "thumb": "t"})
        (draft,) = form.read({"q": "hi", "a": "ho", "t": said}, {})
        assert signals(draft.messages[1]) == [("thumb", value, None)]
        assert draft.messages[1].repairs == ()

    @pytest.mark.parametrize("said", ["maybe", "né", "👍👎", "да", 0, "0", {"x": 1}])
    def test_a_thumb_that_is_not_understood_is_logged(self, said: object) -> None:
        form = table_format({"user": "q", "assistant": "a", "thumb": "t"})
        (draft,) = form.read({"q": "hi", "a": "ho", "t": said}, {})
        assert draft.messages[1].signals == ()
        assert draft.messages[1].repairs == (f"thumb {said!r} -> none",)

    @pytest.mark.parametrize("said", [None, "", "N/A", "none", "neutral", "-", float("nan")])
    def test_no_thumb_is_no_riddle(self, said: object) -> None:
        form = table_format({"user": "q", "assistant": "a", "thumb": "t"})
        (draft,) = form.read({"q": "hi", "a": "ho", "t": said}, {})
        assert (draft.messages[1].signals, draft.messages[1].repairs) == ((), ())

    def test_stars_in_the_thumbs_column_are_a_rating_and_a_rating_in_words_is_logged(self) -> None:
        form = table_format({"user": "q", "assistant": "a", "thumb": "t", "rating": "r"})
        (draft,) = form.read({"q": "hi", "a": "ho", "t": "2", "r": "two"}, {})
        assert signals(draft.messages[1]) == [("rating", 2.0, None)]
        assert draft.messages[1].repairs == ("thumb '2' -> none", "rating 'two' -> none")

    def test_without_a_map_the_columns_are_listed(self) -> None:
        with pytest.raises(Unreadable, match="`a`, `b`"):
            list(BY_NAME["table"].read({"b": 1, "a": 2}, {}))


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not on this machine")
class TestPublishedSets:
    def test_realhumaneval_copies(self) -> None:
        path = SHARED / "realhumaneval/conversations.jsonl"
        expected = sum(
            1
            for row in rows_in(path)
            for marks in row["labels"]["turns"]
            if marks and (marks["copied_from_response"] or marks["n_copy_events"])
        )
        found = [s for d in drafts_of(path, "gold") for m in d.messages if m.role == "assistant" for s in m.signals]
        assert expected > 0
        assert [s.kind for s in found] == ["copy"] * expected

    def test_every_gold_label_is_kept(self) -> None:
        rows = rows_in(SHARED / "gold/dev.jsonl")
        found = [s for d in drafts_of(SHARED / "gold/dev.jsonl", "gold") for m in d.messages for s in m.signals]
        assert sum(s.origin == "feedback.label" for s in found) == sum(len(row["feedback"]) for row in rows)

    def test_langfuse_session(self) -> None:
        (draft,) = drafts_of(SHARED / "export_formats/langfuse_session_with_scores.constructed.json", "langfuse")
        assert [m.role for m in draft.messages] == ["user", "assistant"] * 2
        assert signals(draft.messages[1]) == [("score", 0.0, "user-feedback")]


def test_a_thumb_that_stands_on_the_message_is_kept_on_it() -> None:
    said = [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": "Yes.", "feedback": {"rating": "thumbsDown"}},
    ]
    (draft,) = BY_NAME["openai-messages"].read({"messages": said}, {})
    assert [(s.kind, s.value) for s in draft.messages[1].signals] == [("thumb", -1.0)]
    assert draft.messages[0].signals == ()


@pytest.mark.parametrize(("verdict", "repairs"), [("shrug", ("feedback 'shrug' -> none",)), ("up", ()), (4, ()), ("n/a", ())])
def test_a_judgement_on_a_message_that_nobody_understands_is_logged(verdict: object, repairs: tuple[str, ...]) -> None:
    said = [{"role": "user", "content": "Soup?"}, {"role": "assistant", "content": "Leek.", "feedback": {"rating": verdict}}]
    (draft,) = BY_NAME["openai-messages"].read({"messages": said}, {})
    assert draft.messages[1].repairs == repairs


def test_the_name_of_a_user_is_not_what_the_user_said() -> None:
    with pytest.raises(Unreadable, match="No messages"):
        list(BY_NAME["openai-messages"].read({"id": "1", "user": "user-11", "model": "m"}, {}))
    (draft,) = BY_NAME["openai-messages"].read({"user": "What is rust?", "assistant": "Iron oxide."}, {})
    assert words(draft) == [("user", "What is rust?"), ("assistant", "Iron oxide.")]
