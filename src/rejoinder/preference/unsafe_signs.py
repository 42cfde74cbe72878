"""The signs that a request asks for harm: the log's moderation, a detector's flag, the phrase lists, the embedded classifier.

Each answer is one sentence that says which sign spoke. What follows from it, the gates decide (`safety_gates.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rejoinder.errors import UsageError
from rejoinder.preference import phrases
from rejoinder.preference.candidate import Case
from rejoinder.preference.unsafe_requests import load_classifier, threshold
from rejoinder.records import Message


def unsafe(case: Case, least: float | None) -> str | None:
    """Why the request of the later answer or that answer is unsafe, in one sentence, or None; the surest signs come first.

    `least` is the classifier's probability from which a request counts, None asks the lists only.
    """
    if case.conversation.toxic:
        return "The log's own moderation marks the conversation as toxic."
    if any(answer is not None and answer.toxic for answer in (case.chosen, case.rejected)):
        return "The log's own moderation marks the answer as toxic."
    return unsafe_request(case, least)


def unsafe_request(case: Case, least: float | None) -> str | None:
    """Why a message before the later answer is unsafe, in one sentence, or None. What came later does not count."""
    if any(one.unsafe and one.about <= case.last_turn for one in case.labels):
        return "The detector marks a request before the answer as unsafe."
    found = case.reading.first(_listed, case.seen)
    if found is None and least is not None:
        found = case.reading.first(Asks(least), case.seen)
    return f"A message before the answer {found}." if found else None


def pushes(case: Case, least: float | None) -> str | None:
    """Why the complaint itself asks for harm or tries to switch the model's rules off, in one sentence, or None.

    The log's moderation is not asked: angry words about a bad answer are toxic to it.
    """
    said = case.candidate.feedback
    if said is None:
        return None
    if any(one.unsafe and one.about == said.turn for one in case.labels):
        return "The detector marks the complaint as an unsafe request."
    found = unsafe_words(case.complaining, least)
    return f"The complaint {found}." if found else None


def unsafe_words(text: str, least: float | None) -> str | None:
    """What a user's message holds against it, as the end of a sentence, or None."""
    message = Message(role="user", content=text)
    return _listed(message) or (Asks(least)(message) if least is not None else None)


def default_threshold() -> float:
    """The probability from which a request counts as unsafe, unless a recipe says otherwise: the one on the card."""
    return threshold()


def chosen_threshold(told: float | Literal["off"] | None) -> float | None:
    """The probability that a recipe names: None stands for the card's, "off" for going without the classifier.

    Raises:
        UsageError: it is no probability above 0.
    """
    if told is None:
        return default_threshold()
    if told == "off":
        return None
    if not 0 < told <= 1:
        raise UsageError(f"the threshold for unsafe requests is {told}; it has to be above 0 and at most 1")
    return float(told)


@dataclass(frozen=True, slots=True)
class Asks:
    """A question to a message: does it ask for harm, by the embedded classifier?"""

    least: float

    def __call__(self, message: Message, /) -> str | None:
        """What the classifier says of a user's message from the probability `least` on."""
        if message.role != "user" or not message.content:
            return None
        p = load_classifier().probability(message.content)
        return f"asks for something unsafe: classifier p={p:.2f}" if p >= self.least else None


def _listed(message: Message) -> str | None:
    if message.toxic:
        return "is marked as toxic by the log's own moderation"
    if message.role not in ("user", "system"):
        return None
    if found := phrases.find("jailbreak", message.content):
        return f"reads as a jailbreak by the phrase list: “{phrases.short(found)}”"
    if message.role == "user" and (found := phrases.find("unsafe", message.content)):
        return f"asks for something unsafe by the phrase list: “{phrases.short(found)}”"
    return None
