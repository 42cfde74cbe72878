"""Equal, beginning and nearly equal conversations among those of a whole run."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import numpy as np
import pytest

from rejoinder.ingest import ConversationSketch, Duplicate, Sketch, find_duplicates
from rejoinder.ingest.sketch import SHINGLE, similarity
from rejoinder.records import Alternative, Conversation, Message, Origin, Signal
from rejoinder.store import Dataset, Part, write_part

WORDS = [
    f"{a}{b}{c}" for a in ("ka", "lo", "mi", "nu", "pe") for b in ("ra", "si", "to", "vu") for c in ("n", "l", "x", "m", "d")
]


def prose(seed: int, words: int = 120) -> str:
    draw = random.Random(seed)
    return " ".join(draw.choice(WORDS) for _ in range(words))


def talk(id_: str, *said: str, user: str | None = None) -> Conversation:
    messages = tuple(Message(role=("user", "assistant")[i % 2], content=text) for i, text in enumerate(said))
    return Conversation(id=id_, source="test", origin=Origin(file="f", row=1), messages=messages, user=user)


def judged(id_: str, *said: str, thumbs: int = 0, rejected: int = 0) -> Conversation:
    """A conversation whose answer has so many thumbs, and so many other answers beside it with a vote each."""
    made = talk(id_, *said)
    signals = (Signal(kind="thumb", value=1.0),) * thumbs
    others = tuple(Alternative(content=f"{n}", signals=(Signal(kind="vote", value=-1.0),)) for n in range(rejected))
    answer = msgspec.structs.replace(made.messages[1], signals=signals, alternatives=others)
    return msgspec.structs.replace(made, messages=(made.messages[0], answer, *made.messages[2:]))


def found(folder: Path, *parts: list[Conversation]) -> list[Duplicate]:
    made = []
    for number, conversations in enumerate(parts):
        rows = Sketch()(conversations)
        report = write_part(folder / f"{number}.parquet", ConversationSketch, rows, [], len(rows))
        made.append(Part(fingerprint=f"part-{number}", report=report))
    return find_duplicates(Dataset(folder=folder, record=ConversationSketch, parts=tuple(made)))


def short(duplicates: list[Duplicate]) -> list[tuple[str, str, str]]:
    return [(duplicate.id, duplicate.of, duplicate.kind) for duplicate in duplicates]


def test_of_equal_conversations_the_first_is_kept_whatever_the_case_and_spaces(tmp_path: Path) -> None:
    a, b = talk("a", "Hi  there", "Hello"), talk("b", "hi there\n", "HELLO")
    c = talk("c", "hi there", "Hello!")
    duplicates = found(tmp_path, [a, c], [c, b])
    assert [(d.part, d.index, d.row, d.id, d.of, d.kind) for d in duplicates] == [
        ("part-1", 1, 0, "c", "c", "exact"),
        ("part-1", 1, 1, "b", "a", "exact"),
    ]


def test_of_equal_conversations_the_one_with_most_judgements_is_kept(tmp_path: Path) -> None:
    said = ("hi there", "Hello")
    parts = (
        [talk("bare", *said), judged("thumb", *said, thumbs=1)],
        [judged("pair", *said, rejected=1), judged("pair2", *said, rejected=1)],
    )
    assert short(found(tmp_path, *parts)) == [("bare", "pair", "exact"), ("thumb", "pair", "exact"), ("pair2", "pair", "exact")]


def test_judgements_beyond_what_is_counted_are_no_reason_to_lose_a_row(tmp_path: Path) -> None:
    parts = [talk("bare", "hi there", "Hello"), judged("many", "hi there", "Hello", thumbs=5_000)]
    assert short(found(tmp_path, parts)) == [("bare", "many", "exact")]


def test_of_equally_long_and_nearly_equal_conversations_the_most_judged_is_kept(tmp_path: Path) -> None:
    text = prose(1)
    bare, thumb, long = (
        talk("bare", text, "Yes"),
        judged("thumb", text[4:], "Yes", thumbs=1),
        talk("long", text[8:], "Yes", "ok"),
    )
    assert short(found(tmp_path, [bare], [thumb])) == [("bare", "thumb", "near")]
    assert short(found(tmp_path / "long", [bare, thumb], [long])) == [("bare", "long", "near"), ("thumb", "long", "near")]


def test_a_beginning_falls_for_the_longest_even_where_it_was_judged(tmp_path: Path) -> None:
    said = [prose(n) for n in range(4)]
    assert short(found(tmp_path, [judged("two", *said[:2], thumbs=1), talk("four", *said)])) == [("two", "four", "prefix")]


def test_the_longest_of_a_session_that_was_sent_again_and_again_is_kept(tmp_path: Path) -> None:
    said = [prose(n) for n in range(6)]
    parts = [talk("two", *said[:2]), talk("six", *said), talk("four", *said[:4]), talk("other", *said[:3], "else")]
    assert short(found(tmp_path, parts)) == [("two", "six", "prefix"), ("four", "six", "prefix")]


def test_a_short_beginning_is_a_resend_only_of_the_same_user(tmp_path: Path) -> None:
    greeting = ("hi", "Hello! How can I help?")
    parts = [
        talk("1", *greeting, user="ann"),
        talk("2", *greeting, "a story", "Once", user="bob"),
        talk("3", *greeting, "a song", "La", user="ann"),
    ]
    assert short(found(tmp_path, parts)) == [("1", "3", "prefix")]


def test_of_nearly_equal_conversations_the_one_with_the_answer_is_kept(tmp_path: Path) -> None:
    parts = [talk("q", prose(1)), talk("qa", prose(1), "Answer"), talk("q2", prose(1)[4:])]
    assert short(found(tmp_path, parts)) == [("q", "qa", "near"), ("q2", "qa", "near")]


def test_nearly_equal_conversations_are_found_across_parts(tmp_path: Path) -> None:
    text = prose(1, 400)
    nearly = text.replace(text.split()[200], "changed", 1)
    different = prose(2, 200) + text[: len(text) // 2]
    duplicates = found(
        tmp_path, [talk("a", "Question", text)], [talk("c", "Question", different), talk("b", "Question", nearly)]
    )
    assert short(duplicates) == [("b", "a", "near")]


def test_nearly_equal_texts_without_spaces_are_found(tmp_path: Path) -> None:
    draw = random.Random(1)
    text = "".join(chr(draw.randrange(0x4E00, 0x9000)) for _ in range(900))
    duplicates = found(tmp_path, [talk("a", text, "好"), talk("b", text[:450] + "改" + text[451:], "好")])
    assert short(duplicates) == [("b", "a", "near")]


def test_a_chain_of_small_changes_does_not_swallow_what_is_different(tmp_path: Path) -> None:
    texts = [prose(1, 300).split()]
    for step in range(30):
        texts.append([*texts[-1]])
        for place in range(step * 10, step * 10 + 4):
            texts[-1][place] = f"new{step}x{place}"
    duplicates = found(tmp_path, [talk(str(n), "Q", " ".join(words)) for n, words in enumerate(texts)])
    kept = {str(n) for n in range(31)} - {duplicate.id for duplicate in duplicates}
    assert 3 <= len(kept) <= 29
    assert {duplicate.of for duplicate in duplicates} <= kept


@pytest.mark.parametrize("changed", [0.0, 0.01, 0.03])
@pytest.mark.parametrize("words", [50, 300, 3_000])
def test_the_signature_estimates_the_similarity_of_texts(words: int, changed: float) -> None:
    draw = random.Random(7)
    errors = []
    for seed in range(20):
        left = prose(seed, words).split()
        right = [draw.choice(WORDS) if draw.random() < changed else word for word in left]
        texts = [" ".join(side) for side in (left, right)]
        sets = [{text[i : i + SHINGLE] for i in range(len(text) - SHINGLE + 1)} for text in texts]
        exact = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        bands = [np.array([Sketch()([talk("x", text)])[0].bands]) for text in texts]
        errors.append(float(similarity(*bands)[0]) - exact)
    assert abs(np.mean(errors)) < 0.03
    assert np.std(errors) < 0.06


def test_nothing_is_found_in_an_empty_dataset(tmp_path: Path) -> None:
    assert found(tmp_path) == []


@pytest.mark.filterwarnings("error")
def test_a_long_text_of_a_few_words_has_a_signature_of_its_own() -> None:
    texts = ["x y z " * 400_000, "x y w " * 400_000, "x y z " * 399_000]
    bands = [Sketch()([talk("a", text)])[0].bands for text in texts]
    assert all(bands)
    assert (bands[0] == bands[2], bands[0] == bands[1]) == (True, False)
