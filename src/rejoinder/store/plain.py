"""Datasets as files for people and other tools: one flat Parquet of feedback, JSON lines of what failed.

They hold nothing that the datasets do not; deleting them loses nothing.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from rejoinder.store.dataset import Dataset
from rejoinder.store.files import replaced
from rejoinder.store.query import copy

_FEEDBACK = """
    SELECT conversation.id AS conversation_id, conversation.source AS source, conversation."user" AS "user",
           conversation.origin.file AS file, conversation.origin."row" AS "row", conversation.model AS model,
           conversation.language AS language, conversation.time AS time,
           unnest(feedback, recursive := true)
    FROM annotated
"""


def flatten(annotated: Dataset, target: Path) -> None:
    """Write one row per labelled user turn: its conversation's id, source, user, file and row, model, language and time, then
    the feedback."""
    with replaced(target) as temporary:
        copy(_FEEDBACK, temporary, annotated=annotated.files)


def write_failures(dataset: Dataset, target: Path) -> None:
    """Write the failures of a dataset as JSON lines, in order."""
    with replaced(target) as temporary, temporary.open("wb") as lines:
        for failure in dataset.failures():
            lines.write(msgspec.json.encode(failure) + b"\n")
