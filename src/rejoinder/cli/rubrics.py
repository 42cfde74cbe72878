"""`rejoinder rubrics`: learn a rubric from rated conversations, score conversations by it, distil it into classifiers.

It reads, prints and writes; learning stands in `feedback.spur`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rejoinder.addresses import OPENAI, OPENAI_KEY
from rejoinder.cli import model_options as door_options
from rejoinder.cli.model_options import Door
from rejoinder.errors import InputError, UsageError
from rejoinder.feedback import LabelledConversation, read_gold
from rejoinder.feedback.spur import (
    EstimateSatisfaction,
    LearningRecipe,
    Learnt,
    LightRubric,
    RatedConversation,
    Threshold,
    choose_threshold,
    distil,
    learn,
    rated_by_labels,
    rated_by_signals,
    rubric_toml,
)
from rejoinder.feedback.spur.asking import ask_all
from rejoinder.feedback.spur.estimate import side
from rejoinder.feedback.spur.show import told_learnt, told_light, told_threshold
from rejoinder.records import Conversation, Failure, SatisfactionEstimate
from rejoinder.store import read_dataset, replaced, write_json
from rejoinder.taxonomies import load

app = typer.Typer(no_args_is_help=True, help="Learn, use and distil rubrics of satisfaction.")

Source = Annotated[Path, typer.Argument(help="A run folder, or labelled conversations as in docs/scorecard.md.")]
Rubric = Annotated[str, typer.Option(help="A rubric that ships (`spur`, `wildfeedback`), or a TOML file.")]
Light = Annotated[Path | None, typer.Option(help="Folder of a distilled rubric: it asks no model.")]
Scale = Annotated[str | None, typer.Option(help="LOW,HIGH of numeric ratings; without it only thumbs count.")]
Seed = Annotated[int, typer.Option(help="Seed of samples, folds and intervals.")]


@app.command("learn")
def learn_command(
    source: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="The TOML file to write.")],
    model: door_options.Model = None,
    base_url: door_options.BaseUrl = OPENAI,
    key_variable: door_options.KeyVariable = OPENAI_KEY,
    journal: door_options.JournalFile = None,
    items: Annotated[int, typer.Option(min=1, help="Items of each side, at most.")] = 10,
    batch: Annotated[int, typer.Option(min=1, help="Reasons summarised at once.")] = 100,
    sample: Annotated[int | None, typer.Option(min=1, help="Conversations of each side, at most.")] = None,
    scale: Scale = None,
    seed: Seed = 0,
) -> None:
    """Learn a rubric from conversations with thumbs, ratings or labels; a stopped run goes on where it was."""
    rated = _rated(source, scale)
    recipe = LearningRecipe(items=items, batch=batch, sample=sample, seed=seed, name=output.stem)
    door = Door.of(model, base_url, key_variable, journal, output)
    learnt = door.through(lambda llm: learn(rated, llm, door.model, recipe))
    told = told_learnt(learnt)
    with replaced(output) as temporary:
        temporary.write_text(rubric_toml(learnt.rubric, told.splitlines()), encoding="utf-8")
    write_json(_history(output), learnt)
    print(f"{told}\nrubric   {output}\nhistory  {_history(output)}")


@app.command("threshold")
def threshold_command(
    source: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="The JSON file to write.")],
    rubrics: Rubric = "spur",
    light: Light = None,
    model: door_options.Model = None,
    base_url: door_options.BaseUrl = OPENAI,
    key_variable: door_options.KeyVariable = OPENAI_KEY,
    journal: door_options.JournalFile = None,
    scale: Scale = None,
    seed: Seed = 0,
) -> None:
    """Choose the score from which on a user counts as satisfied, on rated conversations that the rubric was not learnt from."""
    rated, seen = _rated(source, scale), _learnt_from(rubrics)
    fresh = [one for one in rated if one.rating != "neutral" and one.conversation.id not in seen]
    left_out = Counter({"neutral": sum(one.rating == "neutral" for one in rated)})
    left_out["learnt-from"] = len(rated) - left_out["neutral"] - len(fresh)
    found = _scored([one.conversation for one in fresh], rubrics, light, (model, base_url, key_variable), journal, output)
    left_out.update(one.reason for one in found if isinstance(one, Failure))
    pairs = [(one, rating) for one, rating in zip(found, fresh, strict=True) if isinstance(one, SatisfactionEstimate)]
    chosen = choose_threshold(
        [one for one, _ in pairs],
        [rating.rating == "positive" for _, rating in pairs],
        clusters=[rating.conversation.user or rating.conversation.id for _, rating in pairs],
        not_used={reason: count for reason, count in left_out.items() if count},
        seed=seed,
    )
    write_json(output, chosen)
    print(f"{told_threshold(chosen)}\nthreshold  {output}")


@app.command("estimate")
def estimate_command(
    source: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="The JSONL file to write, a line for each conversation.")],
    rubrics: Rubric = "spur",
    threshold: Annotated[Path | None, typer.Option(help="File of `rejoinder rubrics threshold`.")] = None,
    light: Light = None,
    model: door_options.Model = None,
    base_url: door_options.BaseUrl = OPENAI,
    key_variable: door_options.KeyVariable = OPENAI_KEY,
    journal: door_options.JournalFile = None,
) -> None:
    """Score every conversation: the impacts of the satisfaction items less those of the dissatisfaction items."""
    conversations = _conversations(source)
    found = _scored(conversations, rubrics, light, (model, base_url, key_variable), journal, output)
    estimates = [one for one in found if isinstance(one, SatisfactionEstimate)]
    if threshold is not None:
        level = _checked(_read_threshold(threshold), estimates)
        estimates = [msgspec.structs.replace(one, polarity=side(one.score, level), threshold=level) for one in estimates]
    with replaced(output) as temporary:
        temporary.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in estimates))
    failed = Counter(one.reason for one in found if isinstance(one, Failure))
    print(f"{len(conversations):,} conversations: {len(estimates):,} scored, {sum(failed.values()):,} not")
    for reason, count in sorted(failed.items()):
        print(f"  {count:,} not scored: {reason}")
    print(f"estimates  {output}")


@app.command("distil")
def distil_command(
    source: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")],
    rubrics: Rubric = "spur",
    estimates: Annotated[
        Path | None,
        typer.Option(help="File of `rejoinder rubrics estimate`; without it the `sat` and `dsat` labels of the source."),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Make a light classifier of every item that is common enough; they score conversations without a model."""
    rubric = load(rubrics)
    if estimates is not None:
        made = {one.conversation_id: one for one in _read_estimates(estimates, rubric.fingerprint)}
        conversations = [one for one in _conversations(source) if one.id in made]
        marks = [{item.item: item.impact for item in made[one.id].items} for one in conversations]
        marked_by = next(iter(made.values())).labeller if made else ""
    else:
        labelled = _labelled(source)
        conversations = [one.conversation for one in labelled]
        marks = [{name: 1.0 for label in one.labels for name in label.rubrics} for one in labelled]
        marked_by = f"labels of {source.name}"
    light = distil(conversations, marks, rubric, marked_by, seed=seed)
    light.save(output)
    print(f"{told_light(light.card)}\nlight rubric  {output}")


