"""Exports that keep a tree: the right branch, what stood beside it, and signals on the message that they judge."""

from __future__ import annotations

import json

import pytest

from rejoinder.ingest.content import text_of
from rejoinder.ingest.draft import Unreadable
from rejoinder.ingest.normalise import normalise
from rejoinder.records import Origin
from tests.ingest.readers.format_samples import BY_NAME, EXAMPLES, SHARED, by_id, drafts_of, example, signals, words

FOLDER = EXAMPLES / "chatgpt_export"
SIDECARS = {path.name: json.loads(path.read_text()) for path in FOLDER.glob("*.json") if path.name != "conversations.json"}


def soup(**sidecars: object):
    return example("chatgpt_export/conversations.json", **sidecars)[0]


class TestChatGPT:
    def test_follows_current_node_and_hides_what_the_person_never_saw(self) -> None:
        draft = soup()
        assert [(m.role, text_of(m.content)) for m in draft.messages] == [
            ("user", "A soup idea without tomatoes?"),
            ("tool", "Leek and potato soup, 30 minutes"),
            ("assistant", "Leek and potato soup."),
            ("user", "Lovely. And for dessert?"),
            ("assistant", "Baked pears."),
        ]
        assert (draft.id, draft.title, draft.model, draft.time) == ("chat-soup", "Soup", "gpt-5", 1755000000.5)

    def test_thoughts_and_calls_stay_on_the_answer_that_they_led_to(self) -> None:
        answer = by_id(soup(), "a1")
        assert answer.content[0]["type"] == "thinking"
        assert text_of(answer.content) == "Leek and potato soup."
        assert answer.tool_calls == [{"type": "function", "function": {"name": "browser", "arguments": "search('leek soup')"}}]
        assert answer.finish_reason == "stop"

    def test_a_regenerated_answer_stays_beside_the_one_that_was_kept(self) -> None:
        (sibling,) = by_id(soup(), "a1").alternatives
        assert (sibling.content, sibling.model, sibling.id) == ("Gazpacho!", "gpt-4o", "a1-first")

    def test_the_earlier_wording_of_a_request_stays_beside_it(self) -> None:
        (sibling,) = by_id(soup(), "u1").alternatives
        assert (sibling.content, sibling.id) == ("Soup idea?", "u1-old")
        assert all(not m.alternatives for m in soup().messages if m.id not in ("u1", "a1"))

    def test_feedback_lies_on_the_message_that_it_names(self) -> None:
        draft = soup(**SIDECARS)
        assert signals(by_id(draft, "a2")) == [("thumb", 1.0, None)]
        assert signals(by_id(draft, "a1")) == [("vote", 1.0, "new")]
        (sibling,) = by_id(draft, "a1").alternatives
        assert signals(sibling) == [
            ("thumb", -1.0, "not-helpful, false"),
            ("comment", None, "not-helpful, false"),
            ("vote", -1.0, "new"),
        ]
        assert sibling.signals[1].text == "Gazpacho is made of tomatoes"
        assert sum(len(m.signals) for m in draft.messages) == 2

    def test_feedback_on_another_conversation_is_not_taken(self) -> None:
        rows = [{"id": "a2", "conversation_id": "chat-other", "rating": "thumbs_up"}]
        assert not any(m.signals for m in soup(**{"message_feedback.json": rows}).messages)

    def test_a_circle_ends(self) -> None:
        loop = example("chatgpt_export/conversations.json")[1]
        assert sorted(words(loop)) == [("assistant", "It is."), ("user", "Is this a circle?")]

    @pytest.mark.parametrize("leaf", [None, "nowhere", 7])
    def test_without_a_usable_current_node_the_newest_leaf_is_followed(self, leaf: object) -> None:
        row = json.loads((FOLDER / "conversations.json").read_text())[0] | {"current_node": leaf}
        (draft,) = BY_NAME["chatgpt-export"].read(row, {})
        assert draft.messages[-1].content == "Baked pears."

    def test_a_missing_parent_starts_the_conversation(self) -> None:
        row = json.loads((FOLDER / "conversations.json").read_text())[0]
        del row["mapping"]["a1"]
        (draft,) = BY_NAME["chatgpt-export"].read(row, {})
        assert words(draft) == [("user", "Lovely. And for dessert?"), ("assistant", "Baked pears.")]

    def test_a_conversation_without_a_tree_is_unreadable(self) -> None:
        with pytest.raises(Unreadable, match="no-messages"):
            list(BY_NAME["chatgpt-export"].read({"mapping": {}}, {}))


