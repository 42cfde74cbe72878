"""What a person sees of a run: a moving line per stage while it works, and what came out when it is done.

Progress goes to standard error (plain lines where that is no terminal), so that standard output holds results alone.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from rejoinder.engine import Progress
from rejoinder.models import asked_of
from rejoinder.preference import ArmRow, ExportSummary
from rejoinder.report import AskedOf
from rejoinder.results import Ingested, Result
from rejoinder.store import Dataset, query

_SHOWN = 20
"""Logs listed by name at the end of a run."""


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """Give the callback that `pipeline` reports to."""
    if not sys.stderr.isatty():
        yield _plain
        return
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[counts]}"))
    with Bars(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:
        yield _Moving(bars)


class _Moving:
    """One bar per stage, updated as its units finish."""

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, now: Progress) -> None:
        if now.stage not in self.tasks:
            self.tasks[now.stage] = self.bars.add_task(now.stage, total=now.units, counts="")
        self.bars.update(self.tasks[now.stage], completed=now.done, total=now.units, counts=_counts(now))


def _plain(now: Progress) -> None:
    """A line at the start of a stage, at every tenth of it, and at its end."""
    step = max(1, now.units // 10)
    if now.done == now.units or (now.done > now.reused and now.done % step == 0):
        print(f"{now.stage}: {now.done} of {now.units} units, {_counts(now)}", file=sys.stderr, flush=True)


def _counts(now: Progress) -> str:
    failed = f", {now.failed:,} left out" if now.failed else ""
    reused = f" ({now.reused:,} of the units done before)" if now.reused else ""
    return f"{now.written:,} rows{failed}{reused}"


def print_json(value: Any) -> None:
    """Print what a verb measured as one JSON value, indented."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_result(result: Result) -> None:
    """Say what came out and where it lies."""
    print_counts(result.ingested)
    print_exported(result.preference)
    print_arms(result.folder / "arms")
    print_asked(asked_of(result.folder))
    print(f"feedback    {result.feedback}")
    print(f"preference  {result.preference}")
    print(f"report      {result.report}")


def print_counts(ingested: Ingested) -> None:
    """Say how each log was understood, and that the counts add up: read = kept + duplicate + quarantined."""
    for log in ingested.logs[:_SHOWN]:
        print(f"{log.file}: {log.format or 'not read'} ({log.why})")
    if len(ingested.logs) > _SHOWN:
        print(f"... and {len(ingested.logs) - _SHOWN:,} more, listed in sources.json")
    read, kept = ingested.read, ingested.conversations
    total = read.written + read.failed
    print(f"read        {total:,} = {kept.written:,} kept + {kept.failed:,} duplicate + {read.failed:,} quarantined")


def print_yields(examples: Dataset) -> None:
    """Show what the gates kept and dropped, by kind of example, before repeats are dropped from the files."""
    sql = """SELECT kind, count(*) FILTER (dropped_by IS NULL) AS kept, count(*) FILTER (dropped_by IS NOT NULL) AS dropped
             FROM examples GROUP BY kind ORDER BY kind"""
    for row in query(sql, examples=examples.files) if examples.files else ():
        _print_kind(row["kind"], row["kept"], row["dropped"])


def print_exported(preference: Path) -> None:
    """Show how many examples of each kind stand in the files, and how many gates and repeats have dropped."""
    summary = msgspec.json.decode((preference / "summary.json").read_bytes(), type=ExportSummary)
    dropped = Counter[str]()
    for kinds in summary.dropped.values():
        dropped.update(kinds)
    for kind in sorted({*summary.kept, *dropped}):
        _print_kind(kind, sum(summary.kept.get(kind, {}).values()), dropped[kind])


def print_arms(arms: Path) -> None:
    """Show what each built data set holds, and what most of its dropped rows fell by; nothing where none was built."""
    if not (arms / "arms.json").exists():
        return
    for row in msgspec.json.decode((arms / "arms.json").read_bytes(), type=list[ArmRow]):
        kept = sum(sum(splits.values()) for splits in row.kept.values())
        fell = Counter({gate: sum(kinds.values()) for gate, kinds in row.dropped.items()})
        most = f", {fell.total():,} dropped (most by {fell.most_common(1)[0][0]})" if fell else ""
        print(f"built       {row.arm}: {kept:,} kept{most}")
    print(f"arms        {arms}")


def print_asked(asked: Sequence[AskedOf]) -> None:
    """Show what was asked of each model over all calls on the folder; the report has it by prompt."""
    for model in dict.fromkeys(one.model for one in asked):
        rows = [one for one in asked if one.model == model]
        sent = Counter[str]()
        for one in rows:
            sent.update(dict(one.kinds))
        costs = [one.cost for one in rows if one.cost is not None]
        cost = f"${sum(costs):,.4f}" if len(costs) == len(rows) else "cost unknown"
        print(f"asked       {model}: {sent.total():,} requests sent, {sent['answer']:,} answered, {cost}")


def _print_kind(kind: str, kept: int, dropped: int) -> None:
    print(f"{kind:<11} {kept:,} kept, {dropped:,} dropped by gates")
