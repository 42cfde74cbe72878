"""One unit of work: a step, its input and the part it must leave behind; the same function runs anywhere.

A unit that fails as a whole raises; a row that fails is a `Failure` in the part. Nothing here knows a stage by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Protocol

from rejoinder.errors import RejoinderError
from rejoinder.records import Failure, Record
from rejoinder.store import PartReport, read_part, write_part

RAISED = "step-raised"
"""Reason of a failure that is a defect of the step and not of the row."""
BATCH = 500
"""Rows that a step sees at once: enough to vectorise over, small enough to stay in cache."""


class Step(Protocol):
    """A frozen value with one method over a batch; its fields are all that can change its output."""

    reads: ClassVar[type[Record]]
    writes: ClassVar[type[Record]]

    def __call__(self, batch: Sequence[Any], /) -> Sequence[Any]:
        """Turn a batch of `reads` into `writes` and `Failure` records, in order."""
        ...


class AskingStage(Protocol):
    """A frozen value with one async method over one record and the gateway to a model."""

    reads: ClassVar[type[Record]]
    writes: ClassVar[type[Record]]

    async def __call__(self, record: Any, llm: Any, /) -> Sequence[Any]:
        """Turn one record into `writes` and `Failure` records."""
        ...


@dataclass(frozen=True)
class Unit:
    """What a worker needs to know: it reads `source` and writes `target`, and may do so twice with the same bytes."""

    step: Any
    """A `Step` or an `AskingStage`; who executes the unit knows which."""
    source: Path | tuple[Record, ...]
    """A finished part, or the records themselves."""
    target: Path


@dataclass
class Outcome:
    """What the rows of a unit became."""

    rows: list[Any] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    read: int = 0

    def add(self, outputs: Sequence[Any]) -> None:
        for output in outputs:
            (self.failures if isinstance(output, Failure) else self.rows).append(output)


def run_unit(unit: Unit) -> PartReport:
    """Apply the step to every row and write the part; a step that raises is tried again row by row.

    Raises:
        RejoinderError: the input part is damaged or the target cannot be written.
    """
    outcome = Outcome()
    for batch in batches(unit):
        outcome.read += len(batch)
        try:
            outcome.add(unit.step(batch))
        except RejoinderError:
            raise
        except Exception:  # noqa: BLE001  a step is somebody's code: one row that breaks it must not cost the others
            for row in batch:
                outcome.add(_alone(unit.step, row))
    # items given by value are not rows: one may hold many, so what came out of them is what was read
    read = outcome.read if isinstance(unit.source, Path) else len(outcome.rows) + len(outcome.failures)
    return write_part(unit.target, unit.step.writes, outcome.rows, outcome.failures, read)


def batches(unit: Unit) -> Iterator[list[Any]]:
    """Stream the input of a unit."""
    if isinstance(unit.source, Path):
        yield from read_part(unit.source, unit.step.reads, BATCH)
        return
    rows = iter(unit.source)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _alone(step: Callable[[Sequence[Any]], Sequence[Any]], row: Any) -> Sequence[Any]:
    try:
        return step([row])
    except RejoinderError:
        raise
    except Exception as error:  # noqa: BLE001  the boundary of a row: its error becomes a Failure with the reason
        return [raised(step, row, error)]


def raised(step: object, row: Any, error: Exception) -> Failure:
    """The failure that stands for a row on which a step raised."""
    detail = f"{type(error).__name__}: {error}. This is a defect of the step; the row was left out."
    named = getattr(row, "conversation", row)
    return Failure(stage=type(step).__name__, reason=RAISED, detail=detail, item=str(getattr(named, "id", "")))
