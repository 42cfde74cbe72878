"""Labelled conversations: reads the gold JSONL format, the corpus's own text format, and labels kept apart from their text.

Every row is checked; what does not hold raises `InputError` with file and row. It trains nothing and scores nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from rejoinder.errors import InputError
from rejoinder.records import Conversation, Message, Origin, Role
from rejoinder.taxonomies import load

LABELS = ("POS", "NEG_CORRECTION", "NEG_AWARE", "NEG_CLARIFY", "NEG_REPHRASE", "NEU")
"""Codes of the six categories, in the order of the taxonomy `user-feedback`."""
SAT = (
    "Gratitude", "Learning", "Compliance", "Praise", "PersonalDetails", "Humor", "Acknowledgment", "PositiveClosure",
    "GettingThere",
)  # fmt: skip
DSAT = (
    "NegativeFeedback", "Revision", "FactualError", "UnrealisticExpectation", "NoEngagement", "Ignored", "LowerQuality",
    "InsufficientDetail", "Style",
)  # fmt: skip
_ROLES = ("system", "user", "assistant", "tool")
_HEADER = re.compile(r"^=== (\S+) (\S+)\s*$")
_SPEECH = re.compile(r"^(?:(A)|(?:U|OR)(?: (" + "|".join(LABELS) + r")(?: \[([^\]]*)\])?)?): ?(.*)$")


@dataclass(frozen=True, slots=True)
class Label:
    """One annotator's decision on one user turn."""

    turn: int
    """From 2: the k-th user message."""
    label: str
    confidence: int = 2
    """3 sure, 2 fairly, 1 could well be another label."""
    rubrics: tuple[str, ...] = ()
    evidence: str = ""
    written: str = ""
    """The label as the file spells it, where the file may spell it its own way."""


@dataclass(frozen=True, slots=True)
class LabelledConversation:
    """A conversation with the labels of its user turns, and where it came from."""

    conversation: Conversation
    labels: tuple[Label, ...]
    source: str
    language: str
    """ISO 639-1, or `und` where the row has none."""


def read_gold(path: Path) -> list[LabelledConversation]:
    """Read a file in the gold format: one JSON object per line with `messages` and `feedback`."""
    found = []
    for row, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            found.append(_gold_row(msgspec.json.decode(line), path, row))
        except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError) as trouble:
            raise _bad(path, row, f"not a labelled conversation ({type(trouble).__name__}: {trouble})") from trouble
    return found


def read_corpus(path: Path) -> list[LabelledConversation]:
    """Read a file of the training corpus in its text format (`corpus/FORMAT.md`)."""
    found: list[LabelledConversation] = []
    header: tuple[str, str] | None = None
    speeches: list[list[Any]] = []
    first = 0
    for row, line in enumerate([*_lines(path), "=== end end"], start=1):
        begins = _HEADER.match(line)
        if begins:
            if header is not None:
                found.append(_corpus_conversation(path, first, header, speeches))
            header, speeches, first = (begins[1], begins[2]), [], row
            continue
        if line.startswith("OR ") and header is not None:  # the same place, other words: a conversation of its own
            if not speeches or speeches[-1][2] is None:
                raise _bad(path, row, "`OR` stands after a labelled user turn")
            found.append(_corpus_conversation(path, first, header, speeches))
            speeches, first = speeches[:-1], row
        speech = _SPEECH.match(line)
        if speech:
            speeches.append([row, *speech.groups()])
        elif speeches:
            speeches[-1][4] += "\n" + line
        elif line.strip():
            raise _bad(path, row, "text before the first `U:`")
    return found


def read_labels(path: Path, data: Path) -> list[LabelledConversation]:
    """Join labels of shared data with their text; a row has file, conversation_id, turn, label, ..., evidence [start, stop]."""
    texts: dict[str, dict[str, list[dict[str, str]]]] = {}
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in _lines(path):
        row = msgspec.json.decode(line)
        grouped.setdefault((row["file"], row["conversation_id"]), []).append(row)
    found = []
    for (file, name), rows in grouped.items():
        if file not in texts:
            texts[file] = dict(_shared(data / f"{file}.jsonl"))
        messages = texts[file].get(name)
        if messages is None:
            raise _bad(data / f"{file}.jsonl", None, f"no conversation {name}")
        users = [m["content"] for m in messages if m["role"] == "user"]
        labels = []
        for row in rows:
            start, stop = row["evidence"] or (0, 0)
            quote = users[row["turn"] - 1][start:stop]
            labels.append(Label(row["turn"], row["label"], row["confidence"], tuple(row["rubrics"]), quote))
        conversation = _conversation(name, file, messages, path, 1)
        found.append(LabelledConversation(conversation, tuple(labels), file.split("/")[0], "und"))
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except OSError as trouble:
        raise InputError(f"cannot be read ({trouble.strerror})", file=str(path)) from trouble
    except UnicodeDecodeError as trouble:
        raise InputError("is not UTF-8 text", file=str(path)) from trouble


