"""OpenAI, Together and Fireworks: preference JSONL with `input`, `preferred_output` and `non_preferred_output`, and chat SFT.

These services take no unpaired examples.
"""

from __future__ import annotations

from collections.abc import Iterator

from rejoinder.preference.export.messages import Row, logged, said
from rejoinder.preference.export.tally import Tally
from rejoinder.records import PreferenceExample


def rows(example: PreferenceExample) -> Iterator[tuple[str, Row]]:
    """The row of a pair (`preference`) or of an SFT example (`sft`)."""
    if example.kind == "pair":
        yield (
            "preference",
            {
                "input": {"messages": logged(example), "tools": [], "parallel_tool_calls": True},
                "preferred_output": [said(example.chosen)],
                "non_preferred_output": [said(example.rejected)],
            },
        )
    elif example.kind == "sft":
        earlier = [{**m, "weight": 0} if m["role"] == "assistant" else m for m in logged(example)]
        yield "sft", {"messages": [*earlier, {**said(example.chosen), "weight": 1}]}


def companions(tally: Tally) -> dict[str, str]:
    """Nothing beside the rows: these files are uploaded as they are."""
    return {}