class TestOpenWebUI:
    def test_other_models_answers_and_their_ratings_stand_beside_the_current_branch(self) -> None:
        (draft,) = example("open_webui_chats.json")
        assert [m.id for m in draft.messages] == ["w1", "w2b", "w3", "w4"]
        (sibling,) = draft.messages[1].alternatives
        assert (sibling.content, sibling.model) == ("A sequoia.", "llama3.1:latest")
        assert signals(sibling) == [
            ("thumb", -1.0, "inaccurate"),
            ("comment", None, "inaccurate"),
            ("rating", 2.0, "inaccurate"),
        ]
        assert signals(draft.messages[3]) == [("thumb", 1.0, "accurate_information")]
        assert (draft.user, draft.model, draft.time) == ("u1", "qwen2.5:7b", 1700000000)

    def test_folded_reasoning_is_kept_out_of_the_text(self) -> None:
        (draft,) = example("open_webui_chats.json")
        assert text_of(draft.messages[3].content).strip() == "In autumn."
        assert "roots" in draft.messages[3].content[0]["text"]


class TestOpenWebUIFeedback:
    def test_an_arena_vote_is_won_by_the_rated_and_lost_by_its_sibling(self) -> None:
        draft = example("open_webui_feedback.json")[0]
        answer = draft.messages[1]
        assert answer.content == "The moon pulls the sea a little."
        assert signals(answer) == [
            ("vote", 1.0, "model-b"),
            ("thumb", 1.0, "followed_instructions"),
            ("comment", None, "followed_instructions"),
            ("rating", 9.0, "followed_instructions"),
        ]
        (sibling,) = answer.alternatives
        assert (sibling.model, signals(sibling)) == ("model-a", [("vote", -1.0, None)])

    def test_ratings_are_read_as_words_and_numbers_alike(self) -> None:
        draft = example("open_webui_feedback.json")[1]
        assert signals(draft.messages[1]) == [("thumb", -1.0, "not_factually_correct")]

    def test_a_rating_without_data_keeps_its_conversation(self) -> None:
        draft = example("open_webui_feedback.json")[2]
        assert words(draft) == [("user", "Ping"), ("assistant", "Pong")]
        assert not any(m.signals for m in draft.messages)

    def test_two_ratings_of_one_chat_make_one_conversation(self) -> None:
        first = json.loads((EXAMPLES / "open_webui_feedback.json").read_text())[0]
        second = first | {"id": "fb-9", "data": {"rating": -1}, "meta": {"chat_id": "fw-1", "message_id": "f2a"}}
        form = BY_NAME["open-webui-feedback"]
        assert form.group is not None
        assert form.group(first) == form.group(second) == ("chat fw-1", 1700001020.0)
        (draft,) = form.read({"rows": [first, second]}, {})
        assert signals(draft.messages[1].alternatives[0]) == [("vote", -1.0, None), ("thumb", -1.0, None)]

    def test_a_rating_that_names_no_message_is_placed_by_its_index(self) -> None:
        row = json.loads((EXAMPLES / "open_webui_feedback.json").read_text())[1]
        row["meta"] = {"chat_id": "fw-2", "message_index": 2}
        (draft,) = BY_NAME["open-webui-feedback"].read(row, {})
        assert signals(draft.messages[1]) == [("thumb", -1.0, "not_factually_correct")]

    def test_a_rating_on_another_branch_is_read_on_that_branch(self) -> None:
        row = json.loads((EXAMPLES / "open_webui_feedback.json").read_text())[1]
        tree = row["snapshot"]["chat"]["chat"]["history"]["messages"]
        tree["g0"] = {"id": "g0", "parentId": None, "role": "user", "content": "Spell it.", "timestamp": 1}
        tree["g00"] = {"id": "g00", "parentId": "g0", "role": "assistant", "content": "it", "timestamp": 2}
        row["meta"]["message_id"] = "g00"
        whole, other = BY_NAME["open-webui-feedback"].read(row, {})
        assert [m.content for m in whole.messages] == ["Spell 'necessary'.", "neccessary"]
        assert (whole.id, other.id) == ("fw-2", "fw-2#g00")
        assert [(m.content, signals(m)) for m in other.messages] == [
            ("Spell it.", []),
            ("it", [("thumb", -1.0, "not_factually_correct")]),
        ]

    def test_a_rating_without_a_snapshot_is_unreadable(self) -> None:
        with pytest.raises(Unreadable, match="no-snapshot"):
            list(BY_NAME["open-webui-feedback"].read({"data": {"rating": 1}, "snapshot": None}, {}))


