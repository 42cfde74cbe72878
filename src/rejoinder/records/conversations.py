"""Conversations as logged: messages, what the log itself says of them, and turns as a view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rejoinder.records.record import Record, Role

UNSEEN_PARTS = (
    *("reasoning", "reasoning_text", "reasoning_recap", "summary_text", "thinking", "redacted_thinking", "thoughts"),
    "model_editable_context",
)
"""Types of parts that the person never saw as the answer, mostly thoughts of the model: kept in `Message.parts` alone."""


class Signal(Record, frozen=True, kw_only=True):
    """An explicit judgement of one response that the log carries: a thumb, a rating, a score, a comment, a vote."""

    kind: Literal["thumb", "rating", "score", "comment", "correction", "vote", "copy", "label"]
    """thumb: value +1 or -1; rating/score: value in the tool's own scale; correction: `text` is the better answer;
    vote: +1 where this response won an arena comparison, -1 where it lost; copy: the user copied from the response."""
    value: float | None = None
    text: str | None = None
    """The comment, the reason tag or the corrected answer, in the user's or annotator's own words."""
    name: str | None = None
    """What the tool calls this signal (a score's name, an annotation's reason)."""
    origin: str = ""
    """Field of the export that it came from, such as `message.feedback.rating`."""

    @property
    def words(self) -> str:
        """For people: `thumb -1 not-helpful: “too long”`."""
        value = "" if self.value is None else f" {self.value:{'+g' if self.kind in ('thumb', 'vote') else 'g'}}"
        return f"{self.kind}{value}{f' {self.name}' if self.name else ''}{f': “{self.text}”' if self.text else ''}"


class Alternative(Record, frozen=True, kw_only=True):
    """A sibling of a message that the log kept: a regenerated answer, or the text of a message before it was edited."""

    content: str
    model: str | None = None
    id: str | None = None
    signals: tuple[Signal, ...] = ()


class Message(Record, frozen=True, kw_only=True):
    """One message as logged. Text only: what else it held stands unchanged, as JSON, in `parts` and `tool_calls`."""

    role: Role
    content: str
    id: str | None = None
    name: str | None = None
    model: str | None = None
    time: float | None = None
    """Seconds since 1970 UTC, or None where the log has no time."""
    finish_reason: str | None = None
    """Why the model stopped, in the provider's word (`stop`, `length`, `content_filter` ...)."""
    toxic: bool | None = None
    """The log's own moderation verdict for this message, or None where it has none."""
    tool_calls: str | None = None
    parts: str | None = None
    """JSON of the original content where it was not a plain string; `content` is the text in it."""
    signals: tuple[Signal, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


class Origin(Record, frozen=True, kw_only=True):
    """Where a record was read: file as the user named it, and row (from 1; an element's number in a JSON array)."""

    file: str
    row: int
    member: str | None = None
    """Name inside an archive."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A user message with the response that follows it; a view on a conversation, never stored."""

    number: int
    """From 1: the k-th user message of the conversation."""
    start: int
    """Index of the user message in `Conversation.messages`."""
    stop: int
    """Index behind the last message of the turn: the start of the next turn, or the end."""
    messages: Sequence[Message]
    """`Conversation.messages[start:stop]`."""

    @property
    def user(self) -> Message:
        """The user message that opens the turn."""
        return self.messages[0]

    @property
    def request(self) -> str:
        """What the user says."""
        return self.messages[0].content

    @property
    def answers(self) -> list[Message]:
        """The assistant messages with text that follow the user message, before the next one."""
        return [m for m in self.messages[1:] if m.role == "assistant" and m.content.strip()]

    @property
    def response(self) -> str | None:
        """The text that answers the request, or None where the log holds no answer."""
        texts = [m.content for m in self.answers]
        return "\n\n".join(texts) if texts else None

    @property
    def signals(self) -> list[Signal]:
        """Explicit judgements of this turn's response."""
        return [signal for m in self.messages[1:] for signal in m.signals]


class Conversation(Record, frozen=True, kw_only=True):
    """Messages between a person and a language model, in the order of the log, nothing left out."""

    id: str
    """As in the log where it has one, else a fingerprint of the content."""
    source: str
    """Name of the format it was read with, such as `wildchat`."""
    origin: Origin
    messages: tuple[Message, ...]
    user: str | None = None
    """Pseudonym of the person, where the log has one: the unit of splits and of clustered statistics."""
    model: str | None = None
    language: str | None = None
    """ISO 639-1 code; `und` where it could not be told."""
    time: float | None = None
    """Start, in seconds since 1970 UTC."""
    toxic: bool | None = None
    """The log's own moderation verdict for the whole conversation."""
    title: str | None = None
    repairs: tuple[str, ...] = ()
    """What normalising did, one line each, so that it could be undone."""

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns, numbered from 1; messages before the first user message belong to none."""
        starts = [i for i, m in enumerate(self.messages) if m.role == "user"]
        stops = [*starts[1:], len(self.messages)] if starts else []
        return tuple(
            Turn(number, start, stop, self.messages[start:stop])
            for number, (start, stop) in enumerate(zip(starts, stops, strict=True), start=1)
        )
