"""`rejoinder evaluate judge` as a script meets it: requests to a file, answers by hand, and the card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rejoinder.cli.evaluate_judge import columns_from, evaluate_judge
from rejoinder.errors import UsageError, WaitingError
from tests.cli.test_commands import rejoinder
from tests.judge.scripted import by_hand, say

SHARED = Path(__file__).parents[3] / "shared" / "data"


def pairs_file(folder: Path, count: int = 24) -> Path:
    """Chosen and rejected answers to sums; the chosen one is the shorter."""
    path = folder / "pairs.jsonl"
    rows = [
        {"prompt": f"What is {n} + {n}?", "chosen": str(2 * n), "rejected": f"I think it is {2 * n + 1}."} for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"prompt": "x"}]), "utf-8")
    return path


def shorter(seen: dict[str, Any]) -> str:
    return say("A" if len(seen["A"]) < len(seen["B"]) else "B")


def test_requests_go_to_a_file_are_answered_by_hand_and_give_the_card(tmp_path: Path) -> None:
    shared = ("--model", "m", "--columns", "first=chosen,second=rejected,label=", "--journal", tmp_path / "j.sqlite")
    command = ("evaluate", "judge", pairs_file(tmp_path), *shared)
    written = rejoinder(*command, "--batch-file", tmp_path / "out.jsonl")
    assert written.returncode == 7, written.stderr
    assert "24 of 24 pairs wait for answers: 48 requests stand in" in written.stderr
    assert by_hand(tmp_path / "out.jsonl", tmp_path / "in.jsonl", shorter) == 48

    done = rejoinder(*command, "--batch-results", tmp_path / "in.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    assert "48 lines = 48 answers" in done.stderr
    card = json.loads(done.stdout)
    assert (card["pairs"], card["rows"], card["unused"]) == (24, 25, {"chosen is missing": 1})
    assert card["overall"]["accuracy"]["value"] == 1.0
    assert card["diagnostics"]["longer"]["value"] == 0.0
    assert not (tmp_path / "in.jsonl.missing.jsonl").exists()

    again = rejoinder(*command, "--batch-file", tmp_path / "none.jsonl")
    assert again.returncode == 0, again.stderr
    assert "Judge m judge_pair " in again.stdout
    assert "24 labelled pairs over 24 prompts, 1 not used" in again.stdout


def test_answers_that_are_missing_or_unreadable_stand_in_the_next_file(tmp_path: Path) -> None:
    def judge(**files: Any) -> None:
        evaluate_judge(
            pairs_file(tmp_path, 12), "m", columns="first=chosen,second=rejected,label=", journal=tmp_path / "j.sqlite", **files
        )

    with pytest.raises(WaitingError, match="24 requests"):
        judge(batch_file=tmp_path / "one.jsonl")
    by_hand(tmp_path / "one.jsonl", tmp_path / "one.results", lambda seen: shorter(seen) if "4" in seen["A"] else "Hm.")
    with pytest.raises(WaitingError, match=r"requests stand in .*one.results.missing.jsonl"):
        judge(batch_results=[tmp_path / "one.results"])
    by_hand(tmp_path / "one.results.missing.jsonl", tmp_path / "two.results", lambda _: "Hm.")
    judge(batch_results=[tmp_path / "one.results", tmp_path / "two.results"])


@pytest.mark.parametrize("name", ["llmbar", "pandalm", "hhh_alignment"])
def test_published_pairs_by_hand_agree_with_a_judge_who_knows_the_labels(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = SHARED / name / "pairs.jsonl"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()[:40]]
    assert all(isinstance(row["response_a"], str) and isinstance(row["response_b"], str) for row in rows)
    letters = {"a": "A", "b": "B", "tie": "tie"}
    other = {"A": "B", "B": "A", "tie": "tie"}
    known = {(row["prompt"], row["response_a"], row["response_b"]): letters[row["human_label"]] for row in rows}
    known |= {(prompt, second, first): other[letter] for (prompt, first, second), letter in known.items()}

    def judge(**files: Any) -> None:
        evaluate_judge(path, "m", journal=tmp_path / "j.sqlite", limit=40, json=True, **files)

    with pytest.raises(WaitingError):
        judge(batch_file=tmp_path / "out.jsonl")
    by_hand(
        tmp_path / "out.jsonl",
        tmp_path / "in.jsonl",
        lambda seen: say(known[seen["conversation"][0]["content"], seen["A"], seen["B"]]),
    )
    judge(batch_results=[tmp_path / "in.jsonl"])
    card = json.loads(capsys.readouterr().out)
    assert card["pairs"] == 40
    assert (card["overall"]["agreement"]["value"], card["overall"]["unreadable"]) == (1.0, 0)


@pytest.mark.parametrize(("columns", "labels"), [("first", None), ("colour=red", None), (None, "first"), (None, "better=1")])
def test_a_flag_that_does_not_parse_names_what_it_takes(columns: str | None, labels: str | None) -> None:
    with pytest.raises(UsageError, match="Names: "):
        columns_from(columns, labels)


def test_flags_declare_columns_and_words() -> None:
    found = columns_from("prompt=q, label=", "first=1,second=2")
    assert (found.prompt, found.label, found.first) == ("q", "", "response_a")
    assert found.labels == {"1": "win", "2": "loss"}
