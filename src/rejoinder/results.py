"""What a run left in its folder, opened for whoever reads it: datasets stream from disk, artefacts are paths.

Makes nothing; `pipeline.py` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rejoinder.ingest import Detected
from rejoinder.records import AnnotatedConversation, Conversation, PreferenceExample
from rejoinder.store import Dataset, read_dataset


@dataclass(frozen=True)
class Ingested:
    """What chapter 1 read: the logs as they were understood, all conversations, and those that are not duplicates."""

    logs: Sequence[Detected]
    read: Dataset
    """Its failures are the quarantined rows."""
    conversations: Dataset
    """Its failures are the duplicates."""

    @classmethod
    def of(cls, folder: Path) -> Ingested:
        """Open what an earlier run has ingested.

        Raises:
            StoreError: nothing is there.
        """
        sources = folder / "sources.json"
        logs = msgspec.json.decode(sources.read_bytes(), type=list[Detected]) if sources.exists() else []
        data = folder / "data"
        return cls(logs, read_dataset(data / "read", Conversation), read_dataset(data / "conversations", Conversation))


@dataclass(frozen=True)
class Result:
    """What a finished run left in its folder; datasets stream from disk."""

    folder: Path
    ingested: Ingested
    annotated: Dataset
    examples: Dataset

    @classmethod
    def of(cls, folder: str | Path) -> Result:
        """Open a finished run.

        Raises:
            StoreError: a chapter is missing.
        """
        folder = Path(folder)
        return cls(
            folder=folder,
            ingested=Ingested.of(folder),
            annotated=read_dataset(folder / "data" / "annotated", AnnotatedConversation),
            examples=read_dataset(folder / "data" / "examples", PreferenceExample),
        )

    @property
    def report(self) -> Path:
        """The page to read."""
        return self.folder / "report" / "report.html"

    @property
    def feedback(self) -> Path:
        """One row per user turn, as Parquet."""
        return self.folder / "feedback" / "feedback.parquet"

    @property
    def preference(self) -> Path:
        """The folder of trainer files."""
        return self.folder / "preference"
