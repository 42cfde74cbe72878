"""AlpacaEval (Dubois et al. 2024, arXiv 2404.04475): outputs and annotations on disk, win rates raw and at equal length.

The length-controlled figure is not the leaderboard's (see `stats.length_control`). Judges in both orders, by the
benchmark's prompt or by Rejoinder's, or reads the preferences that `alpaca_eval` itself has written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rejoinder.errors import InputError, UsageError
from rejoinder.evaluation.benchmarks.alpaca_prompt import compare_outputs
from rejoinder.evaluation.benchmarks.answering import Task, Written, answers, complete
from rejoinder.evaluation.benchmarks.files import read_as
from rejoinder.evaluation.benchmarks.published import Published
from rejoinder.evaluation.benchmarks.scores import Compared, Difference, concluded, won
from rejoinder.gateway import Gateway
from rejoinder.judge import compare, each
from rejoinder.judge.diagnostics import SCORES
from rejoinder.prompts import judge_pair
from rejoinder.records import Message
from rejoinder.stats.comparison import paired_t
from rejoinder.stats.length_control import LengthControlled, length_controlled


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a file of outputs."""

    instruction: str
    output: str
    generator: str
    dataset: str = ""


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `annotations.json`: which of two outputs is preferred."""

    instruction: str
    output_1: str
    generator_1: str
    """The reference."""
    output_2: str
    generator_2: str
    preference: float | None
    """1 for the first output, 2 for the second, 1.5 (in old files 0) for a draw, or a weight between; None is unreadable."""
    annotator: str = ""


class AlpacaModel(msgspec.Struct, frozen=True, kw_only=True):
    """One model against the reference."""

    model: str
    difference: Difference
    """The win rate with its counts and the word for it; 0 to 1."""
    controlled: LengthControlled | None
    """At equal length, in characters; None where nothing could be read."""
    characters: tuple[float, float]
    """Mean lengths of the model's and the reference's outputs."""


class AlpacaCard(msgspec.Struct, frozen=True, kw_only=True):
    """What one annotator says of some models against one reference."""

    annotator: str
    reference: str
    instructions: int
    models: tuple[AlpacaModel, ...]


def read_outputs(path: Path, limit: int | None = None) -> list[Output]:
    """The rows of a file of outputs, or the first so many.

    Raises:
        InputError: a row does not fit, the file holds several generators, or an instruction twice.
    """
    rows = read_as(path, Output)
    if len({row.generator for row in rows}) != 1:
        raise InputError("holds outputs of no generator or of several", file=str(path), remedy="Give one file per model")
    if len({row.instruction for row in rows}) < len(rows):
        raise InputError("holds an instruction twice", file=str(path))
    return rows[:limit]


async def answer_instructions(
    llm: Gateway, model: str, instructions: Sequence[Output], *, max_tokens: int, at_once: int = 64
) -> list[Output]:
    """The model's outputs to the instructions of another file; those without an answer are left out.

    Raises:
        WaitingError: some answers are still to come in a batch.
    """
    tasks = [Task((Message(role="user", content=row.instruction),)) for row in instructions]
    found: list[Written | None] = await answers(llm, model, tasks, max_tokens=max_tokens, at_once=at_once)
    return [
        Output(instruction=row.instruction, output=one.turns[0], generator=model, dataset=row.dataset)
        for row, one in zip(instructions, found, strict=True)
        if one is not None
    ]


def paired_outputs(reference: Sequence[Output], candidate: Sequence[Output]) -> list[tuple[Output, Output]]:
    """The reference's and the candidate's output to each instruction that both have."""
    theirs = {row.instruction: row for row in reference}
    return [(theirs[row.instruction], row) for row in candidate if row.instruction in theirs]


async def annotate(
    llm: Gateway,
    judge: str,
    pairs: Sequence[tuple[Output, Output]],
    prompt: Published | None = None,
    at_once: int = 64,
) -> list[Annotation]:
    """A preference for each pair of a reference's and a candidate's output, asked in both orders.

    By the benchmark's own `prompt`, or where none is given by Rejoinder's judge.

    Raises:
        WaitingError: some preferences are still to come in a batch.
    """
    name = f"{judge} {(prompt or judge_pair.PROMPT).id}"

    async def ask(pair: tuple[Output, Output]) -> Annotation:
        first, second = pair
        texts = second.output, first.output
        if prompt is not None:
            outcome = await compare_outputs(llm, judge, prompt, first.instruction, texts)
        else:
            outcome = (await compare(llm, judge, (Message(role="user", content=first.instruction),), *texts)).outcome
        return Annotation(
            instruction=first.instruction,
            output_1=first.output,
            generator_1=first.generator,
            output_2=second.output,
            generator_2=second.generator,
            preference=None if outcome == "unreadable" else 1 + SCORES[outcome],
            annotator=name,
        )

    return complete(await each(ask, pairs, at_once), "preferences")


def score_annotations(annotations: Sequence[Annotation], reference: str) -> AlpacaCard:
    """Win rates of all models that meet the reference; items of one instruction hang together.

    UsageError where none does.
    """
    by_model: dict[str, dict[str, Annotation]] = {}
    for one in annotations:
        if one.generator_1 == reference:
            by_model.setdefault(one.generator_2, {})[one.instruction] = one
        elif one.generator_2 == reference:
            by_model.setdefault(one.generator_1, {})[one.instruction] = _turned(one)
    if not by_model:
        raise UsageError(f"no annotation compares a model with the reference {reference}")
    rows = {model: list(kept.values()) for model, kept in sorted(by_model.items())}
    differences = concluded([_compared(model, kept) for model, kept in rows.items()], reference, percent=True)
    return AlpacaCard(
        annotator=", ".join(dict.fromkeys(one.annotator for one in annotations if one.annotator)),
        reference=reference,
        instructions=len({one.instruction for one in annotations}),
        models=tuple(_model(one, rows[one.model]) for one in differences),
    )


def mark_of(preference: float | None) -> float | None:
    """The second output's share of a preference, 0 to 1; None for what is none (left out, or out of range)."""
    if preference is None:
        return None
    mark = 0.5 if preference == 0 else preference - 1
    return mark if 0 <= mark <= 1 else None


