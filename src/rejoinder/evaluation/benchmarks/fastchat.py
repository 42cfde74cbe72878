"""Questions, answers, judge prompts and judgments as FastChat's `llm_judge` keeps them on disk; other tools read them back.

Asks nobody and scores nothing. `tstamp` is written as 0, and ids come from the content: the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from rejoinder.errors import InputError
from rejoinder.evaluation.benchmarks.answering import Written, name_of
from rejoinder.evaluation.benchmarks.files import read_as, write_lines
from rejoinder.evaluation.benchmarks.published import Published

Id = int | str
Winner = Literal["model_1", "model_2", "tie", "error"]


class MtQuestion(msgspec.Struct, frozen=True):
    """A line of `question.jsonl`."""

    question_id: Id
    category: str
    turns: tuple[str, ...]


class Choice(msgspec.Struct, frozen=True):
    """One of a model's sets of answers; we write one, at index 0."""

    turns: tuple[str, ...]
    index: int = 0


class MtAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `model_answer/MODEL.jsonl`, and of a file of reference answers."""

    question_id: Id
    answer_id: str = ""
    model_id: str
    choices: tuple[Choice, ...]
    tstamp: float = 0.0


class SingleJudgment(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `model_judgment/JUDGE_single.jsonl`."""

    question_id: Id
    model: str
    judge: tuple[str, str]
    """The judge's model, and the name of its prompt."""
    user_prompt: str = ""
    judgment: str = ""
    score: float
    """1 to 10; -1 where no rating could be read."""
    turn: int
    tstamp: float = 0.0


class PairJudgment(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `model_judgment/JUDGE_pair.jsonl`: in game 1 `model_1` is shown as A, in game 2 as B."""

    question_id: Id
    model_1: str
    model_2: str
    g1_winner: Winner
    g2_winner: Winner
    judge: tuple[str, str]
    g1_user_prompt: str = ""
    g1_judgment: str = ""
    g2_user_prompt: str = ""
    g2_judgment: str = ""
    turn: int
    tstamp: float = 0.0


class _Prompt(msgspec.Struct, frozen=True):
    name: str
    prompt_template: str
    system_prompt: str = ""


def read_questions(path: Path, limit: int | None = None) -> list[MtQuestion]:
    """The questions, or the first so many.

    Raises:
        InputError: a row does not fit, a question has no turn, or an id stands twice.
    """
    questions = read_as(path, MtQuestion)
    if not questions or not all(question.turns for question in questions):
        raise InputError("holds no question, or one without turns", file=str(path))
    if len({question.question_id for question in questions}) < len(questions):
        raise InputError("holds a question_id twice", file=str(path))
    return questions[:limit]


def read_answers(paths: Sequence[Path]) -> dict[str, dict[Id, tuple[str, ...]]]:
    """Turns of the first choice by model and question; a later line for the same question wins, as in FastChat."""
    found: dict[str, dict[Id, tuple[str, ...]]] = {}
    for path in paths:
        for answer in read_as(path, MtAnswer):
            if not answer.choices:
                raise InputError(f"the answer to question {answer.question_id} has no choice", file=str(path))
            found.setdefault(answer.model_id, {})[answer.question_id] = answer.choices[0].turns
    return found


def read_prompts(path: Path) -> dict[str, Published]:
    """The judge prompts by name."""
    return {one.name: Published(one.name, one.prompt_template, one.system_prompt) for one in read_as(path, _Prompt)}


def write_answers(folder: Path, model: str, written: Mapping[Id, Written]) -> None:
    """Write `model_answer/MODEL.jsonl` in the order of `written`."""
    rows = [
        MtAnswer(
            question_id=question,
            answer_id=name_of(model, str(question), *one.turns),
            model_id=model,
            choices=(Choice(one.turns),),
        )
        for question, one in written.items()
    ]
    write_lines(folder / "model_answer" / f"{file_name(model)}.jsonl", rows)


def write_judgments(folder: Path, rows: Sequence[SingleJudgment] | Sequence[PairJudgment]) -> None:
    """Write `model_judgment/JUDGE_single.jsonl` or `JUDGE_pair.jsonl`; nothing where there is no row."""
    if not rows:
        return
    kind = "single" if isinstance(rows[0], SingleJudgment) else "pair"
    write_lines(folder / "model_judgment" / f"{file_name(rows[0].judge[0])}_{kind}.jsonl", rows)


def file_name(model: str) -> str:
    """A model's name as the name of a file: FastChat's own way of a hub id."""
    return model.replace("/", "--")
