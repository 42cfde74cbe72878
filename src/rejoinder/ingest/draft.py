"""What a reader makes of one row: messages as the tool logged them, before any of it is normalised.

Drafts live for one row, inside `ReadLogs`; they are never stored. `normalise` makes the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rejoinder.records import Alternative, Signal


class Unreadable(Exception):  # noqa: N818  # not an error of ours: it becomes a counted row
    """A row that cannot be a conversation: raised by a reader, caught by `ReadLogs`, kept as a `Failure`.

    Args:
        reason: a short stable code such as `no-messages`, for counting.
        detail: one sentence that names the trouble and the remedy.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


@dataclass(slots=True)
class DraftMessage:
    """One message in the tool's own words; every field may be as odd as the log is."""

    role: object
    """The tool's word for the speaker: `human`, `gpt`, `assistant`, `function` ..."""
    content: object = None
    """A string, a list of parts, a dict, a number or None."""
    id: object = None
    name: object = None
    model: object = None
    time: object = None
    """Seconds, milliseconds or microseconds since 1970, an ISO string, a datetime, or None."""
    finish_reason: object = None
    toxic: object = None
    tool_calls: object = None
    """Whatever the log holds of calls that this message makes; kept as JSON."""
    signals: tuple[Signal, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    repairs: tuple[str, ...] = ()
    """What the reader could make nothing of: `thumb 'maybe' -> none`."""


@dataclass(slots=True)
class Draft:
    """One conversation in the tool's own words."""

    messages: list[DraftMessage] = field(default_factory=list)
    id: object = None
    """None where the log has none: normalising then names it by its content."""
    user: object = None
    model: object = None
    language: object = None
    """A word or code, such as `English`, `zh-CN`; None where the log has none."""
    time: object = None
    toxic: object = None
    title: object = None