def _model(difference: Difference, rows: Sequence[Annotation]) -> AlpacaModel:
    known = [(mark, len(one.output_2) - len(one.output_1), one.instruction) for one, mark in _marked(rows) if mark is not None]
    controlled = None
    if known:
        marks, lengths, instructions = zip(*known, strict=True)
        controlled = length_controlled(marks, lengths, instructions)
    means = tuple(float(np.mean([len(text) for text in texts])) for texts in _texts(rows))
    return AlpacaModel(model=difference.model, difference=difference, controlled=controlled, characters=(means[0], means[1]))


def _compared(model: str, rows: Sequence[Annotation]) -> Compared:
    marks = [mark for _, mark in _marked(rows)]
    known = [(mark, one.instruction) for one, mark in _marked(rows) if mark is not None]
    if all(mark in (0.0, 0.5, 1.0) for mark, _ in known):
        return won(model, [SCORES["unreadable"] if mark is None else mark for mark in marks], [one.instruction for one in rows])
    values, instructions = zip(*known, strict=True)
    counts = sum(v > 0.5 for v in values), sum(v == 0.5 for v in values), sum(v < 0.5 for v in values)
    return Compared(model, paired_t(values, instructions, null=0.5), len(rows) - len(known), counts)


def _marked(rows: Sequence[Annotation]) -> list[tuple[Annotation, float | None]]:
    return [(one, mark_of(one.preference)) for one in rows]


def _texts(rows: Sequence[Annotation]) -> tuple[list[str], list[str]]:
    return [one.output_2 for one in rows], [one.output_1 for one in rows]


def _turned(one: Annotation) -> Annotation:
    """The same annotation with the reference as the first output."""
    changed: Mapping[str, Any] = {
        "output_1": one.output_2,
        "generator_1": one.generator_2,
        "output_2": one.output_1,
        "generator_2": one.generator_1,
        "preference": 3 - one.preference if one.preference else one.preference,
    }
    return msgspec.structs.replace(one, **changed)
