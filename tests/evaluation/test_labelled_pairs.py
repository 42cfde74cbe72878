"""Files of labelled pairs: declared columns, messages or text, and rows that cannot be used are counted by reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rejoinder.errors import InputError
from rejoinder.evaluation.labelled_pairs import Columns, read_pairs

ROW = {"id": "1", "source": "s", "prompt": "Name a tree.", "response_a": "Oak.", "response_b": "Cod.", "human_label": "a"}


def written(folder: Path, *rows: object) -> Path:
    path = folder / "pairs.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "utf-8")
    return path


def test_a_row_of_the_default_columns(tmp_path: Path) -> None:
    (pair,) = read_pairs(written(tmp_path, ROW)).pairs
    assert (pair.id, pair.subset, pair.first, pair.second, pair.label, pair.models) == (
        "1",
        "s",
        "Oak.",
        "Cod.",
        "win",
        (None, None),
    )
    assert [(m.role, m.content) for m in pair.context] == [("user", "Name a tree.")]


def test_declared_columns_lead_into_objects_and_labels_have_their_own_words(tmp_path: Path) -> None:
    row = {"q": "Name a tree.", "x": {"text": "Oak.", "by": "m1"}, "y": "Cod.", "winner": 2}
    columns = Columns(
        prompt="q", first="x.text", second="y", label="winner", first_model="x.by", labels={"1": "win", "2": "loss", "0": "tie"}
    )
    (pair,) = read_pairs(written(tmp_path, row), columns).pairs
    assert (pair.id, pair.subset, pair.first, pair.label, pair.models) == ("1", "", "Oak.", "loss", ("m1", None))


def test_chosen_and_rejected_as_messages_need_no_label(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "Name a tree."}]
    row = {"prompt": said, "chosen": [{"from": "gpt", "value": "Oak."}], "rejected": [{"role": "assistant", "content": "Cod."}]}
    (pair,) = read_pairs(written(tmp_path, row), Columns(first="chosen", second="rejected", label="")).pairs
    assert (pair.first, pair.second, pair.label) == ("Oak.", "Cod.", "win")
    assert pair.context[-1].role == "user"


def test_every_row_is_a_pair_or_is_counted_under_its_reason(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        ROW,
        "{broken",
        "[1]",
        {**ROW, "human_label": "no_majority"},
        {**ROW, "human_label": None},
        {**ROW, "response_a": ""},
        {**ROW, "response_b": 7},
        {**ROW, "prompt": [{"role": "assistant", "content": "Hello"}]},
        {**ROW, "prompt": [{"role": "robot", "content": "Hello"}]},
        {key: value for key, value in ROW.items() if key != "response_b"},
        {**ROW, "human_label": "TIE"},
    )
    found = read_pairs(path)
    assert len(found.pairs) + sum(found.unused.values()) == 11
    assert [pair.label for pair in found.pairs] == ["win", "win", "tie"]
    assert found.unused == {
        "not JSON": 1,
        "not a JSON object": 1,
        "human_label is none of a, b, tie": 1,
        "human_label is missing": 1,
        "response_b is neither text nor messages": 1,
        "prompt does not end in a user's text": 1,
        "prompt holds something else than messages with role and content": 1,
        "response_b is missing": 1,
    }


def test_a_file_without_a_usable_row_is_refused_with_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no labelled pair \(2 x human_label is missing\)"):
        read_pairs(written(tmp_path, *[{k: v for k, v in ROW.items() if k != "human_label"}] * 2))
    with pytest.raises(InputError, match="it is empty"):
        read_pairs(written(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        read_pairs(tmp_path / "none.jsonl")
