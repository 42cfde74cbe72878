"""A run folder at work: `map` and `without` make datasets part by part, `once` makes artefacts; nothing is made twice.

A part's name is the hash of the step's fields and of the part it was made from, so "same fields, same input" means
"already done", and one changed input costs one part.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from rejoinder import __version__
from rejoinder.engine.asking import ask_units
from rejoinder.engine.local import Engine
from rejoinder.engine.unit import RAISED, AskingStage, Step, Unit
from rejoinder.errors import StepError
from rejoinder.identity import fingerprint
from rejoinder.records import Failure, Record
from rejoinder.store import Dataset, FolderLock, Part, PartReport, part_report, replaced_folder, write_json, write_manifest
from rejoinder.store.parts import drop_rows

DATA = "data"


class Progress(msgspec.Struct, frozen=True):
    """How far a stage is: units done of all, rows read, written and failed so far."""

    stage: str
    done: int
    units: int
    read: int
    written: int
    failed: int
    reused: int
    """Units that an earlier run had finished."""


class Run:
    """One run folder, locked for this process; every method returns at once what is already done.

    Args:
        folder: made if it does not exist.
        engine: where units run.
        progress: called after each finished unit.
        resume: False forgets the datasets that the folder holds.
    """

    def __init__(
        self, folder: Path, engine: Engine, progress: Callable[[Progress], None] = lambda _: None, *, resume: bool = True
    ) -> None:
        self.folder = folder
        self.engine = engine
        self._progress = progress
        self._resume = resume
        self._lock = FolderLock(folder)
        self._told: set[str] = set()
        """Stages that were told to the end: asked for again, they have nothing new to tell."""

    def __enter__(self) -> Run:
        self._lock.__enter__()
        if not self._resume:  # only now: another process may have been at work in it
            shutil.rmtree(self.folder / DATA, ignore_errors=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.engine.close()
        self._lock.__exit__(kind, error, trace)

    def each(self, name: str, step: Step, items: Sequence[tuple[str, Record]]) -> Dataset:
        """Run `step` over items given by value, as pairs of fingerprint and item; every item is a unit of its own."""
        return self._make(name, step, [(identity, (item,)) for identity, item in items], self.engine.execute)

    def map(self, name: str, step: Step, dataset: Dataset) -> Dataset:
        """Run `step` over a dataset, part by part."""
        return self._make(name, step, _sources(dataset), self.engine.execute)

    def ask(self, name: str, stage: AskingStage, dataset: Dataset, llm: Any, *, in_flight: int = 64) -> Dataset:
        """Run a stage that asks a model over a dataset, on one event loop of this process.

        Args:
            name: the new dataset's.
            stage: an async value; `llm` is handed to it with every record.
            dataset: what to ask about.
            llm: the gateway, an async context manager that is entered on the loop of the requests; it is not part of the
                dataset's name, the stage's fields are.
            in_flight: records that may be under way at once, counted over the whole run and not per unit.

        Raises:
            WaitingError: some rows wait for a batch to be answered; parts without such rows are finished.
        """
        return self._make(name, stage, _sources(dataset), lambda units: ask_units(units, llm, in_flight))

    def without(self, name: str, dataset: Dataset, drop: Mapping[str, Sequence[tuple[int, Failure]]]) -> Dataset:
        """Copy a dataset without some rows; each dropped row becomes a failure with its reason.

        Args:
            name: the new dataset's.
            dataset: what to copy.
            drop: by part fingerprint, pairs of row position in the part (from 0, rising) and the reason.
        """
        folder = self._folder(name)
        parts = []
        for part, file in zip(dataset.parts, dataset.files, strict=True):
            rows = drop.get(part.fingerprint, ())
            target = folder / _file(fingerprint("without", [part.fingerprint, rows]))
            if not target.exists():
                drop_rows(file, target, rows)
            read, failed = part.report.written, len(rows)
            parts.append(Part(target.stem, PartReport(target.name, read=read, written=read - failed, failed=failed)))
            self._tell(name, parts, len(dataset.parts), reused=0)
        return self._finish(Dataset(folder, dataset.record, tuple(parts)), {"step": "without"})

    def once(self, name: str, inputs: Any, make: Callable[[Path], Any]) -> Path:
        """Make the folder `name` of the run with `make(temporary folder)`, unless the same inputs made it before.

        Args:
            name: of the folder inside the run folder.
            inputs: all that can change the result; encodable by msgspec.
            make: fills the folder that it is given; what it returns is ignored.
        """
        target, stamp = self.folder / name, self._folder("stamps") / f"{name}.json"
        mark = {"inputs": fingerprint("once", [__version__, inputs])}
        if target.exists() and stamp.exists() and msgspec.json.decode(stamp.read_bytes()) == mark:
            return target
        stamp.unlink(missing_ok=True)
        with replaced_folder(target) as temporary:
            make(temporary)
        write_json(stamp, mark)
        return target

    def _make(
        self,
        name: str,
        step: Step | AskingStage,
        sources: Sequence[tuple[str, Path | tuple[Record, ...]]],
        execute: Callable[[Sequence[Unit]], Iterator[tuple[int, PartReport]]],
    ) -> Dataset:
        folder, identity = self._folder(name), step_identity(step)
        names = [fingerprint("part", [identity, source]) for source, _ in sources]
        reports = {i: part_report(folder / _file(part)) for i, part in enumerate(names) if (folder / _file(part)).exists()}
        todo, reused = [i for i in range(len(names)) if i not in reports], len(reports)
        self._tell(name, reports.values(), len(names), reused)
        for position, report in execute([Unit(step, sources[i][1], folder / _file(names[i])) for i in todo]):
            reports[todo[position]] = report
            self._tell(name, reports.values(), len(names), reused)
        parts = tuple(Part(part, reports[i]) for i, part in enumerate(names))
        return self._finish(Dataset(folder, step.writes, parts), identity)

    def _finish(self, dataset: Dataset, identity: Any) -> Dataset:
        _refuse_ruin(dataset)
        write_manifest(dataset, identity)
        return dataset

    def _folder(self, name: str) -> Path:
        folder = self.folder / DATA / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _tell(self, stage: str, made: Iterable[Part | PartReport], units: int, reused: int) -> None:
        reports = [item.report if isinstance(item, Part) else item for item in made]
        if stage in self._told and reused == units:
            return
        if len(reports) == units:
            self._told.add(stage)
        read, written, failed = (sum(getattr(report, key) for report in reports) for key in ("read", "written", "failed"))
        self._progress(Progress(stage, len(reports), units, read, written, failed, reused))


def step_identity(step: Step | AskingStage) -> Any:
    """What decides a step's output: its name, its fields and the version of Rejoinder that runs it."""
    values = {field.name: getattr(step, field.name) for field in fields(step)}  # type: ignore[arg-type]  # a step is a dataclass
    return {"step": type(step).__name__, "fields": msgspec.to_builtins(values), "version": __version__}


def _refuse_ruin(dataset: Dataset) -> None:
    """A step that raised on every single row has a defect; to go on would look like a log in which nothing was said."""
    if dataset.failed and not dataset.written and (first := next(dataset.failures())).reason == RAISED:
        raise StepError(f"{first.stage} failed on all {dataset.failed:,} rows. The first: {first.detail}")


def _sources(dataset: Dataset) -> list[tuple[str, Path | tuple[Record, ...]]]:
    return [(part.fingerprint, file) for part, file in zip(dataset.parts, dataset.files, strict=True)]


def _file(part: str) -> str:
    return f"{part}.parquet"
