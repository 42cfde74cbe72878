"""Counts over one export: what was kept, by kind, split and rule, and what was dropped, by gate.

Targets write their cards and configurations from it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rejoinder.preference.audit_tables import AuditTable
from rejoinder.preference.export.lengths import Lengths
from rejoinder.preference.export.weights import KtoWeights, kto_weights
from rejoinder.records import PreferenceExample

SPLITS = {"train": "train", "held_out": "test"}
"""Our splits and the word that `datasets` knows them by."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a dataset card says beside the counts of its export, as plain values."""

    read: dict[str, int] = field(default_factory=dict)
    """Conversations by what became of them when logs were read, such as `read`, `kept`, `duplicate`, `quarantined`."""
    tables: tuple[AuditTable, ...] = ()
    """Of the audit."""


@dataclass
class Tally:
    """Grows by one example at a time."""

    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind and split."""
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Kept, by kind and rule."""
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind and gate."""
    flags: Counter[str] = field(default_factory=Counter)
    """Kept examples, by flag."""
    sources: Counter[str] = field(default_factory=Counter)
    """Kept examples, by the format of their conversation; so are languages and labellers."""
    languages: Counter[str] = field(default_factory=Counter)
    labellers: Counter[str] = field(default_factory=Counter)
    prompts: Counter[str] = field(default_factory=Counter)
    """How written answers were made and judged, as provenance words it, without the draw."""
    recipes: Counter[str] = field(default_factory=Counter)
    card: CardFacts = field(default_factory=CardFacts)
    unpaired: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """Kept unpaired examples, by split and whether they are good."""
    lengths: Lengths = field(default_factory=Lengths)

    def add(self, example: PreferenceExample) -> None:
        """Count one example, kept or dropped."""
        if example.dropped_by is not None:
            self.dropped[example.kind, example.dropped_by] += 1
            return
        self.kept[example.kind, example.split] += 1
        self.rules[example.kind, example.provenance.rule] += 1
        self.flags.update(example.flags)
        self.sources[example.provenance.source] += 1
        self.languages[example.provenance.language or "und"] += 1
        self.labellers[example.provenance.labeller] += 1
        self._count_making(example)
        if example.kind == "unpaired":
            self.unpaired[example.split, example.chosen is not None] += 1
        self.lengths.add(example)

    def _count_making(self, example: PreferenceExample) -> None:
        made = example.provenance.building
        if made is None:
            return
        self.recipes[made.recipe] += bool(made.recipe)
        for how in (made.chosen, made.rejected):
            self.prompts[how.partition(", draw ")[0].replace("(", "")] += "draw" in how
        if made.verdict is not None:
            self.prompts[f"judge {made.verdict.judge}"] += 1

    def has(self, kind: str, split: str | None = None) -> bool:
        """Whether any example of the kind was kept (in that split)."""
        return any(n for (k, s), n in self.kept.items() if k == kind and split in (None, s))

    @property
    def weights(self) -> KtoWeights:
        """What to weigh good and bad examples with, from the train split."""
        return kto_weights(self.unpaired["train", True], self.unpaired["train", False])
