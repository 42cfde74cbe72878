"""The whole run on a small log, from Python: what comes out, what is reused, what adds up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import orjson
import pytest

import rejoinder
from rejoinder import preference
from rejoinder.engine import Progress
from rejoinder.errors import InputError, SettingsError
from rejoinder.settings import TARGETS, FeedbackSettings, IngestSettings, PreferenceSettings, Settings, load_settings
from tests.logs import write_log


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> rejoinder.Result:
    folder = tmp_path_factory.mktemp("run")
    return rejoinder.run(write_log(folder / "log.jsonl"), folder / "out", workers=1)


def test_counts_add_up(result: rejoinder.Result) -> None:
    read, kept = result.ingested.read, result.ingested.conversations
    assert (read.written + read.failed, kept.written, kept.failed, read.failed) == (7, 4, 1, 2)


def test_every_turn_after_a_response_is_labelled_with_words_of_the_user(result: rejoinder.Result) -> None:
    rows = {row.conversation.id: row for row in result.annotated.rows()}
    assert {name: [f.polarity for f in row.feedback] for name, row in rows.items()} == {
        "repaired": ["negative", "positive"],
        "praised": ["positive"],
        "neutral": ["neutral"],
        "single": [],
    }
    for row in rows.values():
        turns = {turn.number: turn.request for turn in row.conversation.turns}
        assert all(words in turns[feedback.turn] for feedback in row.feedback for words in feedback.evidence)


def test_the_repair_becomes_a_pair_with_its_story(result: rejoinder.Result) -> None:
    pairs = [e for e in result.examples.rows() if e.kind == "pair" and e.dropped_by is None]
    assert [(pair.provenance.conversation_id, pair.provenance.rule) for pair in pairs] == [("repaired", "repaired-and-praised")]
    assert "1845" in (pairs[0].rejected or "")
    assert "1854" in (pairs[0].chosen or "")
    assert [message.role for message in pairs[0].context] == ["user"]


def test_quarantined_rows_name_file_row_and_reason(result: rejoinder.Result) -> None:
    rows = [orjson.loads(line) for line in (result.folder / "quarantine" / "quarantine.jsonl").read_bytes().splitlines()]
    assert [(Path(row["origin"]["file"]).name, row["origin"]["row"]) for row in rows] == [("log.jsonl", 3), ("log.jsonl", 7)]
    assert all(row["reason"] and row["detail"] for row in rows)


def test_the_report_and_the_trainer_files_are_there(result: rejoinder.Result) -> None:
    assert result.report.stat().st_size > 10_000
    assert {"report.html", "report.md", "report.json"} <= {path.name for path in result.report.parent.iterdir()}
    dpo = [orjson.loads(line) for path in sorted(result.preference.glob("trl/dpo/*.jsonl")) for line in path.open("rb")]
    assert [set(line) for line in dpo] == [{"prompt", "chosen", "rejected"}]


def test_the_resolved_settings_are_a_recipe(result: rejoinder.Result) -> None:
    assert load_settings(result.folder / "settings.json") == Settings()


def test_a_changed_threshold_recomputes_only_what_depends_on_it(tmp_path: Path) -> None:
    log, seen = write_log(tmp_path / "log.jsonl"), list[Progress]()
    rejoinder.run(log, tmp_path / "out", workers=1)
    settings = Settings(feedback=FeedbackSettings(pair_threshold=0.99))
    rejoinder.run(log, tmp_path / "out", settings, workers=1, progress=seen.append)
    reused = {"read": 1, "sketches": 1, "conversations": 0, "annotated": 1, "examples": 0, "marks": 0}
    assert {p.stage: p.reused for p in seen} == reused
    assert [p.stage for p in seen].count("marks") == 2, "the export asks for them again and tells nothing"


def test_a_longer_log_recomputes_only_its_last_unit(tmp_path: Path) -> None:
    write_log(tmp_path / "a.jsonl")
    write_log(tmp_path / "b.jsonl")
    rejoinder.run(tmp_path, tmp_path / "out", workers=1)
    seen: list[Progress] = []
    with (tmp_path / "b.jsonl").open("ab") as log:
        log.write(b'{"messages": [{"role": "user", "content": "One more, about the moon and its seas?"}]}\n')
    result = rejoinder.run([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], tmp_path / "out", workers=1, progress=seen.append)
    assert {p.stage: (p.reused, p.units) for p in seen}["read"] == (1, 2)
    assert result.ingested.conversations.written == 5


def test_it_runs_inside_a_notebooks_event_loop(tmp_path: Path) -> None:
    async def cell() -> rejoinder.Result:
        return rejoinder.run(write_log(tmp_path / "log.jsonl"), tmp_path / "out", workers=1)

    assert asyncio.run(cell()).annotated.written == 4


def test_a_log_without_any_conversation_is_an_error_that_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"messages": []}\n{"messages": []}\n')
    with pytest.raises(InputError, match="quarantine"):
        rejoinder.run(
            tmp_path / "log.jsonl", tmp_path / "out", Settings(ingest=IngestSettings(format="openai-messages")), workers=1
        )
    assert len((tmp_path / "out" / "quarantine" / "quarantine.jsonl").read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("seed: [1]", "seed"),
        ("ingest: {fromat: x}", "fromat"),
        ("preference: {held_out: 2}", "between 0 and 1"),
        ("preference: {targets: [trl, vllm]}", "vllm"),
        ("ingest: {limit: 0}", "1 or more"),
        ("build: {size: 0}", "build.size is 0; it must be 1 or more"),
        ("build: {per_conversation: -1}", "1 or more"),
        ("preference: {rate_prompts: -1}", "0 or more"),
        ("seed: -3", "seed is -3; it must lie between 0 and 4,294,967,295"),
        ("seed: 5000000000", "between 0"),
    ],
)
def test_a_recipe_with_a_mistake_names_it(tmp_path: Path, recipe: str, words: str) -> None:
    (tmp_path / "recipe.yaml").write_text(recipe)
    with pytest.raises(SettingsError, match=words):
        load_settings(tmp_path / "recipe.yaml")


def test_recipes_of_all_suffixes_say_the_same(tmp_path: Path) -> None:
    settings = Settings(seed=3, preference=PreferenceSettings(targets=("trl",)))
    (tmp_path / "r.yaml").write_text("seed: 3\npreference:\n  targets: [trl]\n")
    (tmp_path / "r.toml").write_text('seed = 3\n[preference]\ntargets = ["trl"]\n')
    (tmp_path / "r.json").write_bytes(msgspec.json.encode(settings))
    assert all(load_settings(path) == settings for path in sorted(tmp_path.iterdir()))


def test_settings_know_the_same_targets_as_the_exporter() -> None:
    assert TARGETS == preference.TARGETS
