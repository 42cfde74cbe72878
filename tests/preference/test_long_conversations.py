"""What one very long conversation may cost and give."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rejoinder.preference import export_examples, gates
from rejoinder.preference.candidate import Case
from rejoinder.preference.finding import Finding
from rejoinder.preference.reading import Reading
from rejoinder.records import AnnotatedConversation, Message
from tests.preference.planted import mined, talk

TURNS = 2_000


def long_talk(turns: int = TURNS, category: str = "NEG_AWARE") -> AnnotatedConversation:
    """Every second user turn complains about the answer before it, so that each gives an example or two."""
    texts = [
        f"{who} number {n} says something about the weather in Perth, at the usual length of a sentence or two."
        for n in range(turns)
        for who in ("Question", "Answer")
    ]
    return talk(*texts, said=dict.fromkeys(range(2, turns + 1, 2), category))


def test_a_conversation_gives_no_more_than_its_share_and_the_surest_rules_first() -> None:
    found = mined(long_talk(200))
    kept = [e for e in found if e.dropped_by is None]
    assert [e.provenance.rule for e in kept] == ["repaired-and-moved-on"] * 20
    turns = [e.provenance.context_turn for e in kept]
    assert turns == sorted(turns)
    left = [e for e in found if e.dropped_by == "too-many"]
    assert min(e.provenance.context_turn for e in left if e.kind == "pair") > turns[-1]
    assert sum(e.kind == "unpaired" for e in left) == 100
    assert all(e.context == () and "20 examples" in str(e.reason) for e in left)
    assert len({e.id for e in found}) == len(found)


def test_the_bound_is_a_setting() -> None:
    assert sum(e.dropped_by is None for e in mined(long_talk(200), most_examples=3)) == 3
    assert not any(e.dropped_by == "too-many" for e in mined(long_talk(20), most_examples=1_000))


def test_what_gates_drop_does_not_use_up_the_share_of_what_they_keep() -> None:
    sorry = [text for n in range(40) for text in (f"Question {n}?", "I apologise for the mistake, here it is again.")]
    good = ("And name a river.", "The Rhone flows through Lyon.", "Perfect, thank you!", "You are welcome.")
    found = mined(talk(*sorry, *good, said=dict.fromkeys(range(2, 41), "NEG_AWARE") | {42: "POS"}))
    assert {e.kind for e in found if e.dropped_by is None and e.chosen == good[1]} == {"sft", "unpaired"}


def test_candidates_that_gates_drop_are_read_up_to_a_bound() -> None:
    fallen = Counter(e.dropped_by for e in mined(long_talk(200), gates=(Never(),), most_fallen=7))
    assert fallen == {"never": 7, "too-many": 192}


@dataclass(frozen=True)
class Never:
    """A gate that drops everything."""

    name: str = "never"

    def __call__(self, case: Case, /) -> Finding | None:
        return Finding("Nothing is good enough.")


def test_what_is_stored_and_written_grows_with_the_length_and_not_with_its_square(tmp_path: Path) -> None:
    found = mined(long_talk())
    assert len(found) > TURNS * 0.9
    assert len(msgspec.json.encode(found)) < 5_000_000
    export_examples(found, tmp_path / "out")
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < 5_000_000


def test_contexts_at_the_end_of_a_long_conversation_are_bounded_too() -> None:
    late = talk(*[f"{n} {'word ' * 60}" for n in range(2 * TURNS)], said=dict.fromkeys(range(TURNS - 50, TURNS), "POS"))
    found = mined(late)
    assert sum(e.dropped_by is None for e in found) == 1, "each holds 1.2 million characters; the first one may"
    assert len(msgspec.json.encode(found)) < 2_000_000


def test_a_question_reads_each_message_once_however_many_candidates_ask() -> None:
    read: list[str] = []

    def question(message: Message) -> str | None:
        read.append(message.content)
        return "found" if message.content == "3" else None

    reading = Reading([Message(role="user", content=str(n)) for n in range(6)])
    assert [reading.first(question, stop) for stop in (2, 3, 1, 6, 3, 4)] == [None, None, None, "found", None, "found"]
    assert read == ["0", "1", "2", "3"]


def test_gates_read_a_long_past_once_for_all_candidates(monkeypatch) -> None:
    asked: Counter[tuple[str, str]] = Counter()
    find = gates.phrases.find
    monkeypatch.setattr(gates.phrases, "find", lambda group, text: asked.update([(group, text)]) or find(group, text))
    mined(long_talk(100))
    assert (
        asked[
            "unsafe", "Question number 0 says something about the weather in Perth, at the usual length of a sentence or two."
        ]
        == 1
    )
