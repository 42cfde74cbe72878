"""A draft becomes a conversation, or the reason why it cannot be one; every change is logged in `repairs`.

Messages stay in order and one to one: nothing is merged, split, trimmed or left out. Redacts nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from rejoinder.identity import fingerprint
from rejoinder.ingest.content import as_json, calls_in, text_of, without_thought
from rejoinder.ingest.draft import Draft, DraftMessage, Unreadable
from rejoinder.ingest.roles import CALL_WORDS, ROLES, role_of
from rejoinder.ingest.times import seconds
from rejoinder.language import detect_language, language_code
from rejoinder.records import Alternative, Conversation, Message, Origin, Role, Signal

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
"""What neither UTF-8 nor every consumer of it can hold: NUL and lone surrogates."""


def normalise(draft: Draft, source: str, origin: Origin, *, detect: bool = True) -> Conversation:
    """Make the record; `detect` tells the language from the text where the log has no word for it.

    Raises:
        Unreadable: `no-messages`, `no-role`, `no-user-message` or `no-text`.
    """
    if not isinstance(draft.messages, Sequence) or not draft.messages:
        raise Unreadable("no-messages", "The row holds no messages. Check that --format fits, or name the column with --map.")
    repairs = _Repairs()
    messages = tuple([_message(message, number, repairs) for number, message in enumerate(draft.messages, start=1)])
    _check(messages)
    repairs.note_roles()
    return Conversation(
        id=_name(draft.id) or _content_name(messages),
        source=source,
        origin=origin,
        messages=messages,
        user=_name(draft.user),
        model=_name(draft.model) or next((m.model for m in messages if m.model), None),
        language=_language(draft.language, messages, detect=detect),
        time=repairs.time(draft.time, "conversation") or next((m.time for m in messages if m.time is not None), None),
        toxic=_verdict(draft.toxic),
        title=_name(draft.title),
        repairs=tuple(repairs.lines),
    )


class _Repairs:
    """The log of what was changed in one conversation."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._words: dict[str, Role] = {}

    def role(self, word: object, number: int) -> Role:
        """The role, remembering each word that was not already a role."""
        if not isinstance(word, str) or not word.strip():
            raise Unreadable("no-role", f"Message {number} does not say who speaks (its role is {_shown(word)}).")
        role = ROLES.get(word) or role_of(word)
        if role != word:
            self._words[word] = role
        return role

    def note_roles(self) -> None:
        """Log the renamed roles, one line for all messages."""
        if self._words:
            self.lines.append("roles: " + ", ".join(f"{clean(word)} -> {role}" for word, role in self._words.items()))

    def text(self, value: str, place: str) -> str:
        """The text without characters that cannot be stored; each is logged with its code point and offset."""
        if value.isascii() and "\x00" not in value:
            return value
        found = _FORBIDDEN.findall(value) if _suspect(value) else []
        if not found:
            return value
        for code in sorted(set(found)):
            offsets = ",".join(str(i) for i, character in enumerate(value) if character == code)
            self.lines.append(f"{place}: U+{ord(code):04X} at {offsets} -> U+FFFD")
        return clean(value)

    def time(self, value: object, place: str) -> float | None:
        """Seconds since 1970, or None; a value that is no time is logged."""
        if value is None or value == "":
            return None
        moment = seconds(value)
        if moment is None:
            self.lines.append(f"{place}: time {_shown(value)} -> none")
        return moment


def clean(text: str) -> str:
    """The text with U+FFFD for NUL and lone surrogates."""
    return _FORBIDDEN.sub("\ufffd", text) if _suspect(text) else text


def _suspect(text: str) -> bool:
    if "\x00" in text:
        return True
    if text.isascii():
        return False
    try:
        text.encode()  # ten times faster than the pattern
    except UnicodeEncodeError:
        return True
    return False


