"""Readers of labelled conversations: what they accept, and how they name what they do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rejoinder.errors import InputError
from rejoinder.feedback.gold import read_corpus, read_gold, read_labels

ROW = {
    "conversation_id": "c1",
    "source": "test",
    "lang": "en",
    "messages": [
        {"role": "user", "content": "sum 2 and 2"},
        {"role": "assistant", "content": "5"},
        {"role": "user", "content": "that is wrong"},
    ],
    "feedback": [{"turn": 2, "label": "NEG_AWARE", "sat": [], "dsat": ["FactualError"], "evidence": "wrong", "confidence": 3}],
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "gold.jsonl"
    path.write_text(json.dumps(ROW) + "\n" + json.dumps({**ROW, **changes}) + "\n", "utf-8")
    return path


def test_a_gold_row_is_read_with_its_labels(tmp_path: Path) -> None:
    found = read_gold(written(tmp_path))
    assert len(found) == 2
    assert (found[0].labels[0].label, found[0].labels[0].evidence, found[0].labels[0].rubrics) == (
        "NEG_AWARE",
        "wrong",
        ("FactualError",),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": None},
        {"messages": [{"role": "wizard", "content": "x"}]},
        {"feedback": [{"turn": 2, "label": "ANGRY"}]},
        {"feedback": [{"turn": 1, "label": "NEU"}]},
        {"feedback": [{"turn": 9, "label": "NEU"}]},
        {"feedback": [{"turn": 2, "label": "NEU", "confidence": 7}]},
        {"feedback": [{"turn": 2, "label": "NEG_AWARE", "evidence": "never said"}]},
    ],
    ids=["no messages", "unknown role", "unknown label", "first turn", "no such turn", "confidence", "evidence"],
)
def test_a_bad_row_is_named_by_file_and_row(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"gold\.jsonl, row 2"):
        read_gold(written(tmp_path, **changes))


def test_the_corpus_format_gives_turns_labels_and_marked_words(tmp_path: Path) -> None:
    path = tmp_path / "xx.txt"
    path.write_text(
        "=== en math\nU: 2+2?\nA: 5\nmaybe\nU NEG_CORRECTION [FactualError]: no, {{it is 4}}\nA: 4\nU NEU: and 3+3\n", "utf-8"
    )
    (found,) = read_corpus(path)
    assert [m.content for m in found.conversation.messages] == ["2+2?", "5\nmaybe", "no, it is 4", "4", "and 3+3"]
    assert [(m.turn, m.label, m.evidence) for m in found.labels] == [(2, "NEG_CORRECTION", "it is 4"), (3, "NEU", "")]


def test_other_words_in_the_same_place_are_conversations_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "xx.txt"
    path.write_text(
        "=== en math\nU: 2+2?\nA: 4\nU POS [Praise]: {{right}}\nOR NEU: and 3+3\nOR POS [Praise]: {{yes}}!\n", "utf-8"
    )
    found = read_corpus(path)
    assert [[m.content for m in one.conversation.messages] for one in found] == [
        ["2+2?", "4", said] for said in ("right", "and 3+3", "yes!")
    ]
    assert [one.labels[0].label for one in found] == ["POS", "NEU", "POS"]
    assert len({one.conversation.id for one in found}) == 3


@pytest.mark.parametrize(
    "line",
    ["U: no label", "OR POS [Praise]: {{no turn of the user before}}", "U POS [Joy]: {{nice}}", "U POS []: nothing marked"],
)
def test_a_bad_corpus_turn_is_named_by_file_and_row(tmp_path: Path, line: str) -> None:
    path = tmp_path / "xx.txt"
    path.write_text(f"=== en math\nU: 2+2?\nA: 5\n{line}\n", "utf-8")
    with pytest.raises(InputError, match=r"xx\.txt, row 4"):
        read_corpus(path)


def test_labels_kept_apart_from_their_text_are_joined(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room/logs.jsonl").write_text(json.dumps(ROW) + "\n", "utf-8")
    label = {
        "file": "room/logs",
        "conversation_id": "c1",
        "turn": 2,
        "label": "NEG_AWARE",
        "confidence": 3,
        "rubrics": [],
        "evidence": [8, 13],
    }
    (tmp_path / "labels.jsonl").write_text(json.dumps(label) + "\n", "utf-8")
    (found,) = read_labels(tmp_path / "labels.jsonl", tmp_path)
    assert found.labels[0].evidence == "wrong"


def test_the_shipped_corpus_reads_without_a_fault() -> None:
    folder = Path(__file__).parents[2] / "corpus"
    found = [labelled for path in sorted(folder.glob("*.txt")) for labelled in read_corpus(path)]
    assert len({labelled.language for labelled in found}) >= 10
    assert sum(len(labelled.labels) for labelled in found) >= 2000
