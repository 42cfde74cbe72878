"""What every engine must do, on this machine or on a cluster: the suite takes the engine as a parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from rejoinder.engine import Engine, InProcess, ProcessPool, Progress, Run
from rejoinder.errors import RunLockedError, StepError, StoreError
from rejoinder.identity import fingerprint
from rejoinder.records import Failure, Record
from rejoinder.store import Dataset, read_dataset


class Number(Record, frozen=True, kw_only=True):
    id: str
    value: int


class Span(Record, frozen=True, kw_only=True):
    start: int
    stop: int


def named(spans: Sequence[Span]) -> list[tuple[str, Record]]:
    return [(fingerprint("span", span), span) for span in spans]


@dataclass(frozen=True)
class Count:
    """Span -> its numbers."""

    reads: ClassVar[type[Record]] = Span
    writes: ClassVar[type[Record]] = Number

    def __call__(self, batch: Sequence[Span], /) -> Sequence[Number]:
        return [Number(id=str(n), value=n) for span in batch for n in range(span.start, span.stop)]


@dataclass(frozen=True)
class Multiply:
    """Number -> number times `factor`; 13 breaks it, 7 is refused with a reason."""

    reads: ClassVar[type[Record]] = Number
    writes: ClassVar[type[Record]] = Number
    factor: int = 2

    def __call__(self, batch: Sequence[Number], /) -> Sequence[Number | Failure]:
        return [self._one(number) for number in batch]

    def _one(self, number: Number) -> Number | Failure:
        if number.value == 13:
            raise ZeroDivisionError("unlucky")
        if number.value == 7:
            return Failure(stage="multiply", reason="seven", detail="No sevens.", item=number.id)
        return Number(id=number.id, value=number.value * self.factor)


SPANS = [Span(start=i * 700, stop=(i + 1) * 700) for i in range(5)]


@pytest.fixture(params=[InProcess, lambda: ProcessPool(2)], ids=["in-process", "process-pool"])
def engine(request: pytest.FixtureRequest) -> Iterator[Callable[[], Engine]]:
    return request.param


def made(folder: Path, engine: Engine, factor: int = 2, spans: Sequence[Span] = SPANS) -> tuple[Dataset, list[Progress]]:
    seen: list[Progress] = []
    with Run(folder, engine, seen.append) as run:
        numbers = run.each("numbers", Count(), named(spans))
        return run.map("products", Multiply(factor), numbers), seen


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_rows_keep_the_order_of_the_input_whatever_finishes_first(tmp_path: Path, engine: Callable[[], Engine]) -> None:
    dataset, _ = made(tmp_path, engine())
    assert [row.value for row in dataset.rows()] == [2 * n for n in range(3500) if n not in (7, 13)]


def test_a_row_that_breaks_the_step_costs_no_other_row_and_names_itself(tmp_path: Path, engine: Callable[[], Engine]) -> None:
    dataset, _ = made(tmp_path, engine())
    assert {(f.item, f.reason) for f in dataset.failures()} == {("7", "seven"), ("13", "step-raised")}
    assert dataset.read == dataset.written + dataset.failed == 3500


def test_a_step_that_breaks_on_every_row_is_an_error_and_not_an_empty_dataset(
    tmp_path: Path, engine: Callable[[], Engine]
) -> None:
    with pytest.raises(StepError, match=r"all 1 rows.*unlucky"):
        made(tmp_path, engine(), spans=[Span(start=13, stop=14)])


def test_the_same_command_again_makes_nothing_again(tmp_path: Path, engine: Callable[[], Engine]) -> None:
    made(tmp_path, engine())
    before = bytes_of(tmp_path)
    _, seen = made(tmp_path, engine())
    assert all(progress.reused == progress.units for progress in seen)
    assert bytes_of(tmp_path) == before


def test_a_changed_field_recomputes_only_the_stage_that_has_it(tmp_path: Path, engine: Callable[[], Engine]) -> None:
    made(tmp_path, engine())
    dataset, seen = made(tmp_path, engine(), factor=3)
    reused = {progress.stage: progress.reused for progress in seen}
    assert reused == {"numbers": 5, "products": 0}
    assert next(dataset.rows()).value == 0
    assert len(list((tmp_path / "data" / "products").glob("part-*.parquet"))) == 5 + 1, "old parts are gone"


def test_one_more_input_recomputes_only_its_own_part(tmp_path: Path, engine: Callable[[], Engine]) -> None:
    made(tmp_path, engine())
    _, seen = made(tmp_path, engine(), spans=[*SPANS, Span(start=9000, stop=9003)])
    assert {(p.stage, p.reused, p.units) for p in seen} == {("numbers", 5, 6), ("products", 5, 6)}


def test_both_engines_leave_the_same_bytes(tmp_path: Path) -> None:
    made(tmp_path / "a", InProcess())
    made(tmp_path / "b", ProcessPool(2))
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")


def test_dropped_rows_become_failures_and_the_rest_is_copied(tmp_path: Path, engine: Callable[[], Engine]) -> None:
    with Run(tmp_path, engine()) as run:
        numbers = run.each("numbers", Count(), named(SPANS))
        duplicate = Failure(stage="deduplicate", reason="duplicate", detail="Same as 1.", item="3")
        kept = run.without("kept", numbers, {numbers.parts[0].fingerprint: [(3, duplicate)]})
        assert [row.value for row in kept.rows()] == [n for n in range(3500) if n != 3]
        assert list(kept.failures()) == [duplicate]
        assert (kept.read, kept.written, kept.failed) == (3500, 3499, 1)
    assert read_dataset(tmp_path / "data" / "kept", Number) == kept


def test_an_artefact_is_made_once_and_again_when_its_inputs_change(tmp_path: Path) -> None:
    calls = []
    with Run(tmp_path, InProcess()) as run:
        for inputs in ("a", "a", "b"):
            run.once("report", inputs, lambda folder, inputs=inputs: calls.append((folder / "x").write_text(inputs)))
    assert len(calls) == 2
    assert (tmp_path / "report" / "x").read_text() == "b"


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    with Run(tmp_path, InProcess()), pytest.raises(RunLockedError, match="another rejoinder"), Run(tmp_path, InProcess()):
        pass


def test_a_damaged_part_is_named_with_its_remedy(tmp_path: Path, engine: Callable[[], Engine]) -> None:
    made(tmp_path, engine())
    numbers = read_dataset(tmp_path / "data" / "numbers", Number)
    numbers.files[0].write_bytes(b"PAR1 torn")
    with pytest.raises(StoreError, match="Delete it"):
        made(tmp_path, engine())


def test_leftovers_of_a_killed_process_are_swept(tmp_path: Path) -> None:
    made(tmp_path, InProcess())
    before = bytes_of(tmp_path)
    (tmp_path / "data" / "numbers" / "part-x.parquet.tmp-123").write_bytes(b"half")
    made(tmp_path, InProcess())
    assert bytes_of(tmp_path) == before


def test_a_folder_with_files_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "mine.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds other files"), Run(tmp_path, InProcess(), resume=False):
        pass
    assert (tmp_path / "report" / "mine.txt").read_text() == "mine"


def test_starting_anew_waits_for_the_lock_before_it_forgets(tmp_path: Path) -> None:
    made(tmp_path, InProcess())
    before = bytes_of(tmp_path)
    with Run(tmp_path, InProcess()), pytest.raises(RunLockedError), Run(tmp_path, InProcess(), resume=False):
        pass
    assert bytes_of(tmp_path) == before
    with Run(tmp_path, InProcess(), resume=False):
        assert not (tmp_path / "data").exists()