class TestLibreChat:
    def test_follows_the_newest_leaf_with_siblings_and_feedback(self) -> None:
        (draft,) = example("librechat.json")
        assert words(draft) == [
            ("system", "You are a baker."),
            ("user", "My bread is flat, why?"),
            ("assistant", "Let it rise longer."),
            ("user", "That worked, thank you!"),
            ("assistant", "Enjoy."),
        ]
        (sibling,) = draft.messages[2].alternatives
        assert sibling.content == "Use more salt."
        assert signals(sibling) == [("thumb", -1.0, "inaccurate"), ("comment", None, "inaccurate")]
        assert sibling.signals[1].text == "salt does not raise dough"
        assert signals(draft.messages[4]) == [("thumb", 1.0, None)]
        assert (draft.id, draft.user, draft.title) == ("lc-1", "lu-1", "Bread")

    def test_flat_messages_are_joined_by_their_parents(self) -> None:
        (draft,) = example("librechat_flat.json")
        assert words(draft) == [("user", "Tea or coffee?"), ("assistant", "Coffee.")]
        assert [a.content for a in draft.messages[1].alternatives] == ["Tea."]


class TestClaude:
    def test_messages_come_in_time_the_human_first_among_equals(self) -> None:
        draft = example("claude_export/conversations.json")[0]
        assert [m.id for m in draft.messages] == ["m1", "m2", "m3", "m4"]
        assert [m.role for m in draft.messages] == ["user", "assistant", "user", "assistant"]
        assert text_of(draft.messages[1].content) == "A bowline."
        assert draft.messages[3].content == "Then a figure eight."
        assert (draft.user, draft.title) == ("acc-1", "Knots")

    def test_an_attachment_stays_as_a_part(self) -> None:
        content = example("claude_export/conversations.json")[0].messages[2].content
        assert content[1]["extracted_content"] == "It slipped when wet."
        assert text_of(content).startswith("That came undone, see my notes.")

    def test_a_second_answer_to_one_request_leaves_the_first_beside_it(self) -> None:
        draft = example("claude_export/conversations.json")[1]
        assert [text_of(m.content) for m in draft.messages] == ["A word for rain?", "Mizzle."]
        assert [a.content for a in draft.messages[1].alternatives] == ["Drizzle."]

    @pytest.mark.parametrize(
        ("feedback", "found", "repairs"),
        [
            ({"type": "flag", "reason": "too salty"}, [("thumb", -1.0, None), ("comment", None, None)], ()),
            ({"type": "flag/bug", "reason": "too salty"}, [("thumb", -1.0, "bug"), ("comment", None, "bug")], ()),
            ({"type": "upvote"}, [("thumb", 1.0, None)], ()),
            ({"type": "shrug", "reason": "hm"}, [("comment", None, None)], ("chat_feedback 'shrug' -> none",)),
            ("downvote", [("thumb", -1.0, None)], ()),
            (None, [], ()),
        ],
    )
    def test_a_flag_is_a_thumb_down_and_what_is_not_understood_is_logged(
        self, feedback: object, found: list[tuple[str, float | None, str | None]], repairs: tuple[str, ...]
    ) -> None:
        said = [{"sender": "human", "text": "Soup?"}, {"sender": "assistant", "text": "Leek.", "chat_feedback": feedback}]
        (draft,) = BY_NAME["claude-export"].read({"chat_messages": said}, {})
        assert (signals(draft.messages[1]), draft.messages[1].repairs) == (found, repairs)


