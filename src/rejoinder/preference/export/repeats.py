"""Rows that an earlier row of the export holds already, word for word: branches of one tree, copies of one prompt.

Looks at kept examples only, across conversations; the first one stands. `report/yields.py` counts them the same way.
"""

from __future__ import annotations

import msgspec

from rejoinder.identity import canonical_json, digest
from rejoinder.preference.export.messages import completion
from rejoinder.records import PreferenceExample

REPEATED = "repeated"
"""Stands in `dropped_by` where an earlier row of the export is the same."""
CONTRADICTED = "contradicted"
"""Stands in `dropped_by` where an earlier row gives the same answer to the same context the opposite label."""


class Repeats:
    """The rows seen so far, by 128 bits of hash each: about 100 bytes of memory a row."""

    def __init__(self) -> None:
        self._good: dict[bytes, bool] = {}

    def judged(self, example: PreferenceExample) -> PreferenceExample:
        """The example as it is, or dropped where an earlier kept one has its kind, context and answers."""
        if example.dropped_by is not None:
            return example
        key, good = _key(example), example.chosen is not None
        if key not in self._good:
            self._good[key] = good
            return example
        if self._good[key] is good:
            return _dropped(example, REPEATED, "An earlier row of the export has the same context and the same answers.")
        label = "bad" if good else "good"
        return _dropped(
            example, CONTRADICTED, f"An earlier row of the export calls the same answer to the same context {label}."
        )


def _key(example: PreferenceExample) -> bytes:
    """Kind, context and answers; of an unpaired example the answer without its label, so that contradictions meet."""
    answers = [example.chosen, example.rejected] if example.kind == "pair" else [completion(example)]
    context = [(m.role, m.content) for m in example.context]
    return bytes.fromhex(digest(canonical_json([example.kind, context, answers])))


def _dropped(example: PreferenceExample, gate: str, reason: str) -> PreferenceExample:
    return msgspec.structs.replace(example, dropped_by=gate, reason=reason)
