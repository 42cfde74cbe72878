"""The numbers of a report, counted again by hand from the same conversations."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from rejoinder.records import AnnotatedConversation, Conversation, Failure, Message, Origin, Signal
from rejoinder.report import Numbers, ReportSources, write_report
from rejoinder.report.tally import tally
from tests.report.logs import dataset, invented, sources, talk


@pytest.fixture(scope="module")
def talks() -> list[AnnotatedConversation]:
    return invented(400)


@pytest.fixture(scope="module")
def numbers(talks: list[AnnotatedConversation], tmp_path_factory: pytest.TempPathFactory) -> Numbers:
    folder = tmp_path_factory.mktemp("run")
    return tally(sources(folder, talks), folder / "report")


def numbers_of(folder: Path, talks: list[AnnotatedConversation], **fields: object) -> Numbers:
    return tally(sources(folder, talks, **fields), folder / "report")


def test_every_feedback_is_counted_once_and_the_categories_add_up(numbers, talks):
    counts = Counter(one.category for one_talk in talks for one in one_talk.feedback)
    assert {one.name: one.observed.count for one in numbers.categories if one.observed.count} == counts
    assert sum(one.observed.count for one in numbers.headline.polarities) == numbers.headline.turns == counts.total()
    assert numbers.headline.answered == sum(bool(one.feedback) for one in talks)


def test_the_rows_read_are_the_kept_the_duplicates_and_the_quarantined(numbers):
    read = numbers.read
    assert (read.rows, read.kept, read.duplicates, read.quarantined, read.balanced) == (405, 400, 3, 2, True)
    assert [(one.reason, one.n, one.where) for one in read.reasons] == [
        ("not-json", 2, "chats.jsonl, row 7"),
        ("exact-duplicate", 3, ""),
    ]


def test_rows_that_went_missing_are_owned_up_to(tmp_path):
    made = sources(tmp_path, invented(30))
    broken = dataclasses.replace(made, read=dataset(tmp_path / "read2", Conversation, [], read=99))
    assert not tally(broken, tmp_path / "report").read.balanced


def test_corrected_shares_lie_in_their_intervals_and_add_up_to_one(numbers):
    fixed = [one.corrected for one in numbers.headline.polarities]
    assert all(one.low <= one.share <= one.high for one in fixed)
    assert sum(one.share for one in fixed) == pytest.approx(1, abs=1e-5)
    assert sum(one.corrected.share for one in numbers.categories) == pytest.approx(1, abs=1e-5)


def test_a_detector_that_never_errs_needs_no_correction(tmp_path):
    perfect = tuple(tuple(100_000 if i == j else 0 for j in range(6)) for i in range(6))
    found = numbers_of(tmp_path, invented(200), confusion=perfect).headline
    for one in found.polarities:
        assert one.corrected.share == pytest.approx(one.observed.share, abs=1e-5)


def test_without_a_measured_error_nothing_is_corrected_and_the_reader_is_told(tmp_path):
    found = numbers_of(tmp_path, invented(60), confusion=None)
    assert found.headline.problem == "not-measured"
    assert all(one.corrected is None for one in (*found.headline.polarities, *found.categories))
    assert "not corrected for its errors" in found.headline.notes[0]
    assert any("Label about 200" in one.what for one in found.advice)


def test_positions_from_five_on_are_one_group(numbers, talks):
    turns = Counter(min(one.turn, 5) for one_talk in talks for one in one_talk.feedback)
    names = ["2", "3", "4", "5 or later"]
    assert [(one.name, one.n) for one in numbers.positions.groups] == [(names[k - 2], turns[k]) for k in sorted(turns)]
    assert all(sum(one.categories) == one.n for one in numbers.positions.groups)


def test_models_are_those_of_the_judged_response_and_small_ones_are_pooled(tmp_path):
    talks = [talk(f"a{i}", [("q", "r"), ("no", "r")], ["NEG_AWARE"], model="large") for i in range(25)]
    talks += [talk(f"b{i}", [("q", "r"), ("no", "r")], ["NEG_AWARE"], model=f"small-{i % 2}") for i in range(6)]
    own = talk("c", [("q", "r"), ("no", "r")], ["NEG_AWARE"], model="large").conversation
    messages = (own.messages[0], Message(role="assistant", content="r", model="small-9"), *own.messages[2:])
    talks.append(
        AnnotatedConversation(conversation=msgspec.structs.replace(own, messages=messages), feedback=talks[0].feedback)
    )
    found = numbers_of(tmp_path, talks).models
    assert [(one.name, one.n) for one in found.groups] == [("large", 25), ("other (3)", 7)]
    assert found.pooled == 3


def test_a_thumb_agrees_where_it_points_as_the_next_turn_does(tmp_path):
    def thumbed(name: str, value: float, label: str) -> AnnotatedConversation:
        one = talk(name, [("q", "r"), ("x", "r")], [label])
        first = Message(role="assistant", content="r", signals=(Signal(kind="thumb", value=value),))
        messages = (one.conversation.messages[0], first, *one.conversation.messages[2:])
        return AnnotatedConversation(
            conversation=msgspec.structs.replace(one.conversation, messages=messages), feedback=one.feedback
        )

    cases = [(1.0, "POS"), (-1.0, "NEG_AWARE"), (1.0, "NEG_AWARE"), (-1.0, "NEU")]
    (row,) = numbers_of(tmp_path, [thumbed(str(i), *case) for i, case in enumerate(cases)]).signals
    assert (row.n, row.up, row.down, row.followed, row.compared, row.agreement.count) == (4, 2, 2, 4, 3, 2)


def test_marks_on_one_answer_agree_once_and_marks_on_a_users_own_message_say_nothing_of_answers(tmp_path):
    one = talk("a", [("q", "r"), ("thanks", "r")], ["POS"])
    request, answer, *rest = one.conversation.messages
    up, down = Signal(kind="thumb", value=1.0), Signal(kind="thumb", value=-1.0)
    messages = (
        msgspec.structs.replace(request, signals=(down, down, down)),
        msgspec.structs.replace(answer, signals=(up, up, down)),
        *rest,
    )
    conversation = msgspec.structs.replace(one.conversation, messages=messages)
    (row,) = numbers_of(tmp_path, [AnnotatedConversation(conversation=conversation, feedback=one.feedback)]).signals
    assert (row.n, row.up, row.down, row.followed, row.compared, row.agreement.count) == (3, 2, 1, 3, 1, 1)


def test_conversations_that_share_an_id_are_counted_apart(tmp_path):
    def rated(value: float, label: str, thing: str) -> AnnotatedConversation:
        one = talk("same", [("q", thing), ("so", "r")], [label])
        first = Message(role="assistant", content=thing, signals=(Signal(kind="thumb", value=value),))
        messages = (one.conversation.messages[0], first, *one.conversation.messages[2:])
        return AnnotatedConversation(
            conversation=msgspec.structs.replace(one.conversation, messages=messages), feedback=one.feedback
        )

    found = numbers_of(tmp_path, [rated(1.0, "POS", "a"), rated(-1.0, "NEG_AWARE", "b"), rated(1.0, "POS", "c")])
    assert (found.signals[0].compared, found.signals[0].agreement.count) == (3, 3)
    assert (found.headline.answered, found.read.repeated_ids) == (3, 2)
    assert any("bear an id that another one has" in limit for limit in found.quality.limits)


def test_a_conversation_of_thousands_of_turns_is_counted_like_any_other(tmp_path):
    turns = 4_000
    one = talk("long", [(f"q{i}", "r") for i in range(turns)], ["NEG_AWARE", "NEU"] * (turns // 2 - 1) + ["NEG_AWARE"])
    found = numbers_of(tmp_path, [one])
    assert (found.headline.turns, found.headline.polarities[0].observed.count) == (turns - 1, turns // 2)


def test_a_signal_on_the_last_response_is_counted_and_not_compared(tmp_path):
    one = talk("a", [("q", "")])
    last = Message(role="assistant", content="r", signals=(Signal(kind="rating", value=4.0, name="stars"),))
    conversation = msgspec.structs.replace(one.conversation, messages=(*one.conversation.messages, last))
    (row,) = numbers_of(tmp_path, [AnnotatedConversation(conversation=conversation, feedback=())]).signals
    assert (row.kind, row.name, row.n, row.mean, row.followed, row.agreement) == ("rating", "stars", 1, 4.0, 0, None)


def test_praise_in_a_flagged_conversation_is_counted_as_unsafe(tmp_path):
    talks = [talk(f"t{i}", [("q", "r"), ("thanks", "r")], ["POS"], toxic=[True, False, None][i % 3]) for i in range(9)]
    found = numbers_of(tmp_path, talks).quality
    assert (found.unsafe_praise, found.moderated_praise, found.praise) == (3, 6, 9)


def test_mined_examples_are_kept_or_dropped_by_a_gate(numbers):
    found = numbers.yields
    assert found.mined == found.kept + sum(one.n for one in found.gates) == sum(one.mined for one in found.rules)
    assert found.kept == sum(one.train + one.held_out for one in found.kinds) == sum(one.kept for one in found.rules)
    assert all(one.reason for one in found.gates)


def test_time_is_cut_into_periods_by_its_span(tmp_path):
    def over(days: int) -> str:
        talks = [talk(f"d{i}", [("q", "r"), ("no", "r")], ["NEG_AWARE"], time=1.7e9 + i * days * 8_640) for i in range(11)]
        return numbers_of(tmp_path / str(days), talks).times.by

    assert [over(days) for days in (3, 100, 700, 3_000)] == ["day", "week", "month", "year"]


def test_the_worst_model_is_named_only_where_the_intervals_are_apart(numbers, tmp_path):
    assert any(one.what == "Look at borealis-1 first." for one in numbers.advice)
    same = [
        talk(f"{m}{i}", [("q", "r"), ("x", "r")], ["POS" if i % 3 else "NEG_AWARE"], model=m) for m in "ab" for i in range(30)
    ]
    assert not any("first." in one.what for one in numbers_of(tmp_path, same).advice)


def test_json_holds_exactly_the_numbers_and_the_same_sources_give_the_same_bytes(tmp_path, talks):
    made = sources(tmp_path, talks)
    for name in ("one", "two"):
        write_report(made, tmp_path / name)
    for file in ("report.json", "report.html", "report.md"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["report.html", "report.json", "report.md"]
    decoded = msgspec.json.decode((tmp_path / "one" / "report.json").read_bytes(), type=Numbers)
    assert decoded == tally(made, tmp_path / "three")


def test_the_order_of_the_parts_changes_no_number(tmp_path, talks):
    forth, back = numbers_of(tmp_path / "a", talks), numbers_of(tmp_path / "b", list(reversed(talks)))
    assert forth.headline == back.headline
    assert (forth.positions, forth.models, forth.themes) == (back.positions, back.models, back.themes)


@pytest.mark.parametrize("talks", [[], [talk("only", [("Hello", "Hi")])]], ids=["no conversation", "one without an answer"])
def test_a_log_without_feedback_still_gives_a_report(tmp_path, talks):
    write_report(sources(tmp_path, talks), tmp_path / "report")
    found = json.loads((tmp_path / "report" / "report.json").read_text())
    assert found["headline"]["turns"] == 0
    assert found["headline"]["problem"] == "no-observations"
    assert "no feedback to report" in (tmp_path / "report" / "report.html").read_text()


@pytest.mark.parametrize("label", ["POS", "NEU", "NEG_AWARE"])
def test_a_single_turn_still_gives_a_report(tmp_path, label):
    write_report(sources(tmp_path, [talk("one", [("q", "r"), ("x", "r")], [label])]), tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "the one turn that followed a response" in page
    assert "The log has no times" in page


def test_a_run_where_every_row_was_quarantined_says_so(tmp_path):
    broken = [Failure(stage="ingest", reason="not-json", detail="No.", origin=Origin(file="f", row=i)) for i in range(4)]
    empty = sources(tmp_path, [])
    made = ReportSources(
        read=dataset(tmp_path / "r", Conversation, [], broken),
        kept=empty.kept,
        annotated=empty.annotated,
        examples=empty.examples,
    )
    found = tally(made, tmp_path / "report")
    assert (found.read.rows, found.read.quarantined, found.read.balanced) == (4, 4, True)
    assert found.advice[-1].what == "Look at the quarantined rows."


def test_the_categories_of_a_polarity_add_up_to_its_share_in_the_headline(numbers: Numbers) -> None:
    for polarity in numbers.headline.polarities:
        parts = [one.corrected.share for one in numbers.categories if one.polarity == polarity.polarity and one.corrected]
        assert polarity.corrected is not None
        assert sum(parts) == pytest.approx(polarity.corrected.share, abs=1e-4)
