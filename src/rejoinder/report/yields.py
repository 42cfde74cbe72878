"""What the log gave for training: examples by rule, what each gate dropped and why, what is kept by kind and split.

Mines nothing and judges no gate.
"""

from __future__ import annotations

from typing import Any

from rejoinder.report.flat import MEMORY
from rejoinder.report.numbers import GateRow, KindRow, RuleRow, Yields
from rejoinder.report.shown import cut
from rejoinder.store import Dataset, query

_RULES = """
SELECT provenance.rule AS rule, kind, count(*) AS mined, count(*) FILTER (dropped_by IS NULL) AS kept
FROM examples GROUP BY 1, 2 ORDER BY mined DESC, rule, kind
"""
_GATES = """
SELECT dropped_by AS gate, count(*) AS n, arg_min(reason, id) AS reason
FROM examples WHERE dropped_by IS NOT NULL GROUP BY 1 ORDER BY n DESC, gate
"""
_KINDS = """
SELECT kind, count(*) FILTER (split = 'train') AS train, count(*) FILTER (split = 'held_out') AS held_out
FROM examples WHERE dropped_by IS NULL GROUP BY 1 ORDER BY CASE kind WHEN 'pair' THEN 0 WHEN 'unpaired' THEN 1 ELSE 2 END
"""


def yields(examples: Dataset) -> Yields:
    """Counts over all mined examples, kept and dropped."""
    mined = examples.written
    gates = [
        GateRow(gate=row["gate"], n=row["n"], share=round(row["n"] / mined, 6), reason=cut(row["reason"] or "", 240))
        for row in _ask(_GATES, examples)
    ]
    return Yields(
        mined=mined,
        kept=mined - sum(gate.n for gate in gates),
        failed=examples.failed,
        rules=tuple(RuleRow(**row) for row in _ask(_RULES, examples)),
        gates=tuple(gates),
        kinds=tuple(KindRow(**row) for row in _ask(_KINDS, examples)),
    )


def _ask(sql: str, examples: Dataset) -> list[dict[str, Any]]:
    return query(sql, memory=MEMORY, examples=examples.files) if examples.written else []