def _bad(path: Path, row: int | None, problem: str) -> InputError:
    return InputError(problem, file=str(path), row=row, remedy="Correct the row, or leave it out")


def _gold_row(raw: dict[str, Any], path: Path, row: int) -> LabelledConversation:
    name, source = str(raw["conversation_id"]), str(raw.get("source") or path.stem)
    conversation = _conversation(name, source, raw["messages"], path, row)
    turns = {turn.number: turn.request for turn in conversation.turns}
    labels = []
    for entry in raw["feedback"]:
        rubrics = (*entry.get("sat", ()), *entry.get("dsat", ()))
        written = entry["label"]  # null is no label, though its text would read as an alias of NEU
        category = (load("user-feedback").resolve(written) if isinstance(written, str) else None) or str(written)
        sure, evidence = int(entry.get("confidence", 2)), entry.get("evidence", "")
        label = Label(int(entry["turn"]), category, sure, rubrics, evidence, str(written))
        problem = _trouble(label, turns)
        if problem:
            raise _bad(path, row, problem)
        labels.append(label)
    return LabelledConversation(conversation, tuple(labels), source, str(raw.get("lang") or "und"))


def _trouble(label: Label, turns: dict[int, str]) -> str | None:
    """Why a label cannot stand, or None."""
    if label.label not in LABELS:
        return f"unknown label {label.label!r}, one of {', '.join(LABELS)} or an alias in docs/taxonomies.md expected"
    if label.turn < 2 or label.turn not in turns:
        return f"no user turn {label.turn} (turns are counted from 1, labels begin at 2)"
    if label.confidence not in (1, 2, 3):
        return f"confidence {label.confidence} of turn {label.turn} is not 1, 2 or 3"
    if label.evidence and label.evidence not in turns[label.turn]:
        return f"the evidence of turn {label.turn} is no substring of the turn"
    return None


def _conversation(name: str, source: str, messages: list[dict[str, str]], path: Path, row: int) -> Conversation:
    told = []
    for message in messages:
        if message["role"] not in _ROLES:
            raise _bad(path, row, f"unknown role {message['role']!r}")
        told.append(Message(role=cast("Role", message["role"]), content=message["content"] or ""))
    return Conversation(id=name, source=source, origin=Origin(file=str(path), row=row), messages=tuple(told))


def _shared(path: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Id and messages of each conversation of a shared file; request and follow-up pairs become three messages."""
    for line in _lines(path):
        raw = msgspec.json.decode(line)
        if "followup" in raw:
            texts = (("user", raw["prompt"]), ("assistant", "[response not published]"), ("user", raw["followup"]))
            yield raw["id"], [{"role": role, "content": text} for role, text in texts]
        else:
            yield raw["conversation_id"], raw["messages"]


def _corpus_conversation(path: Path, row: int, header: tuple[str, str], speeches: list[list[Any]]) -> LabelledConversation:
    """Build one conversation from rows of (row, A, label, rubrics, text)."""
    messages, labels = [], []
    users = 0
    for place, answer, code, rubrics, text in speeches:
        plain, evidence = _unmarked(text.strip())
        messages.append({"role": "assistant" if answer else "user", "content": plain})
        if answer:
            continue
        users += 1
        if (code is not None) != (users > 1):
            raise _bad(path, place, "every user turn after the first needs a label, the first has none")
        if code is not None:
            named = tuple(name.strip() for name in (rubrics or "").split(",") if name.strip())
            label = Label(users, code, 3, named, evidence)
            labels.append(label)
            unknown = set(named) - {*SAT, *DSAT}
            if unknown or (code != "NEU") != bool(evidence):
                raise _bad(path, place, f"unknown rubric {sorted(unknown)}" if unknown else "one {{marked span}} unless NEU")
    conversation = _conversation(f"{path.stem}-{row}", "corpus", messages, path, row)
    return LabelledConversation(conversation, tuple(labels), "corpus", header[0])


def _unmarked(text: str) -> tuple[str, str]:
    """The text without its braces, and the span that stood between them."""
    start, stop = text.find("{{"), text.find("}}")
    if start < 0 or stop < start:
        return text, ""
    evidence = text[start + 2 : stop]
    return text[:start] + evidence + text[stop + 2 :], evidence
