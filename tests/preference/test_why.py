"""Every row of every exported file can be traced back to its turn, its words, its writers and its gate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rejoinder import pipeline
from rejoinder.errors import UsageError
from rejoinder.preference.why import story_of
from rejoinder.preference.why_text import told
from rejoinder.records import PreferenceExample
from rejoinder.settings import load_settings
from tests.logs import write_log
from tests.preference.built import Played, build
from tests.preference.test_building import LENS, LOG, SCRIPTS, WILDFEEDBACK


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def check_every_exported_row(run: Path) -> int:
    """Ask for each id of each export's files, and hold the answer against the file."""
    checked = 0
    for file in [*run.glob("*/**/provenance*.jsonl"), *run.glob("*/**/dropped.jsonl")]:
        for row in rows(file):
            story = story_of(run, row["id"])
            place = next(one for one in story.places if one.folder == str(file.parent.relative_to(run)))
            assert place.dropped_by == row.get("dropped_by")
            assert story.conversation is not None
            assert story.conversation.id == row["provenance"]["conversation_id"]
            for name, number in place.lines.items():
                text = (file.parent / name).read_text("utf-8").splitlines()[number - 1]
                answer = getattr(story.row, "chosen", None) or getattr(story.row, "rejected", None) or story.row.response
                assert json.dumps(answer, ensure_ascii=False)[1:-1] in text
            assert row["id"] in told(story)
            checked += 1
    files = {f for f in run.rglob("*.jsonl") if f.name in ("train.jsonl", "test.jsonl") and "graded" not in f.parts}
    named = {f"{p.parent}/{name}" for p in run.glob("*/**/provenance.jsonl") for row in rows(p) for name in row["lines"]}
    assert {str(file) for file in files} == named, "no exported file without a story"
    return checked


def test_every_mined_and_graded_row_is_found_by_why(tmp_path: Path) -> None:
    settings = load_settings(Path("offline"))
    pipeline.run(write_log(tmp_path / "log.jsonl"), tmp_path / "run", settings, workers=1)
    assert check_every_exported_row(tmp_path / "run") >= 6


def test_of_conversations_with_the_same_id_the_one_is_shown_that_the_row_came_from(tmp_path: Path) -> None:
    asked = [f"Name a river of {land}." for land in ("France", "Peru", "Egypt")]
    answers = ["The Rhone flows to the sea there.", "You mean the Ucayali, I suppose.", "The Nile, which is long."]
    talks = [
        [("user", ask), ("assistant", answer), ("user", "Perfect, thank you!"), ("assistant", "You are welcome.")]
        for ask, answer in zip(asked, answers, strict=True)
    ]
    lines = [json.dumps({"id": "same", "messages": [{"role": role, "content": text} for role, text in talk]}) for talk in talks]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    pipeline.run(tmp_path / "log.jsonl", tmp_path / "run", workers=1)
    for row in rows(tmp_path / "run/preference/provenance.jsonl"):
        story = story_of(tmp_path / "run", row["id"])
        assert story.conversation is not None
        assert story.conversation.messages[1].content == story.row.chosen  # type: ignore[union-attr]
    shown = subprocess.run(
        [sys.executable, "-m", "rejoinder", "inspect", str(tmp_path / "run"), "--conversation", "same"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(ask in shown for ask in asked)


@pytest.mark.parametrize("plan", [WILDFEEDBACK, LENS], ids=["wildfeedback", "lens"])
def test_every_built_row_is_found_by_why(tmp_path: Path, plan: Any) -> None:
    build(tmp_path / "run", LOG[:6], plan, Played(tmp_path, SCRIPTS))
    assert check_every_exported_row(tmp_path / "run") >= 6


def test_the_story_of_a_judged_pair_names_words_prompts_draws_verdict_and_recipe(tmp_path: Path) -> None:
    examples, _, _ = build(tmp_path / "run", LOG[:6], WILDFEEDBACK, Played(tmp_path, SCRIPTS))
    pair = next(e for e in examples if e.kind == "pair" and e.provenance.rule == "on-policy")
    text = told(story_of(tmp_path / "run", pair.id, "settings-of-the-run"))
    for words in (
        "arm on-policy",
        "is wrong, and I asked for one short sentence",
        "NEG_CORRECTION (negative, probability 0.95) about turn 1, says planted",
        "policy preferences (answer_preferences ",
        "draw 0",
        "Checklist by ",
        "Verdict of judge-model judge_pair ",
        "Reward margins",
        "Kept by all gates.",
        "Recipe settings-of-the-run.",
    ):
        assert words in text


def test_a_row_that_a_gate_dropped_says_which_and_why(tmp_path: Path) -> None:
    scripts = SCRIPTS | {"judge_pair": lambda request: '{"reasoning": "", "items": [], "verdict": "A"}'}
    examples, _, _ = build(tmp_path / "run", LOG[:4], WILDFEEDBACK, Played(tmp_path, scripts))
    fallen: PreferenceExample = next(e for e in examples if e.dropped_by == "judge")
    assert "Dropped by the gate judge: The judge found neither answer better." in told(story_of(tmp_path / "run", fallen.id))


def test_the_verb_tells_the_story_as_text_and_as_json_and_refuses_an_unknown_row(tmp_path: Path) -> None:
    run = tmp_path / "run"
    pipeline.run(write_log(tmp_path / "log.jsonl"), run, workers=1)
    name = next(row["id"] for row in rows(run / "preference/provenance.jsonl") if row["kind"] == "pair")

    def why(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rejoinder", "why", *arguments, "--run", str(run)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    text = why(name).stdout
    assert "rule repaired-and-praised" in text
    assert "It was 1854" in text
    assert "preference/trl/dpo/" in text
    story = json.loads(why(name, "--json").stdout)
    assert story["row"]["id"] == name
    assert story["recipe"].startswith("settings-")
    unknown = why("example-nobody")
    assert unknown.returncode == 2
    assert "provenance.jsonl" in unknown.stderr


def test_an_unknown_row_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no row"):
        story_of(tmp_path, "example-x' OR 1=1 --")
