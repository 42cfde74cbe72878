"""What a training is made of: one stage per method, and recipes of several stages from YAML files or by the names that ship.

Reads recipes and checks ranges; opens no data and loads no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from rejoinder.errors import SettingsError
from rejoinder.unknown_keys import explained

Method = Literal["sft", "dpo", "kto", "reward", "ordinal", "hindsight"]
METHODS: tuple[str, ...] = get_args(Method)
_RECIPES = files("rejoinder.training") / "recipes"
_OWN = {"output_dir", "seed", "data_seed", "max_length", "learning_rate", "bf16", "use_cpu", "packing", "report_to"}
"""Arguments of the trainers that stand elsewhere in the settings, or that would keep rows from being counted."""
_SETS = {"sft": "sft", "dpo": "dpo", "kto": "kto", "reward": "dpo", "ordinal": "graded", "hindsight": "hindsight"}
_RATES = {"sft": 2e-5, "dpo": 1e-6, "kto": 1e-6, "reward": 1e-5, "ordinal": 1e-5, "hindsight": 2e-6}
"""Full tuning: TRL's defaults (sft, dpo, kto), WildReward's (reward models) and Buening et al.'s (hindsight)."""
_LORA_FACTOR = 10
"""LoRA wants about ten times the rate of full tuning (TRL's documentation, page "LoRA without regret")."""


class TrainSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stage: a method, the rows it learns from and how."""

    method: Method
    set: str | None = None
    """Folder of the rows below the export's `trl` folder; None takes the method's own (docs/training.md)."""
    rules: tuple[str, ...] = ()
    """Only rows that one of these mining rules admitted, by `provenance.jsonl`; empty takes all."""
    epochs: float = 1.0
    max_steps: int | None = None
    """Stop after this many steps, whatever `epochs` says."""
    learning_rate: float | None = None
    """None: the method's default, ten times as much with LoRA."""
    warmup_steps: float = 0.0
    """Steps, or a share of all steps where it is below 1."""
    batch: int = 2
    """Rows per device and step; KTO needs more than 1."""
    accumulation: int = 8
    """Batches whose gradients make one step."""
    max_length: int = 1024
    """Tokens of prompt and answer together."""
    drop_long: bool = False
    """Leave rows out that do not fit `max_length`, and count them; False stops before the first step."""
    lora: bool = True
    """Train a LoRA adapter; False trains all weights."""
    rank: int = 16
    alpha: int = 32
    beta: float = 0.1
    """DPO and KTO: how closely the model stays at its reference."""
    bf16: bool | None = None
    """None: where the processor or GPU computes in it."""
    merge: bool = False
    """Save the whole model with the adapter merged in; stages before the last always do."""
    gguf: bool = False
    """Write the last stage's adapter as `adapter.gguf` too, for llama.cpp's `--lora`."""
    save_steps: int = 100
    """Steps between checkpoints, from which an interrupted training goes on."""
    extra_arguments: dict[str, Any] = {}
    """More arguments of TRL's own config, such as `deepspeed`, `gradient_checkpointing`, `lr_scheduler_type`."""

    @property
    def folder(self) -> str:
        """Name of the folder that the rows lie in."""
        return self.set or _SETS[self.method]

    @property
    def rate(self) -> float:
        """The learning rate: the given one, or the method's default."""
        default = _RATES[self.method] * (_LORA_FACTOR if self.lora else 1)
        return self.learning_rate if self.learning_rate is not None else float(f"{default:g}")


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stages in order, each starting from the model that the one before has made; trained once per seed."""

    name: str
    source: str = ""
    """Where the settings are from, for the model card."""
    stages: tuple[TrainSettings, ...]
    seeds: tuple[int, ...] = (0,)


def shipped_recipes() -> tuple[str, ...]:
    """Names of the recipes that ship, in alphabetical order."""
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in _RECIPES.iterdir() if entry.name.endswith(".yaml")))


def load_recipe(name: str) -> Recipe:
    """A method as a recipe of one stage, a recipe that ships, or one from a YAML file.

    Raises:
        SettingsError: it is none of these, or does not parse.
    """
    if name in METHODS:
        return Recipe(name=name, stages=(msgspec.convert({"method": name}, TrainSettings),))
    if name in shipped_recipes():
        return _parsed((_RECIPES / f"{name}.yaml").read_bytes(), name)
    if not name.endswith((".yaml", ".yml")):
        known = ", ".join((*METHODS, *shipped_recipes()))
        raise SettingsError(f"{name!r} is no way to train. Known are {known}, or the path of a YAML file.")
    try:
        return _parsed(Path(name).read_bytes(), name)
    except OSError as error:
        raise SettingsError(f"{name}: {error.strerror}.") from error


def _parsed(text: bytes, name: str) -> Recipe:
    try:
        recipe = msgspec.yaml.decode(text, type=Recipe)
    except msgspec.DecodeError as error:
        raise SettingsError(f"{name}: {explained(error, Recipe)} docs/training.md lists every key.") from error
    return checked(recipe)


def with_changes(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with the given values (not None) in the place of its own.

    Args:
        changes: `seeds`, or fields of `TrainSettings`; `extra_arguments` are added to those of the recipe.

    Raises:
        SettingsError: a value is out of range, or is meant for one stage and the recipe has several.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    seeds = given.pop("seeds", recipe.seeds)
    extra = given.pop("extra_arguments", {})
    single = {"set", "rules", "epochs", "learning_rate"} & set(given)
    if single and len(recipe.stages) > 1:
        raise SettingsError(f"{recipe.name} has several stages: write {', '.join(sorted(single))} into a recipe file instead.")
    stages = tuple(
        msgspec.structs.replace(stage, **given, extra_arguments={**stage.extra_arguments, **extra}) for stage in recipe.stages
    )
    return checked(msgspec.structs.replace(recipe, stages=stages, seeds=seeds))


def checked(recipe: Recipe) -> Recipe:
    """The same recipe.

    Raises:
        SettingsError: it has no stage or no seed, or a value is out of range.
    """
    if not recipe.stages or not recipe.seeds or len(set(recipe.seeds)) < len(recipe.seeds):
        raise SettingsError(f"{recipe.name}: needs at least one stage, and seeds that differ.")
    for stage in recipe.stages:
        _check(stage)
    last = len(recipe.stages) - 1
    if early := [s.method for s in recipe.stages[:last] if s.method in ("reward", "ordinal")]:
        raise SettingsError(f"{recipe.name}: {early[0]} makes a reward model, no stage can start from it. Put it last.")
    return recipe


def _check(stage: TrainSettings) -> None:
    positive = ("epochs", "batch", "accumulation", "max_length", "rank", "alpha", "beta", "save_steps", "rate")
    for name in positive:
        if getattr(stage, name) <= 0:
            raise SettingsError(f"{stage.method}: {name} is {getattr(stage, name)}; it must be above 0.")
    if stage.max_steps is not None and stage.max_steps < 1:
        raise SettingsError(f"{stage.method}: max_steps is {stage.max_steps}; it must be 1 or more.")
    if stage.gguf and (not stage.lora or stage.merge or stage.method in ("reward", "ordinal")):
        raise SettingsError(f"{stage.method}: gguf needs the adapter of a model that speaks, with lora and without merge.")
    if stage.method == "kto" and stage.batch < 2:
        raise SettingsError("kto: batch is 1; it must be 2 or more, the KL term is estimated within a batch.")
    if own := sorted(_OWN & set(stage.extra_arguments)):
        raise SettingsError(f"extra_arguments: {', '.join(own)} cannot stand there; see docs/training.md.")