def _message(draft: DraftMessage, number: int, repairs: _Repairs) -> Message:
    role = repairs.role(draft.role, number)
    content = draft.content
    parts = None
    repairs.lines += [f"message {number}: {clean(line)}" for line in draft.repairs]
    calls = draft.tool_calls or None
    if content.__class__ is not str:
        parts, calls = _not_plain(content, calls, number, repairs)
        content = text_of(content)
    elif role == "assistant" and calls is None and str(draft.role).strip().lower() in CALL_WORDS:
        repairs.lines.append(f"message {number}: content -> tool_calls")
        content, calls = "", content
    if role == "assistant":
        thought, content = without_thought(content)
        parts = _with_thought(thought, content, parts, number, repairs) if thought else parts
    return Message(
        role=role,
        content=repairs.text(content, f"message {number}"),
        id=_name(draft.id),
        name=_name(draft.name),
        model=_name(draft.model),
        time=None if draft.time is None else repairs.time(draft.time, f"message {number}"),
        finish_reason=_name(draft.finish_reason),
        toxic=_verdict(draft.toxic),
        tool_calls=None if calls is None else clean(calls if isinstance(calls, str) else as_json(calls)),
        parts=parts,
        signals=tuple([_signal(signal) for signal in draft.signals]) if draft.signals else (),
        alternatives=_alternatives(draft.alternatives, role, number, repairs) if draft.alternatives else (),
    )


def _with_thought(thought: str, answer: str, parts: str | None, number: int, repairs: _Repairs) -> str:
    """The parts of a message whose text began with its thoughts: the original ones, or the thoughts and the answer."""
    repairs.lines.append(f"message {number}: leading {thought.split('>', maxsplit=1)[0].strip()}> block -> parts")
    return parts or clean(as_json([{"type": "thinking", "text": thought}, {"type": "text", "text": answer}]))


def _not_plain(content: Any, calls: Any, number: int, repairs: _Repairs) -> tuple[str | None, Any]:
    """Original JSON and tool calls of a content that is not a string, logged."""
    if content is None:
        repairs.lines.append(f"message {number}: content null -> empty")
        return None, calls
    kind = "parts" if isinstance(content, (list, tuple)) else type(content).__name__
    repairs.lines.append(f"message {number}: content {kind} -> text")
    return clean(as_json(content)), calls or calls_in(content) or None


def _check(messages: Sequence[Message]) -> None:
    users = [message for message in messages if message.role == "user"]
    if not users:
        raise Unreadable(
            "no-user-message", "Nobody speaks as the user. If the log uses another word for users, name it with --map."
        )
    if not any(message.content.strip() for message in messages):
        raise Unreadable("no-text", "All messages are empty. Check that --format fits the file.")


def _signal(signal: Signal) -> Signal:
    value = signal.value
    return Signal(
        kind=signal.kind,
        value=float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None,
        text=None if signal.text is None else clean(text_of(signal.text)),
        name=_name(signal.name),
        origin=signal.origin,
    )


def _alternatives(siblings: Sequence[Alternative], role: Role, number: int, repairs: _Repairs) -> tuple[Alternative, ...]:
    """The siblings; an answer's thoughts, which have no place beside it, stand in the log of repairs."""
    found = []
    for place, sibling in enumerate(siblings, start=1):
        content = text_of(sibling.content)
        if role == "assistant":
            thought, content = without_thought(content)
            if thought:
                repairs.lines.append(clean(f"message {number}: alternative {place}: {as_json(thought)} -> none"))
        found.append(_alternative(sibling, content))
    return tuple(found)


def _alternative(sibling: Alternative, content: str) -> Alternative:
    return Alternative(
        content=clean(content),
        model=_name(sibling.model),
        id=_name(sibling.id),
        signals=tuple([_signal(signal) for signal in sibling.signals]),
    )


def _name(value: object) -> str | None:
    """A short field as text; None where there is nothing."""
    if value is None:
        return None
    if value.__class__ is not str:
        value = as_json(value) if isinstance(value, (dict, list)) else str(value)
    return clean(value) or None


def _language(word: object, messages: Sequence[Message], *, detect: bool) -> str | None:
    code = language_code(word) if isinstance(word, str) else None
    if code is not None or not detect:
        return code
    return detect_language(message.content for message in messages if message.role == "user")


def _verdict(value: object) -> bool | None:
    return bool(value) if isinstance(value, (bool, int)) else None


def _content_name(messages: Sequence[Message]) -> str:
    return fingerprint("conversation", [(message.role, message.content, message.time) for message in messages])


def _shown(value: object) -> str:
    return clean(repr(value))[:80]
