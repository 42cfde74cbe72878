"""Every reply that a prompt asks for ends somewhere, on a server that holds to schemas: small models go on and on."""

from __future__ import annotations

from typing import Any

import pytest

from rejoinder.gateway.reading import schema_of
from rejoinder.prompts import extract_reasons, judge_pair, judge_pointwise, summarise_preferences, summarise_rubric
from rejoinder.prompts.whole import WHOLE
from rejoinder.records import Question
from tests.judge.scripted import CHECKLIST, CONTEXT
from tests.prompts.talks import COFFEE


def bounded(node: Any) -> bool:
    """Whether every text and every list of a schema ends somewhere."""
    if isinstance(node, list):
        return all(map(bounded, node))
    if not isinstance(node, dict):
        return True
    needed = {"array": "maxItems", "string": "maxLength"}.get(node.get("type", ""))
    return ("enum" in node or needed is None or needed in node) and all(map(bounded, node.values()))


@pytest.mark.parametrize(
    "question",
    [
        judge_pair.render(CONTEXT, "a", "b"),
        judge_pair.render(CONTEXT, "a", "b", CHECKLIST),
        judge_pointwise.render(CONTEXT, "a", CHECKLIST),
        summarise_preferences.render(COFFEE, 1, (2,), 10),
        extract_reasons.render(COFFEE, "negative", 3, WHOLE),
        summarise_rubric.render((), ("The user repeats the question.",), "negative", 10),
    ],
    ids=lambda question: question.prompt.split()[0],
)
def test_no_reply_can_go_on_for_ever(question: Question) -> None:
    assert question.reply is not None
    assert bounded(schema_of(question.reply))
