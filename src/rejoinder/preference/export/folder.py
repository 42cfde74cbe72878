"""One pass over the examples writes the files of all targets, the provenance of every row and the rows that gates dropped.

The folder appears whole or not at all; equal examples give equal bytes. Which rows fall because of others, `whole_set` says.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from rejoinder.errors import UsageError
from rejoinder.preference.export import axolotl, hub, llamafactory, openai, openrlhf, trl, wildfeedback
from rejoinder.preference.export.lengths import LengthReport
from rejoinder.preference.export.messages import Row
from rejoinder.preference.export.tally import SPLITS, CardFacts, Tally
from rejoinder.preference.export.weights import KtoWeights
from rejoinder.preference.export.whole_set import Fall, MarkRows, falls
from rejoinder.records import PreferenceExample
from rejoinder.store import Dataset, replaced_folder


@dataclass(frozen=True, slots=True)
class Target:
    """A trainer or place that the examples are written for."""

    name: str
    rows: Callable[[PreferenceExample], Iterator[tuple[str, Row]]]
    """The rows of one kept example, each with the set that it belongs to."""
    companions: Callable[[Tally], dict[str, str]]
    """Files beside the rows, by name."""


_ALL = tuple(
    Target(name, module.rows, module.companions)
    for name, module in (
        ("trl", trl),
        ("openai", openai),
        ("llamafactory", llamafactory),
        ("axolotl", axolotl),
        ("openrlhf", openrlhf),
        ("hub", hub),
        ("wildfeedback", wildfeedback),
    )
)
TARGETS: tuple[str, ...] = tuple(target.name for target in _ALL)
"""Names of the targets: each writes a folder of its name."""


class FileCount(msgspec.Struct, frozen=True):
    """A data file and its number of rows."""

    file: str
    """Below the export's folder."""
    rows: int


class ExportSummary(msgspec.Struct, frozen=True):
    """What an export wrote; also `summary.json` in its folder."""

    targets: tuple[str, ...]
    files: tuple[FileCount, ...]
    examples: int
    """Examples read: kept and dropped."""
    kept: dict[str, dict[str, int]]
    """By kind and split."""
    dropped: dict[str, dict[str, int]]
    """By gate and kind."""
    rules: dict[str, dict[str, int]]
    """Kept, by rule and kind."""
    flags: dict[str, int]
    kto: KtoWeights
    lengths: LengthReport
    left_out: dict[str, str]
    """Targets that were not written, with the reason."""


def export_examples(
    examples: Dataset | Iterable[PreferenceExample],
    folder: Path,
    targets: Sequence[str] = TARGETS,
    *,
    allow_restricted: bool = False,
    annotated: Dataset | None = None,
    card: CardFacts | None = None,
    falling: Mapping[int, Fall] | None = None,
) -> ExportSummary:
    """Write trainer files for all kept examples, equal rows once, and take the place of what the folder held.

    Args:
        examples: kept and dropped ones, in the order in which rows are to stand, as a stream.
        folder: becomes the export; `TARGET/SET/train.jsonl` and `test.jsonl`, with companions, `provenance.jsonl`,
            `dropped.jsonl`, `lengths.json` and `summary.json`.
        targets: names of `TARGETS`. `hub` holds a note instead of data where a source may not be published.
        allow_restricted: write it even then, for a private copy.
        annotated: the conversations with their feedback, which the target `wildfeedback` writes too.
        card: what the dataset card of `hub` says beside the counts.
        falling: `falls` of the examples' marks; found here when left out, with some 1 kB of memory for each row, and then the
            examples are read twice (an iterator, which can be read once only, is held in memory).

    Raises:
        UsageError: a target is unknown, or `hub` was all that was asked for and a source may not be published.
        StoreError: the disk is full or the folder is not writable.
    """
    chosen = _targets(targets)
    read = _rereadable(examples)
    falling = _falling(read) if falling is None else falling
    with replaced_folder(folder) as temporary:
        with ExitStack() as stack:
            writer = _Writer(temporary, stack, chosen, Tally(card=card or CardFacts()))
            for place, example in enumerate(read()):
                fall = falling.get(place)
                writer.add(msgspec.structs.replace(example, dropped_by=fall.gate, reason=fall.reason) if fall else example)
        if annotated is not None and any(target.name == "wildfeedback" for target in chosen):
            file = "wildfeedback/sat_dsat_annotation.json"
            (temporary / file).parent.mkdir(exist_ok=True)
            writer.lines[file] = wildfeedback.write_annotation(annotated.rows(), temporary / file)
        left_out = {} if allow_restricted else writer.drop_restricted()
        if left_out and not writer.targets:
            raise UsageError(left_out["hub"])
        summary = writer.summary(left_out)
        _write_json(temporary / "summary.json", summary)
    return summary


def _rereadable(examples: Dataset | Iterable[PreferenceExample]) -> Callable[[], Iterator[PreferenceExample]]:
    """What starts the examples anew at each call."""
    if isinstance(examples, Dataset):
        return examples.rows
    held = tuple(examples) if isinstance(examples, Iterator) else examples
    return lambda: iter(held)


def _falling(read: Callable[[], Iterator[PreferenceExample]]) -> dict[int, Fall]:
    marks = [mark for example in read() for mark in MarkRows()([example])]
    return falls(lambda: marks)


