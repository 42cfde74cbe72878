"""What the log gave for training: examples by rule, what each gate dropped and why, what is kept by kind and split.

Mines nothing and judges no gate. Rows that fall because of other rows are dropped when files are written; it is told which
those are, so that what the report calls kept is what the files hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rejoinder.report.numbers import GateRow, KindRow, RuleRow, Yields
from rejoinder.report.shown import cut
from rejoinder.store import Dataset, query

_COUNTS = """
WITH placed AS (SELECT *, row_number() OVER () - 1 AS place FROM examples),
falling AS (SELECT unnest({places}::BIGINT[]) AS place, unnest({gates}::VARCHAR[]) AS gate)
SELECT provenance.rule AS rule, kind, split, coalesce(gate, dropped_by) AS gate, count(*) AS n, min(id) AS first,
       arg_min(reason, id) AS reason
FROM placed LEFT JOIN falling USING (place) GROUP BY ALL ORDER BY ALL
"""
REASONS = {
    "near-duplicate": "When files are written: a training row asks nearly the same as this held-out row.",
    "repeated": "When files are written: an earlier row, often of another conversation, has the same context and answers.",
    "contradicted": "When files are written: an earlier row gives the same answer to the same context the opposite label.",
}
KINDS = ("pair", "unpaired", "sft")


def yields(examples: Dataset, falling: Mapping[int, str]) -> Yields:
    """Counts over all mined examples, kept and dropped; kept are those that the exported files hold.

    `falling`: gates by the place of the rows that fall when files are written, from 0 among all examples.
    """
    sql = _COUNTS.format(places=list(falling), gates=list(falling.values()))
    counts = query(sql, examples=examples.files) if examples.written else []
    kept = [one for one in counts if one["gate"] is None]
    return Yields(
        mined=examples.written,
        kept=sum(one["n"] for one in kept),
        failed=examples.failed,
        rules=_rules(counts),
        gates=_gates([one for one in counts if one["gate"] is not None], examples.written),
        kinds=_kinds(kept),
    )


def _rules(counts: list[dict[str, Any]]) -> tuple[RuleRow, ...]:
    mined, kept = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in counts:
        mined[one["rule"], one["kind"]] += one["n"]
        kept[one["rule"], one["kind"]] += one["n"] if one["gate"] is None else 0
    order = sorted(mined, key=lambda key: (-mined[key], key))
    return tuple(RuleRow(rule=rule, kind=kind, mined=mined[rule, kind], kept=kept[rule, kind]) for rule, kind in order)


def _gates(dropped: list[dict[str, Any]], mined: int) -> tuple[GateRow, ...]:
    n, reasons = Counter[str](), dict(REASONS)
    for one in sorted(dropped, key=lambda one: str(one["first"])):
        n[one["gate"]] += one["n"]
        reasons.setdefault(one["gate"], one["reason"] or "")
    order = sorted(n, key=lambda gate: (-n[gate], gate))
    return tuple(
        GateRow(gate=gate, n=n[gate], share=round(n[gate] / mined, 6), reason=cut(reasons[gate], 240)) for gate in order
    )


def _kinds(kept: list[dict[str, Any]]) -> tuple[KindRow, ...]:
    n = Counter[tuple[str, str]]()
    for one in kept:
        n[one["kind"], one["split"]] += one["n"]
    there = [kind for kind in KINDS if n[kind, "train"] or n[kind, "held_out"]]
    return tuple(KindRow(kind=kind, train=n[kind, "train"], held_out=n[kind, "held_out"]) for kind in there)
