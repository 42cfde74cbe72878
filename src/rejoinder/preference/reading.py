"""One conversation's messages as gates read them: each message once per question, however many candidates ask.

Knows no gate. Without it, every candidate of a long conversation would read all that was said before it once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from rejoinder.records import Message

Question = Callable[[Message], str | None]
"""A function at module level that says what it finds in a message, or None."""


class Reading:
    """The messages of a conversation with the first finding of each question that was asked so far."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages
        self._ends = [0, *accumulate(len(message.content) for message in messages)]
        self._read: dict[Question, int] = {}
        self._first: dict[Question, tuple[int, str]] = {}

    def characters(self, stop: int) -> int:
        """Characters in the messages before index `stop`."""
        return self._ends[stop]

    def first(self, question: Question, stop: int) -> str | None:
        """What `question` finds in the first of the messages before index `stop` in which it finds anything."""
        if question not in self._first:
            self._read_on(question, stop)
        index, found = self._first.get(question, (stop, None))
        return found if index < stop else None

    def _read_on(self, question: Question, stop: int) -> None:
        start = self._read.get(question, 0)
        for index in range(start, stop):
            if found := question(self._messages[index]):
                self._first[question] = index, found
                return
        self._read[question] = max(start, stop)