def _targets(names: Sequence[str]) -> tuple[Target, ...]:
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        raise UsageError(f"unknown export target {', '.join(unknown)}; known are {', '.join(TARGETS)}")
    return tuple(target for target in _ALL if target.name in names)


@dataclass
class _Writer:
    """Open files by path, the number of lines in each, and the counts."""

    folder: Path
    stack: ExitStack
    targets: tuple[Target, ...]
    tally: Tally = field(default_factory=Tally)
    lines: dict[str, int] = field(default_factory=dict)
    files: dict[str, IO[bytes]] = field(default_factory=dict)
    examples: int = 0

    def add(self, example: PreferenceExample) -> None:
        """Write one example to all its places, or to the dropped ones."""
        self.examples += 1
        self.tally.add(example)
        if example.dropped_by is not None:
            self._line("dropped.jsonl", _dropped(example))
            return
        places = {}
        for target in self.targets:
            for name, row in target.rows(example):
                file = _file(target.name, name, example.split)
                places[file] = self._line(file, row)
        self._line("provenance.jsonl", _provenance(example, places))

    def _line(self, file: str, row: Any) -> int:
        """Append a row and return its line number, from 1."""
        if file not in self.files:
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            self.files[file] = self.stack.enter_context(path.open("wb"))
            if file.endswith(".json"):
                self.files[file].write(b"[\n")
                self.stack.callback(self.files[file].write, b"\n]\n")  # runs before the file is closed
        elif file.endswith(".json"):
            self.files[file].write(b",\n")
        self.files[file].write(msgspec.json.encode(row) + (b"" if file.endswith(".json") else b"\n"))
        self.lines[file] = self.lines.get(file, 0) + 1
        return self.lines[file]

    def drop_restricted(self) -> dict[str, str]:
        """Put a note in the place of the hub folder where a source may not be published; the note by target."""
        reasons = [f"{source}: {hub.RESTRICTED[source]}" for source in sorted(self.tally.sources) if source in hub.RESTRICTED]
        if not reasons or not any(target.name == "hub" for target in self.targets):
            return {}
        self.targets = tuple(target for target in self.targets if target.name != "hub")
        self.lines = {file: n for file, n in self.lines.items() if not file.startswith("hub/")}
        _forget_hub(self.folder / "provenance.jsonl")
        shutil.rmtree(self.folder / "hub")
        (self.folder / "hub").mkdir()
        note = (
            f"No hub folder: {'; '.join(reasons)}. Say allow_restricted for a copy that you keep private "
            "(docs/preference-data.md, section Hub)."
        )
        (self.folder / "hub" / "NOT-WRITTEN.md").write_text(note + "\n", encoding="utf-8")
        return {"hub": note}

    def summary(self, left_out: dict[str, str]) -> ExportSummary:
        """Write the companions and say what was written."""
        for target in self.targets:
            for file, text in target.companions(self.tally).items():
                (self.folder / target.name).mkdir(exist_ok=True)
                (self.folder / target.name / file).write_text(text, encoding="utf-8")
        lengths = self.tally.lengths.report()
        _write_json(self.folder / "lengths.json", lengths)
        return ExportSummary(
            targets=tuple(target.name for target in self.targets),
            files=tuple(FileCount(file, self.lines[file]) for file in sorted(self.lines)),
            examples=self.examples,
            kept=_nested(self.tally.kept),
            dropped=_nested({(gate, kind): n for (kind, gate), n in self.tally.dropped.items()}),
            rules=_nested({(rule, kind): n for (kind, rule), n in self.tally.rules.items()}),
            flags=dict(sorted(self.tally.flags.items())),
            kto=self.tally.weights,
            lengths=lengths,
            left_out=left_out,
        )


def _file(target: str, name: str, split: str) -> str:
    """Where a row goes: JSON lines in a folder per set, but a JSON array under the published name for `wildfeedback`."""
    if target == "wildfeedback":
        return f"{target}/{name}{'' if split == 'train' else '-test'}.json"
    return f"{target}/{name}/{SPLITS[split]}.jsonl"


def _dropped(example: PreferenceExample) -> Row:
    return {
        "id": example.id,
        "kind": example.kind,
        "dropped_by": example.dropped_by,
        "reason": example.reason,
        "messages": [{"role": m.role, "content": m.content} for m in example.context],
        "chosen": example.chosen,
        "rejected": example.rejected,
        "confidence": example.confidence,
        "flags": example.flags,
        "provenance": example.provenance,
    }


def _provenance(example: PreferenceExample, places: dict[str, int]) -> Row:
    return {
        "id": example.id,
        "kind": example.kind,
        "split": example.split,
        "confidence": example.confidence,
        "flags": example.flags,
        "lines": places,
        "provenance": example.provenance,
    }


def _forget_hub(provenance: Path) -> None:
    """Take the lines in hub files out of the provenance of every row; one row in memory at a time."""
    rewritten = provenance.with_suffix(".new")
    with provenance.open("rb") as source, rewritten.open("wb") as target:
        for line in source:
            row = msgspec.json.decode(line)
            row["lines"] = {file: n for file, n in row["lines"].items() if not file.startswith("hub/")}
            target.write(msgspec.json.encode(row) + b"\n")
    rewritten.replace(provenance)


def _nested(counts: dict[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (outer, inner), n in sorted(counts.items()):
        nested.setdefault(outer, {})[inner] = n
    return nested


def _write_json(path: Path, value: Any) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n")