class TestThoughts:
    """The one name that our readers give to what a model thought: `thinking`; a folded call of a tool is a call."""

    def test_open_webui_folds_thoughts_and_calls_of_tools(self) -> None:
        folded = '<details type="{0}" done="true">\n<summary>{0}</summary>\n> x\n</details>\n'
        text = folded.format("reasoning") + folded.format("tool_calls") + "Leek."
        said = [{"role": "user", "content": "Soup?"}, {"role": "assistant", "content": text}]
        (draft,) = BY_NAME["open-webui"].read({"chat": {"messages": said}}, {})
        message = normalise(draft, "open-webui", Origin(file="x", row=1)).messages[1]
        assert message.content == "Leek."
        assert [part["type"] for part in json.loads(message.parts or "")] == ["thinking", "tool_call", "text"]
        assert "tool_calls" in json.loads(message.tool_calls or "")[0]["text"]

    def test_librechat_marks_its_think_parts(self) -> None:
        said = [
            {"messageId": "a", "isCreatedByUser": True, "text": "Soup?"},
            {
                "messageId": "b",
                "parentMessageId": "a",
                "isCreatedByUser": False,
                "text": "",
                "content": [{"type": "think", "think": "hm"}, {"type": "text", "text": "Leek."}],
            },
        ]
        (draft,) = BY_NAME["librechat"].read({"messages": said}, {})
        message = normalise(draft, "librechat", Origin(file="x", row=1)).messages[1]
        assert (message.content, json.loads(message.parts or "")[0]) == ("Leek.", {"type": "thinking", "think": "hm"})

    def test_a_history_that_repeats_an_answer_without_its_thoughts_is_not_said_again(self) -> None:
        history = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
        traces = [
            {"id": "1", "timestamp": "2025-01-01T10:00:00Z", "sessionId": "s", "input": "a", "output": "<think>x</think>b"},
            {"id": "2", "timestamp": "2025-01-01T10:01:00Z", "sessionId": "s", "input": history[1:], "output": "d"},
        ]
        (draft,) = BY_NAME["langfuse"].read({"traces": traces}, {})
        assert [m.content for m in draft.messages] == ["a", "<think>x</think>b", "c", "d"]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not on this machine")
class TestPublishedSamples:
    def test_open_webui(self) -> None:
        drafts = drafts_of(SHARED / "export_formats/openwebui_chats_export.json", "open-webui")
        assert [(d.id, len(d.messages)) for d in drafts] == [("reasoning-chat", 2), ("tool-chat", 2), ("simple-chat", 2)]
        assert text_of(drafts[0].messages[1].content).strip() == "255"
        assert drafts[1].messages[1].tool_calls[0]["name"] == "get_weather"

    def test_open_webui_feedback(self) -> None:
        path = SHARED / "export_formats/openwebui_feedback_export.constructed.json"
        rows = json.loads(path.read_text())
        (draft,) = BY_NAME["open-webui-feedback"].read(rows[0], {})
        assert signals(draft.messages[1]) == [("thumb", -1.0, "not_helpful"), ("comment", None, "not_helpful")]
        with pytest.raises(Unreadable, match="no-snapshot"):
            list(BY_NAME["open-webui-feedback"].read(rows[1], {}))

    def test_librechat(self) -> None:
        (draft,) = drafts_of(SHARED / "export_formats/librechat_export.json", "librechat")
        assert [m.role for m in draft.messages] == ["user", "assistant"] * 3
