"""Small invented logs, written in every packing that people use, and read back through the whole room."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zstandard

from rejoinder.ingest import Plan, ReadLogs, plan
from rejoinder.records import Conversation, Failure


def conversation(number: int, *said: str) -> dict[str, Any]:
    """A conversation in OpenAI's shape."""
    texts = said or (f"Question {number}?", f"Answer {number}.", "That is not what I asked for.", "Sorry, here it is.")
    roles = ("user", "assistant")
    return {"id": f"c{number}", "messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]}


def lines(rows: Sequence[Any], end: str = "\n") -> bytes:
    """As JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + end for row in rows).encode()


def packed(data: bytes, extension: str) -> bytes:
    """The bytes as a file with that extension has them."""
    if extension.endswith(".gz"):
        return gzip.compress(data, mtime=0)
    if extension.endswith(".zst"):
        return zstandard.ZstdCompressor().compress(data)
    if extension.endswith(".zip"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("export/log.jsonl", data)
        return buffer.getvalue()
    return data


def read(planned: Plan, step: ReadLogs | None = None) -> tuple[list[Conversation], list[Failure]]:
    """All outcomes of all units, one call per unit."""
    outcomes = [outcome for unit in planned.units for outcome in (step or ReadLogs())([unit])]
    good = [outcome for outcome in outcomes if isinstance(outcome, Conversation)]
    return good, [outcome for outcome in outcomes if isinstance(outcome, Failure)]


def read_bytes(folder: Path, data: bytes, name: str = "log.jsonl", **options: Any) -> tuple[list[Conversation], list[Failure]]:
    """Write a file, plan it and read it."""
    path = folder / name
    path.write_bytes(data)
    return read(plan([path], spool=folder / "spool", **options))
