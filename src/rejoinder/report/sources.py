"""What a report is made from: the datasets of one run and a few plain values; whoever runs the stages fills it.

Reads nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rejoinder.store import Dataset


@dataclass(frozen=True, slots=True)
class LogFile:
    """One input file as it was understood."""

    file: str
    format: str
    """Name of the format it was read with, such as `wildchat`."""
    evidence: str = ""
    """What was seen in the file that made it that format."""


@dataclass(frozen=True, slots=True)
class AskedOf:
    """What one prompt took of one model, over all calls on the run folder."""

    prompt: str
    model: str
    kinds: tuple[tuple[str, int], ...]
    """Attempts by what became of them, the most frequent first; `answer` is a whole reply, of whatever worth."""
    input_tokens: int
    output_tokens: int
    cost: float | None
    """US dollars; None where the price of one answer is unknown."""


@dataclass(frozen=True, slots=True)
class BuiltSets:
    """The data sets of the arms that a recipe names."""

    examples: Dataset
    """`PreferenceExample` of all arms, kept and dropped; the arm is the rule."""
    counts: Mapping[str, Any]
    """As plain values: `sizes` (`subset`, `available`, `taken`), `unfit` (conversations by fault) and `arms` (`arm`, `samples`,
    `examples`, `kept` by kind and split, `dropped` by gate and kind), as the files of the arms have them."""


@dataclass(frozen=True, slots=True)
class ReportSources:
    """Everything a report is drawn from."""

    read: Dataset
    """`Conversation`, as read; its failures are the quarantined rows."""
    kept: Dataset
    """`Conversation`, without duplicates; its failures are the duplicates."""
    annotated: Dataset
    """`AnnotatedConversation`; its failures are conversations that could not be labelled."""
    examples: Dataset
    """`PreferenceExample`, kept and dropped."""
    falling: Mapping[int, str] = field(default_factory=dict)
    """Examples that fall when files are written, because of other examples: their place, from 0, and the gate's name."""
    built: BuiltSets | None = None
    """None where no arm is named."""
    confusion: tuple[tuple[int, ...], ...] | None = None
    """Counts true x predicted of the detector on labelled turns that it was not trained on, in the order of the taxonomy's
    categories; None where its error was never measured, and then nothing is corrected."""
    labeller: str = ""
    """Who detected the feedback: the classifier and its version, or a model and its prompt."""
    taxonomy: str = "user-feedback"
    files: tuple[LogFile, ...] = ()
    asked: tuple[AskedOf, ...] = ()
    """Empty where no model was asked."""
    seed: int = 0
    audit: tuple[Mapping[str, Any], ...] = ()
    """Tables of the audit of the examples, as plain values: `title`, `note`, `head` and `rows` of words."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The resolved settings of the run as plain values, repeated in `report.json`."""
