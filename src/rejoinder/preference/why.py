"""The story of one row, read back out of a finished run: its conversation, the feedback, who wrote and judged, where it stands.

Reads the run's datasets and the files of its exports; changes nothing and prints nothing (`why_text.py` words it).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from rejoinder.errors import StoreError, UsageError
from rejoinder.records import (
    AnnotatedConversation,
    Conversation,
    Feedback,
    Graded,
    PreferenceExample,
    Provenance,
    Record,
    Sample,
)
from rejoinder.store import query, read_dataset, read_part

Row = PreferenceExample | Graded
_ROWS: dict[str, type[Record]] = {"examples": PreferenceExample, "built": PreferenceExample, "graded": Graded}
_SAMPLES = ("scored", "judged", "policy", "expert", "checklists", "evidence", "samples")
"""Datasets that hold samples, the furthest first."""


class Place(msgspec.Struct, frozen=True):
    """An export that holds the row, or says why it fell there."""

    folder: str
    """Below the run folder: `preference`, `arms/ARM` or `graded`."""
    lines: dict[str, int] = {}
    """Line number, from 1, by file."""
    dropped_by: str | None = None
    """The gate, where the row fell: its own, or one that only meets it when files are written."""
    reason: str | None = None


class RowStory(msgspec.Struct, frozen=True):
    """All that a run knows of one row."""

    dataset: str
    """`examples` (mined), `built` or `graded`."""
    row: Row
    conversation: Conversation | None
    """The source, whole; None where the run folder no longer holds it."""
    feedback: Feedback | None
    """What the deciding user turn says; None where a click or a random draw decided."""
    sample: Sample | None
    """For built rows: checklist, all responses with their prompts and draws, all comparisons."""
    places: tuple[Place, ...]
    """Exports that name the row; empty where it was not exported."""
    recipe: str
    """Fingerprint of the settings: those it was built with, else those of the run folder."""


def story_of(folder: Path, name: str, recipe: str = "") -> RowStory:
    """The story of the row called `name` in the run folder; `recipe` is the fingerprint of the run's settings.

    Raises:
        UsageError: no dataset of the run holds such a row.
        StoreError: a part is damaged.
    """
    for dataset, record in _ROWS.items():
        row = _find(folder, dataset, record, name)
        if row is not None:
            break
    else:
        raise UsageError(f"no row {name!r} in {folder}; ids stand in provenance.jsonl and dropped.jsonl beside the files.")
    made = row.provenance.building
    annotated = _source(folder, row.provenance)
    found: Iterator[Sample | None] = (_find(folder, one, Sample, made.sample) for one in _SAMPLES if made)
    return RowStory(
        dataset=dataset,
        row=row,
        conversation=annotated.conversation if annotated else None,
        feedback=_feedback(annotated, row) if annotated else None,
        sample=next((sample for sample in found if sample is not None), None),
        places=tuple(_places(folder, name)),
        recipe=made.recipe if made and made.recipe else recipe,
    )


def _source(folder: Path, provenance: Provenance) -> AnnotatedConversation | None:
    """The conversation a row came from: its id may stand in several rows of a log, its origin in one."""
    named = _named(folder, "annotated", AnnotatedConversation, "conversation.id", provenance.conversation_id)
    here = (provenance.conversation_id, provenance.origin)
    return next((one for one in named if (one.conversation.id, one.conversation.origin) == here), None)


def _find(folder: Path, dataset: str, record: type[Record], name: str) -> Any:
    """The record whose id is `name`, or None."""
    return next((row for row in _named(folder, dataset, record, "id", name) if row.id == name), None)


def _named(folder: Path, dataset: str, record: type[Record], column: str, name: str) -> Iterator[Any]:
    """The records of the parts in which `column` is `name` somewhere; parts without it are not decoded."""
    try:
        files = read_dataset(folder / "data" / dataset, record).files
    except StoreError:
        return  # the run has no such chapter
    wanted = name.replace("'", "''")
    for file in files:
        if query(f"SELECT 1 AS one FROM rows WHERE {column} = '{wanted}' LIMIT 1", rows=[file]):  # quoted
            for batch in read_part(file, record):
                yield from batch


def _feedback(annotated: AnnotatedConversation, row: Row) -> Feedback | None:
    turn = row.provenance.feedback_turn
    return next((one for one in annotated.feedback if one.turn == turn), None)


def _places(folder: Path, name: str) -> Iterator[Place]:
    needle = msgspec.json.encode(name)
    for file in sorted(folder.glob("*/**/provenance*.jsonl")) + sorted(folder.glob("*/**/dropped.jsonl")):
        place = str(file.parent.relative_to(folder))
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if needle not in line or (entry := msgspec.json.decode(line))["id"] != name:
                    continue
                graded = {file.name.replace("provenance-", ""): number} if file.name.startswith("provenance-") else {}
                yield Place(place, entry.get("lines", graded), entry.get("dropped_by"), entry.get("reason"))
