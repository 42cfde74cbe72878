"""A judge's prompt that somebody else has published: its text with placeholders, filled once, and turned into a question.

The texts are put in raw, as the benchmark does it, so that its numbers can be compared; what this allows a hostile answer to do
stands in docs/public-benchmarks.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rejoinder.errors import UsageError
from rejoinder.gateway import Gateway
from rejoinder.identity import digest
from rejoinder.records import Answer, Message, Question

JUDGE_TOKENS = 2_048
"""Most tokens of a judge's reply, as in FastChat."""


@dataclass(frozen=True)
class Published:
    """One published prompt."""

    name: str
    template: str
    system: str = ""

    @cached_property
    def id(self) -> str:
        """Name and content hash, such as `single-v1 1f0c9a2b`."""
        return f"{self.name} {digest(self.system.encode(), self.template.encode())[:8]}"

    def filled(self, values: Mapping[str, str]) -> str:
        """The template with each `{name}` or `{$name}` of `values` replaced, in one pass: what is put in stays as it is."""
        names = "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True))
        return re.sub(r"\{\$?(" + names + r")\}", lambda found: values[found[1]], self.template)

    def needs(self, *names: str) -> Published:
        """This prompt, if it has these placeholders.

        Raises:
            UsageError: one is missing, so the judge would not see what it is to judge.
        """
        missing = [name for name in names if not re.search(r"\{\$?" + re.escape(name) + r"\}", self.template)]
        if missing:
            raise UsageError(f"the prompt {self.name} has no place for {', '.join(missing)}; give the file of this benchmark")
        return self

    def question(self, values: Mapping[str, str]) -> Question:
        """What is asked: the system prompt, where there is one, and the filled template."""
        user = Message(role="user", content=self.filled(values))
        head = (Message(role="system", content=self.system),) if self.system else ()
        return Question(prompt=self.id, messages=(*head, user), max_tokens=JUDGE_TOKENS)

    async def ask(self, llm: Gateway, judge: str, values: Mapping[str, str]) -> str | None:
        """What the judge says; None where there is no whole reply."""
        answer: Answer = await llm.ask(judge, self.question(values))
        return answer.text if answer.state == "ok" else None
