"""The gate for repairs that speak to the complaint: their beginning confirms, diagnoses or revises what the prompt never held.

Beside `apology-opener`, which knows apologies and thanks. It reads beginnings only, alters no text and asks no model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rejoinder.preference import phrases
from rejoinder.preference.candidate import Case
from rejoinder.preference.demands import unmet_demand
from rejoinder.preference.finding import Finding

_READ = 4_000
"""Characters of a request that are searched for a question or a fault, from its end: what is asked stands there."""
_SENTENCE = re.compile(r"[^.!?？！。؟\n]*[.!?？！。؟\n]?")
_LETTER = re.compile(r"[^\W\d_]")
_ASKS = ("?", "？", "؟")
_CODE = re.compile(r"`([^`\n]{2,80})`|\b((?:[A-Za-z]\w*[._])+\w+|[A-Za-z]\w*\(\)|[a-z]+[A-Z]\w*|[A-Z]\w*[a-z]\w*[A-Z]\w*)")
"""Spans in backticks, and names with dots, underscores, brackets or capitals within."""
_NAME = re.compile(r"[^\W\d]\w{2,}")
_WORD = re.compile(r"[^\W\d_]{4,}|\d[\d.,]*\d")
"""Words of four letters or more and numbers of two digits or more. Scripts without spaces have hardly any that recur."""


@dataclass(frozen=True, slots=True)
class AnswersComplaint:
    """The chosen repair answers what the user said after the pair's prompt: an error pasted later, a question, a correction.

    Learnt for the prompt alone, it would teach to say "Yes," to a task and to explain errors that nobody has shown. Told by an
    opener that does not fit the prompt (phrase lists), or by code and words of the beginning that stand in the complaint and
    nowhere before. A beginning that does what the complaint checkably asked for is no such sign: the right year is right.
    """

    name: str = "answers-complaint"
    opening: int = 200
    """Characters that count as the beginning; prose before the first block of code."""
    fewest: int = 3
    """Least words of the beginning that only the complaint holds ..."""
    share: float = 0.3
    """... and their least share among the words of the beginning."""

    def __call__(self, case: Case, /) -> Finding | None:
        """Drop mined and built pairs whose chosen answer was written after the complaint and begins with an answer to it."""
        chosen, rejected = case.chosen, case.rejected
        if chosen is None or rejected is None or not case.candidate.complaint or chosen.turn <= case.candidate.turn:
            return None
        opening = chosen.text.lstrip()[: self.opening].split("```")[0]
        reason = _unfitting(case, opening) or self._borrowed(case, opening)
        return Finding(f"The chosen answer speaks to a later message: {reason}.") if reason else None

    def _borrowed(self, case: Case, opening: str) -> str | None:
        """Code, or many words, of the beginning that the writer had from the complaint alone."""
        complaint, rejected = case.candidate.complaint, case.rejected.text if case.rejected else ""
        names, words = _names(opening), _words(opening)
        least = max(self.fewest, self.share * len(words))
        names, words = _within(names, _NAME, complaint), _within(words, _WORD, complaint)
        if not names and len(words) < least:
            return None
        said = "\n".join((*(message.content for message in case.context), rejected))
        if names := _without(names, _NAME, said):
            return _borrowing(names)
        words = _without(words, _WORD, said)
        if len(words) < least or unmet_demand(complaint, case.request, opening, rejected).met:
            return None
        return _borrowing(words)


def _unfitting(case: Case, opening: str) -> str | None:
    """An opener for which the prompt gives no occasion."""
    request = case.request[-_READ:]
    if found := phrases.starts("reaction", opening):
        return f"it begins with “{found}”"
    if (found := phrases.starts("confirmation", opening)) and not _asks_yes_or_no(request):
        return f"it begins with “{found}”, and the prompt asks for no yes or no"
    if (found := phrases.starts("diagnosis", opening)) and not phrases.find("fault", request):
        return f"it begins with “{found}”, and the prompt shows no fault"
    first = not any(message.role == "assistant" for message in case.context)
    if first and (found := phrases.find("revision", opening)) and not phrases.find("revision", request):
        return f"it begins with “{found}”, and nothing stands before the prompt"
    return None


def _asks_yes_or_no(request: str) -> bool:
    """Whether a sentence asks for a yes or a no: by its form, or by a question mark without a question word."""
    for sentence in filter(str.strip, _SENTENCE.findall(request)):
        if phrases.find("yes-or-no", sentence):
            return True
        if sentence.endswith(_ASKS) and len(_LETTER.findall(sentence)) > 3 and not phrases.find("open-question", sentence):
            return True
    return False


def _names(opening: str) -> list[str]:
    """The names within code, in lower case and once each."""
    spans = (quoted or name for quoted, name in _CODE.findall(opening))
    return list(dict.fromkeys(name.casefold() for span in spans for name in _NAME.findall(span)))


def _words(opening: str) -> list[str]:
    return list(dict.fromkeys(_WORD.findall(opening.casefold())))


def _within(found: list[str], pattern: re.Pattern[str], text: str) -> list[str]:
    """Those that stand in the text as wholes."""
    held = set(pattern.findall(text.casefold()))
    return [one for one in found if one in held]


def _without(found: list[str], pattern: re.Pattern[str], text: str) -> list[str]:
    """Those that do not."""
    held = _within(found, pattern, text)
    return [one for one in found if one not in held]


def _borrowing(found: list[str]) -> str:
    return f"it begins with {', '.join(f'“{one}”' for one in found[:4])}, which only the complaint holds"
