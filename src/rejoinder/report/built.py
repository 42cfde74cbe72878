"""The data sets built for arms: samples by subset, and for each arm what was made, kept and dropped, with the gates' counts.

Counts nothing itself but looks one reason up for each gate: the numbers are those of the files, so that both say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rejoinder.report.numbers import ArmRow, Built, GateRow, KindRow, NoteRow, SubsetRow
from rejoinder.report.shown import cut
from rejoinder.report.sources import BuiltSets
from rejoinder.report.yields import KINDS, REASONS
from rejoinder.store import Dataset, query

_TITLES = {
    "negative": "D_neg: answers with a sure complaint",
    "positive": "D_pos: answers with sure praise",
    "random": "D_rand: control answers, whatever was said next",
}
_WHY = """
SELECT provenance.rule AS arm, dropped_by AS gate, arg_min(reason, id) AS reason
FROM built WHERE dropped_by IS NOT NULL GROUP BY ALL ORDER BY ALL
"""
_Reasons = Mapping[tuple[str, str], str]


def built_sets(sources: BuiltSets | None) -> Built | None:
    """What was built, in the order of the recipe's arms; None where it names none."""
    if sources is None:
        return None
    counts, reasons = sources.counts, _reasons(sources.examples)
    return Built(
        subsets=tuple(
            SubsetRow(name=one["subset"], title=_TITLES[one["subset"]], found=one["available"], taken=one["taken"])
            for one in counts["sizes"]
        ),
        unfit=tuple(NoteRow(reason=fault, n=n) for fault, n in _largest_first(counts["unfit"])),
        arms=tuple(_arm(one, reasons) for one in counts["arms"]),
    )


def _reasons(examples: Dataset) -> _Reasons:
    """What one row of each arm and gate was told."""
    rows = query(_WHY, built=examples.files) if examples.written else []
    return {(row["arm"], row["gate"]): row["reason"] or "" for row in rows}


def _arm(one: Mapping[str, Any], reasons: _Reasons) -> ArmRow:
    kinds = tuple(
        KindRow(kind=kind, train=splits.get("train", 0), held_out=splits.get("held_out", 0))
        for kind, splits in sorted(one["kept"].items(), key=lambda some: KINDS.index(some[0]))
    )
    fell = Counter({gate: sum(by_kind.values()) for gate, by_kind in one["dropped"].items()})
    return ArmRow(
        arm=one["arm"],
        samples=one["samples"],
        made=one["examples"],
        kept=sum(kind.train + kind.held_out for kind in kinds),
        dropped=fell.total(),
        kinds=kinds,
        gates=tuple(_gate(gate, n, one, reasons) for gate, n in _largest_first(fell)),
    )


def _gate(gate: str, n: int, one: Mapping[str, Any], reasons: _Reasons) -> GateRow:
    reason = REASONS.get(gate) or reasons.get((one["arm"], gate), "")
    return GateRow(gate=gate, n=n, share=round(n / one["examples"], 6), reason=cut(reason, 240))


def _largest_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
