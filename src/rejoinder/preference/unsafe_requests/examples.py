"""What the classifier of unsafe requests learns from: invented lines, labelled turns of shared conversations, and other turns.

Reads files; it fits nothing. Turns without a label come from conversations that nobody meant to be harmful, and count as safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from rejoinder.errors import InputError

HARMLESS = (
    "oasst/conversations",
    "oasst/conversations_extra",
    "realhumaneval/conversations",
    "halie/dialogue",
    "halie/qa_requery",
    "codechat_wildchat/followup_pairs",
    "rifts/conversations",
    "wildchat_sample/single_turn",
    "wildchat_sample/reformulation_pairs",
)
"""Shared files of real conversations whose unlabelled turns count as safe. Reading the 130 that an earlier fit scored highest
found none that asks for harm."""
RED_TEAM = "hh_rlhf_harmless/conversations"
"""People who tried to make a model do harm; only labelled turns are taken."""
Kind = Literal["labelled", "unlabelled", "invented", "feedback-corpus"]
_GROUP_WORDS = 5
_SPOKEN = re.compile(r"^U[^:\n]*: ?(.+)$")


@dataclass(frozen=True, slots=True)
class Example:
    """One request."""

    text: str
    unsafe: bool
    kind: Kind
    source: str
    """Folder of the shared file, or the language of an invented line."""
    conversation: str
    """File and conversation."""
    group: str
    """First words of the conversation's opening: examples of one group never stand on both sides of a fold."""
    held_out: bool = False
    """Never trained on."""


def gather(data: Path, corpus: Path) -> list[Example]:
    """All examples in a fixed order: shared turns, then the feedback corpus as safe ones, then invented lines.

    Raises:
        InputError: a file is missing or a row of it does not hold.
    """
    labels = _labels(corpus / "unsafe" / "labels.jsonl")
    found = [one for name in (RED_TEAM, *HARMLESS) for one in _shared(data, name, labels)]
    missing = labels.keys() - {key for key, _ in found}
    if missing:
        raise InputError(f"{len(missing)} labelled turns are not in the shared data, such as {min(missing)}", file=str(corpus))
    held_out = {_level(one.text) for _, one in found if one.held_out}
    shared = [one for _, one in found if one.held_out or _level(one.text) not in held_out]
    shared += [one for path in sorted(corpus.glob("*.txt")) for one in _feedback_corpus(path)]
    shared = list({(_level(one.text), one.held_out): one for one in sorted(shared, key=_least_known_first)}.values())
    return [*shared, *(one for path in sorted((corpus / "unsafe").glob("*.txt")) for one in _invented(path))]


def _least_known_first(one: Example) -> int:
    """Of equal texts the last one stays: a label before none."""
    return one.kind == "labelled"


def _shared(data: Path, name: str, labels: dict[tuple[str, str, int], Any]) -> Iterator[tuple[tuple[str, str, int], Example]]:
    source = name.split("/", maxsplit=1)[0]
    for conversation, requests in _conversations(data / f"{name}.jsonl"):
        group = _group(requests[0])
        for turn, text in enumerate(requests, start=1):
            key = (name, conversation, turn)
            label = labels.get(key)
            if not text.strip() or (label is None and name == RED_TEAM):
                continue
            place = (source, f"{name}/{conversation}", group)
            if label is None:
                yield key, Example(text, False, "unlabelled", *place)
            else:
                yield key, Example(text, label["unsafe"], "labelled", *place, held_out=label["held_out"])


def _conversations(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Id and user messages of each conversation; request and follow-up pairs have two."""
    for line in _lines(path):
        raw = msgspec.json.decode(line)
        if "followup" in raw:
            yield raw["id"], [raw["prompt"], raw["followup"]]
        else:
            yield raw["conversation_id"], [m["content"] or "" for m in raw["messages"] if m["role"] == "user"]


def _feedback_corpus(path: Path) -> Iterator[Example]:
    """What the invented users of the feedback classifier's corpus say, but for the conversations about jailbreaks."""
    about, group = "", ""
    for line in _lines(path):
        if line.startswith("==="):
            about, group = line, ""
        elif (spoken := _SPOKEN.match(line)) and "jailbreak" not in about:
            text = spoken[1].replace("{{", "").replace("}}", "")
            group = group or _group(text)
            yield Example(text, False, "feedback-corpus", path.stem, str(path), group)


def _invented(path: Path) -> Iterator[Example]:
    """Lines of `corpus/unsafe/FORMAT.md`."""
    language = ""
    for row, line in enumerate(_lines(path), start=1):
        if line.startswith("=== "):
            language = line[4:].strip()
        elif line[:2] in ("+ ", "- ") and language:
            text = line[2:].strip()
            yield Example(text, line[0] == "+", "invented", language, f"{path.name}:{row}", _group(text))
        elif line.strip():
            raise InputError("neither `=== LANGUAGE`, `+ REQUEST` nor `- REQUEST`", file=str(path), row=row)


def _labels(path: Path) -> dict[tuple[str, str, int], Any]:
    rows = [msgspec.json.decode(line) for line in _lines(path) if line]
    return {(row["file"], row["conversation_id"], row["turn"]): row for row in rows}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except OSError as trouble:
        raise InputError(f"cannot be read ({trouble.strerror})", file=str(path)) from trouble


def _group(text: str) -> str:
    return " ".join(_level(text).split()[:_GROUP_WORDS])


def _level(text: str) -> str:
    return " ".join(text.lower().split())
