"""Langfuse: traces, observations and scores as one document, as lines and as tables; what is judged, and what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from rejoinder.ingest.draft import Draft, Unreadable
from tests.ingest.readers.format_samples import BY_NAME, EXAMPLES, example, handed, rows_in, signals, words


def outcomes(row: dict[str, Any]) -> tuple[list[Draft], list[str]]:
    """The drafts of a row, and the reason why not all of it could be read."""
    found: list[Draft] = []
    try:
        found.extend(BY_NAME["langfuse"].read(row, {}))
    except Unreadable as error:
        return found, [error.reason]
    return found, []


class TestLangfuse:
    def test_inputs_that_repeat_the_history_are_said_once(self) -> None:
        first, second = example("langfuse.json")
        assert words(first) == [
            ("user", "Sort these: 3 1 2"),
            ("assistant", "1 3 2"),
            ("user", "wrong, again"),
            ("assistant", "1 2 3"),
        ]
        assert [m.role for m in second.messages] == ["user", "assistant", "user", "assistant"]
        assert (first.id, first.user, second.id) == ("s1", "lu", "s2")

    def test_scores_lie_on_the_response_of_their_trace(self) -> None:
        first, second = example("langfuse.json")
        assert signals(first.messages[1]) == [("score", 0.0, "user-feedback"), ("correction", None, "fix")]
        assert [s.text for s in first.messages[1].signals] == ["not sorted", "1 2 3"]
        assert signals(first.messages[3]) == []
        assert signals(second.messages[3]) == [("score", 0.8, "tone"), ("score", 1.0, "resolved")]
        assert second.messages[3].signals[1].text == "yes"

    def test_a_trace_without_output_takes_it_from_its_generation(self) -> None:
        second = example("langfuse.json")[1]
        assert (second.messages[3].content, second.messages[3].model) == ("A drowned valley.", "gpt-4o")

    def test_rows_in_snake_case_are_joined_over_the_session_and_the_trace(self) -> None:
        (draft,) = example("langfuse_rows.jsonl")
        assert words(draft) == [
            ("user", "Two plus two?"),
            ("assistant", "Five."),
            ("user", "Are you sure?"),
            ("assistant", "Four."),
        ]
        assert signals(draft.messages[1]) == [("score", -1.0, "thumb")]
        assert draft.messages[1].signals[0].text == "no!"

    def test_a_table_with_the_columns_of_all_kinds_is_read_by_what_each_row_fills(self) -> None:
        rows = rows_in(EXAMPLES / "langfuse_rows.jsonl")
        columns = {name: None for row in rows for name in row}
        form = BY_NAME["langfuse"]
        (group,) = handed(form, [columns | row for row in rows])
        (draft,) = form.read(group, {})
        assert len(draft.messages) == 4
        assert signals(draft.messages[1]) == [("score", -1.0, "thumb")]

    def test_a_second_answer_to_the_same_history_replaces_the_first_which_stays_as_an_alternative(self) -> None:
        history = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
        traces = [
            {"id": str(n), "timestamp": f"2025-01-01T10:0{n}:00Z", "sessionId": "s", "input": history, "output": answer}
            for n, answer in enumerate(["bad", "good"])
        ]
        (draft,) = BY_NAME["langfuse"].read({"traces": traces}, {})
        assert [m.content for m in draft.messages] == ["a", "b", "c", "good"]
        assert [a.content for a in draft.messages[3].alternatives] == ["bad"]

    def test_a_history_whose_answers_were_logged_differently_is_not_repeated(self) -> None:
        second = [{"role": "user", "content": "a"}, {"role": "assistant", "content": " B!"}, {"role": "user", "content": "c"}]
        traces = [
            {"id": "1", "timestamp": "2025-01-01T10:00:00Z", "sessionId": "s", "input": second[:1], "output": "b"},
            {"id": "2", "timestamp": "2025-01-01T10:01:00Z", "sessionId": "s", "input": second, "output": "d"},
        ]
        (draft,) = BY_NAME["langfuse"].read({"traces": traces}, {})
        assert [m.content for m in draft.messages] == ["a", "b", "c", "d"]

    def test_the_same_words_sent_twice_are_said_twice(self) -> None:
        traces = [
            {"id": str(n), "timestamp": f"2025-01-01T10:0{n}:00Z", "sessionId": "s", "input": "again?", "output": str(n)}
            for n in range(3)
        ]
        (draft,) = BY_NAME["langfuse"].read({"traces": traces}, {})
        assert [m.content for m in draft.messages] == ["again?", "0", "again?", "1", "again?", "2"]

    def test_scores_alone_say_what_is_missing(self) -> None:
        with pytest.raises(Unreadable, match="score-without-trace"):
            list(BY_NAME["langfuse"].read({"traceId": "t", "name": "x", "value": 1, "dataType": "NUMERIC"}, {}))

    @pytest.mark.parametrize(
        "score",
        [
            {"traceId": "gone", "value": 0.25},
            {"sessionId": "gone", "value": 0.25},
            {"sessionId": "s", "traceId": "gone", "value": 0.25},
            {"datasetRunId": "r", "value": 0.25},
        ],
    )
    def test_a_score_in_one_document_of_a_missing_trace_is_counted_beside_the_conversation(self, score: dict[str, Any]) -> None:
        trace = {"id": "t", "timestamp": "2025-01-01T10:00:00Z", "sessionId": "s", "input": "Tea or coffee?", "output": "Tea."}
        scores = [{"id": "1", "name": "taste", **score}, {"id": "2", "name": "taste", "traceId": "t", "value": 1}]
        found, refused = outcomes({"traces": [trace], "scores": scores})
        assert [signals(made) for made in found[0].messages] == [[], [("score", 1.0, "taste")]]
        assert refused == ["score-without-trace"]

    def test_each_session_without_messages_in_one_document_is_counted(self) -> None:
        traces = [
            {"id": str(n), "timestamp": "2025-01-01T10:00:00Z", "sessionId": f"s{n}", "input": said, "output": said}
            for n, said in enumerate([None, "Hello", None])
        ]
        drafts = list(BY_NAME["langfuse"].read({"traces": traces}, {}))
        assert [len(draft.messages) for draft in drafts] == [0, 2, 0]

    def test_a_score_inside_its_trace_needs_no_name_of_it(self) -> None:
        trace = {"id": "t", "timestamp": "2025-01-01T10:00:00Z", "sessionId": None, "input": "Tea?", "output": "Yes."}
        (draft,) = BY_NAME["langfuse"].read({"traces": [trace | {"scores": [{"name": "taste", "value": 0.5}]}]}, {})
        assert signals(draft.messages[1]) == [("score", 0.5, "taste")]

    def test_a_score_of_a_trace_without_an_answer_is_logged(self) -> None:
        trace = {"id": "t", "timestamp": "2025-01-01T10:00:00Z", "sessionId": "s", "input": "Tea?", "output": None}
        scores = [
            {"name": "taste", "traceId": "t", "value": 0.5, "comment": "slow"},
            {"name": "all", "sessionId": "s", "value": 0},
        ]
        (draft,) = BY_NAME["langfuse"].read({"traces": [trace], "scores": scores}, {})
        assert draft.messages[0].repairs == (
            "score 'taste' 0.5 'slow' -> none: there is no answer",
            "score 'all' 0.0 -> none: there is no answer",
        )