def _rated(source: Path, scale: str | None) -> list[RatedConversation]:
    """The rated conversations of a source.

    Raises:
        InputError: none is rated.
    """
    if source.is_dir():
        found = [rated_by_signals(one, _scale(scale)) for one in _conversations(source)]
    else:
        found = [rated_by_labels(one) for one in _labelled(source)]
    rated = [one for one in found if one is not None]
    if not rated:
        raise InputError("holds no rated conversation", file=str(source), remedy="docs/rubrics.md says what counts as a rating")
    return rated


def _conversations(source: Path) -> list[Conversation]:
    if source.is_dir():
        return list(read_dataset(source / "data" / "conversations", Conversation).rows())
    return [one.conversation for one in _labelled(source)]


def _labelled(source: Path) -> list[LabelledConversation]:
    if source.is_dir():
        raise InputError("is a run folder, and this needs labels", file=str(source), remedy="Give a labelled file")
    return read_gold(source)


def _scale(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(number) for number in text.split(","))
    except ValueError:
        raise UsageError(f"--scale {text!r} is not LOW,HIGH. Example: --scale 1,5") from None
    return low, high


def _scored(
    conversations: Sequence[Conversation],
    rubrics: str,
    light: Path | None,
    server: tuple[str | None, str, str],
    journal: Path | None,
    output: Path,
) -> list[SatisfactionEstimate | Failure]:
    """An estimate of each conversation or why there is none, by the light classifiers or by a model."""
    if light is not None:
        detail = "no user turn follows a response"
        return [
            estimate or Failure(stage="LightRubric", reason="silent", detail=detail, item=conversation.id)
            for conversation, estimate in zip(conversations, LightRubric.load(light).estimates(conversations), strict=True)
        ]
    door = Door.of(*server, journal, output)
    stage = EstimateSatisfaction(load(rubrics), door.model)
    return door.through(lambda llm: ask_all(stage, conversations, llm))


def _learnt_from(rubrics: str) -> frozenset[str]:
    """Ids of the conversations that a rubric was learnt from, where its history stands beside it."""
    history = _history(Path(rubrics))
    return frozenset(msgspec.json.decode(history.read_bytes(), type=Learnt).conversations) if history.exists() else frozenset()


def _history(rubric: Path) -> Path:
    return rubric.with_suffix(".learning.json")


def _read_threshold(path: Path) -> Threshold:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Threshold)
    except (OSError, msgspec.DecodeError) as trouble:
        raise InputError(
            f"is no threshold ({trouble})", file=str(path), remedy="`rejoinder rubrics threshold` makes one"
        ) from trouble


def _checked(chosen: Threshold, estimates: Sequence[SatisfactionEstimate]) -> float:
    """The threshold's value, if it was chosen on scores of the same rubric and labeller; UsageError where it was not."""
    for one in estimates:
        if (one.rubric, one.labeller) != (chosen.rubric, chosen.labeller):
            raise UsageError(
                f"the threshold was chosen for rubric {chosen.rubric} by {chosen.labeller}; these scores are of {one.rubric} "
                f"by {one.labeller}. Choose it again with `rejoinder rubrics threshold`"
            )
    return chosen.threshold


def _read_estimates(path: Path, rubric: str) -> list[SatisfactionEstimate]:
    try:
        found = [
            msgspec.json.decode(line, type=SatisfactionEstimate) for line in path.read_bytes().splitlines() if line.strip()
        ]
    except (OSError, msgspec.DecodeError) as trouble:
        raise InputError(
            f"holds no estimates ({trouble})", file=str(path), remedy="`rejoinder rubrics estimate` makes them"
        ) from trouble
    if others := {one.rubric for one in found} - {rubric}:
        raise UsageError(f"{path} was made with rubric {', '.join(sorted(others))}, not {rubric}; name that one with --rubrics")
    return found
