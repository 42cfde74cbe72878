"""`rejoinder train`: make a model from a run's preference data, by a method, a recipe that ships, or a recipe file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from rejoinder.cli.options import words
from rejoinder.errors import SettingsError
from rejoinder.training import Progress, TrainingResult, load_recipe, train, warnings_of, with_changes, write_configs
from rejoinder.training.libraries import is_first_process

_How = Annotated[
    str,
    typer.Argument(
        help="sft, dpo, kto, reward (pairs), ordinal (grades), hindsight; wildfeedback, user-feedback-sft, user-feedback-kto; "
        "or a recipe file in YAML.",
        show_default=False,
    ),
]


def train_command(
    how: _How,
    data: Annotated[Path, typer.Option(help="A run folder, its preference folder, or a folder or file of rows.")],
    model: Annotated[str, typer.Option(help="Hub id, folder, adapter folder or GGUF file to start from.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Becomes seed-S/STAGE/model, report.json and README.md.")],
    set: Annotated[str | None, typer.Option(help="Folder of the rows below preference/trl, other than the method's.")] = None,
    rules: Annotated[str | None, typer.Option(help="Only rows of these mining rules or arms: NAME,NAME.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the rows.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Stop after this many steps.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The method's default when left out.")] = None,
    batch: Annotated[int | None, typer.Option(help="Rows per device and batch.")] = None,
    accumulation: Annotated[int | None, typer.Option(help="Batches whose gradients make one step.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens of prompt and answer together.")] = None,
    drop_long: Annotated[
        bool | None, typer.Option("--drop-long", help="Leave out rows that do not fit, and count them.")
    ] = None,
    lora: Annotated[bool | None, typer.Option("--lora/--full", help="Train an adapter, or all weights.")] = None,
    rank: Annotated[int | None, typer.Option(help="Of the adapter.")] = None,
    beta: Annotated[float | None, typer.Option(help="DPO and KTO: how closely to stay at the reference.")] = None,
    bf16: Annotated[
        bool | None, typer.Option("--bf16/--no-bf16", help="Compute in bfloat16; by the machine if not said.")
    ] = None,
    merge: Annotated[bool | None, typer.Option("--merge", help="Save whole weights with the adapter merged in.")] = None,
    gguf: Annotated[bool | None, typer.Option("--gguf", help="Write adapter.gguf too, for llama.cpp's --lora.")] = None,
    seeds: Annotated[str | None, typer.Option(help="Train once per seed: 0,1,2.")] = None,
    extra: Annotated[list[str] | None, typer.Option(help="An argument of TRL's own config: NAME=VALUE; repeatable.")] = None,
    only_configs: Annotated[
        bool,
        typer.Option("--write-configs", help="Train nothing: write configurations for TRL's command, Axolotl, LLaMA-Factory."),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume/--no-resume", help="Go on where the folder is, or begin anew.")] = True,
) -> None:
    """Train a model on what users said back; checks the rows first and says what it would have lost."""
    changes: dict[str, Any] = {
        "set": set, "rules": words(rules), "epochs": epochs, "max_steps": max_steps, "learning_rate": learning_rate,
        "batch": batch, "accumulation": accumulation, "max_length": max_length, "drop_long": drop_long, "lora": lora,
        "rank": rank, "beta": beta, "bf16": bf16, "merge": merge, "gguf": gguf, "seeds": _seeds(seeds),
        "extra_arguments": dict(_pair(text) for text in extra or ()),
    }  # fmt: skip
    recipe = with_changes(load_recipe(how), changes)
    if only_configs:
        for file in write_configs(recipe, data, model, output):
            print(f"written     {file}")
        return
    result = train(recipe, data, model, output, tell=_tell, resume=resume)
    if is_first_process():
        _print(result, output)


def _seeds(text: str | None) -> tuple[int, ...] | None:
    given = words(text)
    if given is None:
        return None
    try:
        return tuple(int(seed) for seed in given)
    except ValueError:
        raise SettingsError(f"--seeds: {text!r} is not a list of whole numbers such as 0,1,2.") from None


def _pair(text: str) -> tuple[str, Any]:
    """`name=value`, the value read as YAML: true, 3, 1.0e-5, {a: 1}."""
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise SettingsError(f"--extra: {text!r} is not NAME=VALUE. Example: --extra lr_scheduler_type=cosine")
    try:
        return name.strip(), msgspec.yaml.decode(value.encode())
    except msgspec.DecodeError as error:
        raise SettingsError(f"--extra {name}: {error}.") from error


def _tell(now: Progress) -> None:
    print(f"seed {now.seed} {now.stage}: step {now.step} of {now.steps}, loss {now.loss:.4f}", file=sys.stderr, flush=True)


def _print(result: TrainingResult, output: Path) -> None:
    """Say how it went, what to mind and where the models lie."""
    for text in warnings_of(result.stages):
        print(f"warning     {text}", file=sys.stderr)
    for name in result.names:
        first = result.of(name)[0]
        rows = f"{first.rows:,} rows, {first.checked.train.dropped:,} too long and left out, {first.held_out:,} held out"
        print(f"{name}: {rows}, {first.steps:,} steps")
        for measure, spread in result.spreads(name).items():
            deviation = "" if spread.deviation is None else f" (deviation {spread.deviation:.3g} over {spread.n} seeds)"
            print(f"  {measure:<40} {spread.mean:.4g}{deviation}")
    for stage in result.stages:
        print(f"model       {output / stage.folder}")
    print(f"card        {output / 'README.md'}")
