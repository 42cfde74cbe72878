"""What is refused or warned of before the first step, how rows are read, and what other trainers are given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
pytest.importorskip("trl", reason="the extra `train` is not installed")

from trl import DPOConfig, KTOConfig, ModelConfig, RewardConfig, ScriptArguments, SFTConfig, TrlParser

from rejoinder.errors import InputError, SettingsError, UsageError
from rejoinder.records import Conversation, Message, Origin
from rejoinder.training import libraries, load_recipe, shipped_recipes, with_changes, write_configs
from rejoinder.training.checks import Checked, check, kto_weights
from rejoinder.training.data import Data, read_data
from rejoinder.training.follow_ups import rows_of
from rejoinder.training.models import device, load_tokenizer
from rejoinder.training.settings import TrainSettings
from tests.training.tiny import BAD, GOOD, answer, model_folder, run_folder, write_rows

ASK = [{"role": "user", "content": "Why?"}]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_tokenizer(str(model_folder(tmp_path_factory.mktemp("model"))))


def looked_at(rows: list[dict[str, Any]], tokenizer: Any, **settings: Any) -> Checked:
    return check(Data(rows, [], ""), TrainSettings(**settings), tokenizer)[1]


def test_a_model_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    bare = load_tokenizer(str(model_folder(tmp_path, template=None)))
    with pytest.raises(UsageError, match="no chat template"):
        looked_at([{"prompt": ASK, "completion": answer(GOOD)}], bare, method="sft")


def test_a_template_that_refuses_the_rows_is_named_before_the_first_step(tokenizer: Any) -> None:
    twice = [*ASK, *ASK]
    with pytest.raises(UsageError, match="roles must alternate"):
        looked_at([{"prompt": twice, "completion": answer(GOOD)}], tokenizer, method="sft")


def test_a_template_that_renders_the_prompt_otherwise_is_warned_of(tmp_path: Path) -> None:
    forgetful = "{% for m in messages %}{{ m.content }}.{% endfor %}{% if add_generation_prompt %}<think>{% endif %}"
    odd = load_tokenizer(str(model_folder(tmp_path, template=forgetful)))
    found = looked_at([{"prompt": ASK, "completion": answer(GOOD)}], odd, method="sft")
    assert "renders 1 of 1 prompts otherwise" in found.warnings[0]


@pytest.mark.parametrize(
    ("method", "rows"),
    [
        ("kto", [{"prompt": ASK, "completion": answer(GOOD), "label": True}]),
        ("ordinal", [{"prompt": ASK, "completion": answer(GOOD), "grade": 4}]),
    ],
)
def test_a_set_of_one_class_is_refused(method: Any, rows: list[dict[str, Any]], tokenizer: Any) -> None:
    with pytest.raises(UsageError, match="of one class"):
        looked_at(rows, tokenizer, method=method)


def test_answers_that_lose_their_end_are_counted(tokenizer: Any) -> None:
    rows = [{"prompt": ASK, "completion": answer("word " * n)} for n in (1, 1, 60)]
    found = looked_at(rows, tokenizer, method="sft", max_length=64)
    assert (found.train.n, found.train.cut, found.train.dropped) == (3, 1, 0)
    assert found.train.longest > 64 > found.train.median
    assert "1 of 3 answers lose their end at max_length 64" in found.warnings


def test_a_learning_rate_far_from_published_runs_is_warned_of(tokenizer: Any) -> None:
    rows = [{"prompt": ASK, "chosen": answer(GOOD), "rejected": answer(BAD)}]
    assert not looked_at(rows, tokenizer, method="dpo").warnings
    assert "1e-06 (TRL's default)" in looked_at(rows, tokenizer, method="dpo", lora=False, learning_rate=1e-3).warnings[0]


@pytest.mark.parametrize(("good", "bad"), [(10, 10), (3, 100), (100, 3), (13, 10), (10, 13)])
def test_the_weights_of_kto_bring_the_effective_ratio_into_its_bounds(good: int, bad: int) -> None:
    weight, other = kto_weights({"good": good, "bad": bad})
    assert 1 <= weight * good / (other * bad) <= 4 / 3 + 0.02
    assert 1.0 in (weight, other)


def test_pairs_serve_sft_and_kto_too(tmp_path: Path) -> None:
    run = run_folder(tmp_path)
    sft = read_data(run, TrainSettings(method="sft", set="dpo"))
    assert sft.train[0] == {"prompt": [{"role": "user", "content": "Question 0?"}], "completion": answer(GOOD)}
    kto = read_data(run, TrainSettings(method="kto", set="dpo"))
    assert kto.classes == {"bad": 24, "good": 24}
    assert read_data(run, TrainSettings(method="kto")).classes == {"bad": 16, "good": 8}
    assert sft.fingerprint != kto.fingerprint


def test_the_sets_of_reward_models_are_read_as_the_export_writes_them(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run")
    explicit = read_data(run, TrainSettings(method="reward"))
    whole = [{name: [*row["prompt"], *row[name]] for name in ("chosen", "rejected")} for row in explicit.train]
    file = write_rows(tmp_path / "implicit.jsonl", whole)
    assert read_data(file, TrainSettings(method="reward")).train == explicit.train
    graded = read_data(run, TrainSettings(method="ordinal"))
    assert graded.classes == {"1": 6, "2": 6, "3": 6, "4": 6}
    assert graded.train[1]["prompt"] == [{"role": "user", "content": "Question 1?"}]


def test_rules_choose_rows_by_the_provenance_of_the_export(tmp_path: Path) -> None:
    run = run_folder(tmp_path)
    lines = [
        {"lines": {"trl/sft/train.jsonl": n}, "provenance": {"rule": "negative-scratch" if n % 2 else "random-scratch"}}
        for n in range(1, 25)
    ]
    write_rows(run / "preference" / "provenance.jsonl", lines)
    chosen = read_data(run, TrainSettings(method="sft", rules=("negative-scratch",)))
    assert [row["prompt"][0]["content"] for row in chosen.train] == [f"Question {i}?" for i in range(0, 24, 2)]
    with pytest.raises(InputError, match="no row is left"):
        read_data(run, TrainSettings(method="sft", rules=("unknown",)))


def test_a_row_of_another_shape_is_named_by_file_and_line(tmp_path: Path) -> None:
    good = {"prompt": ASK, "completion": answer(GOOD), "grade": 3}
    file = write_rows(tmp_path / "rows.jsonl", [good, {**good, "grade": 7}])
    with pytest.raises(InputError, match=r"rows.jsonl, row 2: .*grade is 7"):
        read_data(file, TrainSettings(method="ordinal"))
    with pytest.raises(InputError, match=r"row 1: .*chosen"):
        read_data(file, TrainSettings(method="dpo"))


def test_every_answer_that_a_user_follows_is_a_row_of_hindsight() -> None:
    texts = ["system", "Hello", "Hi.", "Write a poem", "Roses.", "Shorter", "Rose."]
    roles = ["system", "user", "assistant", "user", "assistant", "user", "assistant"]
    messages = tuple(Message(role=r, content=c) for r, c in zip(roles, texts, strict=True))  # type: ignore[arg-type]
    talk = Conversation(id="a", source="test", origin=Origin(file="a", row=1), messages=messages)
    rows = list(rows_of(talk))
    assert [row["follow_up"] for row in rows] == ["Write a poem", "Shorter"]
    assert [m["role"] for m in rows[1]["prompt"]] == ["system", "user", "assistant", "user"]
    assert rows[1]["completion"] == answer("Roses.")


def test_recipes_that_ship_hold_what_the_papers_print() -> None:
    assert shipped_recipes() == ("user-feedback-kto", "user-feedback-sft", "wildfeedback")
    for name in ("user-feedback-sft", "user-feedback-kto"):
        recipe = load_recipe(name)
        assert len(recipe.seeds) == 5
        assert recipe.stages[0].learning_rate == 5e-6
    sft, dpo = load_recipe("wildfeedback").stages
    assert (sft.method, sft.folder, sft.epochs, dpo.method, dpo.epochs) == ("sft", "dpo", 1.0, "dpo", 1.0)


def test_a_recipe_file_is_read_and_its_mistakes_are_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nseeds: [1, 2]\nstages:\n  - {method: kto, beta: 0.2}\n")
    recipe = with_changes(load_recipe(str(file)), {"max_length": 99, "epochs": None})
    assert (recipe.seeds, recipe.stages[0].beta, recipe.stages[0].max_length) == ((1, 2), 0.2, 99)
    for wrong, named in (("{method: kto, bets: 1}", "bets"), ("{method: kto, batch: 1}", "batch is 1"), ("{method: x}", "x")):
        file.write_text(f"name: mine\nstages:\n  - {wrong}\n")
        with pytest.raises(SettingsError, match=named):
            load_recipe(str(file))
    with pytest.raises(SettingsError, match="wildfeedback"):
        load_recipe("no-such-recipe")
    with pytest.raises(SettingsError, match="packing cannot stand there"):
        with_changes(load_recipe("sft"), {"extra_arguments": {"packing": True}})


@pytest.mark.parametrize(
    ("method", "config"), [("sft", SFTConfig), ("dpo", DPOConfig), ("kto", KTOConfig), ("reward", RewardConfig)]
)
def test_what_is_written_for_trl_parses_as_its_command_reads_it(method: str, config: type, tmp_path: Path) -> None:
    recipe = with_changes(load_recipe(method), {"max_length": 77, "extra_arguments": {"lr_scheduler_type": "cosine"}})
    write_configs(recipe, run_folder(tmp_path / "run"), "some/model", tmp_path / "out")
    parser = TrlParser((ScriptArguments, config, ModelConfig))
    file = str(tmp_path / f"out/trl-{method}.yaml")
    script, training, model = parser.parse_args_and_config(["--config", file, "--use_cpu"], fail_with_unknown_args=True)
    assert (training.max_length, training.lr_scheduler_type) == (77, "cosine")
    assert (model.use_peft, model.lora_r) == (True, 16)
    rows = (tmp_path / "out" / script.dataset_name / "train.jsonl").read_text("utf-8").splitlines()
    assert len(rows) == 24
    if method == "kto":
        assert (training.desirable_weight, training.undesirable_weight) == (2.0, 1.0)


def test_deepspeed_and_its_like_are_handed_to_trl_as_they_are(tmp_path: Path) -> None:
    recipe = with_changes(load_recipe("dpo"), {"extra_arguments": {"deepspeed": "ds.json", "fsdp": "full_shard"}})
    write_configs(recipe, run_folder(tmp_path / "run"), "some/model", tmp_path / "out")
    written = msgspec.yaml.decode((tmp_path / "out" / "trl-dpo.yaml").read_bytes())
    assert (written["deepspeed"], written["fsdp"]) == ("ds.json", "full_shard")


@pytest.mark.parametrize(("gpu", "bf16", "name"), [(True, True, "cuda"), (True, False, "cuda"), (False, True, "cpu")])
def test_a_gpu_is_taken_where_there_is_one(gpu: bool, bf16: bool, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda: bf16)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert device().name == name
    assert device().bf16 == bf16 or not gpu


def test_what_is_written_for_others_points_at_the_export(tmp_path: Path) -> None:
    export = run_folder(tmp_path / "run") / "preference"
    axolotl = {"rl": "kto", "datasets": [{"path": "./kto/train.jsonl", "type": "chatml.ultra"}]}
    (export / "axolotl").mkdir()
    (export / "axolotl" / "kto.yaml").write_bytes(msgspec.yaml.encode(axolotl))
    (export / "llamafactory").mkdir()
    (export / "llamafactory" / "dataset_info.json").write_text("{}")
    out = tmp_path / "out"
    write_configs(with_changes(load_recipe("kto"), {"learning_rate": 5e-6}), tmp_path / "run", "some/model", out)
    written = {name: msgspec.yaml.decode((out / f"{name}-kto.yaml").read_bytes()) for name in ("axolotl", "llamafactory")}
    assert written["axolotl"]["datasets"][0]["path"] == str(export / "axolotl/kto/train.jsonl")
    assert written["axolotl"]["kto_desirable_weight"] == written["llamafactory"]["kto_chosen_weight"] == 2.0
    assert written["axolotl"]["learning_rate"] == written["llamafactory"]["learning_rate"] == 5e-6
    page = (out / "README.md").read_text("utf-8")
    for command in (
        "trl kto --config trl-kto.yaml",
        "axolotl train axolotl-kto.yaml",
        "llamafactory-cli train llamafactory-kto",
    ):
        assert command in page


def test_the_room_is_cheap_to_import_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys, json, rejoinder.training; print(json.dumps([m for m in sys.modules if '.' not in m]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "trl", "peft", "datasets"} & set(json.loads(done.stdout))
    monkeypatch.setattr(libraries, "_NEEDED", ("torch", "no_such_library"))
    with pytest.raises(UsageError, match=r"no_such_library.*pip install 'rejoinder\[train\]'"):
        libraries.need_libraries()
