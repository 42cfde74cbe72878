"""`rejoinder inspect`: look into a run folder: its stages and counts, or one conversation with its feedback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rejoinder.cli import options
from rejoinder.errors import UsageError
from rejoinder.records import AnnotatedConversation, Feedback, Message
from rejoinder.store import Manifest, read_dataset

Id = Annotated[str | None, typer.Option("--conversation", help="Id of a conversation to show with its feedback.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def inspect(folder: options.RunFolder, conversation: Id = None, json: AsJson = False) -> None:
    """Show the stages of a run with their counts, or one conversation with what its user said about the answers."""
    if conversation is None:
        stages = {path.parent.name: _manifest(path) for path in sorted(folder.glob("data/*/manifest.json"))}
        if not stages:
            raise UsageError(f"{folder} is not a run folder: it has no data/*/manifest.json.")
        print(msgspec.json.encode(stages).decode() if json else "\n".join(_line(*stage) for stage in stages.items()))
        return
    found = _find(folder, conversation)
    print("\n".join(msgspec.json.encode(one).decode() if json else _story(one) for one in found))


def _manifest(path: Path) -> Manifest:
    return msgspec.json.decode(path.read_bytes(), type=Manifest)


def _line(name: str, manifest: Manifest) -> str:
    counts = f"{len(manifest.parts):>5} parts {manifest.written:>10,} rows {manifest.failed:>8,} left out"
    return f"{name:<14} {manifest.record:<22} {counts}  {manifest.fingerprint[:20]}"


def _find(folder: Path, conversation: str) -> list[AnnotatedConversation]:
    """All with this id: a log may give it to several."""
    annotated = read_dataset(folder / "data" / "annotated", AnnotatedConversation)  # there before the run is finished
    if found := [row for row in annotated.rows() if row.conversation.id == conversation]:
        return found
    raise UsageError(f"no conversation {conversation!r} in {folder}; feedback/feedback.parquet lists all ids.")


def _story(found: AnnotatedConversation) -> str:
    said = {feedback.turn: feedback for feedback in found.feedback}
    origin = found.conversation.origin
    lines = [f"{found.conversation.id} ({found.conversation.source}, {origin.file}, row {origin.row})"]
    turns = found.conversation.turns
    for message in found.conversation.messages[: turns[0].start if turns else None]:
        lines += [f"\n    {message.role}: {message.content}"]
    for turn in turns:
        lines += [f"\n[{turn.number}] user: {turn.request}"]
        lines += [_verdict(said[turn.number])] if turn.number in said else []
        lines += [line for message in turn.messages[1:] for line in _answered(message)]
    return "\n".join(lines)


def _answered(message: Message) -> Iterator[str]:
    """What follows the user's message: answers, calls and results of tools, and what the log says of them."""
    if message.content.strip():
        yield f"    {'' if message.role == 'assistant' else f'{message.role}: '}{message.content}"
    if message.tool_calls:
        yield f"    calls: {message.tool_calls}"
    yield from (f"    <- {signal.words}" for signal in message.signals)
    for sibling in message.alternatives:
        yield f"    or: {sibling.content}"
        yield from (f"    <- {signal.words}" for signal in sibling.signals)


def _verdict(feedback: Feedback) -> str:
    quoted = "".join(f' "{words}"' for words in feedback.evidence)
    return f"    -> {feedback.category} about [{feedback.about}], probability {feedback.probability:.2f}{quoted}"
