"""The options that several verbs share, and how flags change a recipe.

A flag that is not given leaves the recipe's value; a recipe that is not given leaves the default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rejoinder.errors import UsageError
from rejoinder.settings import ModelSettings, Settings, checked, load_settings

Logs = Annotated[list[str], typer.Argument(help="Files, folders, globs, or - for standard input.", show_default=False)]
Output = Annotated[Path, typer.Option("--output", "-o", help="The run folder; made if it does not exist.")]
RunFolder = Annotated[Path, typer.Argument(help="A run folder, as made by `rejoinder run` or `rejoinder ingest`.")]
Recipe = Annotated[Path | None, typer.Option(help="Settings in YAML, TOML or JSON; flags win over it.")]
Format = Annotated[str | None, typer.Option(help="Name of the format; detected when left out. `rejoinder formats` lists all.")]
Map = Annotated[str | None, typer.Option(help="Column map of a table: user=COLUMN,assistant=COLUMN,conversation=COLUMN ...")]
Limit = Annotated[int | None, typer.Option(min=1, help="Read at most this many rows.")]
Redact = Annotated[str | None, typer.Option(help="Kinds of personal data to replace: email,phone,... or `all`.")]
Seed = Annotated[int | None, typer.Option(help="Seed of every draw: splits, samples, intervals.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; as many as there are cores when left out.")]
Resume = Annotated[bool, typer.Option("--resume/--no-resume", help="Go on with what the folder holds, or start anew.")]
Targets = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="Trainers to write for, such as trl,openai; all but wildfeedback when left out. Files for others are removed.",
    ),
]
MeasuredAsJson = Annotated[bool, typer.Option("--json", help="Print everything measured as one JSON object.")]
IntervalSeed = Annotated[int, typer.Option(help="Seed of the bootstrap that gives the intervals.")]
AllowRestricted = Annotated[bool, typer.Option(help="Write text whose source forbids redistribution into the hub folder.")]


_NO_MODEL = (None, None, None, None)


def settings_from(recipe: Path | None, **flags: object) -> Settings:
    """The recipe's settings with the given flags in their place; see `with_flags`."""
    return with_flags(load_settings(recipe), **flags)


def with_flags(settings: Settings, **flags: object) -> Settings:
    """The settings with the flags that were given (not None, not False) in their place.

    Args:
        settings: what holds where a flag is not given.
        flags: format, column_map, limit, redact, seed, targets, allow_restricted, ask, ask_below, and `models` as a tuple of
            name, server, key variable and requests in flight.

    Raises:
        SettingsError: a value is out of range. UsageError: `--map` does not parse.
    """
    given = {name: value for name, value in flags.items() if value is not None and value is not False}
    if "column_map" in given:
        given["columns"] = parse_map(str(given.pop("column_map")))
    given |= {name: _words(str(given[name])) for name in ("redact", "targets") if name in given}
    groups = {group: _pick(getattr(settings, group), given) for group in ("ingest", "feedback", "preference")}
    models = _with_default(settings.models, *given.pop("models", _NO_MODEL))  # type: ignore[misc]  # the tuple of the docstring
    return checked(msgspec.structs.replace(settings, seed=given.get("seed", settings.seed), models=models, **groups))


def _with_default(
    models: dict[str, ModelSettings], model: str | None, base_url: str | None, key_variable: str | None, in_flight: int | None
) -> dict[str, ModelSettings]:
    """The recipe's models, with what the flags say of the default one in its place."""
    given = {"model": model, "base_url": base_url, "key_variable": key_variable, "in_flight": in_flight}
    flags = {name: value for name, value in given.items() if value is not None}
    if not flags:
        return models
    if "default" not in models and model is None:
        raise UsageError("--base-url, --key-variable and --in-flight belong to a model; name it with --model")
    before = msgspec.structs.asdict(models["default"]) if "default" in models else {}
    return models | {"default": ModelSettings(**(before | flags))}


def parse_map(text: str) -> dict[str, str]:
    """`user=prompt,assistant=answer` as a dict.

    Raises:
        UsageError: a piece has no `=`, or a role stands twice.
    """
    columns: dict[str, str] = {}
    for piece in text.split(","):
        role, separator, column = (word.strip() for word in piece.partition("="))
        if not separator or not role or not column or role in columns:
            raise UsageError(f"--map: {piece!r} is not role=column. Example: --map user=prompt,assistant=answer")
        columns[role] = column
    return columns


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _pick(group: msgspec.Struct, given: dict[str, object]) -> msgspec.Struct:
    return msgspec.structs.replace(group, **{name: given[name] for name in group.__struct_fields__ if name in given})
