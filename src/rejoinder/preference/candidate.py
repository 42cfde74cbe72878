"""What the rules hand to the gates: one answer or two to one request, why they were taken, and how sure that is.

Candidates live for one conversation inside `MinePreferences`; they are never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rejoinder.preference.reading import Reading
from rejoinder.records import Conversation, ExampleKind, Feedback, Message, Turn

Key = tuple[str, int, str | None, str | None]
"""Kind, turn and texts of a candidate: what makes it the same row as another."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with what a gate may ask about it."""

    text: str
    turn: int
    """The turn it stands in; for an alternative or a correction, the turn of the response it could replace."""
    model: str | None = None
    finish_reason: str | None = None
    toxic: bool | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible row of training data, before any gate has seen it."""

    kind: ExampleKind
    rule: str
    turn: int
    """The turn whose user message ends the context."""
    confidence: float
    chosen: Answer | None = None
    rejected: Answer | None = None
    feedback: Feedback | None = None
    """The user turn that decided; None where an explicit signal did."""
    complaint: str = ""
    """All that the user said against the rejected answer, where a rule goes by it."""
    flags: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Equal for candidates that would become the same row."""
        chosen = self.chosen.text if self.chosen else None
        rejected = self.rejected.text if self.rejected else None
        return self.kind, self.turn, chosen, rejected


@dataclass(frozen=True)
class Case:
    """A candidate in its conversation: what a gate looks at. Costly views are made when first asked for, and once."""

    candidate: Candidate
    conversation: Conversation
    turns: Sequence[Turn]
    reading: Reading
    """Shared by the cases of a conversation."""
    labels: Sequence[Feedback] = ()
    """What a detector said of the turns: gates read its flags `unsafe`."""

    @property
    def chosen(self) -> Answer | None:
        """The answer to be learnt: better of a pair, good, or sft."""
        return self.candidate.chosen

    @property
    def rejected(self) -> Answer | None:
        """The answer to be unlearnt: worse of a pair, or bad."""
        return self.candidate.rejected

    @property
    def request(self) -> str:
        """The user message that both answers answer."""
        return self.turns[self.candidate.turn - 1].request

    @property
    def complaining(self) -> str:
        """All that the user said against the rejected answer, or the one turn that decided."""
        said = self.candidate.feedback
        decided = self.turns[said.turn - 1].request if said is not None and said.turn <= len(self.turns) else ""
        return self.candidate.complaint or decided

    def logged(self, answer: Answer) -> bool:
        """Whether an answer is the one that the log shows for its turn, and not a sibling or a correction."""
        return answer.text == "\n\n".join(message.content for message in self.turns[answer.turn - 1].answers)

    @cached_property
    def context(self) -> tuple[Message, ...]:
        """The messages before the judged answer, as logged; nothing of the answer and nothing after it."""
        return self.conversation.messages[: self.asked]

    @cached_property
    def asked(self) -> int:
        """Number of messages in the context."""
        return before_answer(self.turns[self.candidate.turn - 1])

    @cached_property
    def seen(self) -> int:
        """Number of messages before the later of the answers: all that the model had read when it wrote a repair."""
        return before_answer(self._last)

    @property
    def last_turn(self) -> int:
        """Number of the turn of the later answer."""
        return self._last.number

    @property
    def used(self) -> int:
        """Number of messages that were seen or stand in the turn of the later answer."""
        return self._last.stop

    @property
    def _last(self) -> Turn:
        return self.turns[max(answer.turn for answer in (self.chosen, self.rejected) if answer is not None) - 1]


def before_answer(turn: Turn) -> int:
    """Number of messages from the start of the conversation to the first answer of `turn`, without it."""
    for offset, message in enumerate(turn.messages[1:], start=1):
        if message.role == "assistant" and message.content.strip():
            return turn.start + offset
    return turn.stop
