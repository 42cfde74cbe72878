"""Labelled conversations, as the verbs that measure detectors take them: the argument, the reading, the languages.

It measures nothing; the shape of the file is that of `feedback.gold`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from rejoinder.errors import InputError
from rejoinder.feedback import LabelledConversation, read_gold
from rejoinder.language import UNKNOWN, detect_language, language_code

GoldFile = Annotated[Path, typer.Argument(help="Labelled conversations, one JSON object per line; see docs/scorecard.md.")]


def read_labelled(file: Path, limit: int | None = None) -> list[LabelledConversation]:
    """The conversations of a file, or the first so many.

    Raises:
        InputError: the file cannot be read, or none of them has a label.
    """
    labelled = read_gold(file)[:limit]
    if not any(one.labels for one in labelled):
        raise InputError("holds no labelled turn", file=str(file), remedy="docs/scorecard.md shows the format")
    return labelled


def with_languages(labelled: Sequence[LabelledConversation]) -> tuple[list[LabelledConversation], int]:
    """The conversations with a language code each, detected where the row names none; and how many those were."""
    found, detected = [], 0
    for one in labelled:
        code = language_code(one.language) if one.language != UNKNOWN else None
        detected += code is None
        found.append(replace(one, language=code or detect_language(turn.request for turn in one.conversation.turns)))
    return found, detected


def print_detected(detected: int, conversations: int) -> None:
    """Say of how many conversations the language was not in the file."""
    print(f"\nLanguages: {detected} of {conversations} conversations name none; theirs was detected from the user's words.")
