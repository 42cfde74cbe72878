"""Rows that fall because of others: held-out rows that ask what training rows ask are named, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import msgspec

from rejoinder.preference import Fall, MarkRows, export_examples, falls
from rejoinder.records import PreferenceExample
from tests.preference.planted import kept, mined, talk

LONG = (
    "Please write a short letter to my landlord about the broken heating in the kitchen, which has been cold since the first "
    "week of November, and ask him politely to send somebody this week or to lower the rent until it is repaired."
)
OTHER = "Explain how a suspension bridge carries its own weight, and name three of the longest ones with their years."


def row(request: str, split: str, name: str) -> PreferenceExample:
    annotated = talk(
        request, "A first answer of some length.", "Perfect, thank you!", "You are welcome.", said={2: "POS"}, id=name
    )
    (found,) = kept(mined(annotated), "sft")
    return msgspec.structs.replace(found, split=split)


def falling(*rows: PreferenceExample) -> dict[int, Fall]:
    return falls(lambda: MarkRows()(rows))


def test_a_held_out_prompt_that_stands_in_training_is_named_with_the_row_it_is_near() -> None:
    trained, same, near, apart = (
        row(LONG, "train", "a"),
        row(LONG.upper(), "held_out", "b"),
        row(LONG.replace("November", "December"), "held_out", "c"),
        row(OTHER, "held_out", "d"),
    )
    found = falling(trained, same, near, apart)
    assert {place: fall.gate for place, fall in found.items()} == {1: "near-duplicate", 2: "near-duplicate"}
    assert trained.id in found[2].reason
    assert "1.00" in found[1].reason


def test_rows_of_one_side_and_dropped_rows_are_nobodys_duplicate() -> None:
    trained, held = row(LONG, "train", "a"), row(LONG, "held_out", "b")
    dropped = msgspec.structs.replace(trained, dropped_by="refusal")
    assert {fall.gate for fall in falling(trained, row(LONG, "train", "c")).values()} == {"repeated"}
    assert falling(dropped, held) == {}


def test_an_export_drops_them_and_says_so(tmp_path: Path) -> None:
    rows = [row(LONG, "train", "a"), row(LONG, "held_out", "b"), row(OTHER, "held_out", "c")]
    summary = export_examples(iter(rows), tmp_path / "export", ("trl",))
    assert summary.kept == {"sft": {"held_out": 1, "train": 1}}
    assert summary.dropped == {"near-duplicate": {"sft": 1}}
    assert rows[0].id in (tmp_path / "export/dropped.jsonl").read_text()
