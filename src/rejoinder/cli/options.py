"""The options that several verbs share, and how flags change a recipe.

A flag that is not given leaves the recipe's value; a recipe that is not given leaves the default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from rejoinder.errors import UsageError
from rejoinder.settings import ModelSettings, Settings, checked

Logs = Annotated[list[str], typer.Argument(help="Files, folders, globs, or - for standard input.", show_default=False)]
Output = Annotated[Path, typer.Option("--output", "-o", help="The run folder; made if it does not exist.")]
RunFolder = Annotated[Path, typer.Argument(help="A run folder, as made by `rejoinder run` or `rejoinder ingest`.")]
Recipe = Annotated[Path | None, typer.Option(help="Settings in YAML, TOML or JSON; flags win over it.")]
Format = Annotated[str | None, typer.Option(help="Name of the format; detected when left out. `rejoinder formats` lists all.")]
Map = Annotated[str | None, typer.Option(help="Column map of a table: user=COLUMN,assistant=COLUMN,conversation=COLUMN ...")]
Limit = Annotated[int | None, typer.Option(min=1, help="Read at most this many rows, or conversations where one is many rows.")]
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

Given = TypeVar("Given", bound=msgspec.Struct)


def with_flags(
    settings: Settings,
    *,
    format: str | None = None,
    column_map: str | None = None,
    limit: int | None = None,
    redact: str | None = None,
    seed: int | None = None,
    targets: str | None = None,
    allow_restricted: bool = False,
    ask: str | None = None,
    ask_below: float | None = None,
    default_model: tuple[str | None, str | None, str | None, int | None] = (None, None, None, None),
) -> Settings:
    """The settings with the flags that were given in their place; what is None or False was not.

    Args:
        default_model: its name, server, key variable and requests in flight.

    Raises:
        SettingsError: a value is out of range. UsageError: `--map` does not parse.
    """
    columns = None if column_map is None else parse_map(column_map)
    ingest = _replaced(settings.ingest, format=format, columns=columns, limit=limit, redact=words(redact))
    feedback = _replaced(settings.feedback, ask=ask, ask_below=ask_below)
    preference = _replaced(settings.preference, targets=words(targets), allow_restricted=allow_restricted or None)
    models = _with_default(settings.models, *default_model)
    return checked(_replaced(settings, ingest=ingest, feedback=feedback, preference=preference, models=models, seed=seed))


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


def words(text: str | None) -> tuple[str, ...] | None:
    """The names in `one,two`; None where the flag was not given."""
    return None if text is None else tuple(word.strip() for word in text.split(",") if word.strip())


def _replaced(group: Given, **given: object) -> Given:
    """The group with the values that are not None in their place."""
    return msgspec.structs.replace(group, **{name: value for name, value in given.items() if value is not None})
