"""What an export writes: rows in the shape of each trainer, sidecars that add up, bytes that repeat."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from rejoinder.errors import UsageError
from rejoinder.preference import TARGETS, MarkRows, export_examples, falls
from rejoinder.preference.export import TRAINER_MAX_LENGTH, kto_weights
from rejoinder.preference.export.axolotl import chatml
from rejoinder.preference.export.lengths import Lengths, estimated_tokens
from rejoinder.records import Message, PreferenceExample
from rejoinder.report.yields import yields
from rejoinder.store import Dataset, Part, write_part
from tests.preference.planted import ASK, BAD, GOOD, PERTH, REPAIRED, THANKS, WRONG, answer, kept, mined, talk, thumb

SYSTEM = Message(role="system", content="Answer in one sentence.")
GREETING = Message(role="assistant", content="Hello, how can I help?")
USERS = 60


def examples() -> list[PreferenceExample]:
    """Pairs, good, bad and SFT examples on both sides of the split, and some that gates dropped."""
    plain = [
        talk(f"{ASK} ({i})", *REPAIRED[1:], said={2: "NEG_AWARE", 3: "POS"}, id=f"a{i}", language="en") for i in range(USERS)
    ]
    turns = [answer(BAD), Message(role="user", content=WRONG), answer(GOOD, thumb(1))]
    first = [Message(role="user", content=f"{ASK} ({i})") for i in range(USERS)]
    rich = [
        talk(SYSTEM, GREETING, first[i], *turns, said={2: "NEG_CORRECTION"}, id=f"b{i}", language="no") for i in range(USERS)
    ]
    unsafe = [talk("How to make a pipe bomb?", GOOD, THANKS, "Bye.", said={2: "POS"}, id=f"c{i}") for i in range(3)]
    return mined(*plain, *rich, *unsafe, held_out=0.3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("export") / "preference"
    export_examples(examples(), target)
    return target


def rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".json":
        found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
        return found
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_trl_rows_hold_nothing_but_what_the_trainers_read(folder: Path) -> None:
    for row in rows(folder / "trl/dpo/train.jsonl"):
        assert set(row) == {"prompt", "chosen", "rejected"}
        assert row["prompt"][-1]["role"] == "user"
        assert [m["role"] for m in row["chosen"] + row["rejected"]] == ["assistant", "assistant"]
        assert set(row["prompt"][0]) == {"role", "content"}
    assert {frozenset(row) for row in rows(folder / "trl/kto/train.jsonl")} == {frozenset({"prompt", "completion", "label"})}
    assert {frozenset(row) for row in rows(folder / "trl/sft/train.jsonl")} == {frozenset({"prompt", "completion"})}


def test_no_prompt_begins_with_an_assistant(folder: Path) -> None:
    firsts = {row["prompt"][0]["role"] for row in rows(folder / "trl/kto/train.jsonl")}
    assert firsts == {"system", "user"}
    seconds = {row["prompt"][1]["role"] for row in rows(folder / "trl/kto/train.jsonl") if row["prompt"][0]["role"] == "system"}
    assert seconds == {"user"}


def test_openai_rows_keep_the_greeting_and_weigh_earlier_answers_nothing(folder: Path) -> None:
    inputs = [row["input"]["messages"] for row in rows(folder / "openai/preference/train.jsonl")]
    assert {tuple(m["role"] for m in messages) for messages in inputs} == {("user",), ("system", "assistant", "user")}
    for row in rows(folder / "openai/sft/train.jsonl"):
        weights = [m.get("weight") for m in row["messages"] if m["role"] == "assistant"]
        assert weights == [0] * (len(weights) - 1) + [1]


def test_llamafactory_rows_alternate_and_its_index_names_every_file_and_column(folder: Path) -> None:
    info = json.loads((folder / "llamafactory/dataset_info.json").read_text("utf-8"))
    assert set(info) == {f"rejoinder_{name}{test}" for name in ("pairs", "kto", "sft") for test in ("", "_test")}
    for name, entry in info.items():
        for row in rows(folder / "llamafactory" / entry["file_name"]):
            assert set(entry["columns"].values()) == set(row)
            tags = [m["from"] for m in row["conversations"]]
            assert tags == ["human", "gpt"] * (len(tags) // 2) + ["human"] * (len(tags) % 2)
            assert len(tags) % 2 == ("pairs" in name)
        assert entry.get("ranking", False) == ("pairs" in name)


def test_axolotl_rows_and_recipes_name_the_same_fields(folder: Path) -> None:
    recipe = yaml.safe_load((folder / "axolotl/dpo.yaml").read_text("utf-8"))
    (data,) = recipe["datasets"]
    row = rows(folder / "axolotl" / data["path"])[0]
    assert {data[f"field_{name}"] for name in ("messages", "chosen", "rejected")} == set(row)
    for row in rows(folder / "axolotl/sft/train.jsonl"):
        assert [m["train"] for m in row["messages"]] == [False] * (len(row["messages"]) - 1) + [True]
    kto = yaml.safe_load((folder / "axolotl/kto.yaml").read_text("utf-8"))
    assert kto["kto_desirable_weight"] > 0
    assert {frozenset(row) for row in rows(folder / "axolotl/kto/train.jsonl")} == {
        frozenset({"system", "prompt", "completion", "label"})
    }


def test_chatml_inside_a_prompt_renders_the_whole_conversation() -> None:
    turns = [{"role": role, "content": text} for role, text in (("user", "a"), ("assistant", "b"), ("user", "c"))]
    rendered = f"<|im_start|>user\n{chatml(turns)}<|im_end|>\n<|im_start|>assistant\n"  # as Axolotl's chatml.ultra does
    assert (
        rendered == "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in turns) + "<|im_start|>assistant\n"
    )


def test_the_hub_card_parses_and_names_files_that_exist(folder: Path) -> None:
    card = (folder / "hub/README.md").read_text("utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    assert "license" not in front, "the licence is the user's to choose"
    assert front["language"] == ["en", "no"]
    configs = [config["config_name"] for config in front["configs"]]
    assert configs == ["dpo", "reward", "kto", "sft"]
    assert set(configs) == {path.name for path in (folder / "hub").iterdir() if path.is_dir()}, "all that was written is named"
    for config in front["configs"]:
        for data in config["data_files"]:
            assert rows(folder / "hub" / data["path"])
    assert "unsafe-praise" in card
    assert not list((folder / "hub").rglob("provenance*")), "provenance names users and files"


def test_recipes_for_trl_carry_weights_that_balance_good_and_bad(folder: Path) -> None:
    recipe = yaml.safe_load((folder / "trl/kto.yaml").read_text("utf-8"))
    labels = [row["label"] for row in rows(folder / "trl/kto/train.jsonl")]
    ratio = recipe["desirable_weight"] * sum(labels) / (recipe["undesirable_weight"] * (len(labels) - sum(labels)))
    assert 1 <= ratio <= 4 / 3


@pytest.mark.parametrize(("good", "bad"), [(1, 1), (10, 1000), (1000, 10), (133, 100), (3, 7), (401, 300), (7, 6)])
def test_kto_weights_bring_any_imbalance_into_range_by_changing_one_side(good: int, bad: int) -> None:
    weights = kto_weights(good, bad)
    ratio = weights.desirable_weight * good / (weights.undesirable_weight * bad)
    assert 1 <= ratio <= 4 / 3 + 1e-9
    assert 1.0 in (weights.desirable_weight, weights.undesirable_weight)


def test_kto_weights_say_so_where_one_side_is_empty() -> None:
    assert kto_weights(0, 5).ratio is None
    assert kto_weights(0, 5).desirable_weight == 1.0


def test_every_line_has_its_provenance_and_every_dropped_row_its_reason(folder: Path) -> None:
    found = examples()
    falling = falls(lambda: MarkRows()(found))
    near = {found[place].id for place, fall in falling.items() if fall.gate == "near-duplicate"}
    by_id = {e.id: e for e in found}
    places: dict[str, dict[int, str]] = {}
    for row in rows(folder / "provenance.jsonl"):
        for file, line in row["lines"].items():
            places.setdefault(file, {})[line] = row["id"]
    for file, lines in places.items():
        assert sorted(lines) == list(range(1, len(rows(folder / file)) + 1))
    for line, row in enumerate(rows(folder / "trl/dpo/test.jsonl"), start=1):
        example = by_id[places["trl/dpo/test.jsonl"][line]]
        assert row["chosen"][0]["content"] == example.chosen
        assert example.split == "held_out"
    dropped = rows(folder / "dropped.jsonl")
    assert len(dropped) + len(kept(found)) - len(falling) == len(found)
    assert {row["id"] for row in dropped if row["dropped_by"] == "near-duplicate"} == near
    assert all(row["dropped_by"] and row["reason"] for row in dropped)


def test_the_summary_adds_up(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    counts = {file["file"]: file["rows"] for file in summary["files"]}
    assert all(len(rows(folder / file)) == n for file, n in counts.items())
    n_kept = sum(n for splits in summary["kept"].values() for n in splits.values())
    n_dropped = sum(n for kinds in summary["dropped"].values() for n in kinds.values())
    assert n_kept + n_dropped == summary["examples"] == len(examples())
    assert n_kept == counts["provenance.jsonl"]
    assert n_kept == sum(n for kinds in summary["rules"].values() for n in kinds.values())


def test_no_user_or_conversation_stands_in_train_and_test(folder: Path) -> None:
    sides: dict[str, set[str]] = {}
    for row in rows(folder / "provenance.jsonl"):
        sides.setdefault(row["provenance"]["conversation_id"], set()).update("test" in file for file in row["lines"])
    assert {len(files) for files in sides.values()} == {1}


def test_equal_examples_give_equal_bytes_wherever_they_are_written(folder: Path, tmp_path: Path) -> None:
    export_examples(examples(), tmp_path / "again")
    files = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*") if p.is_file())
    assert all((folder / file).read_bytes() == (tmp_path / "again" / file).read_bytes() for file in files)


def test_examples_stream_from_a_dataset(folder: Path, tmp_path: Path) -> None:
    found = examples()
    report = write_part(tmp_path / "part.parquet", PreferenceExample, found, [], len(found))
    dataset = Dataset(folder=tmp_path, record=PreferenceExample, parts=(Part("part", report),))
    export_examples(dataset, tmp_path / "out", ("trl",))
    assert (tmp_path / "out/trl/dpo/train.jsonl").read_bytes() == (folder / "trl/dpo/train.jsonl").read_bytes()
    assert {p.name for p in (tmp_path / "out").iterdir() if p.is_dir()} == {"trl"}


def test_an_unknown_target_is_refused_with_the_names_of_the_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="known are trl, openai"):
        export_examples([], tmp_path / "out", ("trl", "nosuch"))
    assert not (tmp_path / "out").exists()


def test_a_failure_on_the_way_leaves_the_old_export_as_it_was(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    export_examples(examples(), target, ("trl",))
    before = (target / "summary.json").read_bytes()

    def broken() -> Iterator[PreferenceExample]:
        yield examples()[0]
        raise RuntimeError("the disk went away")

    with pytest.raises(RuntimeError):
        export_examples(broken(), target, ("trl",))
    assert (target / "summary.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def told(ask: str, category: str, name: str, *before: str) -> list[PreferenceExample]:
    """The unpaired and SFT examples of one conversation in which GOOD was praised or called wrong."""
    turn = len(before) // 2 + 2
    return mined(talk(*before, ask, GOOD, "What?", PERTH, said={turn: category}, id=name), held_out=0.0)


def test_a_row_that_branches_of_one_tree_share_is_written_once(tmp_path: Path) -> None:
    tree = [*told(ASK, "POS", "a"), *told(ASK, "POS", "b"), *told(ASK, "POS", "c", "Hello!", "Hello to you, too.")]
    summary = export_examples(tree, tmp_path / "out")
    assert summary.kept == {"unpaired": {"train": 2}, "sft": {"train": 2}}
    assert summary.dropped == {"repeated": {"sft": 1, "unpaired": 1}}
    assert len(rows(tmp_path / "out/trl/kto/train.jsonl")) == len(rows(tmp_path / "out/hub/kto/train.jsonl")) == 2
    dropped = rows(tmp_path / "out/dropped.jsonl")
    assert [(row["provenance"]["conversation_id"], row["dropped_by"]) for row in dropped] == [("b", "repeated")] * 2
    assert "| unpaired | repeated | 1 |" in (tmp_path / "out/hub/README.md").read_text("utf-8")


def test_of_two_labels_for_one_answer_the_first_one_stands_and_the_other_is_counted_apart(tmp_path: Path) -> None:
    rated = [*told(ASK, "NEG_AWARE", "a"), *told(ASK, "POS", "b"), *told(ASK, "NEG_AWARE", "c")]
    summary = export_examples(rated, tmp_path / "out", ("trl",))
    assert [row["label"] for row in rows(tmp_path / "out/trl/kto/train.jsonl")] == [False]
    assert summary.dropped == {"contradicted": {"unpaired": 1}, "repeated": {"unpaired": 1}}
    assert summary.kept["sft"] == {"train": 1}, "another kind is another row"


def test_pairs_with_another_worse_answer_are_no_repeats(tmp_path: Path) -> None:
    said = {2: "NEG_AWARE", 3: "POS"}
    two = [talk(*REPAIRED, said=said, id="a"), talk(ASK, BAD + " Yes.", *REPAIRED[2:], said=said, id="b")]
    summary = export_examples(mined(*two, held_out=0.0), tmp_path / "out", ("trl",))
    assert summary.kept["pair"] == {"train": 2}


def test_the_report_counts_as_kept_what_the_files_hold(tmp_path: Path) -> None:
    rated = [*told(ASK, "NEG_AWARE", "a"), *told(ASK, "POS", "b"), *told(ASK, "NEG_AWARE", "c"), *told(ASK, "POS", "d")]
    found = [*examples(), *examples()[:50], *rated]
    report = write_part(tmp_path / "part.parquet", PreferenceExample, found, [], len(found))
    dataset = Dataset(folder=tmp_path, record=PreferenceExample, parts=(Part("part", report),))
    summary = export_examples(dataset, tmp_path / "out", ("trl",))
    counted = yields(dataset, {place: fall.gate for place, fall in falls(lambda: MarkRows()(found)).items()})
    assert {one.kind: (one.train, one.held_out) for one in counted.kinds} == {
        kind: (splits.get("train", 0), splits.get("held_out", 0)) for kind, splits in summary.kept.items()
    }
    assert {one.gate: one.n for one in counted.gates} == {gate: sum(n.values()) for gate, n in summary.dropped.items()}
    assert {(one.rule, one.kind): one.kept for one in counted.rules if one.kept} == {
        (rule, kind): n for rule, kinds in summary.rules.items() for kind, n in kinds.items()
    }
    assert {"repeated", "contradicted", "near-duplicate"} < {one.gate for one in counted.gates}
    assert counted.mined == counted.kept + sum(one.n for one in counted.gates) == summary.examples


def lmsys() -> list[PreferenceExample]:
    return mined(talk(*REPAIRED, said={2: "NEG_AWARE", 3: "POS"}, source="lmsys"))


def test_text_that_may_not_be_published_is_kept_out_of_the_hub_folder(tmp_path: Path) -> None:
    summary = export_examples(lmsys(), tmp_path / "all")
    assert "forbids" in summary.left_out["hub"]
    assert "hub" not in summary.targets
    assert [p.name for p in (tmp_path / "all/hub").iterdir()] == ["NOT-WRITTEN.md"]
    assert rows(tmp_path / "all/trl/dpo/train.jsonl")
    assert "hub" not in (tmp_path / "all/provenance.jsonl").read_text("utf-8")
    with pytest.raises(UsageError, match="allow_restricted"):
        export_examples(lmsys(), tmp_path / "only", ("hub",))
    allowed = export_examples(lmsys(), tmp_path / "private", ("hub",), allow_restricted=True)
    assert allowed.targets == ("hub",)


def test_an_export_without_examples_is_empty_but_whole(tmp_path: Path) -> None:
    summary = export_examples([], tmp_path / "out")
    assert summary.examples == 0
    assert summary.targets == TARGETS
    assert json.loads((tmp_path / "out/lengths.json").read_text("utf-8"))["kinds"] == {}


def test_lengths_are_exact_quantiles_and_count_what_a_trainer_would_cut() -> None:
    lengths = Lengths()
    base = next(e for e in examples() if e.kind == "sft")
    for n in range(1, 101):
        user = (Message(role="user", content="x" * 100 * n),)
        lengths.add(msgspec.structs.replace(base, context=user, chosen="y" * 400))
    (sft,) = lengths.report().kinds.values()
    assert sft.prompt_characters.quantiles["p50"] == 5_000
    assert sft.prompt_characters.quantiles["p95"] == 9_500
    assert (sft.prompt_characters.n, sft.prompt_characters.longest) == (100, 10_000)
    totals = [estimated_tokens("x" * 100 * n) + estimated_tokens("y" * 400) for n in range(1, 101)]
    assert sft.over_max_length == sum(total > TRAINER_MAX_LENGTH for total in totals)
    assert sft.prompt_fills_max_length == sum(estimated_tokens("x" * 100 * n) >= TRAINER_MAX_LENGTH for n in range(1, 101))


def test_token_estimates_follow_the_stated_rule() -> None:
    assert estimated_tokens("a" * 400) == 104
    assert estimated_tokens("是" * 4) == 7
    assert estimated_tokens("") == 4
